//! `seqgan`: policy gradient with the score of a CNN discriminator as the reward, and Monte-Carlo search for the action
//! values of each step (SeqGAN, Algorithm 1).

use super::super::cnn_discriminator;
use super::super::reward_model::{ActionValues, LabelledBatch, Network, RewardModel, RolloutContext};
use super::traits::{AdversarialMethod, Kind, TrainingMethod};
use crate::Result;
use crate::config::{Config, Method};
use crate::discriminator::{BatchLoss, Discriminator, ReferenceModels};
use crate::optim::Optimizer;
use crate::reward::DiscriminatorReward;
use crate::task::Task;
use crate::token::SeqBatch;

/// SeqGAN.
pub(super) struct SeqGan;

#[derive(Debug)]
struct Reward(Discriminator);

impl TrainingMethod for SeqGan {
    fn name(&self) -> Method {
        Method::SEQGAN
    }

    fn about(&self) -> &'static str {
        "policy gradient by a discriminator's score, with Monte-Carlo search"
    }

    fn kind(&self) -> Kind<'_> {
        Kind::Adversarial(self)
    }
}

impl AdversarialMethod for SeqGan {
    fn build(&self, config: &Config, task: &Task) -> Result<Box<dyn RewardModel>> {
        Ok(Box::new(Reward(cnn_discriminator::untrained(config, task))))
    }
}

impl RewardModel for Reward {
    fn action_values(&self, context: &RolloutContext<'_>) -> Result<ActionValues> {
        let precision = context.config.rollout.precision;
        context.monte_carlo(&DiscriminatorReward { discriminator: &self.0, precision })
    }

    fn learn(&mut self, optimizer: &mut Optimizer, batch: &LabelledBatch<'_>) -> Result<BatchLoss> {
        cnn_discriminator::learn(&mut self.0, optimizer, batch)
    }

    fn scores(&self, _: ReferenceModels<'_>, batch: &SeqBatch) -> Option<Vec<f32>> {
        Some(self.0.scores(batch))
    }

    fn network(&self) -> Option<&dyn Network> {
        Some(&self.0)
    }

    fn network_mut(&mut self) -> Option<&mut dyn Network> {
        Some(&mut self.0)
    }
}
