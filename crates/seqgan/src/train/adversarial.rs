//! Training in rounds by a reward: SeqGAN's Algorithm 1.
//!
//! ```text
//! 2  pre-train G by maximum likelihood                      (the model that the method starts from)
//! 4  pre-train D on real sequences and samples of G         pretrain_judge
//! 6  repeat                                                 rounds
//! 7    for g-steps: sample, search, policy gradient           generator_step
//! 13   for d-steps: fresh negatives, train D for k epochs     train_judge
//! ```
//!
//! The other methods that follow a reward differ in what stands in the place of D (`judge.rs`), and in nothing else.
//! Loops run from the state's positions, so a resumed run enters each where it was left.

use super::crossfit::{self, Witnesses};
use super::judge::{Judge, Search};
use super::kept::{best, keep};
use super::measure::validation_nll;
use super::monitor::{Figures, value_spread, watch};
use super::plan::Stage;
use super::round_plan::RoundPlan;
use super::session::Session;
use super::state::{Adversary, Drawn, Position, State, Trainee};
use super::summary::Measures;
use crate::Result;
use crate::config::{Action, Baseline, Method};
use crate::data::Batches;
use crate::generator::{GeneratorPolicy, Policy};
use crate::optim::{ExpectedReward, GeneratorUpdate, policy_gradient_step_with};
use crate::rng::{Purpose, Streams};
use crate::rollout::DelayedPolicy;

/// Copies the base model and makes a fresh judge, unless both are there already.
fn begin(session: &Session<'_>, state: &mut State, method: Method) -> Result<()> {
    if state.adversary.is_some() {
        return Ok(());
    }
    let config = session.config;
    let generator = state.finished[&config.starts_from(method)].to_trainable().expect("a likelihood model");
    let judge = Judge::new(method, config, session.task)?;
    let rollout = DelayedPolicy::new(&generator, config.rollout.delay);
    let optimizer = judge.optimizer();
    state.adversary = Some(Adversary { optimizer, judge, best: None, anchor: None, rollout });
    // Its own Adam, as in the original: the likelihood's moments are not the policy gradient's.
    state.trainee = Some(Trainee::new(generator));
    state.position.drawn = Drawn::default();
    Ok(())
}

/// Trains a fresh judge against the base model.
pub(super) fn pretrain_judge(session: &mut Session<'_>, state: &mut State, method: Method) -> Result<()> {
    begin(session, state, method)?;
    if method.is_crossfit() {
        return crossfit::train_judge(session, state, method);
    }
    let config = session.config;
    let d_steps = config.adversarial.d_pretrain_steps;
    let epochs = (d_steps * config.adversarial.d_epochs) as u64;
    let done = state.position.d_step * config.adversarial.d_epochs + state.position.d_epoch;
    session.observer.phase(&Stage::Judge(method).name(session.config), done as u64, epochs);
    train_judge(session, state, method, d_steps, |session, position, figures| {
        let done = position.d_step * session.config.adversarial.d_epochs + position.d_epoch;
        session.observer.advance(done as u64, figures);
    })
}

/// The rounds.
pub(super) fn rounds(session: &mut Session<'_>, state: &mut State, method: Method) -> Result<()> {
    begin(session, state, method)?;
    let config = &session.config.adversarial;
    let plan = RoundPlan::of(session.config, method);
    let total = plan.num_rounds as u64;
    session.observer.phase(method.name(), state.position.round as u64, total);
    if !state.position.watched.has_begun() {
        measure(session, state, method)?;
    }
    let mut expected_reward = expected_reward(session, state, method);
    let goes_on = |position: &Position| {
        !position.watched.ended && !plan.is_out_of_patience(position) && position.round < plan.num_rounds
    };
    while goes_on(&state.position) {
        if crossfit::is_refresh_due(session.config, state, method) {
            crossfit::refresh_judge(session, state, method)?;
            expected_reward = self::expected_reward(session, state, method);
            session.observer.phase(method.name(), state.position.round as u64, total);
        }
        if state.adversary.as_ref().is_some_and(|adversary| adversary.judge.is_silent()) {
            break;
        }
        while state.position.g_step < plan.g_steps {
            let before = state.position.clone();
            let reward = match generator_step(session, state, &plan, expected_reward.as_ref()) {
                Ok(reward) => reward,
                // A program that fails is put right and the run goes on; a number that is not finite changes no weight.
                Err(error) => {
                    state.position = before;
                    return Err(session.given_up(state, error));
                }
            };
            state.position.g_step += 1;
            state.position.reward = Some(reward);
            session.observer.advance(state.position.round as u64, &[("reward", reward)]);
            session.step_done(state)?;
        }
        if Judge::is_trained_in_rounds(method, session.config) {
            train_judge(session, state, method, config.d_steps, |session, position, figures| {
                let figures: Vec<_> =
                    reward_of(position).into_iter().chain(figures.iter().copied()).collect();
                session.observer.advance(position.round as u64, &figures);
            })?;
        }
        state.position.g_step = 0;
        state.position.round += 1;
        session.observer.advance(state.position.round as u64, reward_of(&state.position).as_slice());
        if plan.is_measured_after(state.position.round) {
            measure(session, state, method)?;
        }
        session.step_done(state)?;
    }
    if let Some((nll, best)) = state.position.best
        && best < state.position.round
        && !state.position.watched.ended
    {
        let ends = format!("{method} ends after round {}", state.position.round);
        session.observer.note(&format!("{ends}, with its model of round {best}: nll_validation {nll:.3}"));
    }
    (state.position.round, state.position.refreshed, state.position.reward) = (0, 0, None);
    state.position.best = None;
    state.position.reward_parts.clear();
    (state.position.watched, state.position.kept) = Default::default();
    let trainee = state.trainee.take().expect("the generator in training");
    state.finished.insert(method, trainee.best.unwrap_or(trainee.generator).into_generator());
    Ok(())
}

/// What every token earns besides its value by the judge, as long as that is not trained again. A silent judge has no rounds.
fn expected_reward(session: &Session<'_>, state: &State, method: Method) -> Option<ExpectedReward> {
    let Adversary { judge, anchor, .. } = state.adversary.as_ref().expect("the judge");
    if judge.is_silent() {
        return None;
    }
    judge.expected_reward(
        session.config,
        Witnesses::new(session.config, &state.finished, method),
        anchor.as_ref(),
    )
}

fn reward_of(position: &Position) -> Option<(&'static str, f64)> {
    position.reward.map(|reward| ("reward", reward))
}

/// Measures the models, keeps the generator if it is one of the best, and looks for signs of training that goes wrong,
/// which may end the rounds.
fn measure(session: &mut Session<'_>, state: &mut State, method: Method) -> Result<()> {
    let trainee = state.trainee.as_ref().expect("the generator in training");
    let measures = session.measure_while_training(&trainee.generator);
    let watched = Figures::of(session, state, method, &measures);
    let parts: Vec<(String, f64)> =
        state.position.reward_parts.iter().map(|(name, mean)| (format!("reward_{name}"), *mean)).collect();
    let parts = parts.iter().map(|(name, mean)| (name.as_str(), *mean));
    let figures: Vec<_> =
        reward_of(&state.position).into_iter().chain(parts).chain(watched.entries()).collect();
    let round = state.position.round as u64;
    session.record(state, ("adversarial", Some(method)), round, &measures, &figures)?;
    keep(session, state, method, &measures)?;
    if RoundPlan::of(session.config, method).patience > 0 {
        let trainee = state.trainee.as_mut().expect("the generator in training");
        let nll = validation_nll(session.task, &trainee.generator).mean;
        trainee.keep_if_best(&mut state.position, nll, round as usize);
    }
    let action = watch(session, state, method, &watched)?;
    let mut ends_with = state.position.best.map_or(round as usize, |(_, best)| best);
    if action == Action::RollBack
        && let Some((best, generator)) = best(session, state, method)?
    {
        let trainee = state.trainee.as_mut().expect("the generator in training");
        (trainee.generator, trainee.best, state.position.best) = (generator, None, None);
        ends_with = best;
    }
    if matches!(action, Action::Stop | Action::RollBack) {
        state.position.watched.ended = true;
        session.observer.note(&format!("{method} ends here, with its model of round {ends_with}"));
    }
    Ok(())
}

/// One g-step: sample sequences, search for the value of each decision, follow the policy gradient, and let the
/// rollout policy follow. Returns the mean reward of the finished sequences.
fn generator_step(
    session: &Session<'_>,
    state: &mut State,
    plan: &RoundPlan,
    expected_reward: Option<&ExpectedReward>,
) -> Result<f64> {
    let (config, seed) = (session.config, session.config.seed);
    let trainee = state.trainee.as_mut().expect("the generator in training");
    let adversary = state.adversary.as_mut().expect("the discriminator in training");
    let drawn = &mut state.position.drawn;

    let policy = GeneratorPolicy::new(&trainee.generator, 1.0);
    let n = plan.batch_size;
    let batch = policy.sample(&Streams::new(seed, Purpose::PolicySample), drawn.policy, n).sequences;
    drawn.policy += n as u64;

    let streams = Streams::new(seed, Purpose::Rollout);
    let search = Search {
        config,
        batch: &batch,
        train: &session.task.train,
        rollout: &adversary.rollout,
        generator: &trainee.generator,
        witnesses: Witnesses::new(config, &state.finished, adversary.judge.method()),
        anchor: adversary.anchor.as_ref(),
        streams,
        first: drawn.rollouts,
        round: state.position.round,
    };
    let earned = adversary.judge.values(&search)?;
    drawn.rollouts += earned.completions;

    let update = GeneratorUpdate {
        learning_rate: plan.learning_rate(state.position.round),
        clip_norm: config.adversarial.clip_norm,
        l2: 0.0,
    };
    let baseline = if earned.centred { Baseline::None } else { plan.baseline };
    let (generator, optimizer) = (&mut trainee.generator, &mut trainee.optimizer);
    let guided = (expected_reward, earned.demonstrations.as_ref());
    policy_gradient_step_with(
        &mut **generator,
        optimizer,
        (&batch, &earned.values),
        guided,
        baseline,
        update,
    )?;
    adversary.rollout.update(&trainee.generator);
    let has_end = trainee.generator.space().end_token.is_some();
    // Values that are centred already are no longer measured against the mean reward, nor are those from which the part is
    // missing that is known of every token.
    let whole = !earned.centred && expected_reward.is_none();
    state.position.watched.value_spread = whole.then(|| value_spread(&batch, &earned.values, has_end));
    state.position.reward_parts = earned.parts;
    Ok(earned.reward)
}

/// `d_steps` times: draw negatives from the generator, take as many real sequences, and train for k epochs.
fn train_judge(
    session: &mut Session<'_>,
    state: &mut State,
    method: Method,
    d_steps: usize,
    advanced: impl Fn(&Session<'_>, &Position, &[(&str, f64)]),
) -> Result<()> {
    let (config, seed) = (session.config, session.config.seed);
    let shuffles = Streams::new(seed, Purpose::ShuffleDiscriminator);
    while state.position.d_step < d_steps {
        // Drawn again after a resume: the generator has not changed since, and the numbers are counted.
        let generator = &state.trainee.as_ref().expect("the generator in training").generator;
        let n = config.adversarial.num_negatives;
        let drawn = state.position.drawn.negatives;
        let negatives = Streams::new(seed, Purpose::Negative);
        let mut sequences = GeneratorPolicy::new(generator, 1.0).sample(&negatives, drawn, n).sequences;
        let order = Streams::new(seed, Purpose::RealSubset).permutation(drawn, session.task.train.len());
        let real = session.task.train.select(order.into_iter().take(n));
        sequences.extend(&real);

        while state.position.d_epoch < config.adversarial.d_epochs {
            let epoch = state.position.drawn.discriminator_epochs;
            let size = config.discriminator.batch_size;
            let batches = Batches::new(sequences.len(), size, &shuffles, epoch).drop_incomplete();
            for batch in batches.iter().skip(state.position.d_batch) {
                let adversary = state.adversary.as_mut().expect("the discriminator in training");
                let rows = state.position.drawn.discriminator_rows;
                let labels: Vec<bool> = batch.iter().map(|&i| i >= n).collect();
                let optimizer = adversary.optimizer.as_mut().expect("a judge that is trained");
                let chosen = sequences.select(batch.iter().copied());
                let learnt =
                    adversary.judge.learn(optimizer, config, (&chosen, &labels), &session.task.train, rows);
                let result = match learnt {
                    Ok(result) => result,
                    Err(error) => return Err(session.given_up(state, error)),
                };
                state.position.d_batch += 1;
                state.position.drawn.discriminator_rows += batch.len() as u64;
                let sums = &mut state.position.d_sums;
                *sums = [sums[0] + result.loss, sums[1] + result.accuracy, sums[2] + 1.0];
                let figures = [("d loss", sums[0] / sums[2]), ("d accuracy", sums[1] / sums[2])];
                advanced(session, &state.position, &figures);
                session.step_done(state)?;
            }
            state.position.d_batch = 0;
            state.position.d_epoch += 1;
            state.position.drawn.discriminator_epochs += 1;
        }
        state.position.d_epoch = 0;
        state.position.d_step += 1;
        state.position.drawn.negatives += n as u64;
        let [loss, accuracy, count] = std::mem::take(&mut state.position.d_sums);
        state.position.watched.discriminator_accuracy = Some(accuracy / count);
        let figures = [("d_loss", loss / count), ("d_accuracy", accuracy / count)];
        let draws = state.position.drawn.negatives / n as u64;
        session.record(state, ("discriminator", Some(method)), draws, &Measures::default(), &figures)?;
        advanced(session, &state.position, &figures);
    }
    state.position.d_step = 0;
    Ok(())
}
