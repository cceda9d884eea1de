//! Actions on diagnostics of failing training and criteria of the best checkpoints, by name.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Action on a diagnostic of failing training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// The diagnostic is not computed.
    Off,
    /// A note, once per method.
    Warn,
    /// A note; the training of the method ends with the model of this round.
    Stop,
    /// A note; the training of the method ends with the model of the best checkpoint.
    RollBack,
}

/// Criterion of the best checkpoint, measured during training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeepBy {
    /// -log p of the validation sequences; lower is better.
    NllValidation,
    /// -log p of samples under the oracle (synthetic task); lower is better.
    NllOracle,
    /// Reverse KL divergence (synthetic task); lower is better.
    ReverseKl,
    /// Mean reward of a batch; higher is better.
    Reward,
}

impl KeepBy {
    /// The name in settings and in metrics.jsonl.
    pub fn name(self) -> &'static str {
        match self {
            Self::NllValidation => "nll_validation",
            Self::NllOracle => "nll_oracle",
            Self::ReverseKl => "reverse_kl",
            Self::Reward => "reward",
        }
    }

    /// Whether `a` is a better value than `b`.
    pub fn is_better(self, a: f64, b: f64) -> bool {
        match self {
            Self::NllValidation | Self::NllOracle | Self::ReverseKl => a < b,
            Self::Reward => a > b,
        }
    }

    /// Whether only the synthetic task has this measure.
    pub fn needs_oracle(self) -> bool {
        matches!(self, Self::NllOracle | Self::ReverseKl)
    }
}
