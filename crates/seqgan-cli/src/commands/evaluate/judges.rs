//! The measures of `seqgan evaluate --judges`, for which networks are trained.

use std::sync::{Mutex, PoisonError};

use seqgan::SeqBatch;
use seqgan::train::Observer;
use seqgan::train::examiners::{self, FEWEST};

use super::Outcome;
use crate::messages::UsageError;
use crate::progress::Progress;

/// Adds what judges say of `samples`, and of real sequences in their place.
pub fn add(
    outcome: &mut Outcome,
    samples: &SeqBatch,
    test: &SeqBatch,
    train: Option<&SeqBatch>,
    seed: u64,
    progress: &mut Progress,
) -> anyhow::Result<()> {
    let (Some(train), Some(real)) = (train, &mut outcome.real) else {
        return Err(UsageError::new(
            "--judges needs training sequences: judges of samples learn from real sequences",
            "give the file that the samples' maker learnt from, by --train FILE",
        )
        .into());
    };
    let shown = Shown(Mutex::new(progress));
    let Some(judged) = examiners::judge(samples, test, train, seed, &shown)? else {
        return Err(UsageError::new(format!(
                "--judges needs at least {FEWEST} samples, as many test sequences and as many training sequences"
            ), "leave --judges out, or give larger files")
        .into());
    };
    shown.with(Progress::finish);
    judged.samples.add_to(&mut outcome.card);
    judged.real.add_to(real);
    outcome.facts["sequences_of_each_language_model"] = judged.language_model_sequences.into();
    outcome.facts["sequences_of_each_class_of_the_classifier"] = judged.classifier_sequences.into();
    Ok(())
}

/// Shows training on the terminal.
struct Shown<'a>(Mutex<&'a mut Progress>);

impl Shown<'_> {
    fn with(&self, f: impl FnOnce(&mut Progress)) {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Observer for Shown<'_> {
    fn phase(&self, name: &str, done: u64, total: u64) {
        self.with(|p| {
            p.phase(name, total);
            p.advance(done, &[]);
        });
    }

    fn advance(&self, done: u64, figures: &[(&str, f64)]) {
        self.with(|p| p.advance(done, figures));
    }
}
