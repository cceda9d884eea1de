//! Rewards: scores of finished sequences. What a score is worth to each decision is decided in [`crate::credit`].

mod bleu;
mod discriminator;
mod program;
mod ranking;
mod sequence_properties;
mod text;

pub use bleu::Bleu;
pub use discriminator::DiscriminatorReward;
pub use program::{Answer, Program, ProgramSettings, next_answer};
pub use ranking::Ranking;
pub use sequence_properties::{Length, Novel, Repetition, Unique};
pub use text::ProgramReward;

use crate::Result;
use crate::rollout::Completions;
use crate::token::SeqBatch;

/// Scores finished sequences.
pub trait Reward: Sync {
    /// A finite score for each sequence, `[B]`; a discriminator's lies in 0..=1. Networks never fail; programs can.
    fn score(&self, sequences: &SeqBatch) -> Result<Vec<f32>>;

    /// Scores of many completions of few beginnings, `[B]`. A reward may override this to share work between
    /// rows with the same beginning; the scores must not depend on it.
    fn score_completions(&self, completions: &Completions) -> Result<Vec<f32>> {
        self.score(&completions.sequences)
    }
}

/// Scores every decision of a sequence.
pub trait StepReward: Sync {
    /// A finite score for each decision, `[B, T]`, zero behind each row's last one.
    fn step_scores(&self, sequences: &SeqBatch) -> Vec<f32>;
}
