//! Rewards: how good a finished sequence is, and what that is worth to each decision that led there.

mod discriminator;
pub mod values;

pub use discriminator::{BatchLoss, Discriminator, DiscriminatorShape, Regularisation};

use crate::token::SeqBatch;

/// Judges finished sequences.
pub trait Reward: Sync {
    /// A finite score for each sequence, `[B]`; a discriminator's lies in 0..=1.
    fn score(&self, sequences: &SeqBatch) -> Vec<f32>;

    /// Scores of many completions of few beginnings, `[B]`. A reward may override this to share work between
    /// rows with the same beginning; the scores must not depend on it.
    fn score_completions(&self, completions: &SeqBatch) -> Vec<f32> {
        self.score(completions)
    }
}

impl Reward for Discriminator {
    fn score(&self, sequences: &SeqBatch) -> Vec<f32> {
        self.scores(sequences)
    }
}
