//! What single methods have of their own.

use crate::config::baseline::Baseline;
use serde::{Deserialize, Serialize};

/// Scheduled sampling (Bengio et al., NIPS 2015).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduledSamplingConfig {
    /// An input token is the true one with a probability that begins at 1 and falls by so much an epoch.
    pub teacher_forcing_decay: f64,
}

/// BLEU against the training sequences as the reward.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PgBleuConfig {
    /// Longest n-gram.
    pub max_order: usize,
}

/// A causal discriminator, which judges every step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeqGanStepConfig {
    /// E of the causal discriminator.
    pub embedding_dim: usize,
    /// H of the causal discriminator.
    pub hidden_dim: usize,
    /// Adam's learning rate of the causal discriminator.
    pub learning_rate: f64,
    /// How much less a reward counts a step later.
    pub discount: f64,
}

/// The methods `mle-ensemble` and `distilled`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnsembleConfig {
    /// Likelihood models of the ensemble, `mle-tuned` among them, the others trained alike from other initial weights.
    pub num_members: usize,
    /// Share of the ensemble's distribution in a target of `distilled`; the token of the sequence has the rest.
    pub distillation_weight: f64,
    /// Passes of `distilled` over the training sequences, each batch with as many samples of the ensemble beside it; else
    /// it is trained as `[mle_tuned]` says.
    pub num_epochs: usize,
    /// L2 of `distilled`, as in `[mle_tuned]`.
    pub l2: f64,
    /// Whether `distilled` begins with the weights of `mle-tuned` instead of random ones, so that a few passes are enough.
    pub warm_start: bool,
}

/// A causal judge that sees, of each decision, log p, entropy, largest log p and their running sum under a generator that has
/// not learnt from the sequence; and policy gradient on large fresh batches with a KL penalty to the base. Its rounds have
/// numbers of their own, beside `adversarial.base` and `clip_norm`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrossfitConfig {
    /// K, parts of the training sequences; for each a generator is trained on the others as the base is on all. 1 for no
    /// cross-fitting, which shows what it is good for.
    pub num_folds: usize,
    /// Folds that are used; fewer of them cost less, and the judge learns from less. 0 for all.
    pub max_folds: usize,
    /// Whether the judge sees the probabilities of an ensemble, too; one is trained for each fold, of `ensemble.num_members`.
    pub ensemble_features: bool,
    /// E of the judge.
    pub embedding_dim: usize,
    /// H of the judge.
    pub hidden_dim: usize,
    /// Passes of the judge over all training sequences and as many samples.
    pub d_epochs: usize,
    /// Whether the judge must be worth something on validation data: it is kept as it was after the pass when it was worth most,
    /// and without any worth there are no rounds. Else it is kept as it was after the last pass, and followed whatever it is worth.
    pub require_validation_gain: bool,
    /// Sequences of an update of the judge.
    pub d_batch_size: usize,
    /// Adam's learning rate of the judge, which falls to 0 along a cosine.
    pub d_learning_rate: f64,
    /// Rounds, a generator update each.
    pub num_rounds: usize,
    /// Sequences of a generator update.
    pub batch_size: usize,
    /// Adam's learning rate of the policy gradient, which falls to 0 along a cosine.
    pub learning_rate: f64,
    /// Rounds without a better validation likelihood before training stops, with the model of the round that was best, where it
    /// was measured. 0: all rounds are made, and the last model stays.
    pub patience: usize,
    /// What is subtracted from the values, and by what they are divided.
    pub baseline: Baseline,
    /// Whether what is known of every token of a decision, by its probabilities, is summed over all of them instead of being
    /// sampled: the same gradient on average, with less noise.
    pub all_actions: bool,
    /// Train the judge anew after every so many rounds, against the generator as it is then, which the penalty then draws back
    /// to; 0: never.
    pub refresh_every_rounds: usize,
    /// Measure after every so many rounds; 0: only at the end.
    pub measure_every_rounds: usize,
    /// What each decision of a real sequence is worth, of which an update has as many as of the generator's own: it keeps the
    /// generator near what is known for certain. 0 for none.
    pub demonstration_value: f64,
    /// Factor, a step, of what later decisions earn: 1 for all of it, 0 for a decision's own reward alone.
    pub discount: f64,
    /// Factor of what a decision adds to the judge's logit.
    pub reward_scale: f64,
    /// Candidates of the base of which the row `residual` keeps one by the judge's odds, or `distilled-residual` by those of the
    /// judge of `distilled-seqgan-crossfit`; 0 for no such rows.
    pub num_candidates: usize,
    /// Factor of the penalty log p - log p of the base.
    pub kl: f64,
}

/// RankGAN (Lin et al., NIPS 2017).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RankGanConfig {
    /// Real sequences that similarity is measured to.
    pub num_references: usize,
    /// Sequences that one sequence is ranked among.
    pub num_comparisons: usize,
    /// Factor of the cosine in the softmax over ranks. The authors' program has 1, and sums the cosines over the
    /// references instead of averaging them, which with 16 references is 16 times their mean.
    pub gamma: f64,
}

/// The row `mixture`: the model of `adversarial.base`, each sequence by chance at another temperature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MixtureConfig {
    /// Share of the sequences that are drawn at `temperature`.
    pub share: f64,
    /// Temperature of those, times that of the others.
    pub temperature: f64,
}
