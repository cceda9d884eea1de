//! Settings of measurements, of the monitor and of checkpoints.

use crate::config::monitor::{Action, KeepBy};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Measurements.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EvaluateConfig {
    /// Samples per measurement.
    #[schemars(range(min = 2, max = 10_000_000))]
    pub num_samples: usize,
    /// Samples per measurement during training.
    #[schemars(range(min = 2, max = 10_000_000))]
    pub num_samples_training: usize,
    /// Largest number of validation sequences, and of test sequences, whose likelihood is measured.
    /// They are evenly spaced. 0: all.
    pub num_held_out: usize,
    /// Temperatures of the base's curve of quality against diversity.
    #[schemars(inner(range(min = 0.05, max = 20.0)))]
    pub temperatures: Vec<f64>,
    /// Whether rows of a file with test sequences are also compared with their base at equal
    /// entropy. The comparison trains n-gram language models on the samples, which takes a few
    /// seconds for each of three temperatures.
    pub reverse_lm: bool,
}

/// Diagnostics of failing training. Each is computed whenever the rounds of a method are measured
/// (`adversarial.measure_every_rounds`). Its action is `off`, `warn`, `stop` (the training of the
/// method ends) or `roll-back` (it ends with the model of the best checkpoint).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MonitorConfig {
    /// Action on mode collapse: samples become few and similar.
    pub collapse: Action,
    /// Collapse: entropy below this share of its value before the first round.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub entropy_share: f64,
    /// Collapse: share of distinct samples below this share of its value before the first round.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub unique_share: f64,
    /// Collapse: self-BLEU-3 above its value before the first round by more than this.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub self_bleu_rise: f64,
    /// Action on forgetting: real sequences become unlikely.
    pub forgetting: Action,
    /// Forgetting: -log p of validation sequences above its value before the first round by more
    /// than this share of it.
    #[schemars(range(min = 0.0, max = 100.0))]
    pub nll_rise: f64,
    /// Action on saturation: the discriminator is almost always right, so that the rewards of
    /// samples are nearly zero and nearly equal.
    pub saturation: Action,
    /// Saturation: accuracy of the discriminator in its last training of at least this.
    #[schemars(range(min = 0.5, max = 1.0))]
    pub discriminator_accuracy: f64,
    /// Action on vanishing: the action values of a batch differ so little that its gradient is
    /// noise.
    pub vanishing: Action,
    /// Vanishing: standard deviation of the action values of a step over the batch, as a share of
    /// the mean reward, of at most this.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub value_spread: f64,
    /// Action on memorising: the discriminator has memorised the training sequences and recognises
    /// unseen real sequences worse, or ranks them below samples.
    pub memorising: Action,
    /// Memorising: area under the ROC curve with training sequences as the real ones above that
    /// with validation sequences by more than this and by more than 3 standard errors; or the
    /// latter below 0.5 by more than 3 standard errors.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub auc_gap: f64,
    /// Number of samples for the diagnostics, and of training and of validation sequences.
    #[schemars(range(min = 2, max = 1_000_000))]
    pub num_samples: usize,
}

/// Checkpoints of the training state and of models.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckpointConfig {
    /// Longest time between two checkpoints, in seconds of work. It never changes a result.
    #[schemars(range(min = 0.0, max = 86_400.0))]
    pub every_secs: f64,
    /// Number of best measured models of the rounds that are kept for each method, beside the last
    /// one. `sample --round` and the roll-back of `[monitor]` use them.
    #[schemars(range(min = 0, max = 1000))]
    pub keep_best: usize,
    /// Measure that ranks the models.
    pub keep_by: KeepBy,
}
