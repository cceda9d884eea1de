//! `maligan`: policy gradient with sequences weighted by the odds that they are real, without Monte-Carlo search (Che
//! et al. 2017, arXiv 1702.07983).

use super::super::cnn_discriminator;
use super::super::reward_model::{ActionValues, LabelledBatch, Network, RewardModel, RolloutContext};
use super::traits::{AdversarialMethod, Kind, TrainingMethod};
use crate::Result;
use crate::config::{Config, Method};
use crate::credit::MaliGanWeights;
use crate::discriminator::{BatchLoss, Discriminator, ReferenceModels};
use crate::optim::Optimizer;
use crate::task::Task;
use crate::token::SeqBatch;

/// MaliGAN.
pub(super) struct MaliGan;

#[derive(Debug)]
struct Weights(Discriminator);

impl TrainingMethod for MaliGan {
    fn name(&self) -> Method {
        Method::MALIGAN
    }

    fn about(&self) -> &'static str {
        "sequences weighted by the odds that they are real"
    }

    fn kind(&self) -> Kind<'_> {
        Kind::Adversarial(self)
    }
}

impl AdversarialMethod for MaliGan {
    fn build(&self, config: &Config, task: &Task) -> Result<Box<dyn RewardModel>> {
        Ok(Box::new(Weights(cnn_discriminator::untrained(config, task))))
    }

    fn uses_rollouts(&self, _: &Config) -> bool {
        false
    }
}

impl RewardModel for Weights {
    fn action_values(&self, context: &RolloutContext<'_>) -> Result<ActionValues> {
        let (values, reward) = MaliGanWeights.values(&self.0, context.batch, context.has_end())?;
        Ok(ActionValues { centred: true, ..ActionValues::new(values, reward) })
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
