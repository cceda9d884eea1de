//! Adversarial training in rounds: Algorithm 1 of SeqGAN.
//!
//! ```text
//!  2  pre-train G by maximum likelihood                            the base, which is trained before
//!  4  pre-train D on real sequences and samples of G               pretrain
//!  6  repeat                                                       rounds
//!  7    for g-steps: sample, action values, policy gradient          generator_step
//! 13    for d-steps: fresh negatives, train D for k epochs           discriminator_training::train
//! ```
//!
//! Methods differ in their [`RewardModel`](super::method::RewardModel), which replaces D. Each loop starts at the
//! cursor, so a resumed run continues where it was interrupted.

use super::context::Context;
use super::discriminator_training;
use super::method::{AdversarialMethod, RewardTraining};
use super::monitor::value_spread;
use super::reward_model::{RolloutContext, references};
use super::reward_model_stages::{expected_reward, retrain};
use super::round_monitor::{end_of_rounds, measure};
use super::round_schedule::RoundSchedule;
use super::state::{AdversarialState, Completed, GeneratorInTraining, Phase, RewardModelCursor, StageRef};
use crate::Result;
use crate::config::Baseline;
use crate::generator::{GeneratorPolicy, Policy};
use crate::optim::{ExpectedReward, GeneratorUpdate, policy_gradient_step_with};
use crate::rng::{Purpose, Streams};

/// Trains the generator and its reward model in rounds (Algorithm 1, lines 6 to 18), starting at the cursor of `state`.
pub fn rounds(
    context: &mut Context<'_>,
    completed: &Completed,
    method: &dyn AdversarialMethod,
    state: &mut AdversarialState,
) -> Result<()> {
    let (config, schedule) = (context.config, method.schedule(context.config));
    context.phase(state.method.name(), state.cursor.round as u64, schedule.num_rounds as u64)?;
    if !state.cursor.monitor.has_begun() {
        measure(context, completed, method, state)?;
    }
    let mut expected = expected_reward(config, completed, method, state);
    while schedule.goes_on(&state.cursor) {
        if matches!(state.cursor.phase, Phase::Pretraining(_)) || method.is_retraining_due(config, state) {
            retrain(context, completed, method, state)?;
            expected = expected_reward(config, completed, method, state);
            context.phase(state.method.name(), state.cursor.round as u64, schedule.num_rounds as u64)?;
        }
        if state.reward.model.is_rejected() {
            break;
        }
        while let Phase::Generator(done) = state.cursor.phase
            && done < schedule.g_steps
        {
            let before = state.cursor.clone();
            if let Err(error) =
                generator_step(context, completed, method, state, &schedule, expected.as_ref())
            {
                // The state before the step is saved: after a failing reward program is fixed, the run can be resumed.
                // An update that is not finite has changed no weight.
                state.cursor = before;
                return Err(context.save_and_fail(completed, StageRef::Adversarial(state), error));
            }
            state.cursor.phase = Phase::Generator(done + 1);
            context.progress(state.cursor.round as u64, state.cursor.reward_figure().as_slice())?;
            context.end_of_step(completed, StageRef::Adversarial(state))?;
        }
        if method.reward_training(config) == RewardTraining::EveryRound {
            if matches!(state.cursor.phase, Phase::Generator(_)) {
                state.cursor.phase = Phase::RewardModel(RewardModelCursor::default());
            }
            discriminator_training::train(context, completed, state, config.adversarial.d_steps)?;
        }
        state.cursor.phase = Phase::Generator(0);
        state.cursor.round += 1;
        context.progress(state.cursor.round as u64, state.cursor.reward_figure().as_slice())?;
        if schedule.is_measured_after(state.cursor.round) {
            measure(context, completed, method, state)?;
        }
        context.end_of_step(completed, StageRef::Adversarial(state))?;
    }
    end_of_rounds(context, method, state)
}

/// One g-step (Algorithm 1, lines 7 to 12): samples sequences, computes the action value of each decision, takes a
/// policy gradient step, and updates the rollout policy.
fn generator_step(
    context: &Context<'_>,
    completed: &Completed,
    method: &dyn AdversarialMethod,
    state: &mut AdversarialState,
    schedule: &RoundSchedule,
    expected: Option<&ExpectedReward>,
) -> Result<()> {
    let (config, cursor) = (context.config, &mut state.cursor);
    let GeneratorInTraining { generator, optimizer, .. } = &mut state.model;
    let (policy, n) = (GeneratorPolicy::new(generator, 1.0), schedule.batch_size);
    let streams = Streams::new(config.seed, Purpose::PolicySample);
    let batch = policy.sample(&streams, cursor.counters.policy, n).sequences;
    cursor.counters.policy += n as u64;

    let actions = state.reward.model.action_values(&RolloutContext {
        config,
        batch: &batch,
        train: &context.task.train,
        rollout: &state.rollout,
        generator,
        references: references(config, &completed.finished, method.base(config)),
        policy: state.reference.as_deref(),
        streams: Streams::new(config.seed, Purpose::Rollout),
        first: cursor.counters.rollouts,
        round: cursor.round,
    })?;
    cursor.counters.rollouts += actions.completions;

    let learning_rate = schedule.learning_rate(cursor.round);
    let update = GeneratorUpdate {
        learning_rate,
        clip_norm: config.adversarial.clip_norm,
        slices: config.gradient_slices,
        ..GeneratorUpdate::default()
    };
    let baseline = if actions.centred { Baseline::None } else { schedule.baseline };
    let beside = (expected, actions.demonstrations.as_ref());
    policy_gradient_step_with(generator, optimizer, (&batch, &actions.values), beside, baseline, update)?;
    state.rollout.update(generator);

    // The spread is comparable with the mean reward only if the values are not advantages and contain the whole reward.
    let comparable = !actions.centred && expected.is_none();
    let has_end = generator.space().end_token.is_some();
    cursor.monitor.value_spread = comparable.then(|| value_spread(&batch, &actions.values, has_end));
    (cursor.reward, cursor.reward_parts) = (Some(actions.reward), actions.parts);
    Ok(())
}
