//! Treatments of the rests of a melody, by name.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Treatment of the rests of a melody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RestHandling {
    /// A rest is token 0.
    #[default]
    Keep,
    /// The preceding pitch replaces a rest; the first pitch replaces leading rests.
    Fill,
}
