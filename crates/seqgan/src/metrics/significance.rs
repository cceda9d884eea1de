//! What several runs say together: means with intervals, paired tests, and a correction for many of them.
//!
//! The unit is the run: a seed, with data, initial weights and samples of its own. Spread over the samples of one run
//! says how well that run was measured, and nothing of the next one.

use super::Estimate;
use super::estimate::null_is_nan;
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// A mean over runs.
///
/// What the number of runs cannot give (the spread of one) is NaN, which JSON writes as `null`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct OverRuns {
    /// The mean.
    #[serde(deserialize_with = "null_is_nan")]
    pub mean: f64,
    /// Its standard error over runs.
    #[serde(deserialize_with = "null_is_nan")]
    pub stderr: f64,
    /// Lower end of the 95 % interval of Student's t.
    #[serde(deserialize_with = "null_is_nan")]
    pub low: f64,
    /// Its upper end.
    #[serde(deserialize_with = "null_is_nan")]
    pub high: f64,
    /// Number of runs.
    pub n: usize,
}

impl OverRuns {
    /// The mean of one value a run, with `mean ± t(0.975, n - 1) stderr`.
    pub fn of(values: &[f64]) -> Self {
        let Estimate { mean, stderr } = Estimate::from_values(values.iter().copied());
        let half = half_width(values.len()) * stderr;
        Self { mean, stderr, low: mean - half, high: mean + half, n: values.len() }
    }

    /// Mean and standard error.
    pub fn estimate(self) -> Estimate {
        Estimate { mean: self.mean, stderr: self.stderr }
    }
}

/// Two-sided p of Student's paired t-test: the probability of a mean difference as large as this one or larger if runs
/// differed by chance alone. NaN for fewer than two runs; 1 where no run differs.
pub fn paired_p(differences: &[f64]) -> f64 {
    let Estimate { mean, stderr } = Estimate::from_values(differences.iter().copied());
    match student(differences.len()) {
        None => f64::NAN,
        Some(_) if mean == 0.0 && stderr == 0.0 => 1.0,
        Some(t) => (2.0 * t.sf((mean / stderr).abs())).min(1.0),
    }
}

/// Holm's step-down adjustment (Scandinavian Journal of Statistics 6, 1979): with the p-values ascending, the i-th of m
/// times m - i, none below its predecessor, none above 1. NaN stay NaN and are not counted.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).filter(|&i| !p[i].is_nan()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let mut adjusted = vec![f64::NAN; p.len()];
    let mut largest: f64 = 0.0;
    for (rank, &i) in order.iter().enumerate() {
        largest = largest.max((order.len() - rank) as f64 * p[i]).min(1.0);
        adjusted[i] = largest;
    }
    adjusted
}

/// Two-sided p of a difference of two means over the samples of **one** run, as in the paper's tables. With thousands
/// of samples it is tiny wherever two models are not the same, and says nothing of another run; it is given to be
/// compared with the paper, not to be believed.
pub fn samples_p(a: Estimate, b: Estimate) -> f64 {
    let difference = a.minus_independent(b);
    let normal = Normal::standard();
    2.0 * normal.sf((difference.mean / difference.stderr).abs())
}

/// Half the width of the 95 % interval of a mean of `n` values, in its standard errors; NaN below two.
pub(super) fn half_width(n: usize) -> f64 {
    student(n).map_or(f64::NAN, |t| t.inverse_cdf(0.975))
}

/// Student's t of n values; none below two.
fn student(n: usize) -> Option<StudentsT> {
    StudentsT::new(0.0, 1.0, n.checked_sub(1).filter(|&d| d > 0)? as f64).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tables of Student's t: 0.975 at 4 degrees of freedom is 2.776, at 1 it is 12.706.
    #[test]
    fn intervals_are_those_of_the_tables() {
        let five = OverRuns::of(&[1.0, 2.0, 3.0, 4.0, 5.0]);
        let stderr = 0.5f64.sqrt();
        assert_eq!((five.mean, five.n), (3.0, 5));
        assert!((five.stderr - stderr).abs() < 1e-12);
        assert!((five.high - (3.0 + 2.776445 * stderr)).abs() < 1e-5, "{five:?}");
        assert!((five.low - (3.0 - 2.776445 * stderr)).abs() < 1e-5, "{five:?}");
        let two = OverRuns::of(&[0.0, 2.0]);
        assert!((two.high - (1.0 + 12.7062)).abs() < 1e-3, "{two:?}");
        let one = OverRuns::of(&[7.0]);
        assert!(one.mean == 7.0 && one.stderr.is_nan() && one.low.is_nan());
    }

    /// t = 3 / (sqrt(2.5) / sqrt(5)) = 4.2426 at 4 degrees of freedom: p = 0.013236 (scipy.stats.ttest_1samp).
    #[test]
    fn paired_test() {
        assert!((paired_p(&[1.0, 2.0, 3.0, 4.0, 5.0]) - 0.013_235_5).abs() < 1e-6);
        assert_eq!(paired_p(&[-1.0, 1.0]), 1.0);
        assert_eq!(paired_p(&[0.0, 0.0, 0.0]), 1.0);
        assert_eq!(paired_p(&[0.5, 0.5, 0.5]), 0.0);
        assert!(paired_p(&[3.0]).is_nan());
    }

    #[test]
    fn holm_steps_down_and_never_falls() {
        // 3 x 0.01, 2 x 0.02, 1 x 0.03 raised to the one before.
        let adjusted = holm(&[0.03, 0.01, f64::NAN, 0.02]);
        assert_eq!([adjusted[0], adjusted[1], adjusted[3]], [0.04, 0.03, 0.04]);
        assert!(adjusted[2].is_nan());
        assert_eq!(holm(&[0.6, 0.9]), [1.0, 1.0]);
    }

    /// The same difference: nothing over five runs that spread, everything over ten thousand samples of one.
    #[test]
    fn samples_are_not_runs() {
        let (a, b) = (Estimate { mean: 9.40, stderr: 0.007 }, Estimate { mean: 9.36, stderr: 0.007 });
        assert!(samples_p(a, b) < 1e-4);
        assert!(paired_p(&[0.04, 0.10, -0.09, 0.12, 0.03]) > 0.3);
    }
}
