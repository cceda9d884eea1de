//! Completions of the prefixes of a batch's rows.

use crate::generator::{Prefix, RolloutPolicy};
use crate::rng::Streams;
use crate::token::SeqBatch;

/// Finished sequences, `num_rollouts` for each prefix, prefix after prefix.
#[derive(Debug, Clone)]
pub struct Completions {
    /// `prefixes.len() * num_rollouts` sequences.
    pub sequences: SeqBatch,
    /// What each group of sequences begins with; prefixes of one row stand together, shortest first.
    pub prefixes: Vec<Prefix>,
    /// N.
    pub num_rollouts: usize,
}

impl Completions {
    /// Draws `num_rollouts` completions of each prefix of `batch`, as sequences `first..` of `streams`.
    pub fn draw(
        policy: &dyn RolloutPolicy,
        batch: &SeqBatch,
        prefixes: Vec<Prefix>,
        num_rollouts: usize,
        streams: &Streams,
        first: u64,
    ) -> Self {
        let sequences = policy.complete(batch, &prefixes, num_rollouts, streams, first);
        Self { sequences, prefixes, num_rollouts }
    }

    /// What sequence number `i` begins with.
    pub fn prefix(&self, i: usize) -> Prefix {
        self.prefixes[i / self.num_rollouts]
    }
}
