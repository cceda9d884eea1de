//! `pg-bleu`: policy gradient with BLEU against the training sequences as the reward (SeqGAN, section 4.1).

use super::super::reward_model::{ActionValues, RewardModel, RolloutContext};
use super::traits::{AdversarialMethod, Kind, RewardTraining, TrainingMethod};
use crate::Result;
use crate::config::{Config, Method};
use crate::reward::Bleu;
use crate::task::Task;

/// PG-BLEU.
pub(super) struct PgBleu;

#[derive(Debug)]
struct Reward(Bleu);

impl TrainingMethod for PgBleu {
    fn name(&self) -> Method {
        Method::PG_BLEU
    }

    fn about(&self) -> &'static str {
        "policy gradient by BLEU against the training sequences"
    }

    fn kind(&self) -> Kind<'_> {
        Kind::Adversarial(self)
    }
}

impl AdversarialMethod for PgBleu {
    fn build(&self, config: &Config, task: &Task) -> Result<Box<dyn RewardModel>> {
        Ok(Box::new(Reward(Bleu::new(&task.train, config.pg_bleu.max_order))))
    }

    fn reward_training(&self, _: &Config) -> RewardTraining {
        RewardTraining::Never
    }
}

impl RewardModel for Reward {
    fn action_values(&self, context: &RolloutContext<'_>) -> Result<ActionValues> {
        context.monte_carlo(&self.0)
    }
}
