//! Penalty of repeated n-grams.

use super::{Reward, RewardContext, RewardKind};
use crate::Result;
use crate::config::RewardConfig;
use crate::token::{SeqBatch, TokenId};
use std::collections::HashSet;

/// Different n-grams over all n-grams; 1 for sequences that have none.
#[derive(Debug, Clone, Copy)]
pub struct Repetition {
    /// n, at least 1.
    pub order: usize,
}

impl Reward for Repetition {
    fn score(&self, sequences: &SeqBatch) -> Result<Vec<f32>> {
        let score = |row: &[TokenId]| {
            let different: HashSet<&[TokenId]> = row.windows(self.order).collect();
            let all = row.windows(self.order).len();
            if all == 0 { 1.0 } else { different.len() as f32 / all as f32 }
        };
        Ok(sequences.rows().map(score).collect())
    }
}

/// The kind `repetition`.
pub(super) struct RepetitionKind;

impl RewardKind for RepetitionKind {
    fn name(&self) -> &'static str {
        "repetition"
    }

    fn about(&self) -> &'static str {
        "Different n-grams over all n-grams: 1 where nothing is repeated."
    }

    fn build(&self, part: &RewardConfig, _: &RewardContext<'_>) -> Result<Box<dyn Reward>> {
        Ok(Box::new(Repetition { order: if part.order == 0 { 2 } else { part.order } }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_pairs_count_once() {
        let rows = SeqBatch::from_rows([vec![2, 3], vec![2, 2, 2, 2], vec![]], 5);
        // Three pairs, one of them different.
        assert_eq!(Repetition { order: 2 }.score(&rows).unwrap(), [1.0, 1.0 / 3.0, 1.0]);
    }
}
