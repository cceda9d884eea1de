//! What policies draw, and what they complete.

use crate::token::SeqBatch;

/// Sampled sequences with their log-probabilities under the policy that drew them.
#[derive(Debug, Clone)]
pub struct Samples {
    /// B sequences.
    pub sequences: SeqBatch,
    /// log p of each sequence, its end included, in nats: `[B]`.
    pub log_prob: Vec<f64>,
}

/// A prefix to be completed: the first `length` tokens of row `row` of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prefix {
    /// Row of the batch.
    pub row: usize,
    /// Number of tokens of the prefix, at least 1 and less than the maximum length.
    pub length: usize,
}
