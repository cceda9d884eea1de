//! Precision of the scores of completions.

use serde::{Deserialize, Serialize};

/// The numbers in which completions are scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// f32: the discriminator's own scores.
    #[default]
    F32,
    /// Factors in bfloat16, sums in f32, on a CPU that has AVX512-BF16; elsewhere f32.
    Bf16,
}
