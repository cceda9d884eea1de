//! A language model as a judge: of n-grams, which say the same whenever they are asked. A network in their place told more about its own
//! training than about the samples (docs/metrics.md).

use rayon::prelude::*;

use super::super::event::Observer;
use super::super::measure;
use super::vocabulary::{END, Vocabulary};
use crate::metrics::{Estimate, per_token};
use crate::ngram::kneser_ney::KneserNey;
use crate::rng::{Purpose, Streams};
use crate::token::{SeqBatch, TokenId};
use crate::{Error, Result};

/// The longest n-gram. On real captions and poems five are enough, and more do no harm; on molecules twelve are worth 0.002 nats more.
const ORDER: usize = 10;
/// Of large sets n-grams are shorter, so that no model has many more than so many.
const MOST_NGRAMS: usize = 10_000_000;
const SHORTEST: usize = 3;
/// Parts of the samples that are left out in turn, to see how much hangs on them.
pub(super) const GROUPS: usize = 10;

/// The longest n-gram of a model of `sequences`.
fn order(sequences: &SeqBatch) -> usize {
    (MOST_NGRAMS / sequences.total_tokens().max(1)).clamp(SHORTEST, ORDER)
}

/// A row with its end, unless it was cut.
fn ended(batch: &SeqBatch, b: usize) -> Vec<TokenId> {
    let mut row = batch.row(b).to_vec();
    if row.len() < batch.max_length() {
        row.push(END);
    }
    row
}

/// A model of `sequences`, in the numbers of `vocabulary`.
pub(super) fn train(sequences: &SeqBatch, vocabulary: &Vocabulary) -> KneserNey {
    let rows = (0..sequences.len()).map(|b| ended(sequences, b));
    KneserNey::new(rows, order(sequences), vocabulary.len())
}

/// -log p of each sequence, in nats.
fn nats(model: &KneserNey, batch: &SeqBatch) -> Vec<f64> {
    (0..batch.len()).into_par_iter().map(|b| model.nats(&ended(batch, b))).collect()
}

/// Mean -log p a decision of `batch`, the model being given.
pub(super) fn nll(model: &KneserNey, batch: &SeqBatch) -> Estimate {
    per_token(&nats(model, batch), &measure::steps(batch, true))
}

/// Test sequences under a model of samples.
pub(super) struct Reverse {
    /// -log p of each test sequence, in nats.
    nats: Vec<f64>,
    /// Decisions of each.
    steps: Vec<u32>,
    /// Standard error of the mean a decision by the choice of the samples, the test sequences being given: the jackknife that leaves out
    /// a group at a time (Shao and Tu, The Jackknife and Bootstrap, 1995, section 2.3).
    error_of_samples: f64,
}

impl Reverse {
    /// Makes a model of all samples, and one without each part of them.
    pub fn new(
        samples: &SeqBatch,
        test: &SeqBatch,
        vocabulary: &Vocabulary,
        observer: &dyn Observer,
    ) -> Result<Self> {
        let steps = measure::steps(test, true);
        // Sequences that lie in some order would make groups that differ.
        let order = Streams::new(0, Purpose::Groups).permutation(0, samples.len());
        let mut without = Vec::new();
        for group in 0..GROUPS {
            if observer.should_stop() {
                return Err(Error::Interrupted);
            }
            let others = order.iter().enumerate().filter(|(i, _)| i % GROUPS != group).map(|(_, &b)| b);
            let others = samples.select(others);
            without.push(nll(&train(&others, vocabulary), test).mean);
            observer.advance(group as u64 + 1, &[]);
        }
        let nats = nats(&train(samples, vocabulary), test);
        let mean = per_token(&nats, &steps).mean;
        Ok(Self { nats, steps, error_of_samples: Estimate::jackknife(mean, without).stderr })
    }

    /// Mean -log p a decision. Its error is that of the test sequences and that of the samples together.
    pub fn score(&self) -> Estimate {
        per_token(&self.nats, &self.steps).with_more_error(self.error_of_samples)
    }

    /// How much more it is than `other`'s, of the same test sequences.
    pub fn minus(&self, other: &Self) -> Estimate {
        let more: Vec<f64> = self.nats.iter().zip(&other.nats).map(|(a, b)| a - b).collect();
        per_token(&more, &self.steps)
            .with_more_error(self.error_of_samples)
            .with_more_error(other.error_of_samples)
    }
}
