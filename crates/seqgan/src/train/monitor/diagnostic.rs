//! Diagnostics of training that goes wrong, by name.

use crate::config::{Action, MonitorConfig};
use serde::{Deserialize, Serialize};

/// A way in which training goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Diagnostic {
    /// Samples become few and alike.
    Collapse,
    /// Real sequences become unlikely.
    Forgetting,
    /// The discriminator is hardly ever wrong.
    Saturation,
    /// All action values of a batch are nearly equal.
    Vanishing,
    /// The discriminator has memorised the training sequences.
    Memorising,
}

impl Diagnostic {
    /// All diagnostics.
    pub const ALL: [Self; 5] =
        [Self::Collapse, Self::Forgetting, Self::Saturation, Self::Vanishing, Self::Memorising];

    /// The name in settings and records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Collapse => "collapse",
            Self::Forgetting => "forgetting",
            Self::Saturation => "saturation",
            Self::Vanishing => "vanishing",
            Self::Memorising => "memorising",
        }
    }

    /// What is to be done about it.
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
