//! The method `mixed`: the reward of `[[reward]]`.

use super::judge::{Earned, Search};
use super::task::Task;
use crate::Result;
use crate::config::Config;
use crate::credit::BuiltRewards;
use crate::discriminator::Discriminator;
use crate::reward::{DiscriminatorReward, Reward, RewardContext, registry};

/// Builds the parts of `[[reward]]`.
pub(super) fn build(config: &Config, task: &Task) -> Result<BuiltRewards> {
    let mut context = RewardContext::new(&task.train, task.vocab.as_ref(), task.max_length());
    context.bleu_order = config.pg_bleu.max_order;
    BuiltRewards::new(&config.reward, &context)
}

/// Action values of a batch.
pub(super) fn values(
    rewards: &BuiltRewards,
    search: &Search<'_>,
    discriminator: Option<&Discriminator>,
) -> Result<Earned> {
    let config = search.config;
    let precision = config.rollout.precision;
    let scoring = discriminator.map(|discriminator| DiscriminatorReward { discriminator, precision });
    let scoring = scoring.as_ref().map(|reward| reward as &dyn Reward);
    let mixed = rewards.parts(search.batch, scoring, search.round, config.adversarial.num_rounds);
    let found = mixed.values(
        search.settings(),
        &search.rollout.policy(),
        search.batch,
        &search.streams,
        search.first,
    )?;
    Ok(Earned {
        parts: mixed.parts.iter().map(|part| part.name.to_string()).zip(found.means).collect(),
        completions: found.completions,
        ..Earned::new(found.values, found.mean)
    })
}

/// Whether a discriminator is a part of the reward.
pub(super) fn has_discriminator(config: &Config) -> bool {
    config.reward.iter().any(registry::is_discriminator)
}
