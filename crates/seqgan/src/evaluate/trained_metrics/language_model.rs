//! Language models of n-grams, which are deterministic. A network in their place measured its own training more than the samples
//! (docs/metrics.md).

use rayon::prelude::*;

use super::vocabulary::{END, Vocabulary};
use crate::metrics::likelihood::steps;
use crate::metrics::{Estimate, per_token};
use crate::ngram::kneser_ney::KneserNey;
use crate::rng::{Purpose, Streams};
use crate::token::{SeqBatch, TokenId};
use crate::train::{Event, Observer};
use crate::{Error, Result};

/// The longest n-gram. On real captions and poems five are enough, and more do no harm; on molecules twelve are worth 0.002 nats more.
const ORDER: usize = 10;
/// Of large sets n-grams are shorter, so that no model has many more than so many.
const MOST_NGRAMS: usize = 10_000_000;
const SHORTEST: usize = 3;
/// Parts of the samples that are left out in turn, to see how much hangs on them.
const GROUPS: usize = 10;

/// What models that are compared have in common.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    order: usize,
    vocab_size: usize,
}

impl Shape {
    /// Of models of `num_sequences` sequences each, in the numbers of `vocabulary`; about as long as those of `train`, so that it depends
    /// on no samples.
    pub fn new(vocabulary: &Vocabulary, train: &SeqBatch, num_sequences: usize) -> Self {
        let tokens = train.total_tokens() * num_sequences / train.len().max(1);
        Self { order: (MOST_NGRAMS / tokens.max(1)).clamp(SHORTEST, ORDER), vocab_size: vocabulary.len() }
    }

    fn train(self, sequences: &SeqBatch) -> KneserNey {
        let rows = (0..sequences.len()).map(|b| ended(sequences, b));
        KneserNey::new(rows, self.order, self.vocab_size)
    }
}

/// A row with its end, unless it was cut.
fn ended(batch: &SeqBatch, b: usize) -> Vec<TokenId> {
    let mut row = batch.row(b).to_vec();
    if row.len() < batch.max_length() {
        row.push(END);
    }
    row
}

/// -log p of each sequence, in nats.
fn nats(model: &KneserNey, batch: &SeqBatch) -> Vec<f64> {
    (0..batch.len()).into_par_iter().map(|b| model.nats(&ended(batch, b))).collect()
}

/// A model of some sequences, and test sequences under it.
pub(super) struct LanguageModel {
    model: KneserNey,
    /// -log p of each test sequence, in nats.
    test_nats: Vec<f64>,
    /// Decisions of each.
    test_steps: Vec<u32>,
    /// Standard error of the mean per token by the choice of the sequences, the test sequences being given: the jackknife that leaves out
    /// a group at a time (Shao and Tu, The Jackknife and Bootstrap, 1995, section 2.3).
    error_of_choice: f64,
}

impl LanguageModel {
    /// Makes a model of all `sequences`, and one without each part of them.
    pub fn new(
        name: &str,
        shape: Shape,
        sequences: &SeqBatch,
        test: &SeqBatch,
        observer: &dyn Observer,
    ) -> Result<Self> {
        let test_steps = steps(test, true);
        let mean = |nats: &[f64]| per_token(nats, &test_steps).mean;
        // Sequences that lie in some order would make groups that differ.
        let shuffled = Streams::new(0, Purpose::Groups).permutation(0, sequences.len());
        let mut without = Vec::new();
        observer.on(&Event::Phase { name, done: 0, total: GROUPS as u64 })?;
        for group in 0..GROUPS {
            if observer.should_stop() {
                return Err(Error::Interrupted);
            }
            let others = shuffled.iter().enumerate().filter(|(i, _)| i % GROUPS != group).map(|(_, &b)| b);
            without.push(mean(&nats(&shape.train(&sequences.select(others)), test)));
            observer.on(&Event::Progress { done: group as u64 + 1, figures: &[] })?;
        }
        let model = shape.train(sequences);
        let test_nats = nats(&model, test);
        let error_of_choice = Estimate::jackknife(mean(&test_nats), without).stderr;
        Ok(Self { model, test_nats, test_steps, error_of_choice })
    }

    /// Mean -log p per token of `batch`, the model being given.
    pub fn nll(&self, batch: &SeqBatch) -> Estimate {
        per_token(&nats(&self.model, batch), &steps(batch, true))
    }

    /// The same of the test sequences.
    pub fn nll_test(&self) -> Estimate {
        per_token(&self.test_nats, &self.test_steps)
    }

    /// Mean -log p per token of the test sequences. Its error is theirs and that of what the model was made of together.
    pub fn reverse(&self) -> Estimate {
        self.nll_test().with_more_error(self.error_of_choice)
    }

    /// How much more that is than `other`'s, of the same test sequences.
    pub fn reverse_minus(&self, other: &Self) -> Estimate {
        let more: Vec<f64> = self.test_nats.iter().zip(&other.test_nats).map(|(a, b)| a - b).collect();
        per_token(&more, &self.test_steps)
            .with_more_error(self.error_of_choice)
            .with_more_error(other.error_of_choice)
    }
}
