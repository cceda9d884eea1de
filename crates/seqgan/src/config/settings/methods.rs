//! Settings of single methods.

use crate::config::baseline::Baseline;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Scheduled sampling (Bengio et al., NIPS 2015).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScheduledSamplingConfig {
    /// Decrease per epoch of the probability that an input token is the true one. The probability
    /// starts at 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub teacher_forcing_decay: f64,
}

/// BLEU against the training sequences as the reward.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PgBleuConfig {
    /// Length of the longest n-grams.
    #[schemars(range(min = 1, max = 9))]
    pub max_order: usize,
}

/// Causal discriminator, which scores every step of a sequence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SeqGanStepConfig {
    /// Embedding width E of the causal discriminator.
    #[schemars(range(min = 1, max = 4096))]
    pub embedding_dim: usize,
    /// Hidden width H of the causal discriminator.
    #[schemars(range(min = 1, max = 4096))]
    pub hidden_dim: usize,
    /// Learning rate of Adam for the causal discriminator.
    #[schemars(range(min = 1e-9, max = 10.0))]
    pub learning_rate: f64,
    /// Discount factor of later rewards, per step.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub discount: f64,
}

/// Ensemble of likelihood models, and its distillation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnsembleConfig {
    /// Number of likelihood models in the ensemble. `mle-tuned` is one of them; the others are
    /// trained alike from other initial weights.
    #[schemars(range(min = 2, max = 100))]
    pub num_members: usize,
    /// Weight of the ensemble's distribution in a target of `distilled`. The token of the sequence
    /// has the remaining weight.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub distillation_weight: f64,
    /// Passes of `distilled` over the training sequences. Each batch also holds as many samples of
    /// the ensemble. `[mle_tuned]` sets the rest.
    #[schemars(range(min = 1, max = 100_000))]
    pub num_epochs: usize,
    /// Weight of the L2 penalty of `distilled`, half the squared norm of all parameters.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub l2: f64,
    /// Whether `distilled` starts from the weights of `mle-tuned` instead of random ones, so that
    /// fewer passes are needed.
    pub warm_start: bool,
}

/// Cross-fitted causal discriminator and policy gradient with a KL penalty to the base. The
/// features of a decision are log p, entropy, largest log p and their running sum under a generator
/// that was not trained on the sequence. Of `[adversarial]`, only `base` and `clip_norm` apply.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CrossfitConfig {
    /// Number K of folds of the training sequences. For each fold, a generator is trained on the
    /// other folds with the settings of the base. 1: no cross-fitting, for comparison.
    #[schemars(range(min = 1, max = 100))]
    pub num_folds: usize,
    /// Number of folds in use, at most `num_folds`. Fewer folds cost less and leave the
    /// discriminator less data. 0: all folds.
    pub max_folds: usize,
    /// Whether the features include the probabilities of an ensemble. For each fold, an ensemble of
    /// `ensemble.num_members` models is trained.
    pub ensemble_features: bool,
    /// Embedding width E of the discriminator.
    #[schemars(range(min = 1, max = 4096))]
    pub embedding_dim: usize,
    /// Hidden width H of the discriminator.
    #[schemars(range(min = 1, max = 4096))]
    pub hidden_dim: usize,
    /// Passes of the discriminator over all training sequences and as many samples.
    #[schemars(range(min = 1, max = 100_000))]
    pub d_epochs: usize,
    /// Whether the discriminator needs a positive log-likelihood-ratio gain on validation data. If
    /// true, the pass with the largest gain is kept, and without a gain there are no rounds. If
    /// false, the last pass is kept and followed at any gain.
    pub require_validation_gain: bool,
    /// Sequences per discriminator update.
    #[schemars(range(min = 2, max = 65_536))]
    pub d_batch_size: usize,
    /// Learning rate of Adam for the discriminator, which decays to 0 along a cosine.
    #[schemars(range(min = 1e-9, max = 10.0))]
    pub d_learning_rate: f64,
    /// Number of rounds, one generator update each.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub num_rounds: usize,
    /// Sequences per generator update.
    #[schemars(range(min = 1, max = 65_536))]
    pub batch_size: usize,
    /// Learning rate of Adam in the policy gradient, which decays to 0 along a cosine.
    #[schemars(range(min = 0.0, max = 10.0))]
    pub learning_rate: f64,
    /// Rounds without a better validation likelihood before training stops with the model of the
    /// best measured round. 0: all rounds run, and the last model is kept.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub patience: usize,
    /// Baseline of the policy gradient.
    pub baseline: Baseline,
    /// Whether the part of the reward that follows from the probabilities of a decision is summed
    /// over all tokens instead of being sampled: the same expected gradient with less variance.
    pub all_actions: bool,
    /// Rounds after which the discriminator is retrained against the current generator, which also
    /// becomes the reference policy of the KL penalty. 0: never.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub refresh_every_rounds: usize,
    /// Rounds between two measurements. 0: one measurement at the end.
    pub measure_every_rounds: usize,
    /// Action value of each decision of a real sequence. Each update holds as many real sequences
    /// as generated ones; they keep the generator close to the data. 0: no real sequences.
    #[schemars(range(min = 0.0, max = 1e6))]
    pub demonstration_value: f64,
    /// Discount factor of later rewards, per step. 1: the undiscounted sum; 0: the reward of the
    /// decision alone.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub discount: f64,
    /// Factor of the reward, which is a decision's contribution to the discriminator's logit.
    #[schemars(range(min = 0.0, max = 1000.0))]
    pub reward_scale: f64,
    /// Number of candidates from the base, of which the row `residual` keeps one by the odds of the
    /// discriminator, and `distilled-residual` one by those of the discriminator of
    /// `distilled-seqgan-crossfit`. 0: no such rows.
    #[schemars(range(min = 0, max = 1000))]
    pub num_candidates: usize,
    /// Weight of the KL penalty, log p - log p of the base.
    #[schemars(range(min = 0.0, max = 1000.0))]
    pub kl: f64,
}

/// RankGAN (Lin et al., NIPS 2017).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RankGanConfig {
    /// Number of real sequences that serve as references of similarity.
    #[schemars(range(min = 1, max = 1024))]
    pub num_references: usize,
    /// Number of sequences among which one sequence is ranked.
    #[schemars(range(min = 1, max = 1024))]
    pub num_comparisons: usize,
    /// Factor of the cosine in the softmax over ranks. The authors' program uses 1 and sums the
    /// cosines over the references instead of averaging them; with 16 references the sum is 16
    /// times the mean.
    #[schemars(range(min = 0.001, max = 1000.0))]
    pub gamma: f64,
}

/// Mixture of two temperatures of `adversarial.base`, drawn at random for each sequence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MixtureConfig {
    /// Share of the sequences that are drawn at `temperature`.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub share: f64,
    /// Temperature of these sequences, relative to that of the others.
    #[schemars(range(min = 0.01, max = 100.0))]
    pub temperature: f64,
}
