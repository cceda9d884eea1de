//! How far melodies are from the mean melody of the test file: the mean squared error of the SeqGAN paper's music task.

use super::Estimate;
use crate::token::{SeqBatch, TokenId};

/// Mean over samples of the mean squared difference, in squared semitones, between each pitch and the mean pitch of the
/// test sequences at the same step. `pitch` gives a token's pitch; steps that no test sequence reaches are left out.
/// The standard error is over samples, the test sequences being given.
///
/// The paper (section 5.3, table 4) names a mean squared error of "continuous pitch data patterns" and does not say
/// between what.
pub fn pitch_mse(samples: &SeqBatch, test: &SeqBatch, pitch: impl Fn(TokenId) -> f64) -> Estimate {
    let mut sums = vec![(0.0, 0.0); test.max_length()];
    for row in test.rows() {
        for (sum, &token) in sums.iter_mut().zip(row) {
            *sum = (sum.0 + pitch(token), sum.1 + 1.0);
        }
    }
    let means: Vec<f64> = sums.iter().take_while(|sum| sum.1 > 0.0).map(|sum| sum.0 / sum.1).collect();
    let error = |row: &[TokenId]| -> Option<f64> {
        let squares: Vec<f64> =
            row.iter().zip(&means).map(|(&token, mean)| (pitch(token) - mean).powi(2)).collect();
        (!squares.is_empty()).then(|| squares.iter().sum::<f64>() / squares.len() as f64)
    };
    Estimate::from_values(samples.rows().filter_map(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let test = SeqBatch::from_rows([vec![10, 20, 30], vec![14, 20]], 4);
        // The mean melody is 12 20 30.
        let samples = SeqBatch::from_rows([vec![12, 22, 30, 99], vec![9]], 4);
        let got = pitch_mse(&samples, &test, f64::from);
        assert!((got.mean - (4.0 / 3.0 + 9.0) / 2.0).abs() < 1e-12, "{got:?}");
    }
}
