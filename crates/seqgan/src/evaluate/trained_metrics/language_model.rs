//! N-gram language models. Their training is deterministic. The score of a neural language model depended more on its
//! own training than on the samples (docs/metrics.md).

use rayon::prelude::*;

use super::vocabulary::{END, Vocabulary};
use crate::metrics::likelihood::steps;
use crate::metrics::{Estimate, per_token};
use crate::ngram::kneser_ney::KneserNey;
use crate::rng::{Purpose, Streams};
use crate::token::{SeqBatch, TokenId};
use crate::train::{Event, Observer};
use crate::{Error, Result};

/// Maximum n-gram order. Order 5 is enough for captions and poems, and a higher order does no harm; on molecules, order
/// 12 is 0.002 nats better.
const ORDER: usize = 10;
/// Approximate maximum number of n-grams of a model. The order is lower for large data sets.
const MOST_NGRAMS: usize = 10_000_000;
const SHORTEST: usize = 3;
/// Number of groups of the jackknife.
const GROUPS: usize = 10;

/// Order and vocabulary size, common to all models that are compared.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    order: usize,
    vocab_size: usize,
}

impl Shape {
    /// Shape for models of `num_sequences` sequences each, with the token ids of `vocabulary`. It assumes sequences as
    /// long as those of `train`, so it does not depend on samples.
    pub fn new(vocabulary: &Vocabulary, train: &SeqBatch, num_sequences: usize) -> Self {
        let tokens = train.total_tokens() * num_sequences / train.len().max(1);
        Self { order: (MOST_NGRAMS / tokens.max(1)).clamp(SHORTEST, ORDER), vocab_size: vocabulary.len() }
    }

    fn train(self, sequences: &SeqBatch) -> KneserNey {
        let rows = (0..sequences.len()).map(|b| ended(sequences, b));
        KneserNey::new(rows, self.order, self.vocab_size)
    }
}

/// Row `b` with its end token, unless it was truncated.
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

/// A language model, and its likelihoods of the test sequences.
pub(super) struct LanguageModel {
    model: KneserNey,
    /// -log p of each test sequence, in nats.
    test_nats: Vec<f64>,
    /// Number of decisions of each test sequence.
    test_steps: Vec<u32>,
    /// Standard error of the mean per token due to the choice of training sequences, given the test sequences: the
    /// delete-a-group jackknife (Shao and Tu, The Jackknife and Bootstrap, 1995, section 2.3).
    error_of_choice: f64,
}

impl LanguageModel {
    /// Trains a model of all `sequences`, and one without each group of the jackknife.
    pub fn new(
        name: &str,
        shape: Shape,
        sequences: &SeqBatch,
        test: &SeqBatch,
        observer: &dyn Observer,
    ) -> Result<Self> {
        let test_steps = steps(test, true);
        let mean = |nats: &[f64]| per_token(nats, &test_steps).mean;
        // Groups of sorted sequences would differ systematically.
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

    /// Mean -log p of `batch`, in nats per token, given the model.
    pub fn nll(&self, batch: &SeqBatch) -> Estimate {
        per_token(&nats(&self.model, batch), &steps(batch, true))
    }

    /// Mean -log p of the test sequences, in nats per token, given the model.
    pub fn nll_test(&self) -> Estimate {
        per_token(&self.test_nats, &self.test_steps)
    }

    /// Mean -log p of the test sequences, in nats per token. The standard error includes the choice of the test
    /// sequences and of the training sequences.
    pub fn reverse(&self) -> Estimate {
        self.nll_test().with_more_error(self.error_of_choice)
    }

    /// Difference of the means of [`Self::reverse`] between this model and `other`, for the same test sequences.
    pub fn reverse_minus(&self, other: &Self) -> Estimate {
        let more: Vec<f64> = self.test_nats.iter().zip(&other.test_nats).map(|(a, b)| a - b).collect();
        per_token(&more, &self.test_steps)
            .with_more_error(self.error_of_choice)
            .with_more_error(other.error_of_choice)
    }
}
