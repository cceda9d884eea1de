//! How well scores separate two groups: the area under the ROC curve.

use super::Estimate;

/// The probability that a positive's score is above a negative's, ties counting one half: 0.5 for scores that tell
/// nothing, below it for scores that tell the wrong thing.
///
/// The standard error is that of DeLong et al. (Biometrics 44, 1988): from the share of negatives that each positive
/// is above, and the share of positives that each negative is below. NaN where a group is empty, the error where a
/// group has one member.
pub fn auc(positives: &[f32], negatives: &[f32]) -> Estimate {
    let above = shares_below(positives, negatives);
    let below = shares_below(negatives, positives).map(|share| 1.0 - share);
    let (above, below) = (Estimate::from_values(above), Estimate::from_values(below));
    Estimate { mean: above.mean, stderr: above.stderr.hypot(below.stderr) }
}

/// Of each score the share of `others` below it, equal ones counting one half.
fn shares_below<'a>(scores: &'a [f32], others: &[f32]) -> impl Iterator<Item = f64> + use<'a> {
    let mut sorted = others.to_vec();
    sorted.sort_by(f32::total_cmp);
    scores.iter().map(move |score| {
        let lower = sorted.partition_point(|other| other < score);
        let not_higher = sorted.partition_point(|other| other <= score);
        (lower + not_higher) as f64 / 2.0 / sorted.len() as f64
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Purpose, Streams};

    #[test]
    fn by_hand() {
        // Pairs that are right: 3 > 1, 3 > 2; of 2 the pair with 1, and half of the tie.
        let found = auc(&[3.0, 2.0], &[1.0, 2.0]);
        assert_eq!(found.mean, 3.5 / 4.0);
        // Shares of the positives 1 and 0.75, of the negatives 1 and 0.75: each variance 1/32, over two items 1/64.
        assert!((found.stderr - (2.0f64 / 64.0).sqrt()).abs() < 1e-12, "{}", found.stderr);
        assert_eq!(auc(&[1.0, 2.0], &[3.0, 4.0]).mean, 0.0);
        assert_eq!(auc(&[1.0; 3], &[1.0; 5]).mean, 0.5);
        assert!(auc(&[], &[1.0]).mean.is_nan());
    }

    /// Means of many small samples scatter as the standard error says.
    #[test]
    fn the_error_is_that_of_repeated_sampling() {
        let streams = Streams::new(1, Purpose::Bootstrap);
        let scores = |at: u64, shift: f64, n: u32| -> Vec<f32> {
            (0..n).map(|i| (streams.uniform(at, i) + shift) as f32).collect()
        };
        let runs: Vec<Estimate> =
            (0..2_000).map(|run| auc(&scores(2 * run, 0.2, 30), &scores(2 * run + 1, 0.0, 50))).collect();
        let mean = Estimate::from_values(runs.iter().map(|run| run.mean));
        let scatter = mean.stderr * (runs.len() as f64).sqrt();
        let told = runs.iter().map(|run| run.stderr).sum::<f64>() / runs.len() as f64;
        assert!((mean.mean - 0.68).abs() < 0.01, "1 - 0.8^2 / 2, not {}", mean.mean);
        assert!((scatter / told - 1.0).abs() < 0.06, "{scatter}, {told}");
    }
}
