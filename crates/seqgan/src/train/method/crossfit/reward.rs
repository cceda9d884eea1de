//! Reward of a cross-fitted discriminator, minus the KL penalty.

use super::super::super::cnn_discriminator::init_streams;
use super::super::super::reward_model::{ActionValues, Network, RewardModel, RolloutContext, draw_real};
use crate::Result;
use crate::config::{Config, CrossfitConfig};
use crate::credit::DiscountedReturn;
use crate::discriminator::{
    CausalDiscriminator, CausalShape, LOG_P, LOG_P_DIFFERENCE, RUNNING_SUM, ReferenceModels, num_features,
};
use crate::generator::{Generator, weighted};
use crate::optim::{Demonstrations, ExpectedReward};
use crate::task::Task;
use crate::token::SeqBatch;

/// Number of the set of real sequences that demonstrations are drawn from.
const DEMONSTRATIONS: u32 = 3;

/// Reward model with a cross-fitted discriminator.
#[derive(Debug, Clone)]
pub(super) struct CrossfitReward(CausalDiscriminator);

/// Weight of the discriminator's logit relative to log p of the base, at the optimum of the KL-regularised objective.
pub(crate) fn odds_scale(config: &CrossfitConfig) -> f64 {
    if config.kl > 0.0 { config.reward_scale / config.kl } else { 1.0 }
}

/// Discriminator logits of whole sequences, `[B]`, with the features of the reference models.
pub(crate) fn logits(
    discriminator: &CausalDiscriminator,
    references: ReferenceModels<'_>,
    batch: &SeqBatch,
) -> Vec<f32> {
    logits_of_features(discriminator, batch, &references.features(batch))
}

/// Discriminator logits of whole sequences with given features, `[B]`.
pub(super) fn logits_of_features(
    discriminator: &CausalDiscriminator,
    batch: &SeqBatch,
    features: &[f32],
) -> Vec<f32> {
    let logits = discriminator.logits(batch, features);
    logits.chunks_exact(batch.max_length()).map(|row| row.iter().sum()).collect()
}

impl CrossfitReward {
    pub fn untrained(config: &Config, task: &Task) -> Self {
        let shape = CausalShape {
            vocab_size: task.vocab_size(),
            embedding_dim: config.crossfit.embedding_dim,
            hidden_dim: config.crossfit.hidden_dim,
            num_features: num_features(config.crossfit.ensemble_features),
            end_token: task.space().end_token,
        };
        Self(CausalDiscriminator::new(shape, &init_streams(config)))
    }

    /// Action values `[B, T]` of a batch drawn by `generator`, and the mean reward of a decision before the penalty.
    /// Action values leave out the part of a decision's reward in [`Self::expected`]. `policy` is the reference policy
    /// of the penalty, if it is not the base.
    fn values(
        &self,
        config: &CrossfitConfig,
        references: ReferenceModels<'_>,
        policy: Option<&dyn Generator>,
        generator: &dyn Generator,
        batch: &SeqBatch,
    ) -> (Vec<f32>, f64) {
        let CrossfitConfig { reward_scale, kl, discount, all_actions, .. } = *config;
        let (scale, kl) = (reward_scale as f32, kl as f32);
        let features = references.features(batch);
        let decisions = || features.chunks_exact(references.num_features());
        let logits = self.0.logits(batch, &features);
        let scores: Vec<f32> = logits.iter().map(|s| scale * s).collect();
        let has_end = generator.space().end_token.is_some();
        let returns =
            |rewards: &[f32], discount| DiscountedReturn { discount }.reward_to_go(rewards, batch, has_end);
        let (mut values, reward) = returns(&scores, 0.0);
        // With all-action updates, a decision's own penalty is part of the expected reward. Later penalties are not.
        if !all_actions || discount > 0.0 {
            let reference = match policy {
                Some(policy) => policy.log_prob(batch),
                None => decisions().map(|decision| decision[LOG_P]).collect(),
            };
            let distances = generator.log_prob(batch).into_iter().zip(reference).map(|(a, b)| a - b);
            let penalties: Vec<f32> = distances.map(|distance| kl * distance).collect();
            let rewards: Vec<f32> = scores.iter().zip(&penalties).map(|(s, penalty)| s - penalty).collect();
            values = returns(&rewards, discount).0;
            if all_actions {
                values.iter_mut().zip(&penalties).for_each(|(value, penalty)| *value += penalty);
            }
        }
        if all_actions {
            let weights = self.0.feature_weights();
            for (value, decision) in values.iter_mut().zip(decisions()) {
                let direct: f32 = decision.iter().zip(weights).map(|(x, w)| x * w).sum();
                *value -= scale * direct;
            }
        }
        (values, reward)
    }

    /// Part of the reward that can be computed for every token: the direct part of the features, and the penalty. Both
    /// are weighted sums of models' log p, so a weighted sum of models gives them as logits.
    fn expected(
        &self,
        config: &CrossfitConfig,
        references: ReferenceModels<'_>,
        policy: Option<&dyn Generator>,
    ) -> Option<ExpectedReward> {
        let weight = |feature: usize| f64::from(self.0.feature_weights()[feature]);
        let (scale, kl) = (config.reward_scale, config.kl);
        let ReferenceModels { base, ensemble } = references;
        let of_ensemble = if ensemble.is_some() { weight(LOG_P_DIFFERENCE) } else { 0.0 };
        let own = scale * (weight(LOG_P) + weight(RUNNING_SUM) - of_ensemble);
        let mut parts = match policy {
            None => vec![(base, kl + own)],
            Some(policy) => vec![(policy, kl), (base, own)],
        };
        parts.extend(ensemble.map(|ensemble| (ensemble, scale * of_ensemble)));
        config.all_actions.then(|| ExpectedReward { generator: weighted(&parts), kl })
    }
}

impl RewardModel for CrossfitReward {
    fn action_values(&self, context: &RolloutContext<'_>) -> Result<ActionValues> {
        let config = &context.config.crossfit;
        let RolloutContext { references, policy, generator, batch, .. } = *context;
        let (values, reward) = self.values(config, references, policy, generator, batch);
        let demonstrations = (config.demonstration_value > 0.0).then(|| Demonstrations {
            sequences: draw_real(
                context.train,
                context.config.seed,
                (DEMONSTRATIONS, context.round as u64),
                batch.len(),
            ),
            value: config.demonstration_value as f32,
        });
        Ok(ActionValues { demonstrations, ..ActionValues::new(values, reward) })
    }

    fn expected_reward(
        &self,
        config: &Config,
        references: ReferenceModels<'_>,
        policy: Option<&dyn Generator>,
    ) -> Option<ExpectedReward> {
        self.expected(&config.crossfit, references, policy)
    }

    fn scores(&self, references: ReferenceModels<'_>, batch: &SeqBatch) -> Option<Vec<f32>> {
        Some(logits(&self.0, references, batch))
    }

    fn is_rejected(&self) -> bool {
        self.0.parameters().iter().all(|tensor| tensor.data.iter().all(|&x| x == 0.0))
    }

    fn network(&self) -> Option<&dyn Network> {
        Some(&self.0)
    }

    fn network_mut(&mut self) -> Option<&mut dyn Network> {
        Some(&mut self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::{self, BoxGenerator, oracle};
    use crate::rng::{Purpose, Streams};

    struct Case {
        generator: BoxGenerator,
        base: BoxGenerator,
        other: BoxGenerator,
        moved: BoxGenerator,
        batch: SeqBatch,
        reward: CrossfitReward,
    }

    impl Case {
        fn new() -> Self {
            let (space, mut config) = (oracle::synthetic_space(6, 4), Config::default().generator);
            (config.embedding_dim, config.hidden_dim) = (3, 4);
            let random = |seed| -> BoxGenerator {
                let streams = Streams::new(seed, Purpose::OracleInit);
                generator::build(&space, &config, 1.0, &streams).unwrap().into_generator()
            };
            let shape = CausalShape {
                vocab_size: 6,
                embedding_dim: 2,
                hidden_dim: 3,
                num_features: num_features(true),
                end_token: None,
            };
            let network = CausalDiscriminator::new(shape, &Streams::new(3, Purpose::DiscriminatorInit));
            let batch = SeqBatch::from_rows([vec![1, 2, 3, 4], vec![5, 0, 1, 1]], 4);
            let [generator, base, other, moved] = [1, 2, 3, 4].map(random);
            Self { generator, base, other, moved, batch, reward: CrossfitReward(network) }
        }

        fn references(&self) -> ReferenceModels<'_> {
            ReferenceModels { base: &self.base, ensemble: Some(&self.other) }
        }

        fn values(&self, config: &CrossfitConfig, policy: Option<&dyn Generator>) -> Vec<f32> {
            self.reward.values(config, self.references(), policy, &self.generator, &self.batch).0
        }

        /// log p of the generator minus that of another, `[B, T]`.
        fn distance(&self, to: &dyn Generator) -> Vec<f32> {
            let (a, b) = (self.generator.log_prob(&self.batch), to.log_prob(&self.batch));
            a.into_iter().zip(b).map(|(a, b)| a - b).collect()
        }

        /// Possible reference policies of the penalty, as an argument and as a model.
        fn policies(&self) -> [(Option<&dyn Generator>, &dyn Generator); 2] {
            [(None, &self.base), (Some(&self.moved), &self.moved)]
        }
    }

    fn config() -> CrossfitConfig {
        let config = Config::default().crossfit;
        CrossfitConfig { reward_scale: 0.8, kl: 2.0, discount: 0.0, all_actions: false, ..config }
    }

    fn close(a: &[f32], b: &[f32]) -> bool {
        a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-4)
    }

    #[test]
    fn the_reward_is_the_logit_less_the_penalty() {
        let mut case = Case::new();
        // An untrained discriminator's output is zero.
        for (policy, model) in case.policies() {
            let penalties: Vec<f32> = case.distance(model).iter().map(|d| -2.0 * d).collect();
            assert!(close(&case.values(&config(), policy), &penalties));
        }
        *case.reward.0.bias_mut() = 0.5;
        let rewards: Vec<f32> = case.distance(&case.base).iter().map(|d| 0.8 * 0.5 - 2.0 * d).collect();
        assert!(close(&case.values(&config(), None), &rewards));
    }

    #[test]
    fn the_expected_part_is_what_action_values_leave_out() {
        let mut case = Case::new();
        *case.reward.0.bias_mut() = 0.5;
        for (feature, weight) in [(LOG_P, 0.3), (LOG_P_DIFFERENCE, 0.7)] {
            case.reward.0.feature_weights_mut()[feature] = weight;
        }
        let all = CrossfitConfig { all_actions: true, ..config() };
        assert!(!close(&case.values(&config(), None), &case.values(&all, None)));
        // This holds for any rewards of later decisions.
        for discount in [0.0, 0.5] {
            let with = |all_actions| CrossfitConfig { discount, all_actions, ..config() };
            let features = case.references().features(&case.batch);
            let weights = case.reward.0.feature_weights();
            let direct = features.chunks_exact(num_features(true));
            let direct = direct.map(|x| x.iter().zip(weights).map(|(x, w)| x * w).sum::<f32>());
            let own = direct.zip(case.distance(&case.base)).map(|(direct, d)| 0.8 * direct - 2.0 * d);
            let expected: Vec<f32> =
                case.values(&with(false), None).iter().zip(own).map(|(v, own)| v - own).collect();
            assert!(close(&case.values(&with(true), None), &expected), "{discount}");
        }
        // Only the constant part of this discriminator's reward remains.
        assert!(close(&case.values(&all, None), &[0.8 * 0.5; 8]));
        assert!(case.reward.expected(&config(), case.references(), None).is_none());
    }

    /// The expected reward is determined up to a constant per decision, so differences between tokens after one prefix
    /// are compared.
    #[test]
    fn the_expected_part_is_that_of_every_token() {
        let mut case = Case::new();
        for (feature, weight) in [(LOG_P, 0.3), (LOG_P_DIFFERENCE, 0.7)] {
            case.reward.0.feature_weights_mut()[feature] = weight;
        }
        let all = CrossfitConfig { all_actions: true, ..config() };
        for (policy, model) in case.policies() {
            let expected = case.reward.expected(&all, case.references(), policy).expect("all actions");
            assert_eq!(expected.kl, 2.0);
            let difference = |token: u32| {
                let batch = SeqBatch::from_rows([vec![1, 2, token]], 4);
                let log_p = |generator: &dyn Generator| generator.log_prob(&batch)[2];
                let (own, base, other) = (log_p(&case.generator), log_p(&case.base), log_p(&case.other));
                let reward = 0.8 * (0.3 * base + 0.7 * (other - base)) - 2.0 * (own - log_p(model));
                log_p(&expected.generator) - 2.0 * own - reward
            };
            let differences: Vec<f32> = (0..6).map(difference).collect();
            assert!(differences.iter().all(|d| (d - differences[0]).abs() < 1e-4), "{differences:?}");
        }
    }
}
