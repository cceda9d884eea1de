//! Stages of a reward model: creation, pre-training before the first round, and retraining.

use super::context::Context;
use super::method::AdversarialMethod;
use super::reward_model::references;
use super::state::{
    AdversarialCursor, AdversarialState, Completed, GeneratorInTraining, Phase, RewardModelCursor,
    RewardModelInTraining,
};
use crate::Result;
use crate::config::{Config, Method};
use crate::optim::ExpectedReward;
use crate::rollout::DelayedPolicy;
use crate::task::Task;

/// Creates a copy of the base model and an untrained reward model. The generator gets a new Adam optimizer, as in the
/// original code: the moments of likelihood training do not apply to the policy gradient.
pub fn begin(
    (config, task): (&Config, &Task),
    completed: &Completed,
    (name, method): (Method, &dyn AdversarialMethod),
) -> Result<AdversarialState> {
    let base = completed.finished[&method.base(config)].to_trainable().expect("a base that was trained");
    Ok(AdversarialState {
        method: name,
        cursor: AdversarialCursor::new(),
        reward: RewardModelInTraining::new(method.build(config, task)?),
        reference: None,
        rollout: DelayedPolicy::new(&base, config.rollout.delay),
        model: GeneratorInTraining::new(base),
    })
}

/// Trains the untrained reward model against the base (Algorithm 1, line 4).
pub fn pretrain(
    context: &mut Context<'_>,
    completed: &Completed,
    method: &dyn AdversarialMethod,
    state: &mut AdversarialState,
) -> Result<()> {
    if !matches!(state.cursor.phase, Phase::Pretraining(_)) {
        state.cursor.phase = Phase::Pretraining(RewardModelCursor::default());
    }
    method.pretrain(context, completed, state)?;
    state.cursor.phase = Phase::Generator(0);
    Ok(())
}

/// Trains a new reward model against the current generator, which becomes the reference policy of the KL penalty.
pub(super) fn retrain(
    context: &mut Context<'_>,
    completed: &Completed,
    method: &dyn AdversarialMethod,
    state: &mut AdversarialState,
) -> Result<()> {
    if !matches!(state.cursor.phase, Phase::Pretraining(_)) {
        state.reference = Some(state.model.generator.clone().into_generator());
        state.reward = RewardModelInTraining::new(method.build(context.config, context.task)?);
    }
    pretrain(context, completed, method, state)?;
    state.cursor.retrained = state.cursor.round;
    Ok(())
}

/// Part of the reward that can be computed for every token, valid until the reward model is retrained. None if the
/// reward model has no such part or is rejected.
pub(super) fn expected_reward(
    config: &Config,
    completed: &Completed,
    method: &dyn AdversarialMethod,
    state: &AdversarialState,
) -> Option<ExpectedReward> {
    let model = &state.reward.model;
    let references = references(config, &completed.finished, method.base(config));
    if model.is_rejected() {
        None
    } else {
        model.expected_reward(config, references, state.reference_policy())
    }
}
