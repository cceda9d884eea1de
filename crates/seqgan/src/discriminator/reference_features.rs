//! Features of decisions under reference models, input of a cross-fitted discriminator beside the tokens.

use crate::generator::Generator;
use crate::token::SeqBatch;

/// Features of the base model: log p, the entropy of the step, its maximum log p, and the running sum of log p +
/// entropy, whose expectation is 0 on the model's own samples.
const NUM_BASE_FEATURES: usize = 4;

/// Features of an ensemble: its log p and entropy minus those of the base model, and its maximum log p.
const NUM_ENSEMBLE_FEATURES: usize = 3;

/// Positions of the features that differ between the tokens of one decision.
pub(crate) const LOG_P: usize = 0;
pub(crate) const RUNNING_SUM: usize = 3;
pub(crate) const LOG_P_DIFFERENCE: usize = 4;

/// F, the number of features of a decision.
pub(crate) fn num_features(with_ensemble: bool) -> usize {
    NUM_BASE_FEATURES + if with_ensemble { NUM_ENSEMBLE_FEATURES } else { 0 }
}

/// Reference models, whose probabilities are the features.
#[derive(Clone, Copy)]
pub struct ReferenceModels<'a> {
    /// The generator that the discriminator is trained against, or the generator before adversarial training.
    pub base: &'a dyn Generator,
    /// An ensemble of maximum-likelihood models, if its features are used.
    pub ensemble: Option<&'a dyn Generator>,
}

impl ReferenceModels<'_> {
    /// F, the number of features of a decision.
    pub fn num_features(self) -> usize {
        num_features(self.ensemble.is_some())
    }

    /// Features of the decisions of `batch`, `[B, T, F]`, in nats; zero after the last decision of a row.
    pub fn features(self, batch: &SeqBatch) -> Vec<f32> {
        let own = self.base.token_statistics(batch);
        let theirs = self.ensemble.map(|ensemble| ensemble.token_statistics(batch));
        let length = batch.max_length();
        let has_end = self.base.space().end_token.is_some();
        let mut features = vec![0.0; own.len() * self.num_features()];
        for (b, row) in features.chunks_exact_mut((length * self.num_features()).max(1)).enumerate() {
            let mut sum = 0.0;
            let decisions = row.chunks_exact_mut(self.num_features()).take(batch.steps(b, has_end));
            for (t, decision) in decisions.enumerate() {
                let base = &own[b * length + t];
                sum += base.log_prob + base.entropy;
                let of_base = [base.log_prob, base.entropy, base.largest, sum];
                let of_ensemble = theirs.iter().flat_map(|theirs| {
                    let other = &theirs[b * length + t];
                    [other.log_prob - base.log_prob, other.entropy - base.entropy, other.largest]
                });
                let all = of_base.into_iter().chain(of_ensemble);
                decision.iter_mut().zip(all).for_each(|(place, x)| *place = x as f32);
            }
        }
        features
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::{BoxGenerator, LstmShape, ensemble, oracle};

    /// Checks the features with the probabilities of all tokens.
    #[test]
    fn features_are_those_of_the_distribution() {
        let mut space = oracle::synthetic_space(5, 3);
        space.end_token = Some(0);
        let generator = oracle::random(space, LstmShape::new(3, 4), 7);
        let batch = SeqBatch::from_rows([vec![2, 4], vec![], vec![1, 1, 3]], 3);
        let features = ReferenceModels { base: &generator, ensemble: None }.features(&batch);
        let mut sum = 0.0;
        for (t, token) in [2, 4, 0].into_iter().enumerate() {
            let beginning = &[2, 4][..t.min(2)];
            let next = |token: u32| {
                let row: Vec<u32> = beginning.iter().copied().chain((token > 0).then_some(token)).collect();
                f64::from(generator.log_prob(&SeqBatch::from_rows([row], 3))[t])
            };
            let all: Vec<f64> = (0..5).map(next).collect();
            let allowed: Vec<f64> = all.iter().copied().filter(|l| *l > -100.0).collect();
            assert!((allowed.iter().map(|l| l.exp()).sum::<f64>() - 1.0).abs() < 1e-5);
            let entropy: f64 = -allowed.iter().map(|l| l.exp() * l).sum::<f64>();
            sum += all[token as usize] + entropy;
            let largest = all.iter().copied().fold(f64::MIN, f64::max);
            let expected = [all[token as usize], entropy, largest, sum];
            let found = &features[t * NUM_BASE_FEATURES..(t + 1) * NUM_BASE_FEATURES];
            for (found, expected) in found.iter().zip(expected) {
                assert!((f64::from(*found) - expected).abs() < 1e-5, "step {t}: {found}, {expected}");
            }
        }
        // The second row has one decision, the end.
        let second = &features[3 * NUM_BASE_FEATURES..6 * NUM_BASE_FEATURES];
        assert!(second[0] < 0.0 && second[NUM_BASE_FEATURES..].iter().all(|&x| x == 0.0));
    }

    #[test]
    fn features_of_an_ensemble_stand_behind_those_of_the_base() {
        let random = |seed| oracle::random(oracle::synthetic_space(5, 3), LstmShape::new(3, 4), seed);
        let [a, b] = [1, 2].map(|seed| Box::new(random(seed)) as BoxGenerator);
        let together = ensemble(&[a.clone(), b]);
        let batch = SeqBatch::from_rows([vec![2, 4, 0], vec![1, 1, 3]], 3);
        let both = ReferenceModels { base: &a, ensemble: Some(&together) }.features(&batch);
        let own = ReferenceModels { base: &a, ensemble: None }.features(&batch);
        let theirs = ReferenceModels { base: &together, ensemble: None }.features(&batch);
        assert_eq!(both.len(), 2 * 3 * (NUM_BASE_FEATURES + NUM_ENSEMBLE_FEATURES));
        let rows = own.chunks_exact(NUM_BASE_FEATURES).zip(theirs.chunks_exact(NUM_BASE_FEATURES));
        for (both, (own, theirs)) in both.chunks_exact(NUM_BASE_FEATURES + NUM_ENSEMBLE_FEATURES).zip(rows) {
            let expected = [theirs[0] - own[0], theirs[1] - own[1], theirs[2]];
            assert_eq!(both[..NUM_BASE_FEATURES], *own);
            for (found, expected) in both[NUM_BASE_FEATURES..].iter().zip(expected) {
                assert!((found - expected).abs() < 1e-5, "{found}, {expected}");
            }
        }
    }
}
