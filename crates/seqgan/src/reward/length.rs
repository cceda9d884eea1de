//! Reward of lengths within a range.

use super::{Reward, RewardContext, RewardKind};
use crate::Result;
use crate::config::RewardConfig;
use crate::token::SeqBatch;

/// 1 within a range of lengths, less by 1/T for each token more or less.
#[derive(Debug, Clone, Copy)]
pub struct Length {
    /// Fewest tokens.
    pub min: usize,
    /// Most tokens.
    pub max: usize,
}

impl Reward for Length {
    fn score(&self, sequences: &SeqBatch) -> Result<Vec<f32>> {
        let longest = sequences.max_length() as f32;
        let off = |n: usize| self.min.saturating_sub(n).max(n.saturating_sub(self.max));
        Ok(sequences.rows().map(|row| 1.0 - off(row.len()) as f32 / longest).collect())
    }
}

/// The kind `length`.
pub(super) struct LengthKind;

impl RewardKind for LengthKind {
    fn name(&self) -> &'static str {
        "length"
    }

    fn about(&self) -> &'static str {
        "1 within a range of lengths, less by 1/T for each token more or less."
    }

    fn build(&self, part: &RewardConfig, context: &RewardContext<'_>) -> Result<Box<dyn Reward>> {
        let longest = context.max_length;
        let (min, max) = (part.min_length, if part.max_length == 0 { longest } else { part.max_length });
        if min > max || max > longest {
            let expected = format!("a range within 0 to {longest}, the longest sequence");
            return Err(context.fault("min_length", format!("{min}, `max_length` {max}"), expected));
        }
        Ok(Box::new(Length { min, max }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_token_outside_the_range_costs_the_same() {
        let rows = SeqBatch::from_rows([vec![2, 3], vec![2, 2, 2, 2], vec![]], 5);
        // Of T = 5: two tokens too many, one too few.
        let expected = [1.0, 1.0 - 2.0 / 5.0, 1.0 - 1.0 / 5.0];
        assert_eq!(Length { min: 1, max: 2 }.score(&rows).unwrap(), expected);
    }
}
