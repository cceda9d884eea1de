//! A discriminator's probability that a sequence is real, as the reward (SeqGAN, equation 4), and of each step.

use super::{Reward, StepReward};
use crate::Result;
use crate::config::Precision;
use crate::discriminator::{CausalDiscriminator, Discriminator, Pairs, Scorer, sigmoid};
use crate::rollout::Completions;
use crate::token::SeqBatch;

/// A discriminator whose completions are scored in a chosen precision.
pub struct DiscriminatorReward<'a> {
    /// Gives the probability.
    pub discriminator: &'a Discriminator,
    /// Precision of the completions' scores; finished sequences are always scored in f32.
    pub precision: Precision,
}

impl Reward for DiscriminatorReward<'_> {
    fn score(&self, sequences: &SeqBatch) -> Result<Vec<f32>> {
        Ok(self.discriminator.scores(sequences))
    }

    fn score_completions(&self, completions: &Completions) -> Result<Vec<f32>> {
        match self.precision {
            Precision::Bf16 => {
                let scorer = Scorer::<Pairs>::new(self.discriminator.features());
                Ok(self.discriminator.scores_by(&scorer, completions))
            }
            Precision::F32 => Ok(self.discriminator.completion_scores(completions)),
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

impl StepReward for CausalDiscriminator {
    /// `2 D - 1` of each decision, in -1..=1.
    fn step_scores(&self, sequences: &SeqBatch) -> Vec<f32> {
        let length = sequences.max_length();
        let mut scores = self.logits(sequences, &[]);
        for (b, row) in scores.chunks_exact_mut(length.max(1)).enumerate() {
            let steps = self.steps(sequences, b);
            row[..steps].iter_mut().for_each(|z| *z = (2.0 * sigmoid(f64::from(*z)) - 1.0) as f32);
        }
        scores
    }
}
