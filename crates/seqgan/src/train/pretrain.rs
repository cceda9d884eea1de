//! Maximum-likelihood training of a generator (Algorithm 1, line 2).

use super::ensemble::Lesson;
use super::measure::validation_nll;
use super::session::Session;
use super::shared_models::SharedModel;
use super::state::{State, Trainee};
use super::summary::Measures;
use crate::Result;
use crate::config::{Config, LikelihoodConfig, Method};
use crate::data::Batches;
use crate::generator::{BoxGenerator, BoxTrainable, ScheduledInputs};
use crate::optim::{GeneratorUpdate, maximum_likelihood_step, scheduled_sampling_step};
use crate::rng::{Purpose, Streams};
use crate::token::SeqBatch;

/// A likelihood model to be trained.
pub(super) struct Model<'a> {
    /// How its updates are made.
    pub method: Method,
    /// What records call it.
    pub name: &'a str,
    /// Names its initial weights and the order of its batches.
    pub seed: u64,
    /// What a distilled model learns from.
    pub teacher: Option<Teacher>,
}

/// The ensemble that a distilled model learns from, and the member whose weights it begins with, if it does.
pub(super) struct Teacher {
    pub ensemble: BoxGenerator,
    pub start: Option<BoxTrainable>,
}

impl Teacher {
    /// As the settings say; `first` is the first member of the ensemble.
    pub fn new(config: &Config, ensemble: BoxGenerator, first: &BoxGenerator) -> Self {
        Self {
            ensemble,
            start: config.ensemble.warm_start.then(|| first.to_trainable().expect("a likelihood model")),
        }
    }
}

/// How the settings say that a method's likelihood model is trained.
pub(super) fn likelihood_settings(config: &Config, method: Method) -> LikelihoodConfig {
    match method {
        Method::MleTuned => config.mle_tuned.clone(),
        Method::Distilled => LikelihoodConfig {
            num_epochs: config.ensemble.num_epochs,
            l2: config.ensemble.l2,
            ..config.mle_tuned.clone()
        },
        _ => config.mle.clone(),
    }
}

/// Trains a fresh generator on `train` as `config` says, or takes the one that another run of the study has trained alike.
pub(super) fn maximum_likelihood(
    session: &mut Session<'_>,
    state: &mut State,
    model: Model<'_>,
    config: &LikelihoodConfig,
    train: &SeqBatch,
) -> Result<BoxGenerator> {
    let Some(shared) = SharedModel::of(session, &model, config, train) else {
        return train_alone(session, state, model, config, train);
    };
    if state.trainee.is_none()
        && let Some(generator) = shared.load(session)?
    {
        return Ok(generator);
    }
    let generator = train_alone(session, state, model, config, train)?;
    shared.save(session, &generator)?;
    Ok(generator)
}

fn train_alone(
    session: &mut Session<'_>,
    state: &mut State,
    Model { method, name, seed, teacher }: Model<'_>,
    config: &LikelihoodConfig,
    train: &SeqBatch,
) -> Result<BoxGenerator> {
    let shuffles = Streams::new(seed, Purpose::ShuffleGenerator);
    let coins = Streams::new(seed, Purpose::ScheduledCoin);
    let draws = Streams::new(seed, Purpose::ScheduledDraw);
    let (ensemble, start) = teacher.map_or((None, None), |teacher| (Some(teacher.ensemble), teacher.start));
    let mut trainee = match (state.trainee.take(), start) {
        (Some(trainee), _) => trainee,
        (None, Some(start)) => Trainee::new(start),
        (None, None) => Trainee::new(fresh(session, seed)?),
    };
    let lesson = ensemble.map(|ensemble| Lesson::new(session, ensemble));
    let epoch_batches = |epoch: usize| match config.shuffle {
        true => Batches::new(train.len(), config.batch_size, &shuffles, epoch as u64).drop_incomplete(),
        false => Batches::in_file_order(train.len(), config.batch_size).drop_incomplete(),
    };
    let batches_an_epoch = epoch_batches(0).len();
    let limit = if config.max_updates > 0 { config.max_updates } else { usize::MAX };
    let total = (config.num_epochs * batches_an_epoch).min(limit) as u64;
    session.observer.phase(
        name,
        (state.position.epoch * batches_an_epoch + state.position.batch) as u64,
        total,
    );

    while ((state.position.epoch * batches_an_epoch) as u64) < total && !out_of_patience(state, config) {
        let epoch = state.position.epoch;
        let batches = epoch_batches(epoch);
        for batch in batches.iter().skip(state.position.batch) {
            let step = (epoch * batches_an_epoch + state.position.batch) as u64;
            if step == total {
                break;
            }
            let update = GeneratorUpdate {
                learning_rate: config.learning_rate
                    * config.schedule.factor(step, total)
                    * config.plateau_factor.powi(state.position.plateaus as i32),
                clip_norm: config.clip_norm,
                l2: config.l2,
            };
            let first = step * config.batch_size as u64;
            let batch = train.select(batch.iter().copied());
            let (generator, optimizer) = (&mut *trainee.generator, &mut trainee.optimizer);
            let loss = match method {
                Method::ScheduledSampling => {
                    let teacher_forcing =
                        1.0 - session.config.scheduled_sampling.teacher_forcing_decay * epoch as f64;
                    let own = ScheduledInputs {
                        teacher_forcing: teacher_forcing.max(0.0),
                        choices: &coins,
                        draws: &draws,
                        first,
                    };
                    scheduled_sampling_step(generator, optimizer, &batch, own, update)
                }
                _ => match &lesson {
                    Some(lesson) => lesson.step(generator, optimizer, batch, first, update),
                    None => maximum_likelihood_step(generator, optimizer, &batch, update),
                },
            };
            let loss = match loss {
                Ok(loss) => loss,
                Err(error) => {
                    state.trainee = Some(trainee);
                    return Err(session.given_up(state, error));
                }
            };
            state.position.batch += 1;
            session.observer.advance(step + 1, &[("loss", loss)]);
            if state.position.batch < batches_an_epoch {
                state.trainee = Some(trainee);
                session.step_done(state)?;
                trainee = state.trainee.take().expect("put there above");
            }
        }
        state.position.batch = 0;
        state.position.epoch += 1;
        end_of_epoch(session, state, name, config, &mut trainee)?;
        state.trainee = Some(trainee);
        session.step_done(state)?;
        trainee = state.trainee.take().expect("put there above");
    }

    (state.position.epoch, state.position.best, state.position.plateaus) = (0, None, 0);
    Ok(trainee.best.unwrap_or(trainee.generator).into_generator())
}

fn fresh(session: &Session<'_>, seed: u64) -> Result<BoxTrainable> {
    let config = session.config;
    session.task.new_generator(config, config.generator.init_std, &Streams::new(seed, Purpose::GeneratorInit))
}

fn out_of_patience(state: &State, config: &LikelihoodConfig) -> bool {
    config.early_stop && state.position.since_best(state.position.epoch) >= config.patience
}

/// Epochs in a row without a better one that make a plateau. One may be worse by chance: on folk tunes, where few sequences validate, the
/// rate would fall too early (nll_validation 1.825 for 1.795).
const PLATEAU: usize = 2;

/// Validates, keeps the best epoch, measures when it is time to, and goes back to the best where that lowers the rate.
fn end_of_epoch(
    session: &mut Session<'_>,
    state: &mut State,
    name: &str,
    config: &LikelihoodConfig,
    trainee: &mut Trainee,
) -> Result<()> {
    let epoch = state.position.epoch;
    let mut figures = Vec::new();
    if config.early_stop {
        let nll = validation_nll(session.task, &trainee.generator).mean;
        figures.push(("nll_validation", nll));
        trainee.keep_if_best(&mut state.position, nll, epoch);
    }
    // The original measures after epochs 1, 6, 11, ..: its epochs 0, 5, 10.
    let every = config.measure_every_epochs;
    if every > 0 && (epoch - 1).is_multiple_of(every) {
        let measures = session.measure_while_training(&trainee.generator);
        figures.retain(|f| f.0 != "nll_validation" || measures.nll_validation.is_none());
        session.record(state, (name, None), epoch as u64, &measures, &figures)?;
    } else if !figures.is_empty() {
        session.record(state, (name, None), epoch as u64, &Measures::default(), &figures)?;
    }
    let since = state.position.since_best(epoch);
    if config.plateau_factor < 1.0
        && since > 0
        && since.is_multiple_of(PLATEAU)
        && let Some(best) = &trainee.best
    {
        state.position.plateaus += 1;
        trainee.generator = best.clone();
    }
    Ok(())
}
