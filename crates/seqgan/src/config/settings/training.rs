//! How every method is trained: likelihood, search, rounds.

use crate::config::baseline::Baseline;
use crate::config::method::Method;
use crate::config::precision::Precision;
use crate::config::schedule::Schedule;
use serde::{Deserialize, Serialize};

/// Maximum likelihood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LikelihoodConfig {
    /// Passes over the training sequences.
    pub num_epochs: usize,
    /// Most updates, 0 for no limit: ends a pass early where one pass is too long.
    pub max_updates: usize,
    /// Sequences of an update.
    pub batch_size: usize,
    /// Whether each epoch has an order of its own; the original code reads the file in order, always.
    pub shuffle: bool,
    /// Adam's learning rate.
    pub learning_rate: f64,
    /// How the rate changes.
    pub schedule: Schedule,
    /// Factor of half the squared norm of all parameters.
    pub l2: f64,
    /// Limit of the gradient's norm, 0 for none.
    pub clip_norm: f64,
    /// Keep the epoch that is best on the validation part, and stop when `patience` epochs bring nothing.
    pub early_stop: bool,
    /// Epochs without a better validation likelihood before training stops.
    pub patience: usize,
    /// With `early_stop`, after two epochs in a row without a better validation likelihood training goes on from the best one with so
    /// much of the learning rate; 1: it goes on as it was.
    pub plateau_factor: f64,
    /// Measure after every so many epochs; 0: only at the end.
    pub measure_every_epochs: usize,
}

/// Monte-Carlo search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RolloutConfig {
    /// N, completions a prefix.
    pub num_rollouts: usize,
    /// Most prefixes a sequence, 0 for all.
    pub max_prefixes: usize,
    /// Share of the old rollout policy that stays after a generator update.
    pub delay: f64,
    /// Precision of the completions' scores: "f32", or "bf16": faster on a CPU with AVX512-BF16 (elsewhere f32), but
    /// scores, which lie in 0..1, are off by about 0.001.
    pub precision: Precision,
}

/// Training in rounds by a reward (Algorithm 1 of SeqGAN), for every method that follows one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdversarialConfig {
    /// Which likelihood model it starts from: mle, mle-tuned, distilled or scheduled-sampling. The method
    /// `distilled-seqgan-crossfit` starts from distilled, whatever is said here.
    pub base: Method,
    /// Rounds.
    pub num_rounds: usize,
    /// g-steps: generator updates a round.
    pub g_steps: usize,
    /// d-steps: draws of fresh negatives a round.
    pub d_steps: usize,
    /// k: epochs on each draw.
    pub d_epochs: usize,
    /// d-steps before the first round.
    pub d_pretrain_steps: usize,
    /// Generated sequences a d-step, and as many real ones at most.
    pub num_negatives: usize,
    /// Sequences of a generator update.
    pub batch_size: usize,
    /// Adam's learning rate of the policy gradient.
    pub learning_rate: f64,
    /// Limit of the gradient's norm, 0 for none.
    pub clip_norm: f64,
    /// What is subtracted from the values.
    pub baseline: Baseline,
    /// Measure after every so many rounds; 0: only at the end.
    pub measure_every_rounds: usize,
}
