//! Samples kept by a judge's odds: the residual energy model of a judge and the model it judges (Deng et al., "Residual
//! Energy-Based Models for Text Generation", ICLR 2020).
//!
//! ```text
//! q(y) = p(y) exp(s f(y)) / Z,      Z = E_p exp(s f)
//! ```
//!
//! with f the judge's logit that y is real. It is drawn from by importance resampling: of K candidates from p one is
//! kept, with a probability proportional to exp(s f). What is kept follows q as K grows; how far K is from enough, the
//! effective sample size tells.

mod policy;
mod row;

use super::crossfit::{Witnesses, odds_scale, realness};
use super::models::{in_order, load_discriminator, read_constrained};
use super::{SavedModel, State};
use crate::config::{Config, Method};
use crate::credit::odds;
use crate::discriminator::{CausalDiscriminator, CausalShape, Discriminator};
use crate::generator::{BoxGenerator, Samples};
use crate::metrics::residual::Weights;
use crate::rng::Streams;
use crate::run::RunFolder;
use crate::token::SeqBatch;
use crate::{Error, Result, checkpoint};
use rayon::prelude::*;

pub(super) use policy::ResidualPolicy;
pub(super) use row::{ResidualRow, row_name, rows};

/// A model, and the judge whose odds change it.
pub struct ResidualModel {
    base: BoxGenerator,
    judge: Odds,
}

enum Odds {
    /// Trained in the rounds, against the model that came of them.
    Discriminator(Discriminator),
    /// Trained before the rounds, against the model that they began with.
    Crossfit { judge: CausalDiscriminator, ensemble: Option<BoxGenerator>, scale: f64 },
}

/// Sequences that were kept, one of K candidates each.
#[derive(Debug, Clone)]
pub struct Resampled {
    /// They.
    pub sequences: SeqBatch,
    /// log p + s f of each, `[B]`: log q but for ln Z.
    pub log_weight: Vec<f64>,
    /// Those of all candidates.
    pub weights: Weights,
}

/// Candidates that are judged at a time; memory does not grow beyond them.
const MOST_AT_ONCE: usize = 8_192;

impl ResidualModel {
    /// Of a finished run: the model of its own that `model`'s judge judges, and the judge; none where the method has no
    /// judge of single sequences.
    pub fn load(folder: &RunFolder, model: &SavedModel) -> Result<Option<Self>> {
        if !model.method.is_crossfit() {
            let judge = load_discriminator(folder, model)?.map(Odds::Discriminator);
            return Ok(judge.map(|judge| Self { base: model.generator.clone(), judge }));
        }
        let config = folder.read_config()?;
        let read = |method: Method| read_constrained(folder, &folder.model(method.name()));
        let base = read(config.starts_from(model.method))?.generator;
        let ensemble = match config.crossfit.ensemble_features {
            true => Some(read(Method::MleEnsemble)?.generator),
            false => None,
        };
        Self::crossfit((folder, &config, model.method), base, ensemble).map(Some)
    }

    /// Of a run that is being measured: the base of `method`, and the cross-fitted judge of it.
    pub(super) fn of_run(folder: &RunFolder, config: &Config, state: &State, method: Method) -> Result<Self> {
        let Witnesses { base, ensemble } = Witnesses::new(config, &state.finished, method);
        Self::crossfit((folder, config, method), base.clone(), ensemble.cloned())
    }

    fn crossfit(
        (folder, config, method): (&RunFolder, &Config, Method),
        base: BoxGenerator,
        ensemble: Option<BoxGenerator>,
    ) -> Result<Self> {
        let path = folder.model(&format!("{method}.judge"));
        let (description, tensors): (serde_json::Value, _) = checkpoint::read(&path, "judge")?;
        let fault = |message: String| Error::Checkpoint {
            path: path.clone(),
            message,
            hint: Some("the file is damaged; restore it from a copy or train again".into()),
        };
        let shape: CausalShape =
            serde_json::from_value(description["shape"].clone()).map_err(|error| fault(error.to_string()))?;
        shape.check().map_err(fault)?;
        let known = |generator: &BoxGenerator| {
            let shape = generator.space();
            (shape.vocab_size, shape.max_length, shape.end_token, shape.num_labels())
        };
        let ours = (shape.vocab_size, shape.end_token, shape.num_features);
        let num_features = Witnesses { base: &base, ensemble: ensemble.as_ref() }.num_features();
        let theirs = (base.space().vocab_size, base.space().end_token, num_features);
        if ours != theirs {
            return Err(fault(format!(
                "judges other sequences than the generator makes: vocabulary, end and features are {ours:?}, expected \
                 {theirs:?}"
            )));
        }
        if ensemble.as_ref().is_some_and(|ensemble| known(ensemble) != known(&base)) {
            return Err(fault(
                "was trained beside an ensemble of other sequences than the base makes".into(),
            ));
        }
        let parameters =
            in_order(&tensors, CausalDiscriminator::<f32>::parameter_names(&shape)).map_err(fault)?;
        let judge = CausalDiscriminator::from_parameters(shape, parameters).map_err(fault)?;
        let scale = odds_scale(&config.crossfit);
        Ok(Self { base, judge: Odds::Crossfit { judge, ensemble, scale } })
    }

    /// The model that candidates are drawn from.
    pub fn base(&self) -> &BoxGenerator {
        &self.base
    }

    /// s f of each sequence, `[B]`: the logarithm of its odds to be real, up to a constant.
    pub fn log_odds(&self, batch: &SeqBatch) -> Vec<f64> {
        match &self.judge {
            Odds::Discriminator(judge) => judge.scores(batch).into_iter().map(|d| odds(d).ln()).collect(),
            Odds::Crossfit { judge, ensemble, scale } => {
                let witnesses = Witnesses { base: &self.base, ensemble: ensemble.as_ref() };
                // A sequence that the witnesses cannot make has odds of nothing, and is the last to be kept.
                let models = || [Some(&self.base), ensemble.as_ref()].into_iter().flatten();
                let can_be = |row: &[_]| models().all(|model| model.rules().allow(model.space(), row));
                let realness = realness(judge, witnesses, batch).into_iter().zip(batch.rows());
                realness.map(|(f, row)| if can_be(row) { scale * f64::from(f) } else { f64::MIN }).collect()
            }
        }
    }

    /// s times what each decision adds to f, `[B, T]`; all that a judge of whole sequences says belongs to the first.
    fn step_log_odds(&self, batch: &SeqBatch) -> Vec<f32> {
        match &self.judge {
            Odds::Discriminator(_) => {
                let mut steps = vec![0.0; batch.len() * batch.max_length()];
                let rows = steps.chunks_exact_mut(batch.max_length()).zip(self.log_odds(batch));
                rows.for_each(|(row, log_odds)| row[0] = log_odds as f32);
                steps
            }
            Odds::Crossfit { judge, ensemble, scale } => {
                let witnesses = Witnesses { base: &self.base, ensemble: ensemble.as_ref() };
                let logits = judge.logits(batch, &witnesses.features(batch));
                logits.into_iter().map(|logit| *scale as f32 * logit).collect()
            }
        }
    }

    /// Draws `n` sequences, each of which is one of K candidates. `draw` makes candidates number `first..first + n`.
    pub fn sample(
        &self,
        (num_candidates, choices): (usize, &Streams),
        (first, n): (u64, usize),
        draw: impl Fn(u64, usize) -> Samples,
    ) -> Resampled {
        let k = num_candidates;
        let mut kept = Resampled {
            sequences: SeqBatch::new(self.base.space().max_length),
            log_weight: Vec::with_capacity(n),
            weights: Weights::default(),
        };
        let part = (MOST_AT_ONCE / k).max(1);
        for done in (0..n).step_by(part) {
            let (group, groups) = (first + done as u64, part.min(n - done));
            let candidates = draw(group * k as u64, groups * k);
            let log_odds = self.log_odds(&candidates.sequences);
            let rows = choose(&log_odds, k, choices, group);
            kept.sequences.extend(&candidates.sequences.select(rows.iter().copied()));
            kept.log_weight.extend(rows.iter().map(|&b| candidates.log_prob[b] + log_odds[b]));
            kept.weights.add(&log_odds);
        }
        kept
    }
}

/// One row of each `num_candidates`, with a probability proportional to its odds. Groups are number `first..`.
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
    use crate::generator::{Generator, oracle};
    use crate::rng::Purpose;

    /// A judge to whom the unlikely is real, and what has no probability most of all, by its numbers.
    #[test]
    fn what_cannot_be_is_kept_last_whatever_the_judge_says() {
        let mut space = oracle::synthetic_space(5, 3);
        space.never = vec![2];
        let base = oracle::random(space, crate::generator::LstmShape::new(3, 4), 7).clone_generator();
        let shape = CausalShape {
            vocab_size: 5,
            embedding_dim: 2,
            hidden_dim: 2,
            num_features: Witnesses { base: &base, ensemble: None }.num_features(),
            end_token: None,
        };
        let mut judge = CausalDiscriminator::new(shape, &Streams::new(1, Purpose::DiscriminatorInit));
        judge.feature_weights_mut().fill(-1.0);
        let model = ResidualModel { base, judge: Odds::Crossfit { judge, ensemble: None, scale: 1.0 } };
        let odds = model.log_odds(&SeqBatch::from_rows([vec![1, 3, 4], vec![1, 2, 4], vec![4, 4, 4]], 3));
        assert!(odds[0].is_finite() && odds[0] > f64::MIN && odds[2] > f64::MIN, "{odds:?}");
        assert_eq!(odds[1], f64::MIN);
    }
}
