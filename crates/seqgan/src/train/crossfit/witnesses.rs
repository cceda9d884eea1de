//! How decisions look to the models that describe them to a cross-fitted judge.

use crate::config::{Config, Method};
use crate::generator::BoxGenerator;
use crate::token::SeqBatch;
use std::collections::BTreeMap;

/// Numbers that describe a decision: log p, the step's entropy, its largest log p, and the sum so far of log p + entropy, which
/// of the generator's own samples has mean 0.
const NUM_FEATURES: usize = 4;

/// Numbers that an ensemble adds: its log p less the generator's, the same of the entropy, and its largest log p.
const NUM_OF_ENSEMBLE: usize = 3;

/// Places of those that tell the tokens of a decision apart.
pub(super) const LOG_P: usize = 0;
pub(super) const RUNNING_SUM: usize = 3;
pub(super) const LOG_P_MORE: usize = 4;

/// F, by whether an ensemble is seen.
pub(super) fn num_features(ensemble_features: bool) -> usize {
    NUM_FEATURES + if ensemble_features { NUM_OF_ENSEMBLE } else { 0 }
}

/// The models that describe.
#[derive(Clone, Copy)]
pub(in super::super) struct Witnesses<'a> {
    /// The model that is judged, or that the rounds begin with.
    pub base: &'a BoxGenerator,
    /// An ensemble that the judge sees as well.
    pub ensemble: Option<&'a BoxGenerator>,
}

impl<'a> Witnesses<'a> {
    /// Those of a method's rounds.
    pub fn new(config: &Config, finished: &'a BTreeMap<Method, BoxGenerator>, method: Method) -> Self {
        let ensemble = finished.get(&Method::MleEnsemble).filter(|_| config.crossfit.ensemble_features);
        Self { base: &finished[&config.starts_from(method)], ensemble }
    }

    /// F, numbers that describe a decision.
    pub fn num_features(self) -> usize {
        num_features(self.ensemble.is_some())
    }

    /// How the decisions of `batch` look to them, in nats: `[B, T, F]`, zero behind each row's last decision.
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
                let seen = &own[b * length + t];
                sum += seen.log_prob + seen.entropy;
                let of_own = [seen.log_prob, seen.entropy, seen.largest, sum];
                let of_ensemble = theirs.iter().flat_map(|theirs| {
                    let other = &theirs[b * length + t];
                    [other.log_prob - seen.log_prob, other.entropy - seen.entropy, other.largest]
                });
                let all = of_own.into_iter().chain(of_ensemble);
                decision.iter_mut().zip(all).for_each(|(place, x)| *place = x as f32);
            }
        }
        features
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::{Generator, LstmShape, ensemble, oracle};

    /// Against the probabilities of all tokens, one by one.
    #[test]
    fn features_are_those_of_the_distribution() {
        let mut space = oracle::synthetic_space(5, 3);
        space.end_token = Some(0);
        let generator = oracle::random(space, LstmShape::new(3, 4), 7).clone_generator();
        let batch = SeqBatch::from_rows([vec![2, 4], vec![], vec![1, 1, 3]], 3);
        let features = Witnesses { base: &generator, ensemble: None }.features(&batch);
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
            let found = &features[t * NUM_FEATURES..(t + 1) * NUM_FEATURES];
            for (found, expected) in found.iter().zip(expected) {
                assert!((f64::from(*found) - expected).abs() < 1e-5, "step {t}: {found}, {expected}");
            }
        }
        // One decision, the end; behind it nothing.
        let second = &features[3 * NUM_FEATURES..6 * NUM_FEATURES];
        assert!(second[0] < 0.0 && second[NUM_FEATURES..].iter().all(|&x| x == 0.0));
    }

    #[test]
    fn an_ensemble_is_seen_beside_the_generator() {
        let of = |seed| oracle::random(oracle::synthetic_space(5, 3), LstmShape::new(3, 4), seed);
        let [a, b] = [1, 2].map(|seed| of(seed).clone_generator());
        let together = ensemble(&[a.clone(), b]);
        let batch = SeqBatch::from_rows([vec![2, 4, 0], vec![1, 1, 3]], 3);
        let both = Witnesses { base: &a, ensemble: Some(&together) }.features(&batch);
        let own = Witnesses { base: &a, ensemble: None }.features(&batch);
        let theirs = Witnesses { base: &together, ensemble: None }.features(&batch);
        assert_eq!(both.len(), 2 * 3 * (NUM_FEATURES + NUM_OF_ENSEMBLE));
        let rows = own.chunks_exact(NUM_FEATURES).zip(theirs.chunks_exact(NUM_FEATURES));
        for (both, (own, theirs)) in both.chunks_exact(NUM_FEATURES + NUM_OF_ENSEMBLE).zip(rows) {
            let expected = [theirs[0] - own[0], theirs[1] - own[1], theirs[2]];
            assert_eq!(both[..NUM_FEATURES], *own);
            for (found, expected) in both[NUM_FEATURES..].iter().zip(expected) {
                assert!((found - expected).abs() < 1e-5, "{found}, {expected}");
            }
        }
    }
}
