//! Reward of sequences that are no copies.

use super::{Reward, RewardContext, RewardKind};
use crate::Result;
use crate::config::RewardConfig;
use crate::token::{SeqBatch, TokenId};
use std::collections::HashSet;

/// 0 for a copy of one of given sequences, else 1.
#[derive(Debug, Clone)]
pub struct Novel {
    known: HashSet<Box<[TokenId]>>,
}

impl Novel {
    /// Scores 0 for the sequences of `known`.
    pub fn new(known: &SeqBatch) -> Self {
        Self { known: known.rows().map(Into::into).collect() }
    }
}

impl Reward for Novel {
    fn score(&self, sequences: &SeqBatch) -> Result<Vec<f32>> {
        Ok(sequences.rows().map(|row| f32::from(u8::from(!self.known.contains(row)))).collect())
    }
}

/// The kind `novel`.
pub(super) struct NovelKind;

impl RewardKind for NovelKind {
    fn name(&self) -> &'static str {
        "novel"
    }

    fn about(&self) -> &'static str {
        "1, or 0 for a copy of a training sequence."
    }

    fn build(&self, _: &RewardConfig, context: &RewardContext<'_>) -> Result<Box<dyn Reward>> {
        Ok(Box::new(Novel::new(context.train)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_sequence_scores_zero() {
        let rows = SeqBatch::from_rows([vec![2, 3], vec![2, 2], vec![]], 5);
        let known = SeqBatch::from_rows([vec![2, 3], vec![9]], 5);
        assert_eq!(Novel::new(&known).score(&rows).unwrap(), [0.0, 1.0, 1.0]);
    }
}
