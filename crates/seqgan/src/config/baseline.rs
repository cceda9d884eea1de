//! Baselines of the policy gradient, by name; `update` subtracts them.

use serde::{Deserialize, Serialize};

/// What is subtracted from the values before they weigh the log-probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Baseline {
    /// Nothing, as in the paper.
    #[default]
    None,
    /// The batch's mean at the same step: the gradient's mean stays, its variance falls.
    StepMean,
    /// The same, divided by the standard deviation at the step, so that every step and every round pulls alike however near
    /// the values lie (Shao et al., "DeepSeekMath", 2024, with the batch as the group).
    StepNormalised,
}
