//! Rewards that a sequence earns by itself: its length, what it repeats, whether it was there before, its text.

use super::Reward;
use crate::Result;
use crate::generator::constraint::Language;
use crate::token::{SeqBatch, TokenId};
use std::collections::{HashMap, HashSet};

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

/// 0 for a copy of one of given sequences, else 1.
#[derive(Debug, Clone)]
pub struct Novel {
    known: HashSet<Box<[TokenId]>>,
}

impl Novel {
    /// What is not among `known` is novel.
    pub fn new(known: &SeqBatch) -> Self {
        Self { known: known.rows().map(Into::into).collect() }
    }
}

impl Reward for Novel {
    fn score(&self, sequences: &SeqBatch) -> Result<Vec<f32>> {
        Ok(sequences.rows().map(|row| f32::from(u8::from(!self.known.contains(row)))).collect())
    }
}

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

/// 1 where a regular expression matches the whole text, else 0.
impl Reward for Language {
    fn score(&self, sequences: &SeqBatch) -> Result<Vec<f32>> {
        Ok(sequences.rows().map(|row| f32::from(u8::from(self.matches(row)))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Tokens, Vocab};

    fn batch(rows: &[&[TokenId]]) -> SeqBatch {
        SeqBatch::from_rows(rows, 5)
    }

    #[test]
    fn each_by_hand() {
        let rows = batch(&[&[2, 3], &[2, 2, 2, 2], &[], &[2, 3]]);
        let length = Length { min: 1, max: 2 };
        // Of T = 5: two tokens too many, one too few.
        assert_eq!(length.score(&rows).unwrap(), [1.0, 1.0 - 2.0 / 5.0, 1.0 - 1.0 / 5.0, 1.0]);
        // Three pairs, one of them different.
        assert_eq!(Repetition { order: 2 }.score(&rows).unwrap(), [1.0, 1.0 / 3.0, 1.0, 1.0]);
        assert_eq!(Novel::new(&batch(&[&[2, 3], &[9]])).score(&rows).unwrap(), [0.0, 1.0, 1.0, 0.0]);
        let unique = Unique::new(&rows);
        assert_eq!(unique.score(&rows).unwrap(), [0.5, 1.0, 1.0, 0.5]);
        assert_eq!(unique.score(&batch(&[&[4]])).unwrap(), [1.0]);
        let vocab = Vocab::new(Tokens::Chars, vec!["a".into(), "b".into()]).unwrap();
        let language = Language::new("a+|ab", &vocab).unwrap();
        assert_eq!(language.score(&rows).unwrap(), [1.0, 1.0, 0.0, 1.0]);
        assert_eq!(language.score(&batch(&[&[2, 3, 2], &[3]])).unwrap(), [0.0, 0.0]);
    }
}
