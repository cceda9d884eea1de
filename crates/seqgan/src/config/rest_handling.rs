//! What becomes of the rests of a melody, by name; `data` reads accordingly.

use serde::{Deserialize, Serialize};

/// What becomes of the rests of a melody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RestHandling {
    /// They are tokens like pitches, number 0.
    #[default]
    Keep,
    /// The pitch before them, at the start the first pitch, stands in their place.
    Fill,
}
