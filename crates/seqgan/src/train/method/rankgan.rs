//! `rankgan`: policy gradient with a ranker as the reward model, which ranks a sequence among real ones (Lin, Li, He,
//! Zhang, Sun, NIPS 2017).

use super::super::cnn_discriminator;
use super::super::reward_model::{
    ActionValues, LabelledBatch, Network, RewardModel, RolloutContext, draw_real,
};
use super::traits::{AdversarialMethod, Kind, TrainingMethod};
use crate::Result;
use crate::config::{Config, Method, RankGanConfig};
use crate::discriminator::{BatchLoss, Ranker};
use crate::optim::{DiscriminatorUpdate, Optimizer, RankedBatch, RankerUpdate, ranker_step};
use crate::reward::Ranking;
use crate::task::Task;

/// RankGAN.
pub(super) struct RankGan;

#[derive(Debug)]
struct Reward(Ranker);

/// Numbers of the sets of real sequences that are drawn.
const TRAINING_REFERENCES: u32 = 0;
const REFERENCES: u32 = 1;
const COMPARISON: u32 = 2;

impl TrainingMethod for RankGan {
    fn name(&self) -> Method {
        Method::RANKGAN
    }

    fn about(&self) -> &'static str {
        "a ranker among real sequences in place of the discriminator"
    }

    fn kind(&self) -> Kind<'_> {
        Kind::Adversarial(self)
    }
}

impl AdversarialMethod for RankGan {
    fn build(&self, config: &Config, task: &Task) -> Result<Box<dyn RewardModel>> {
        let shape = cnn_discriminator::discriminator_shape(config, task);
        Ok(Box::new(Reward(Ranker::new(shape, &cnn_discriminator::init_streams(config)))))
    }
}

impl RewardModel for Reward {
    fn action_values(&self, context: &RolloutContext<'_>) -> Result<ActionValues> {
        let config = context.config;
        let RankGanConfig { num_references, num_comparisons, gamma } = config.rankgan;
        let real = |set, n| draw_real(context.train, config.seed, (set, context.first), n);
        let (references, comparison) = (real(REFERENCES, num_references), real(COMPARISON, num_comparisons));
        let precision = config.rollout.precision;
        context.monte_carlo(&Ranking::new(&self.0, &references, &comparison, gamma, precision))
    }

    fn learn(&mut self, optimizer: &mut Optimizer, batch: &LabelledBatch<'_>) -> Result<BatchLoss> {
        let LabelledBatch { config, sequences, real, train, first_row } = *batch;
        // A batch with only real or only generated sequences has nothing to rank. Shuffling can produce one if batches
        // are tiny.
        if real.iter().all(|&r| r) || !real.contains(&true) {
            return Ok(BatchLoss { loss: 0.0, accuracy: 0.5 });
        }
        let RankGanConfig { num_references, gamma, .. } = config.rankgan;
        let references = &draw_real(train, config.seed, (TRAINING_REFERENCES, first_row), num_references);
        let DiscriminatorUpdate { learning_rate, dropout_keep, .. } = cnn_discriminator::update(config);
        let update = RankerUpdate { learning_rate, dropout_keep, gamma };
        let batch = RankedBatch { sequences, real, references };
        ranker_step(
            &mut self.0,
            optimizer,
            batch,
            update,
            &cnn_discriminator::dropout_streams(config),
            first_row,
        )
    }

    fn network(&self) -> Option<&dyn Network> {
        Some(&self.0)
    }

    fn network_mut(&mut self) -> Option<&mut dyn Network> {
        Some(&mut self.0)
    }
}
