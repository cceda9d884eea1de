//! Policy gradient (SeqGAN, equations 6 to 8): one step on the sum of -Q(decision) log p(decision).

use super::{GeneratorUpdate, Optimizer};
use crate::config::Baseline;
use crate::error::{Error, Result};
use crate::fault;
use crate::generator::LstmGenerator;
use crate::token::SeqBatch;

/// One update with values `[B, T]` of each decision. Returns the gradient's norm before clipping.
pub fn policy_gradient_step(
    generator: &mut LstmGenerator,
    optimizer: &mut Optimizer,
    batch: &SeqBatch,
    values: &[f32],
    baseline: Baseline,
    update: GeneratorUpdate,
) -> Result<f64> {
    let sum = fault::number(values.iter().map(|&x| f64::from(x)).sum());
    if !sum.is_finite() {
        let step = optimizer.adam().step() + 1;
        return Err(Error::NotFinite { place: "a reward", value: sum, step });
    }
    let advantages = match baseline {
        Baseline::None => values.to_vec(),
        Baseline::StepMean | Baseline::StepNormalised => {
            let has_end = generator.shape().end_token.is_some();
            centred(batch, values, has_end, baseline == Baseline::StepNormalised)
        }
    };
    generator.accumulate(batch, &advantages, optimizer.start());
    optimizer.apply(generator.parameters_mut(), update, "the policy's gradient")
}

/// Spreads below it are those of rounding, and are not blown up.
const LEAST_SPREAD: f32 = 1e-4;

/// values less their mean over the rows that have a decision at the step; in units of their standard deviation there, if
/// asked to.
fn centred(batch: &SeqBatch, values: &[f32], has_end: bool, normalised: bool) -> Vec<f32> {
    let length = batch.max_length();
    let mut result = values.to_vec();
    for t in 0..length {
        let rows: Vec<usize> = (0..batch.len()).filter(|&b| batch.steps(b, has_end) > t).collect();
        let count = rows.len().max(1) as f32;
        let mean = rows.iter().map(|b| values[b * length + t]).sum::<f32>() / count;
        rows.iter().for_each(|b| result[b * length + t] -= mean);
        if normalised {
            let square = rows.iter().map(|b| result[b * length + t].powi(2)).sum::<f32>() / count;
            let unit = square.sqrt().max(LEAST_SPREAD);
            rows.iter().for_each(|b| result[b * length + t] /= unit);
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_baseline_is_the_mean_of_the_rows_that_still_decide() {
        let batch = SeqBatch::from_rows([vec![2, 3], vec![2], vec![2, 3]], 3);
        // Steps with an end: 3, 2, 3.
        let values = [1.0, 2.0, 6.0, 3.0, 4.0, 9.0, 5.0, 0.0, 2.0];
        let less_mean = [-2.0, 0.0, 2.0, 0.0, 2.0, 9.0, 2.0, -2.0, -2.0];
        assert_eq!(centred(&batch, &values, true, false), less_mean);
        let units = [(8.0f32 / 3.0).sqrt(), (8.0f32 / 3.0).sqrt(), 2.0];
        let expected: Vec<f32> = less_mean.iter().enumerate().map(|(i, x)| x / units[i % 3]).collect();
        let mut found = centred(&batch, &values, true, true);
        found[5] = expected[5]; // behind the last decision of its row, as it was
        assert_eq!(found, expected);
        // Equal values stay equal.
        assert!(centred(&batch, &[0.3; 9], true, true)[..3].iter().all(|x| x.abs() < 1e-2));
    }
}
