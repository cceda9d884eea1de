//! Scores that a program gives the text of sequences.

use super::Watcher;
use super::{Program, ProgramSettings, Reward, RewardContext, RewardKind};
use crate::Result;
use crate::config::RewardConfig;
use crate::data::Vocab;
use crate::token::{SeqBatch, TokenId};
use std::collections::HashMap;

/// A program's answers about the text of each sequence. Equal sequences are sent once a call.
#[derive(Debug)]
pub struct ProgramReward {
    /// Gives the scores.
    pub program: Program,
    /// Decodes the tokens; without it the text is their numbers.
    pub vocab: Option<Vocab>,
}

impl ProgramReward {
    /// A sequence as the program reads it.
    pub fn text(&self, row: &[TokenId]) -> String {
        match &self.vocab {
            Some(vocab) => vocab.decode(row),
            None => row.iter().map(TokenId::to_string).collect::<Vec<_>>().join(" "),
        }
    }
}

impl Reward for ProgramReward {
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

    /// Sends the first sequence to the program.
    fn check(&self, example: &SeqBatch, watcher: &dyn Watcher) -> Result<()> {
        self.program.check(&self.text(example.row(0)), watcher)
    }
}

/// The kind `program`.
pub(super) struct ProgramKind;

impl RewardKind for ProgramKind {
    fn name(&self) -> &'static str {
        "program"
    }

    fn about(&self) -> &'static str {
        "The answer of a program."
    }

    fn missing(&self, part: &RewardConfig) -> Option<(&'static str, &'static str)> {
        part.command.is_empty().then_some(("command", "a program and its arguments"))
    }

    /// Starts no process yet.
    fn build(&self, part: &RewardConfig, context: &RewardContext<'_>) -> Result<Box<dyn Reward>> {
        let program = Program::new(ProgramSettings {
            command: part.command.clone(),
            num_processes: part.num_processes,
            batch_size: part.batch_size,
            timeout_secs: part.timeout_secs,
            max_restarts: part.max_restarts,
        });
        Ok(Box::new(ProgramReward { program, vocab: context.vocab.cloned() }))
    }
}
