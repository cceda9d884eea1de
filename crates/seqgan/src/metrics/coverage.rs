//! How much of a finite truth samples reach.

use std::collections::HashMap;

use super::Estimate;
use crate::{SeqBatch, TokenId};

/// Different valid samples as a share of what as many draws of the truth hold on average, where the truth is N
/// sequences that are equally likely: with n samples, of which D are valid and different,
///
/// ```text
/// coverage = D / (N (1 - (1 - 1/N)^n))
/// ```
///
/// 1 for samples of the truth itself; near 0 for valid samples that are always the same. `ln_count` is ln N. Standard
/// error over samples, by the delete-one jackknife of D.
pub fn coverage(samples: &SeqBatch, valid: &[bool], ln_count: f64) -> Estimate {
    assert_eq!(samples.len(), valid.len(), "whether each sample is valid");
    let good = || samples.rows().zip(valid).filter(|(_, valid)| **valid).map(|(row, _)| row);
    let mut copies: HashMap<&[TokenId], usize> = HashMap::new();
    good().for_each(|row| *copies.entry(row).or_insert(0) += 1);
    // Without a sample, D is smaller by one where it is the only one of its kind.
    let only = samples.rows().zip(valid).map(|(row, valid)| f64::from(u8::from(*valid && copies[row] == 1)));
    let n = samples.len() as f64;
    let expected = expected_different(n, ln_count);
    Estimate {
        mean: copies.len() as f64 / expected,
        stderr: Estimate::from_values(only).stderr * n / expected,
    }
}

/// Different sequences among n draws of N, on average.
fn expected_different(n: f64, ln_count: f64) -> f64 {
    // Of so many that two draws never meet.
    if ln_count > 80.0 {
        return n;
    }
    let count = ln_count.exp();
    match count > 1.0 {
        true => -count * (n * (-1.0 / count).ln_1p()).exp_m1(),
        false => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_valid_samples_are_counted() {
        let samples = SeqBatch::from_rows([[0, 1], [0, 1], [1, 0], [1, 1], [1, 1]], 2);
        // Of 2 valid sequences, 5 draws hold 2 (1 - 2^-5) = 1.9375; both are there, one of them once.
        let found = coverage(&samples, &[true, true, true, false, false], 2f64.ln());
        assert!((found.mean - 2.0 / 1.9375).abs() < 1e-12, "{found:?}");
        let only = [0.0, 0.0, 1.0, 0.0, 0.0];
        let squares: f64 = only.iter().map(|x| (x - 0.2f64).powi(2)).sum();
        assert!((found.stderr - (5.0 / 4.0 * squares).sqrt() / 1.9375).abs() < 1e-12, "{found:?}");
        assert_eq!(coverage(&samples, &[false; 5], 2f64.ln()).mean, 0.0);
        assert_eq!(coverage(&samples.slice(0, 2), &[true; 2], 0.0).mean, 1.0, "the only sequence there is");
    }

    #[test]
    fn the_number_expected_is_that_of_draws() {
        assert!((expected_different(3.0, 10f64.ln()) - 10.0 * (1.0 - 0.729)).abs() < 1e-12);
        assert!((expected_different(1e4, 40.0) - 1e4).abs() < 1e-6);
        assert_eq!(expected_different(1e4, 1000.0), 1e4);
        assert_eq!(expected_different(5.0, 0.0), 1.0);
    }
}
