//! From a batch of the generator's sequences to what its decisions earn.

use super::super::crossfit::Witnesses;
use crate::Result;
use crate::config::{Config, RolloutConfig};
use crate::credit::MonteCarlo;
use crate::generator::{BoxGenerator, Generator};
use crate::optim::Demonstrations;
use crate::reward::Reward;
use crate::rng::{Purpose, Streams};
use crate::rollout::DelayedPolicy;
use crate::token::SeqBatch;

/// A batch of the generator's sequences, and what is needed to search from it.
pub(in super::super) struct Search<'a> {
    pub config: &'a Config,
    pub batch: &'a SeqBatch,
    pub train: &'a SeqBatch,
    pub rollout: &'a DelayedPolicy,
    /// The generator that has drawn it.
    pub generator: &'a dyn Generator,
    /// What a cross-fitted judge is told by.
    pub witnesses: Witnesses<'a>,
    /// The generator that it was trained against, if it was trained anew in the rounds.
    pub anchor: Option<&'a BoxGenerator>,
    /// Completions are sequences `first..` of it.
    pub streams: Streams,
    pub first: u64,
    /// Rounds done.
    pub round: usize,
}

/// What a batch earns.
pub(in super::super) struct Earned {
    /// Of each decision, `[B, T]`.
    pub values: Vec<f32>,
    /// Real sequences to be learnt from beside the batch.
    pub demonstrations: Option<Demonstrations>,
    /// Mean score of the finished sequences.
    pub reward: f64,
    /// The same for each part of a reward that has parts.
    pub parts: Vec<(String, f64)>,
    /// Completions drawn.
    pub completions: u64,
    /// Whether a baseline has been subtracted already.
    pub centred: bool,
}

impl Earned {
    /// Values and the mean reward, and nothing besides.
    pub fn new(values: Vec<f32>, reward: f64) -> Self {
        Self { values, demonstrations: None, reward, parts: Vec::new(), completions: 0, centred: false }
    }
}

impl Search<'_> {
    /// How far and how often it searches.
    pub(in super::super) fn settings(&self) -> MonteCarlo {
        let RolloutConfig { num_rollouts, max_prefixes, .. } = self.config.rollout;
        MonteCarlo { num_rollouts, max_prefixes }
    }

    pub(super) fn has_end(&self) -> bool {
        self.rollout.generator().space().end_token.is_some()
    }

    /// Values by Monte-Carlo search (SeqGAN, equation 4).
    pub(super) fn monte_carlo(&self, reward: &dyn Reward) -> Result<Earned> {
        let search = self.settings();
        let policy = self.rollout.policy();
        let values = search.values(&policy, reward, self.batch, &self.streams, self.first)?;
        let has_end = self.has_end();
        let length = self.batch.max_length();
        let own = (0..self.batch.len())
            .map(|b| f64::from(values[b * length + self.batch.steps(b, has_end).max(1) - 1]));
        let reward = own.sum::<f64>() / self.batch.len() as f64;
        let completions = search.sequences_used(self.batch.len(), length);
        Ok(Earned { completions, ..Earned::new(values, reward) })
    }
}

/// `n` real sequences by chance: `set` and the count of what came before name them.
pub(super) fn drawn(train: &SeqBatch, seed: u64, (set, at): (u32, u64), n: usize) -> SeqBatch {
    let streams = Streams::new(seed, Purpose::References);
    let row = |i: usize| {
        let [high, ..] = streams.block(at, i as u32, set);
        ((u64::from(high) * train.len() as u64) >> 32) as usize
    };
    train.select((0..n).map(row))
}
