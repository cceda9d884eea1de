//! Rewards: scores of finished sequences. How a score becomes action values is decided in [`crate::credit`].
//!
//! A reward is one file here, with its [`RewardKind`] where `[[reward]]` can name it, and one line in [`registry`];
//! [`registry::register`] adds one from outside the crate.

mod bleu;
mod discriminator;
mod kind;
mod length;
mod novel;
mod program;
mod program_reward;
mod ranking;
mod regex;
pub mod registry;
mod repetition;
mod unique;

pub use bleu::Bleu;
pub use discriminator::DiscriminatorReward;
pub use kind::{RewardContext, RewardKind};
pub use length::Length;
pub use novel::Novel;
pub use program::{Answer, NoScore, Program, ProgramSettings, next_answer};
pub use program_reward::ProgramReward;
pub use ranking::Ranking;
pub use repetition::Repetition;
pub use unique::{Unique, UniqueInBatch};

use crate::Result;
use crate::rollout::Completions;
use crate::token::SeqBatch;

/// Scores finished sequences.
pub trait Reward: Send + Sync {
    /// A finite score for each sequence, `[B]`; a discriminator's lies in 0..=1. Networks never fail; programs can.
    fn score(&self, sequences: &SeqBatch) -> Result<Vec<f32>>;

    /// Scores of many completions of few beginnings, `[B]`. A reward may override this to share work between
    /// rows with the same beginning; the scores must not depend on it.
    fn score_completions(&self, completions: &Completions) -> Result<Vec<f32>> {
        self.score(&completions.sequences)
    }

    /// The reward to use while `batch`, sampled from the generator, is trained on, where the score of a sequence
    /// depends on the other sequences of the batch; none where a sequence is scored by itself.
    fn for_batch<'a>(&'a self, batch: &'a SeqBatch) -> Option<Box<dyn Reward + 'a>> {
        let _ = batch;
        None
    }

    /// Finds a fault before a long run, given one training sequence. A reward program is asked for its score. What the
    /// user should know meanwhile goes to `watcher`.
    fn check(&self, example: &SeqBatch, watcher: &dyn Watcher) -> Result<()> {
        let _ = (example, watcher);
        Ok(())
    }
}

impl<R: Reward + ?Sized> Reward for &R {
    fn score(&self, sequences: &SeqBatch) -> Result<Vec<f32>> {
        (**self).score(sequences)
    }

    fn score_completions(&self, completions: &Completions) -> Result<Vec<f32>> {
        (**self).score_completions(completions)
    }

    fn for_batch<'a>(&'a self, batch: &'a SeqBatch) -> Option<Box<dyn Reward + 'a>> {
        (**self).for_batch(batch)
    }

    fn check(&self, example: &SeqBatch, watcher: &dyn Watcher) -> Result<()> {
        (**self).check(example, watcher)
    }
}

/// Who waits while a reward is checked.
pub trait Watcher {
    /// Takes a line for the user.
    fn tell(&self, text: &str);

    /// Whether the check should end at once.
    fn should_stop(&self) -> bool {
        false
    }
}

/// A function that takes the lines, and never stops.
impl<F: Fn(&str)> Watcher for F {
    fn tell(&self, text: &str) {
        self(text);
    }
}

/// Scores every decision of a sequence.
pub trait StepReward: Sync {
    /// A finite score for each decision, `[B, T]`, zero behind each row's last one.
    fn step_scores(&self, sequences: &SeqBatch) -> Vec<f32>;
}
