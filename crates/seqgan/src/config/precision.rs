//! Precisions of the scores of completions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Precision of the scores of completions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// The discriminator's own arithmetic, f32.
    #[default]
    F32,
    /// Factors in bfloat16 and sums in f32 on a CPU with AVX512-BF16; f32 elsewhere.
    Bf16,
}
