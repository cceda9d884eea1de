//! The methods `seqgan-crossfit` and `distilled-seqgan-crossfit`: a judge that sees how each decision looks to a generator
//! that has not learnt from it.
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
//! `crossfit.ensemble_features` each fold has an ensemble, and the judge sees its probabilities beside those of the fold's
//! generator. In the rounds `mle-ensemble` takes its place.
//!
//! What the describing numbers add to a decision's own logit is fitted first (`linear.rs`). Of it, and of the penalty, the value of every
//! token is known, so the update follows the expectation of these instead of the drawn token's ([`CrossfitReward::expected_reward`]);
//! values hold what is left: what the LSTM adds, and what later decisions earn.

mod examination;
mod folds;
mod judge;
mod linear;
mod witnesses;

use super::task::Task;
use crate::config::{Config, CrossfitConfig};
use crate::credit::DiscountedReturn;
use crate::discriminator::{CausalDiscriminator, CausalShape};
use crate::generator::{BoxGenerator, Generator, weighted};
use crate::optim::ExpectedReward;
use crate::token::SeqBatch;

pub(super) use folds::{FoldLayout, train_fold, used_folds};
pub(super) use judge::{is_refresh_due, refresh_judge, train_judge};
pub(super) use witnesses::Witnesses;
use witnesses::{LOG_P, LOG_P_MORE, RUNNING_SUM, num_features};

/// The judge's sizes.
pub(super) fn shape(config: &Config, task: &Task) -> CausalShape {
    CausalShape {
        vocab_size: task.vocab_size(),
        embedding_dim: config.crossfit.embedding_dim,
        hidden_dim: config.crossfit.hidden_dim,
        num_features: num_features(config.crossfit.ensemble_features),
        end_token: task.space().end_token,
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

/// What decisions are worth by the judge.
pub(super) struct CrossfitReward<'a> {
    pub judge: &'a CausalDiscriminator,
    pub witnesses: Witnesses<'a>,
    /// The generator as it was when the judge was trained, where that is not the base any more.
    pub anchor: Option<&'a BoxGenerator>,
    pub config: &'a CrossfitConfig,
}

impl CrossfitReward<'_> {
    /// Values `[B, T]` of what `generator` has drawn, and what the judge's logit of a decision is worth in the mean. What
    /// [`Self::expected_reward`] tell of a decision itself is left out of its value.
    pub fn values(&self, generator: &dyn Generator, batch: &SeqBatch) -> (Vec<f32>, f64) {
        let CrossfitConfig { reward_scale, kl, discount, all_actions, .. } = *self.config;
        let (scale, kl) = (reward_scale as f32, kl as f32);
        let described = self.witnesses.features(batch);
        let decisions = || described.chunks_exact(self.witnesses.num_features());
        let logits = self.judge.logits(batch, &described);
        let judged: Vec<f32> = logits.iter().map(|s| scale * s).collect();
        let has_end = generator.space().end_token.is_some();
        let to_go =
            |rewards: &[f32], discount| DiscountedReturn { discount }.reward_to_go(rewards, batch, has_end);
        let (mut values, reward) = to_go(&judged, 0.0);
        // A decision's own penalty is among the expected_reward; later ones are not.
        if !all_actions || discount > 0.0 {
            let reference = match self.anchor {
                Some(anchor) => anchor.log_prob(batch),
                None => decisions().map(|decision| decision[LOG_P]).collect(),
            };
            let distances = generator.log_prob(batch).into_iter().zip(reference).map(|(a, b)| a - b);
            let penalties: Vec<f32> = distances.map(|distance| kl * distance).collect();
            let rewards: Vec<f32> = judged.iter().zip(&penalties).map(|(s, penalty)| s - penalty).collect();
            values = to_go(&rewards, discount).0;
            if all_actions {
                values.iter_mut().zip(&penalties).for_each(|(value, penalty)| *value += penalty);
            }
        }
        if all_actions {
            let weights = self.judge.feature_weights();
            for (value, decision) in values.iter_mut().zip(decisions()) {
                let told: f32 = decision.iter().zip(weights).map(|(x, w)| x * w).sum();
                *value -= scale * told;
            }
        }
        (values, reward)
    }

    /// What is known of every token, and need not be sampled: what its probabilities add to its own logit straight, and the
    /// penalty. Both are sums of logits, so they are the logits of a generator. It is the same until the judge is trained anew.
    pub fn expected_reward(&self) -> Option<ExpectedReward> {
        let weight = |feature: usize| f64::from(self.judge.feature_weights()[feature]);
        let (scale, kl) = (self.config.reward_scale, self.config.kl);
        let Witnesses { base, ensemble } = self.witnesses;
        let more = if ensemble.is_some() { weight(LOG_P_MORE) } else { 0.0 };
        let own = scale * (weight(LOG_P) + weight(RUNNING_SUM) - more);
        let mut parts: Vec<(&dyn Generator, f64)> = match self.anchor {
            None => vec![(base, kl + own)],
            Some(anchor) => vec![(anchor, kl), (base, own)],
        };
        parts.extend(ensemble.map(|ensemble| (&**ensemble as &dyn Generator, scale * more)));
        self.config.all_actions.then(|| ExpectedReward { generator: weighted(&parts), kl })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::LstmShape;
    use crate::generator::oracle;
    use crate::rng::{Purpose, Streams};

    /// What the values are made of; that without a judgement they draw back to the base, or to what the judge was trained
    /// against; and that what all actions earn is what is left out of the values.
    #[test]
    fn the_reward_is_judgement_less_distance() {
        let [generator, base, other, moved] = [1, 2, 3, 4].map(|seed| {
            oracle::random(oracle::synthetic_space(6, 4), LstmShape::new(3, 4), seed).clone_generator()
        });
        let mut config = Config::default().crossfit;
        (config.reward_scale, config.kl, config.discount, config.all_actions) = (0.8, 2.0, 0.0, false);
        let shape = CausalShape {
            vocab_size: 6,
            embedding_dim: 2,
            hidden_dim: 3,
            num_features: num_features(true),
            end_token: None,
        };
        let mut judge = CausalDiscriminator::new(shape, &Streams::new(3, Purpose::DiscriminatorInit));
        let batch = SeqBatch::from_rows([vec![1, 2, 3, 4], vec![5, 0, 1, 1]], 4);
        let log_p = |generator: &BoxGenerator| generator.log_prob(&batch);
        let witnesses = Witnesses { base: &base, ensemble: Some(&other) };
        let values = |judge: &CausalDiscriminator, config: &CrossfitConfig, anchor| {
            CrossfitReward { judge, witnesses, anchor, config }.values(&generator, &batch).0
        };
        let distance = |to: &BoxGenerator| -> Vec<f32> {
            log_p(&generator).iter().zip(log_p(to)).map(|(a, b)| a - b).collect()
        };
        // An untrained judge's output is zero.
        let close = |a: &[f32], b: Vec<f32>| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-4);
        for (anchor, reference) in [(None, &base), (Some(&moved), &moved)] {
            let penalties: Vec<f32> = distance(reference).iter().map(|d| -2.0 * d).collect();
            assert!(close(&values(&judge, &config, anchor), penalties));
        }
        judge.parameters_mut()[5][0] = 0.5;
        let judged = distance(&base).iter().map(|d| 0.8 * 0.5 - 2.0 * d).collect();
        assert!(close(&values(&judge, &config, None), judged));

        let sampled = |judge: &CausalDiscriminator| values(judge, &config, None);
        for (feature, weight) in [(LOG_P, 0.3), (LOG_P_MORE, 0.7)] {
            judge.feature_weights_mut()[feature] = weight;
        }
        let all = CrossfitConfig { all_actions: true, ..config.clone() };
        assert!(sampled(&judge).iter().zip(values(&judge, &all, None)).any(|(a, b)| (a - b).abs() > 1e-2));
        // A decision's own share in the expected_reward is what its value lacks, whatever later decisions earn.
        for discount in [0.0, 0.5] {
            let with = |all_actions| CrossfitConfig { discount, all_actions, ..config.clone() };
            let weights = judge.feature_weights();
            let features = witnesses.features(&batch);
            let told = features.chunks_exact(num_features(true));
            let told = told.map(|x| x.iter().zip(weights).map(|(x, w)| x * w).sum::<f32>());
            let own = told.zip(distance(&base)).map(|(told, d)| 0.8 * told - 2.0 * d);
            let expected =
                values(&judge, &with(false), None).iter().zip(own).map(|(v, own)| v - own).collect();
            assert!(close(&values(&judge, &with(true), None), expected), "{discount}");
        }
        // Of this judge a constant is left.
        assert!(close(&values(&judge, &all, None), vec![0.8 * 0.5; 8]));
        for (anchor, reference) in [(None, &base), (Some(&moved), &moved)] {
            let reward = CrossfitReward { judge: &judge, witnesses, anchor, config: &all };
            let expected_reward = reward.expected_reward().expect("all actions");
            // The expected_reward of a token are told up to a constant a decision: after one beginning, the difference of two tokens'.
            let of = |token: u32| {
                let batch = SeqBatch::from_rows([vec![1, 2, token]], 4);
                let log_p = |generator: &BoxGenerator| generator.log_prob(&batch)[2];
                let told = log_p(&expected_reward.generator) - 2.0 * log_p(&generator);
                let judged = 0.8 * (0.3 * log_p(&base) + 0.7 * (log_p(&other) - log_p(&base)));
                (told, judged - 2.0 * (log_p(&generator) - log_p(reference)))
            };
            let differences: Vec<f32> = (0..6).map(|token| of(token).0 - of(token).1).collect();
            assert!(differences.iter().all(|d| (d - differences[0]).abs() < 1e-4), "{differences:?}");
            assert_eq!(expected_reward.kl, 2.0);
        }
        assert!(
            CrossfitReward { judge: &judge, witnesses, anchor: None, config: &config }
                .expected_reward()
                .is_none()
        );
    }
}
