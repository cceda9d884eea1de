//! Rewards: how good a finished sequence is, and what that is worth to each decision that led there.

mod discriminator;
mod scorer;
pub mod values;

pub use discriminator::{BatchLoss, Discriminator, DiscriminatorShape, Regularisation};

use crate::rollout::Completions;
use crate::token::SeqBatch;

/// Judges finished sequences.
pub trait Reward: Sync {
    /// A finite score for each sequence, `[B]`; a discriminator's lies in 0..=1.
    fn score(&self, sequences: &SeqBatch) -> Vec<f32>;

    /// Scores of many completions of few beginnings, `[B]`. A reward may override this to share work between
    /// rows with the same beginning; the scores must not depend on it.
    fn score_completions(&self, completions: &Completions) -> Vec<f32> {
        self.score(&completions.sequences)
    }
}

impl Reward for Discriminator {
    fn score(&self, sequences: &SeqBatch) -> Vec<f32> {
        self.scores(sequences)
    }

    fn score_completions(&self, completions: &Completions) -> Vec<f32> {
        self.completion_scores(completions)
    }
}
