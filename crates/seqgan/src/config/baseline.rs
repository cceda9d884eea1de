//! Baselines of the policy gradient, by name.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Baseline of the policy gradient, subtracted from the action values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Baseline {
    /// No baseline, as in the paper.
    #[default]
    None,
    /// Mean of the batch at the same step, which keeps the expected gradient and lowers its
    /// variance.
    StepMean,
    /// Mean of the batch at the same step, with division by the standard deviation at the step, so
    /// that steps and rounds contribute equally however close the values are (Shao et al.,
    /// "DeepSeekMath", 2024, with the batch as the group).
    StepNormalised,
}
