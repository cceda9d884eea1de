//! Residual energy-based model of a discriminator and the generator that it was trained against (Deng et al., "Residual
//! Energy-Based Models for Text Generation", ICLR 2020).
//!
//! ```text
//! q(y) = p(y) exp(s f(y)) / Z,      Z = E_p exp(s f)
//! ```
//!
//! f is the discriminator's logit of "real", and s a scale. Sampling is by importance resampling: one of K candidates
//! from p is chosen, with probability proportional to exp(s f). The distribution of the samples approaches q as K
//! grows. The effective sample size shows whether K is large enough.

mod policy;
mod row;

use crate::config::CrossfitConfig;
use crate::credit::odds;
use crate::discriminator::{CausalDiscriminator, Discriminator, ReferenceModels};
use crate::generator::{BoxGenerator, Samples};
use crate::metrics::residual::Weights;
use crate::rng::Streams;
use crate::token::SeqBatch;
use crate::train::method::crossfit::{logits, odds_scale};
use rayon::prelude::*;

pub use policy::ResidualPolicy;
pub(super) use row::{ResidualRow, row_name, rows};

/// A generator, reweighted by the odds of a discriminator.
pub struct ResidualModel {
    base: BoxGenerator,
    odds: Odds,
}

enum Odds {
    /// Odds of a CNN discriminator. The base is the generator at the end of adversarial training.
    Cnn(Discriminator),
    /// Odds of a cross-fitted discriminator. The base is the generator before adversarial training.
    Crossfit { discriminator: CausalDiscriminator, ensemble: Option<BoxGenerator>, scale: f64 },
}

/// Resampled sequences, each chosen from K candidates.
#[derive(Debug, Clone)]
pub struct Resampled {
    /// The sequences.
    pub sequences: SeqBatch,
    /// log p + s f of each sequence, `[B]`, in nats: log q up to ln Z.
    pub log_weight: Vec<f64>,
    /// Importance weights of all candidates.
    pub weights: Weights,
}

/// Number of candidates that are scored together; bounds memory.
const CHUNK: usize = 8_192;

impl ResidualModel {
    /// Creates a residual model from a CNN discriminator that was trained against `base`.
    pub fn by_discriminator(base: BoxGenerator, discriminator: Discriminator) -> Self {
        Self { base, odds: Odds::Cnn(discriminator) }
    }

    /// Creates a residual model from a cross-fitted discriminator of `base`, with the features of an ensemble if it
    /// uses them. Returns an error if the parts do not fit together.
    pub fn crossfit(
        config: &CrossfitConfig,
        discriminator: CausalDiscriminator,
        base: BoxGenerator,
        ensemble: Option<BoxGenerator>,
    ) -> Result<Self, String> {
        let shape = discriminator.shape();
        let references = ReferenceModels { base: &base, ensemble: ensemble.as_deref() };
        let ours = (shape.vocab_size, shape.end_token, shape.num_features);
        let theirs = (base.space().vocab_size, base.space().end_token, references.num_features());
        if ours != theirs {
            return Err(format!(
                "scores other sequences than the generator makes: vocabulary, end and features are {ours:?}, expected \
                 {theirs:?}"
            ));
        }
        if ensemble.as_ref().is_some_and(|ensemble| ensemble.space() != base.space()) {
            return Err("was trained beside an ensemble of other sequences than the base makes".into());
        }
        let scale = odds_scale(config);
        Ok(Self { base, odds: Odds::Crossfit { discriminator, ensemble, scale } })
    }

    /// The generator that candidates are sampled from.
    pub fn base(&self) -> &BoxGenerator {
        &self.base
    }

    /// Log-odds s f of each sequence to be real, `[B]`, up to a constant.
    pub fn log_odds(&self, batch: &SeqBatch) -> Vec<f64> {
        match &self.odds {
            Odds::Cnn(discriminator) => {
                discriminator.scores(batch).into_iter().map(|d| odds(d).ln()).collect()
            }
            Odds::Crossfit { discriminator, ensemble, scale } => {
                let references = ReferenceModels { base: &self.base, ensemble: ensemble.as_deref() };
                // A sequence outside the models' support has no features and gets the lowest odds.
                let models = || [Some(&self.base), ensemble.as_ref()].into_iter().flatten();
                let allowed = |row: &[_]| models().all(|model| model.rules().allow(model.space(), row));
                let logits = logits(discriminator, references, batch).into_iter().zip(batch.rows());
                logits.map(|(f, row)| if allowed(row) { scale * f64::from(f) } else { f64::MIN }).collect()
            }
        }
    }

    /// Contribution of each decision to s f, `[B, T]`. The score of a whole sequence is assigned to its first decision.
    fn step_log_odds(&self, batch: &SeqBatch) -> Vec<f32> {
        match &self.odds {
            Odds::Cnn(_) => {
                let mut steps = vec![0.0; batch.len() * batch.max_length()];
                let rows = steps.chunks_exact_mut(batch.max_length()).zip(self.log_odds(batch));
                rows.for_each(|(row, log_odds)| row[0] = log_odds as f32);
                steps
            }
            Odds::Crossfit { discriminator, ensemble, scale } => {
                let references = ReferenceModels { base: &self.base, ensemble: ensemble.as_deref() };
                let logits = discriminator.logits(batch, &references.features(batch));
                logits.into_iter().map(|logit| *scale as f32 * logit).collect()
            }
        }
    }

    /// Draws `n` sequences, each chosen from K candidates. `draw(first, n)` samples candidates number
    /// `first..first + n`.
    pub fn sample(
        &self,
        (num_candidates, choices): (usize, &Streams),
        (first, n): (u64, usize),
        draw: impl Fn(u64, usize) -> Samples,
    ) -> Resampled {
        let k = num_candidates;
        let mut resampled = Resampled {
            sequences: SeqBatch::new(self.base.space().max_length),
            log_weight: Vec::with_capacity(n),
            weights: Weights::default(),
        };
        let part = (CHUNK / k).max(1);
        for done in (0..n).step_by(part) {
            let (group, groups) = (first + done as u64, part.min(n - done));
            let candidates = draw(group * k as u64, groups * k);
            let log_odds = self.log_odds(&candidates.sequences);
            let rows = choose(&log_odds, k, choices, group);
            resampled.sequences.extend(&candidates.sequences.select(rows.iter().copied()));
            resampled.log_weight.extend(rows.iter().map(|&b| candidates.log_prob[b] + log_odds[b]));
            resampled.weights.add(&log_odds);
        }
        resampled
    }
}

/// Chooses one row of each group of `num_candidates`, with probability proportional to its odds. Group numbers start at
/// `first`.
fn choose(log_odds: &[f64], num_candidates: usize, choices: &Streams, first: u64) -> Vec<usize> {
    let of_group = |(group, log_odds): (usize, &[f64])| {
        let largest = log_odds.iter().copied().fold(f64::MIN, f64::max);
        let weights: Vec<f64> = log_odds.iter().map(|x| (x - largest).exp()).collect();
        let mut left = choices.uniform(first + group as u64, 0) * weights.iter().sum::<f64>();
        let found = weights.iter().position(|weight| {
            left -= weight;
            left < 0.0
        });
        group * num_candidates + found.unwrap_or(weights.len() - 1)
    };
    log_odds.par_chunks(num_candidates).enumerate().map(of_group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discriminator::CausalShape;
    use crate::generator::{LstmShape, oracle};
    use crate::rng::Purpose;

    /// Discriminator that gives unlikely tokens a high logit, and impossible tokens the highest.
    #[test]
    fn sequences_outside_the_support_have_the_least_odds() {
        let mut space = oracle::synthetic_space(5, 3);
        space.never = vec![2];
        let base = Box::new(oracle::random(space, LstmShape::new(3, 4), 7));
        let shape = CausalShape {
            vocab_size: 5,
            embedding_dim: 2,
            hidden_dim: 2,
            num_features: ReferenceModels { base: &base, ensemble: None }.num_features(),
            end_token: None,
        };
        let mut discriminator = CausalDiscriminator::new(shape, &Streams::new(1, Purpose::DiscriminatorInit));
        discriminator.feature_weights_mut().fill(-1.0);
        let odds = Odds::Crossfit { discriminator, ensemble: None, scale: 1.0 };
        let model = ResidualModel { base, odds };
        let odds = model.log_odds(&SeqBatch::from_rows([vec![1, 3, 4], vec![1, 2, 4], vec![4, 4, 4]], 3));
        assert!(odds[0].is_finite() && odds[0] > f64::MIN && odds[2] > f64::MIN, "{odds:?}");
        assert_eq!(odds[1], f64::MIN);
    }
}
