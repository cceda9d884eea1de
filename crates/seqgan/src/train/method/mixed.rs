//! `mixed`: policy gradient with a weighted sum of the rewards in the settings `[[reward]]`.

use super::super::cnn_discriminator;
use super::super::monitor::{Diagnostic, advice};
use super::super::reward_model::{ActionValues, LabelledBatch, Network, RewardModel, RolloutContext};
use super::super::round_schedule::RoundSchedule;
use super::traits::{AdversarialMethod, Kind, RewardTraining, TrainingMethod};
use crate::Result;
use crate::config::{Config, Method};
use crate::credit::BuiltRewards;
use crate::discriminator::{BatchLoss, Discriminator, ReferenceModels};
use crate::optim::Optimizer;
use crate::reward::Watcher;
use crate::reward::registry::DISCRIMINATOR;
use crate::reward::{DiscriminatorReward, Reward, RewardContext};
use crate::task::Task;
use crate::token::SeqBatch;

/// Policy gradient with a weighted sum of rewards.
pub(super) struct Mixed;

/// The parts of the reward, and the discriminator if one of them uses it.
#[derive(Debug)]
struct Sum {
    parts: BuiltRewards,
    discriminator: Option<Discriminator>,
}

/// Builds the parts of the reward from the settings and the task.
pub fn build_rewards(config: &Config, task: &Task) -> Result<BuiltRewards> {
    let mut context = RewardContext::new(&task.train, task.vocab.as_ref(), task.max_length());
    context.bleu_order = config.pg_bleu.max_order;
    BuiltRewards::new(&config.reward, &context)
}

fn has(config: &Config, kind: &str) -> bool {
    config.reward.iter().any(|part| part.kind == kind)
}

impl TrainingMethod for Mixed {
    fn name(&self) -> Method {
        Method::MIXED
    }

    fn about(&self) -> &'static str {
        "policy gradient by a weighted sum of rewards"
    }

    fn kind(&self) -> Kind<'_> {
        Kind::Adversarial(self)
    }
}

impl AdversarialMethod for Mixed {
    /// A reward of one's own is worth some likelihood: the last model is kept.
    fn schedule(&self, config: &Config) -> RoundSchedule {
        RoundSchedule { patience: 0, ..RoundSchedule::adversarial(config) }
    }

    fn reward_training(&self, config: &Config) -> RewardTraining {
        if has(config, DISCRIMINATOR) { RewardTraining::EveryRound } else { RewardTraining::Never }
    }

    fn build(&self, config: &Config, task: &Task) -> Result<Box<dyn RewardModel>> {
        let untrained = || cnn_discriminator::untrained(config, task);
        let discriminator = has(config, DISCRIMINATOR).then(untrained);
        Ok(Box::new(Sum { parts: build_rewards(config, task)?, discriminator }))
    }

    /// Tests every program on a training sequence, so that a faulty program is found before the long run.
    fn check(&self, config: &Config, task: &Task, watcher: &dyn Watcher) -> Result<()> {
        build_rewards(config, task)?.check(&task.train, watcher)
    }

    fn uses_rollouts(&self, config: &Config) -> bool {
        config.reward.iter().any(|part| part.search)
    }

    fn advice(&self, diagnostic: Diagnostic, config: &Config) -> String {
        let missing: Vec<&str> =
            ["unique", DISCRIMINATOR].into_iter().filter(|kind| !has(config, kind)).collect();
        let facts = advice::Facts {
            trains_discriminator: has(config, DISCRIMINATOR),
            uses_rollouts: self.uses_rollouts(config),
            missing_rewards: Some(&missing),
        };
        advice::of_rounds(diagnostic, facts)
    }
}

impl RewardModel for Sum {
    fn action_values(&self, context: &RolloutContext<'_>) -> Result<ActionValues> {
        let config = context.config;
        let precision = config.rollout.precision;
        let scores =
            self.discriminator.as_ref().map(|discriminator| DiscriminatorReward { discriminator, precision });
        let scores = scores.as_ref().map(|scores| scores as &dyn Reward);
        let sum = self.parts.parts(context.batch, scores, context.round, config.adversarial.num_rounds);
        let policy = context.rollout.policy();
        let found = sum.values(context.search(), &policy, context.batch, &context.streams, context.first)?;
        Ok(ActionValues {
            parts: sum.parts.iter().map(|part| part.name.to_string()).zip(found.means).collect(),
            completions: found.completions,
            ..ActionValues::new(found.values, found.mean)
        })
    }

    fn learn(&mut self, optimizer: &mut Optimizer, batch: &LabelledBatch<'_>) -> Result<BatchLoss> {
        let discriminator = self.discriminator.as_mut().expect("a sum with a discriminator");
        cnn_discriminator::learn(discriminator, optimizer, batch)
    }

    fn scores(&self, _: ReferenceModels<'_>, batch: &SeqBatch) -> Option<Vec<f32>> {
        Some(self.discriminator.as_ref()?.scores(batch))
    }

    fn network(&self) -> Option<&dyn Network> {
        self.discriminator.as_ref().map(|network| network as &dyn Network)
    }

    fn network_mut(&mut self) -> Option<&mut dyn Network> {
        self.discriminator.as_mut().map(|network| network as &mut dyn Network)
    }
}
