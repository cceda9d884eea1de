//! MaliGAN weights of whole sequences (Che et al. 2017, arXiv 1702.07983).

use crate::Result;
use crate::reward::Reward;
use crate::token::SeqBatch;

/// MaliGAN weights: the weight of every decision of sequence i is `m r_i / (r_1 + .. + r_m) - 1`. `r = D / (1 - D)` are
/// the odds that the sequence is real, and m is the batch size. They are normalised importance weights with mean 0 over
/// the batch, so no other baseline is needed. No completions are sampled.
///
/// The paper's baseline grows to the mean weight during training, and a variant conditions on the first tokens of real
/// sequences. Here the baseline is the mean weight from the start, and the variant is not implemented.
#[derive(Debug, Clone, Copy)]
pub struct MaliGanWeights;

/// Probabilities are clamped to this distance from 0 and 1, so that the odds are finite in f32.
const NEAREST: f64 = 1e-7;

/// D / (1 - D).
pub(crate) fn odds(probability: f32) -> f64 {
    let d = f64::from(probability).clamp(NEAREST, 1.0 - NEAREST);
    d / (1.0 - d)
}

impl MaliGanWeights {
    /// Weights `[B, T]` of the decisions of `batch`, zero after the last decision of a row, and the mean score.
    /// `reward` is the probability that a sequence is real.
    pub fn values(&self, reward: &dyn Reward, batch: &SeqBatch, has_end: bool) -> Result<(Vec<f32>, f64)> {
        let scores = reward.score(batch)?;
        let odds: Vec<f64> = scores.iter().copied().map(odds).collect();
        let mean = odds.iter().sum::<f64>() / odds.len().max(1) as f64;
        let length = batch.max_length();
        let mut values = vec![0.0; batch.len() * length];
        for (b, odds) in odds.iter().enumerate() {
            values[b * length..b * length + batch.steps(b, has_end)].fill((odds / mean - 1.0) as f32);
        }
        let reward = scores.iter().map(|&s| f64::from(s)).sum::<f64>() / scores.len().max(1) as f64;
        Ok((values, reward))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Given(Vec<f32>);
    impl Reward for Given {
        fn score(&self, sequences: &SeqBatch) -> Result<Vec<f32>> {
            assert_eq!(sequences.len(), self.0.len());
            Ok(self.0.clone())
        }
    }

    #[test]
    fn weights_by_hand() {
        // Odds 3, 1 and 1/3, their mean 13/9.
        let batch = SeqBatch::from_rows([vec![2, 3], vec![2], vec![2, 3, 4]], 3);
        let (values, reward) = MaliGanWeights.values(&Given(vec![0.75, 0.5, 0.25]), &batch, true).unwrap();
        let weight = |odds: f32| odds * 9.0 / 13.0 - 1.0;
        let [a, b, c] = [weight(3.0), weight(1.0), weight(1.0 / 3.0)];
        // Steps with an end: 3, 2, 3.
        let expected = [a, a, a, b, b, 0.0, c, c, c];
        assert!(values.iter().zip(expected).all(|(x, y)| (x - y).abs() < 1e-6), "{values:?}");
        assert_eq!(reward, 0.5);
    }

    #[test]
    fn probabilities_of_zero_and_one_stay_finite() {
        let batch = SeqBatch::from_rows([vec![2], vec![2], vec![2]], 1);
        for scores in [[0.0, 1.0, 0.5], [0.0; 3], [1.0; 3]] {
            let (values, _) = MaliGanWeights.values(&Given(scores.to_vec()), &batch, false).unwrap();
            assert!(
                values.iter().all(|v| v.is_finite()) && values.iter().sum::<f32>().abs() < 1e-5,
                "{values:?}"
            );
        }
    }
}
