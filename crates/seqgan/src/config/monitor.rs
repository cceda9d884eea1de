//! What happens when training shows a sign of going wrong, and which checkpoints are kept, by name.

use serde::{Deserialize, Serialize};

/// What happens at a sign of training that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Nothing; the sign is not looked for.
    Off,
    /// A note, once for each method.
    Warn,
    /// A note, and the method's training ends with the model of this round.
    Stop,
    /// A note, and the method's training ends with the model of the best checkpoint.
    RollBack,
}

/// What a checkpoint is better by, measured while training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeepBy {
    /// Likelihood of the validation part, lower.
    NllValidation,
    /// Likelihood of samples under the oracle (synthetic task), lower.
    NllOracle,
    /// Reverse KL divergence (synthetic task), lower.
    ReverseKl,
    /// Mean reward of a batch, higher.
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

    /// Whether the synthetic task alone has it.
    pub fn needs_oracle(self) -> bool {
        matches!(self, Self::NllOracle | Self::ReverseKl)
    }
}
