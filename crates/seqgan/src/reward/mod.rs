//! Rewards: how good a finished sequence is, and what that is worth to each decision that led there.

mod arithmetic;
mod bleu;
mod causal;
mod discriminator;
mod features;
mod program;
mod ranker;
mod ranking;
mod ranks;
mod scorer;
pub mod values;

pub use bleu::Bleu;
pub use causal::{CausalDiscriminator, CausalShape};
pub use discriminator::{BatchLoss, Discriminator, DiscriminatorShape, Regularisation};
pub use program::{Program, ProgramSettings};
pub use ranker::{RankObjective, Ranker};
pub use ranking::Ranking;
pub use ranks::References;

use crate::config::Precision;
use crate::kernel::bf16;
use crate::rollout::Completions;
use crate::token::SeqBatch;
use arithmetic::Pairs;
use scorer::Scorer;

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

/// Judges every decision of a sequence.
pub trait StepReward: Sync {
    /// A finite score for each decision, `[B, T]`, zero behind each row's last one.
    fn step_scores(&self, sequences: &SeqBatch) -> Vec<f32>;
}

/// A discriminator whose completions are scored in a chosen precision.
pub struct Scoring<'a> {
    /// Gives the reward.
    pub discriminator: &'a Discriminator,
    /// Of the completions' scores; finished sequences are always scored in f32.
    pub precision: Precision,
}

impl Reward for Scoring<'_> {
    fn score(&self, sequences: &SeqBatch) -> Vec<f32> {
        self.discriminator.scores(sequences)
    }

    fn score_completions(&self, completions: &Completions) -> Vec<f32> {
        match self.precision {
            Precision::Bf16 if bf16::available() => {
                let scorer = Scorer::<Pairs>::new(self.discriminator.features());
                self.discriminator.scores_by(&scorer, completions)
            }
            _ => self.discriminator.completion_scores(completions),
        }
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
