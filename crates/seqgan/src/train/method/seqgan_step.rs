//! `seqgan-step`: policy gradient with a causal discriminator, which gives a reward at every step, so there are no
//! rollouts (de Masson d'Autume et al., NeurIPS 2019, section 3.1).

use super::super::cnn_discriminator;
use super::super::reward_model::{ActionValues, LabelledBatch, Network, RewardModel, RolloutContext};
use super::traits::{AdversarialMethod, Kind, TrainingMethod};
use crate::Result;
use crate::config::{Config, Method};
use crate::credit::DiscountedReturn;
use crate::discriminator::{BatchLoss, CausalDiscriminator, CausalObjective, CausalShape, ReferenceModels};
use crate::optim::{Optimizer, causal_discriminator_step};
use crate::task::Task;
use crate::token::SeqBatch;

/// SeqGAN with a reward at every step.
pub(super) struct SeqGanStep;

#[derive(Debug)]
struct Reward(CausalDiscriminator);

impl TrainingMethod for SeqGanStep {
    fn name(&self) -> Method {
        Method::SEQGAN_STEP
    }

    fn about(&self) -> &'static str {
        "a causal discriminator's reward at every step, without rollouts"
    }

    fn kind(&self) -> Kind<'_> {
        Kind::Adversarial(self)
    }
}

impl AdversarialMethod for SeqGanStep {
    fn build(&self, config: &Config, task: &Task) -> Result<Box<dyn RewardModel>> {
        let shape = CausalShape {
            vocab_size: task.vocab_size(),
            embedding_dim: config.seqgan_step.embedding_dim,
            hidden_dim: config.seqgan_step.hidden_dim,
            num_features: 0,
            end_token: task.space().end_token,
        };
        Ok(Box::new(Reward(CausalDiscriminator::new(shape, &cnn_discriminator::init_streams(config)))))
    }

    fn uses_rollouts(&self, _: &Config) -> bool {
        false
    }
}

impl RewardModel for Reward {
    fn action_values(&self, context: &RolloutContext<'_>) -> Result<ActionValues> {
        let discounted = DiscountedReturn { discount: context.config.seqgan_step.discount };
        let (values, reward) = discounted.values(&self.0, context.batch, context.has_end());
        Ok(ActionValues::new(values, reward))
    }

    fn learn(&mut self, optimizer: &mut Optimizer, batch: &LabelledBatch<'_>) -> Result<BatchLoss> {
        let rate = batch.config.seqgan_step.learning_rate;
        let objective = CausalObjective::EveryStep;
        causal_discriminator_step(&mut self.0, optimizer, (batch.sequences, &[]), batch.real, objective, rate)
    }

    /// Mean logit over the decisions of each sequence.
    fn scores(&self, _: ReferenceModels<'_>, batch: &SeqBatch) -> Option<Vec<f32>> {
        let (logits, length) = (self.0.logits(batch, &[]), batch.max_length());
        let has_end = self.0.shape().end_token.is_some();
        let mean = |b: usize| {
            let steps = batch.steps(b, has_end).max(1);
            logits[b * length..][..steps].iter().sum::<f32>() / steps as f32
        };
        Some((0..batch.len()).map(mean).collect())
    }

    fn network(&self) -> Option<&dyn Network> {
        Some(&self.0)
    }

    fn network_mut(&mut self) -> Option<&mut dyn Network> {
        Some(&mut self.0)
    }
}
