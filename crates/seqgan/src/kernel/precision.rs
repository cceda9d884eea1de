//! Number formats of the factors of matrix products.

use super::bf16;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Number format of the factors of matrix products. Everything else, sums among it, is f32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 24 bits of mantissa.
    #[default]
    F32,
    /// bfloat16, 8 bits of mantissa: many times faster on a CPU with AMX, and a little slower on others; the same numbers on all.
    Bf16,
}

impl Precision {
    /// Whether this is the format that files name by leaving it out.
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// A number as products read it.
    pub(super) fn of_factor(self, x: f32) -> f32 {
        match self {
            Self::F32 => x,
            Self::Bf16 => bf16::rounded(x),
        }
    }

    /// Numbers as products read them.
    pub(super) fn of_factors(self, x: &[f32]) -> Cow<'_, [f32]> {
        match self {
            Self::F32 => Cow::Borrowed(x),
            Self::Bf16 => Cow::Owned(x.iter().map(|&x| bf16::rounded(x)).collect()),
        }
    }
}
