//! The metrics of `seqgan evaluate --trained-metrics`, which need models to be trained.

use std::sync::{Mutex, PoisonError};

use seqgan::SeqBatch;
use seqgan::evaluate::trained_metrics::{MIN_SEQUENCES, trained_metrics};
use seqgan::train::{Event, Observer};

use super::Outcome;
use crate::messages::UsageError;
use crate::progress::Progress;

/// Adds the trained metrics of `samples`, and of real sequences in their place.
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
            "--trained-metrics needs training sequences: its models learn from real sequences",
            "give the file that the samples' maker learnt from, by --train FILE",
        )
        .into());
    };
    let shown = Shown(Mutex::new(progress));
    let Some(metrics) = trained_metrics(samples, test, train, seed, &shown)? else {
        return Err(UsageError::new(format!(
                "--trained-metrics needs at least {MIN_SEQUENCES} samples, as many test sequences and as many training \
                 sequences"
            ), "leave --trained-metrics out, or give larger files")
        .into());
    };
    shown.with(Progress::finish);
    metrics.samples.add_to(&mut outcome.card);
    metrics.real.add_to(real);
    outcome.facts["sequences_of_each_language_model"] = metrics.language_model_sequences.into();
    outcome.facts["sequences_of_each_class_of_the_classifier"] = metrics.classifier_sequences.into();
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
    fn on(&self, event: &Event<'_>) -> seqgan::Result<()> {
        self.with(|progress| progress.show(event));
        Ok(())
    }
}
