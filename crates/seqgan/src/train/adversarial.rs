//! Adversarial training: SeqGAN's Algorithm 1.
//!
//! ```text
//! 2  pre-train G by maximum likelihood                      (the model of `adversarial.base`)
//! 4  pre-train D on real sequences and samples of G         pretrain_discriminator
//! 6  repeat                                                 adversarial
//! 7    for g-steps: sample, search, policy gradient           generator_step
//! 13   for d-steps: fresh negatives, train D for k epochs     train_discriminator
//! ```
//!
//! Loops run from the state's positions, so a resumed run enters each where it was left.

use super::session::{Session, discriminator_shape};
use super::state::{Adversary, Position, State, Trainee};
use super::summary::Measures;
use crate::Result;
use crate::data::Batches;
use crate::generator::{LstmPolicy, Policy};
use crate::reward::values::MonteCarlo;
use crate::reward::{Discriminator, Scoring};
use crate::rng::{Purpose, Streams};
use crate::rollout::DelayedPolicy;
use crate::update::{
    DiscriminatorUpdate, GeneratorUpdate, Optimizer, discriminator_step, policy_gradient_step,
};

/// Copies the base model and trains a fresh discriminator against it.
pub(super) fn pretrain_discriminator(session: &mut Session<'_>, state: &mut State) -> Result<()> {
    let config = session.config;
    if state.adversary.is_none() {
        let generator = state.finished[&config.adversarial.base].clone();
        let streams = Streams::new(config.seed, Purpose::DiscriminatorInit);
        let discriminator = Discriminator::new(discriminator_shape(config, session.task), &streams);
        state.adversary = Some(Adversary {
            optimizer: Optimizer::new(discriminator.parameters(), discriminator.gradients()),
            discriminator,
            rollout: DelayedPolicy::new(&generator, config.rollout.delay),
        });
        // Its own Adam, as in the original: the likelihood's moments are not the policy gradient's.
        let optimizer = Optimizer::new(generator.parameters(), generator.gradients());
        state.trainee = Some(Trainee { generator, optimizer, best: None });
    }
    let d_steps = config.adversarial.d_pretrain_steps;
    let epochs = (d_steps * config.adversarial.d_epochs) as u64;
    let done = state.position.d_step * config.adversarial.d_epochs + state.position.d_epoch;
    session.observer.phase("discriminator", done as u64, epochs);
    train_discriminator(session, state, d_steps, |session, position, figures| {
        let done = position.d_step * session.config.adversarial.d_epochs + position.d_epoch;
        session.observer.advance(done as u64, figures);
    })
}

/// The rounds.
pub(super) fn adversarial(session: &mut Session<'_>, state: &mut State) -> Result<()> {
    let config = &session.config.adversarial;
    let rounds = config.num_rounds as u64;
    session.observer.phase("adversarial", state.position.round as u64, rounds);
    if state.position.round == 0
        && state.position.g_step == 0
        && state.position.d_step == 0
        && !in_d_step(state)
    {
        measure(session, state)?;
    }
    while state.position.round < config.num_rounds {
        while state.position.g_step < config.g_steps {
            let reward = generator_step(session, state)?;
            state.position.g_step += 1;
            state.position.reward = Some(reward);
            session.observer.advance(state.position.round as u64, &[("reward", reward)]);
            session.step_done(state)?;
        }
        train_discriminator(session, state, config.d_steps, |session, position, figures| {
            let figures: Vec<_> = reward_of(position).into_iter().chain(figures.iter().copied()).collect();
            session.observer.advance(position.round as u64, &figures);
        })?;
        state.position.g_step = 0;
        state.position.round += 1;
        session.observer.advance(state.position.round as u64, reward_of(&state.position).as_slice());
        if config.measure_every_rounds > 0 && state.position.round.is_multiple_of(config.measure_every_rounds)
        {
            measure(session, state)?;
        }
        session.step_done(state)?;
    }
    (state.position.round, state.position.reward) = (0, None);
    let trainee = state.trainee.take().expect("the generator in training");
    state.finished.insert("seqgan".into(), trainee.generator);
    Ok(())
}

fn in_d_step(state: &State) -> bool {
    state.position.d_epoch > 0 || state.position.d_batch > 0
}

fn reward_of(position: &Position) -> Option<(&'static str, f64)> {
    position.reward.map(|reward| ("reward", reward))
}

fn measure(session: &mut Session<'_>, state: &mut State) -> Result<()> {
    let trainee = state.trainee.as_ref().expect("the generator in training");
    let measures = session.measure_while_training(&trainee.generator);
    let figures = reward_of(&state.position);
    session.record(state, "adversarial", state.position.round as u64, &measures, figures.as_slice())
}

/// One g-step: sample sequences, search for the value of each decision, follow the policy gradient, and let the
/// rollout policy follow. Returns the mean reward of the finished sequences.
fn generator_step(session: &Session<'_>, state: &mut State) -> Result<f64> {
    let (config, seed) = (session.config, session.config.seed);
    let trainee = state.trainee.as_mut().expect("the generator in training");
    let adversary = state.adversary.as_mut().expect("the discriminator in training");
    let drawn = &mut state.position.drawn;

    let policy = LstmPolicy::new(&trainee.generator, 1.0);
    let n = config.adversarial.batch_size;
    let batch = policy.sample(&Streams::new(seed, Purpose::PolicySample), drawn.policy, n).sequences;
    drawn.policy += n as u64;

    let search =
        MonteCarlo { num_rollouts: config.rollout.num_rollouts, max_prefixes: config.rollout.max_prefixes };
    let streams = Streams::new(seed, Purpose::Rollout);
    let rollout = adversary.rollout.policy();
    let reward = Scoring { discriminator: &adversary.discriminator, precision: config.rollout.precision };
    let values = search.values(&rollout, &reward, &batch, &streams, drawn.rollouts);
    drawn.rollouts += search.sequences_used(n, batch.max_length());

    let update = GeneratorUpdate {
        learning_rate: config.adversarial.learning_rate,
        clip_norm: config.adversarial.clip_norm,
        l2: 0.0,
    };
    let baseline = config.adversarial.baseline;
    policy_gradient_step(&mut trainee.generator, &mut trainee.optimizer, &batch, &values, baseline, update)?;
    adversary.rollout.update(&trainee.generator);

    let has_end = session.task.has_end();
    let own = (0..n).map(|b| f64::from(values[b * batch.max_length() + batch.steps(b, has_end).max(1) - 1]));
    Ok(own.sum::<f64>() / n as f64)
}

/// `d_steps` times: draw negatives from the generator, take as many real sequences, and train for k epochs.
fn train_discriminator(
    session: &mut Session<'_>,
    state: &mut State,
    d_steps: usize,
    advanced: impl Fn(&Session<'_>, &Position, &[(&str, f64)]),
) -> Result<()> {
    let (config, seed) = (session.config, session.config.seed);
    let shuffles = Streams::new(seed, Purpose::ShuffleDiscriminator);
    let masks = Streams::new(seed, Purpose::Dropout);
    let update = DiscriminatorUpdate {
        learning_rate: config.discriminator.learning_rate,
        dropout_keep: config.discriminator.dropout_keep,
        l2: config.discriminator.l2,
    };
    while state.position.d_step < d_steps {
        // Drawn again after a resume: the generator has not changed since, and the numbers are counted.
        let generator = &state.trainee.as_ref().expect("the generator in training").generator;
        let n = config.adversarial.num_negatives;
        let drawn = state.position.drawn.negatives;
        let negatives = Streams::new(seed, Purpose::Negative);
        let mut sequences = LstmPolicy::new(generator, 1.0).sample(&negatives, drawn, n).sequences;
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
                let result = discriminator_step(
                    &mut adversary.discriminator,
                    &mut adversary.optimizer,
                    &sequences.select(batch.iter().copied()),
                    &labels,
                    update,
                    &masks,
                    rows,
                )?;
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
        let figures = [("d_loss", loss / count), ("d_accuracy", accuracy / count)];
        let draws = state.position.drawn.negatives / n as u64;
        session.record(state, "discriminator", draws, &Measures::default(), &figures)?;
        advanced(session, &state.position, &figures);
    }
    state.position.d_step = 0;
    Ok(())
}
