//! Schedules of the learning rate.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Schedule of the learning rate over the planned steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Schedule {
    /// Constant rate.
    #[default]
    Constant,
    /// Half a cosine from the full rate to zero (Loshchilov and Hutter, 2017, without restarts).
    Cosine,
}

impl Schedule {
    /// Factor of the learning rate at step `step` of `total`.
    pub fn factor(self, step: u64, total: u64) -> f64 {
        match self {
            Schedule::Constant => 1.0,
            Schedule::Cosine => {
                let share = (step as f64 / total.max(1) as f64).min(1.0);
                0.5 * (1.0 + (std::f64::consts::PI * share).cos())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Schedule;

    #[test]
    fn half_a_cosine() {
        assert_eq!(Schedule::Constant.factor(7, 8), 1.0);
        assert_eq!(Schedule::Cosine.factor(0, 8), 1.0);
        assert!((Schedule::Cosine.factor(4, 8) - 0.5).abs() < 1e-12);
        assert!(Schedule::Cosine.factor(8, 8) < 1e-12);
    }
}
