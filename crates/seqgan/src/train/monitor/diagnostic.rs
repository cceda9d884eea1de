//! Diagnostics: named failures of training.

use crate::config::{Action, MonitorConfig};
use serde::{Deserialize, Serialize};

/// A failure of training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Diagnostic {
    /// Mode collapse: the samples become less diverse.
    Collapse,
    /// Forgetting: the likelihood of real sequences falls.
    Forgetting,
    /// Saturation: the discriminator is nearly always right.
    Saturation,
    /// Vanishing policy gradient: all action values of a batch are nearly equal.
    Vanishing,
    /// Memorising: the discriminator has overfitted the training sequences.
    Memorising,
}

impl Diagnostic {
    /// All diagnostics.
    pub const ALL: [Self; 5] =
        [Self::Collapse, Self::Forgetting, Self::Saturation, Self::Vanishing, Self::Memorising];

    /// Name in settings and records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Collapse => "collapse",
            Self::Forgetting => "forgetting",
            Self::Saturation => "saturation",
            Self::Vanishing => "vanishing",
            Self::Memorising => "memorising",
        }
    }

    /// Configured action for this diagnostic.
    pub(super) fn action(self, config: &MonitorConfig) -> Action {
        match self {
            Self::Collapse => config.collapse,
            Self::Forgetting => config.forgetting,
            Self::Saturation => config.saturation,
            Self::Vanishing => config.vanishing,
            Self::Memorising => config.memorising,
        }
    }
}
