//! State of the monitor of a method's rounds.

use super::diagnostic::Diagnostic;
use serde::{Deserialize, Serialize};

/// State of the monitor: statistics and diagnostics of a method's rounds so far.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MonitorState {
    /// Baseline: the statistics before the first round.
    pub(super) baseline: Option<MonitorBaseline>,
    /// Diagnostics that were already reported.
    pub(super) reported: Vec<Diagnostic>,
    /// Whether a diagnostic has ended the rounds.
    pub ended: bool,
    /// Accuracy of the discriminator on its training batches in its last training.
    pub discriminator_accuracy: Option<f64>,
    /// Standard deviation of the action values over the last batch, computed per time step and pooled.
    pub value_spread: Option<f64>,
}

impl MonitorState {
    /// Whether the first measurement has been made.
    pub fn has_begun(&self) -> bool {
        self.baseline.is_some()
    }
}

/// Statistics of the samples before the first round.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MonitorBaseline {
    pub(super) entropy: f64,
    pub(super) unique: f64,
    pub(super) self_bleu: f64,
    pub(super) nll: f64,
}
