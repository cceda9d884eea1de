//! Rewards: how good a finished sequence is, and what that is worth to each decision that led there.

mod arithmetic;
mod bleu;
mod causal;
mod discriminator;
mod features;
mod mixed;
mod program;
mod ranker;
mod ranking;
mod ranks;
mod scorer;
mod sequence_properties;
mod text;
pub mod values;

pub use bleu::Bleu;
pub use causal::{CausalDiscriminator, CausalObjective, CausalShape};
pub use discriminator::{BatchLoss, Discriminator, DiscriminatorShape, Regularisation};
pub use mixed::{Mixed, MixedValues, Part};
pub use program::{Answer, Program, ProgramSettings, next_answer};
pub use ranker::{RankObjective, Ranker};
pub use ranking::Ranking;
pub use ranks::References;
pub use sequence_properties::{Length, Novel, Repetition, Unique};
pub use text::ProgramReward;

use crate::Result;
use crate::config::Precision;
use crate::kernel::bf16;
use crate::rollout::Completions;
use crate::token::SeqBatch;
use arithmetic::Pairs;
use scorer::Scorer;

/// Judges finished sequences.
pub trait Reward: Sync {
    /// A finite score for each sequence, `[B]`; a discriminator's lies in 0..=1. Networks never fail; programs can.
    fn score(&self, sequences: &SeqBatch) -> Result<Vec<f32>>;

    /// Scores of many completions of few beginnings, `[B]`. A reward may override this to share work between
    /// rows with the same beginning; the scores must not depend on it.
    fn score_completions(&self, completions: &Completions) -> Result<Vec<f32>> {
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
    fn score(&self, sequences: &SeqBatch) -> Result<Vec<f32>> {
        Ok(self.discriminator.scores(sequences))
    }

    fn score_completions(&self, completions: &Completions) -> Result<Vec<f32>> {
        match self.precision {
            Precision::Bf16 if bf16::available() => {
                let scorer = Scorer::<Pairs>::new(self.discriminator.features());
                Ok(self.discriminator.scores_by(&scorer, completions))
            }
            _ => Ok(self.discriminator.completion_scores(completions)),
        }
    }
}

impl Reward for Discriminator {
    fn score(&self, sequences: &SeqBatch) -> Result<Vec<f32>> {
        Ok(self.scores(sequences))
    }

    fn score_completions(&self, completions: &Completions) -> Result<Vec<f32>> {
        Ok(self.completion_scores(completions))
    }
}
