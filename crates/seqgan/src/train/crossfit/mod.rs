//! The method `seqgan-crossfit`: a judge that sees how each decision looks to a generator that has not learnt from it.
//!
//! A generator has overfitted its own training sequences. A judge that is shown them as real, beside the generator's
//! probabilities, learns that likely sequences are real, which is backwards for sequences that the generator has not
//! seen. So the training sequences are split into folds; for each a generator is trained on the others as the base is on
//! all, and describes the sequences of the fold and its own samples. The judge is trained on both once, before the
//! rounds. In the rounds the base model describes, and each decision is worth
//!
//! ```text
//! r_t = scale s_t - kl (log p(y_t) - log p_base(y_t)),      Q_t = r_t + discount r_{t+1} + ..
//! ```
//!
//! with s_t what decision t adds to the judge's logit that the sequence is real. With discount 1 what the expectation of
//! this is largest at is p_base exp(scale / kl sum s_t), the base reweighted by the judge's odds. With discount 0 each
//! decision answers for itself, with less noise; that has the same optimum where exp(s_t) is a ratio of two
//! distributions of the next token, as it is between an ensemble and the base.
//!
//! A judge can learn no more from a fold than likelihood models of its size learn from the others, unless it is told: with
//! `crossfit.sees_ensemble` each fold has an ensemble, and the judge sees its probabilities beside those of the fold's
//! generator. In the rounds `mle-ensemble` takes its place.

mod examination;
mod folds;
mod judge;
mod witnesses;

use super::task::Task;
use crate::config::{Config, CrossfitConfig};
use crate::generator::LstmGenerator;
use crate::reward::{CausalDiscriminator, CausalShape, StepReward};
use crate::token::SeqBatch;

pub(super) use folds::{FoldLayout, train_fold, used_folds};
pub(super) use judge::train_judge;
pub(super) use witnesses::Witnesses;
use witnesses::num_features;

/// The judge's sizes.
pub(super) fn shape(config: &Config, task: &Task) -> CausalShape {
    CausalShape {
        vocab_size: task.vocab_size(),
        embedding_dim: config.crossfit.embedding_dim,
        hidden_dim: config.crossfit.hidden_dim,
        num_features: num_features(config.crossfit.sees_ensemble),
        end_token: task.generator_shape(config).end_token,
    }
}

/// What the judge's logits count, beside log p of the base: as much as in what the rounds' expectation is largest at.
pub(super) fn odds_scale(config: &CrossfitConfig) -> f64 {
    if config.kl > 0.0 { config.reward_scale / config.kl } else { 1.0 }
}

/// How real the judge takes whole sequences to be, as the witnesses see them: the logit, `[B]`.
pub(super) fn realness(judge: &CausalDiscriminator, witnesses: Witnesses<'_>, batch: &SeqBatch) -> Vec<f32> {
    described(judge, batch, &witnesses.features(batch))
}

/// The same of sequences whose features are known.
fn described(judge: &CausalDiscriminator, batch: &SeqBatch, features: &[f32]) -> Vec<f32> {
    let logits = judge.logits(batch, features);
    logits.chunks_exact(batch.max_length()).map(|row| row.iter().sum()).collect()
}

/// The reward of each decision.
pub(super) struct CrossfitReward<'a> {
    pub judge: &'a CausalDiscriminator,
    pub witnesses: Witnesses<'a>,
    pub generator: &'a LstmGenerator,
    pub config: &'a CrossfitConfig,
}

impl StepReward for CrossfitReward<'_> {
    fn step_scores(&self, sequences: &SeqBatch) -> Vec<f32> {
        let described = self.witnesses.features(sequences);
        let (scale, kl) = (self.config.reward_scale as f32, self.config.kl as f32);
        let log_p_base = described.iter().step_by(self.witnesses.num_features());
        let log_p = self.generator.log_prob(sequences);
        let scores = self.judge.logits(sequences, &described).into_iter().zip(log_p).zip(log_p_base);
        scores.map(|((score, log_p), log_p_base)| scale * score - kl * (log_p - log_p_base)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::oracle;
    use crate::rng::{Purpose, Streams};

    /// What the values are made of, and that without a judgement they draw back to the base.
    #[test]
    fn the_reward_is_judgement_less_distance() {
        let generator = oracle::random(oracle::synthetic_shape(6, 3, 4, 4), 1);
        let base = oracle::random(oracle::synthetic_shape(6, 3, 4, 4), 2);
        let mut config = Config::default().crossfit;
        (config.reward_scale, config.kl) = (0.8, 2.0);
        let shape = CausalShape {
            vocab_size: 6,
            embedding_dim: 2,
            hidden_dim: 3,
            num_features: num_features(false),
            end_token: None,
        };
        let streams = Streams::new(3, Purpose::DiscriminatorInit);
        let mut judge = CausalDiscriminator::new(shape, &streams);
        let batch = SeqBatch::from_rows([vec![1, 2, 3, 4], vec![5, 0, 1, 1]], 4);
        let scores = |judge: &CausalDiscriminator| {
            let witnesses = Witnesses { base: &base, ensemble: None };
            CrossfitReward { judge, witnesses, generator: &generator, config: &config }.step_scores(&batch)
        };
        let distance: Vec<f32> =
            generator.log_prob(&batch).iter().zip(base.log_prob(&batch)).map(|(a, b)| a - b).collect();
        // An untrained judge's output is zero.
        let close = |a: &[f32], b: Vec<f32>| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-4);
        assert!(close(&scores(&judge), distance.iter().map(|d| -2.0 * d).collect()));
        judge.parameters_mut()[5][0] = 0.5;
        assert!(close(&scores(&judge), distance.iter().map(|d| 0.8 * 0.5 - 2.0 * d).collect()));
    }
}
