//! What is measured, watched and kept.

use crate::config::monitor::{Action, KeepBy};
use serde::{Deserialize, Serialize};

/// What is measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvaluateConfig {
    /// Samples a measurement.
    pub num_samples: usize,
    /// Samples of a measurement while training.
    pub num_samples_training: usize,
    /// Temperatures of the curve of the base.
    pub temperatures: Vec<f64>,
    /// Whether rows of a file with a test file are compared with their base at equal entropy, too, for which n-gram language models
    /// of the samples are made: a few seconds for each of three temperatures.
    pub reverse_lm: bool,
}

/// Which signs of training that goes wrong are looked for, and what is done about them. Each is looked for where the
/// rounds of a method are measured (`adversarial.measure_every_rounds`); its action is `off`, `warn`, `stop` (the method's
/// training ends there) or `roll-back` (it ends with the model of its best checkpoint).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MonitorConfig {
    /// Samples become few and alike.
    pub collapse: Action,
    /// Collapse: entropy below this share of that before the first round.
    pub entropy_share: f64,
    /// Collapse: share of different samples below this share of that before the first round.
    pub unique_share: f64,
    /// Collapse: self-BLEU-3 above that before the first round by more than this.
    pub self_bleu_rise: f64,
    /// Real sequences become unlikely.
    pub forgetting: Action,
    /// Forgetting: -log p of validation sequences above that before the first round by more than this share of it.
    pub nll_rise: f64,
    /// The judge is hardly ever wrong, so samples earn next to nothing, alike.
    pub saturation: Action,
    /// Saturation: accuracy of the judge in its last training, at least.
    pub discriminator_accuracy: f64,
    /// The values of a batch differ so little that its gradient is noise.
    pub vanishing: Action,
    /// Vanishing: standard deviation of the values of a step over the batch, as a share of the mean reward, at most.
    pub value_spread: f64,
    /// The judge knows the training sequences by heart, and tells real ones that it has not seen worse, or wrongly.
    pub memorising: Action,
    /// Memorising: area under the ROC curve with training sequences as real ones, above that with validation sequences
    /// by more than this and by more than 3 standard errors; it is a sign as well when the latter is below 0.5 by more
    /// than 3 standard errors.
    pub auc_gap: f64,
    /// Samples, and real sequences of both kinds, that signs are looked for in.
    pub num_samples: usize,
}

/// When the state is saved, and which models of the rounds are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckpointConfig {
    /// Most seconds of work between two checkpoints. It never changes a result.
    pub every_secs: f64,
    /// Models of the rounds of each method that are kept beside the last one, the best where they were measured; for
    /// `sample --round` and `monitor`'s roll-back.
    pub keep_best: usize,
    /// What they are best by: nll_validation, reward; in the synthetic task nll_oracle and reverse_kl, too.
    pub keep_by: KeepBy,
}
