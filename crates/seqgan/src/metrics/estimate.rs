//! A measured number and how sure it is.

use serde::{Deserialize, Deserializer, Serialize};

/// A mean with its standard error over independent items.
///
/// A number that the items cannot give (the mean of none, the error of a single one) is NaN, which JSON
/// writes as `null`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The estimate itself.
    #[serde(deserialize_with = "null_is_nan")]
    pub mean: f64,
    /// Its standard error.
    #[serde(deserialize_with = "null_is_nan")]
    pub stderr: f64,
}

impl Estimate {
    /// The mean of independent values, with standard error `sqrt(sum (x - mean)^2 / (n (n - 1)))`.
    ///
    /// One pass by Welford's recurrence (Technometrics 4, 1962), in the order given.
    pub fn from_values(values: impl IntoIterator<Item = f64>) -> Self {
        let (mut count, mut mean, mut squares) = (0.0, 0.0, 0.0);
        for value in values {
            count += 1.0;
            let deviation = value - mean;
            mean += deviation / count;
            squares += deviation * (value - mean);
        }
        if count == 0.0 {
            mean = f64::NAN;
        }
        Self { mean, stderr: standard_error(squares, count) }
    }

    /// A ratio of sums, `sum x / sum l`, such as nats per token over sequences of unequal length.
    ///
    /// Numerators and denominators of one sequence belong together and vary together, so the standard error
    /// is the delta method's over sequences: with `d = x - ratio l`,
    /// `sqrt(n / (n - 1) sum d^2) / sum l` (Cochran, Sampling Techniques, 3rd ed., section 6.3). For equal
    /// denominators it is that of the plain mean.
    pub fn ratio(numerators: &[f64], denominators: &[f64]) -> Self {
        assert_eq!(numerators.len(), denominators.len(), "as many numerators as denominators");
        let total: f64 = denominators.iter().sum();
        let mean = numerators.iter().sum::<f64>() / total;
        let deviation = |(x, l): (&f64, &f64)| (x - mean * l).powi(2);
        let squares = numerators.iter().zip(denominators).map(deviation).sum();
        let count = numerators.len() as f64;
        // The error of the mean of d, in units of the mean denominator.
        Self { mean, stderr: standard_error(squares, count) / (total / count) }
    }

    /// `self - other` of two estimates from independent items.
    pub fn minus_independent(self, other: Self) -> Self {
        Self { mean: self.mean - other.mean, stderr: self.stderr.hypot(other.stderr) }
    }

    /// This estimate with an independent error of standard deviation `stderr` added.
    pub fn with_more_error(self, stderr: f64) -> Self {
        Self { mean: self.mean, stderr: self.stderr.hypot(stderr) }
    }

    /// A statistic whose value without item i, or without group i of equal groups, is `leave_one_out[i]`, by the jackknife:
    /// standard error `sqrt((n - 1) / n sum (x_i - mean x)^2)` (Efron and Stein, Annals of Statistics 9, 1981).
    pub fn jackknife(statistic: f64, leave_one_out: impl IntoIterator<Item = f64>) -> Self {
        let mut count = 0.0;
        let spread = Self::from_values(leave_one_out.into_iter().inspect(|_| count += 1.0));
        Self { mean: statistic, stderr: spread.stderr * (count - 1.0) }
    }
}

/// `sqrt(squares / (n (n - 1)))`, unknown for fewer than two items.
fn standard_error(squares: f64, count: f64) -> f64 {
    if count < 2.0 { f64::NAN } else { (squares / (count - 1.0) / count).sqrt() }
}

pub(super) fn null_is_nan<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: Estimate, mean: f64, stderr: f64) {
        assert!((got.mean - mean).abs() < 1e-13 && (got.stderr - stderr).abs() < 1e-13, "{got:?}");
    }

    #[test]
    fn mean_by_hand() {
        // Mean 3, squared deviations 4 + 1 + 9 = 14, over 3 times 2.
        close(Estimate::from_values([1.0, 2.0, 6.0]), 3.0, (14.0f64 / 6.0).sqrt());
        // A large offset costs no digits.
        close(Estimate::from_values([1e9 + 1.0, 1e9 + 2.0, 1e9 + 6.0]), 1e9 + 3.0, (14.0f64 / 6.0).sqrt());
    }

    #[test]
    fn ratio_by_hand() {
        // 12 nats over 6 tokens: ratio 2, deviations 2 - 2, 3 - 4, 7 - 6: sqrt(3/2 * 2) / 6.
        close(Estimate::ratio(&[2.0, 3.0, 7.0], &[1.0, 2.0, 3.0]), 2.0, 3.0f64.sqrt() / 6.0);
        let equal = Estimate::ratio(&[2.0, 4.0, 12.0], &[2.0; 3]);
        let plain = Estimate::from_values([1.0, 2.0, 6.0]);
        close(equal, plain.mean, plain.stderr);
    }

    #[test]
    fn jackknife_of_a_mean_is_the_plain_standard_error() {
        // Of 1, 2, 6 the means without one are 4, 3.5, 1.5.
        close(Estimate::jackknife(3.0, [4.0, 3.5, 1.5]), 3.0, (14.0f64 / 6.0).sqrt());
    }

    #[test]
    fn difference_adds_variances() {
        let [a, b] = [Estimate { mean: 5.0, stderr: 0.3 }, Estimate { mean: 3.0, stderr: 0.4 }];
        close(a.minus_independent(b), 2.0, 0.5);
        close(a.with_more_error(0.4), 5.0, 0.5);
    }

    #[test]
    fn what_is_unknown_is_nan_and_null() {
        let none = Estimate::from_values([]);
        assert!(none.mean.is_nan() && none.stderr.is_nan());
        let one = Estimate::from_values([2.0]);
        assert!(one.mean == 2.0 && one.stderr.is_nan());
        assert!(Estimate::ratio(&[], &[]).mean.is_nan());
        let text = serde_json::to_string(&one).unwrap();
        assert_eq!(text, r#"{"mean":2.0,"stderr":null}"#);
        assert!(serde_json::from_str::<Estimate>(&text).unwrap().stderr.is_nan());
    }
}
