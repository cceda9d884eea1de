//! Scores of sequences as text: what stands between token numbers and a program.

use super::{Program, Reward};
use crate::Result;
use crate::data::Vocab;
use crate::token::{SeqBatch, TokenId};
use std::collections::HashMap;

/// A program's answers about the text of each sequence. Equal sequences are asked about once a call.
pub struct ProgramReward<'a> {
    /// Gives the scores.
    pub program: &'a Program,
    /// Spells the tokens; without it they are numbers.
    pub vocab: Option<&'a Vocab>,
}

impl ProgramReward<'_> {
    /// A sequence as the program reads it.
    pub fn text(&self, row: &[TokenId]) -> String {
        match self.vocab {
            Some(vocab) => vocab.decode(row),
            None => row.iter().map(TokenId::to_string).collect::<Vec<_>>().join(" "),
        }
    }
}

impl Reward for ProgramReward<'_> {
    fn score(&self, sequences: &SeqBatch) -> Result<Vec<f32>> {
        let mut numbers: HashMap<&[TokenId], usize> = HashMap::new();
        let mut texts = Vec::new();
        let places: Vec<usize> = sequences
            .rows()
            .map(|row| {
                *numbers.entry(row).or_insert_with(|| {
                    texts.push(self.text(row));
                    texts.len() - 1
                })
            })
            .collect();
        let scores = self.program.score(&texts)?;
        Ok(places.into_iter().map(|place| scores[place] as f32).collect())
    }
}
