//! Reward of sequences that are rare within a batch of the generator.

use super::{Reward, RewardContext, RewardKind};
use crate::Result;
use crate::config::RewardConfig;
use crate::token::{SeqBatch, TokenId};
use std::collections::HashMap;

/// One over the number of equal sequences in a batch; 1 for what is not in it.
#[derive(Debug)]
pub struct Unique<'a> {
    counts: HashMap<&'a [TokenId], u32>,
}

impl<'a> Unique<'a> {
    /// Counts the sequences of the generator's batch.
    pub fn new(batch: &'a SeqBatch) -> Self {
        let mut counts = HashMap::new();
        batch.rows().for_each(|row| *counts.entry(row).or_insert(0) += 1);
        Self { counts }
    }
}

impl Reward for Unique<'_> {
    fn score(&self, sequences: &SeqBatch) -> Result<Vec<f32>> {
        Ok(sequences.rows().map(|row| 1.0 / *self.counts.get(row).unwrap_or(&1) as f32).collect())
    }
}

/// [`Unique`] within whichever batch is trained on ([`Reward::for_batch`]); sequences that are scored without one are
/// counted among themselves.
#[derive(Debug, Clone, Copy, Default)]
pub struct UniqueInBatch;

impl Reward for UniqueInBatch {
    fn score(&self, sequences: &SeqBatch) -> Result<Vec<f32>> {
        Unique::new(sequences).score(sequences)
    }

    fn for_batch<'a>(&'a self, batch: &'a SeqBatch) -> Option<Box<dyn Reward + 'a>> {
        Some(Box::new(Unique::new(batch)))
    }
}

/// The kind `unique`.
pub(super) struct UniqueKind;

impl RewardKind for UniqueKind {
    fn name(&self) -> &'static str {
        "unique"
    }

    fn about(&self) -> &'static str {
        "One over the number of equal sequences in the generator's batch."
    }

    fn build(&self, _: &RewardConfig, _: &RewardContext<'_>) -> Result<Box<dyn Reward>> {
        Ok(Box::new(UniqueInBatch))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_sequences_share_one() {
        let rows = SeqBatch::from_rows([vec![2, 3], vec![2, 2], vec![], vec![2, 3]], 5);
        let unique = UniqueInBatch.for_batch(&rows).unwrap();
        assert_eq!(unique.score(&rows).unwrap(), [0.5, 1.0, 1.0, 0.5]);
        assert_eq!(unique.score(&SeqBatch::from_rows([vec![4]], 5)).unwrap(), [1.0]);
        assert_eq!(UniqueInBatch.score(&rows).unwrap(), [0.5, 1.0, 1.0, 0.5]);
    }
}
