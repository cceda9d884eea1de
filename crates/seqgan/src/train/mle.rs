//! Maximum-likelihood training of a generator (Algorithm 1, line 2).

use super::context::Context;
use super::epochs::{self, EpochCursor, EpochTraining};
use super::method::{LikelihoodStep, Teacher, TrainingBatch, known_likelihood};
use super::state::{
    BestValidation, Completed, GeneratorInTraining, LikelihoodCursor, LikelihoodState, StageRef,
};
use crate::config::{Config, LikelihoodConfig, Method};
use crate::data::Batches;
use crate::generator::{BoxGenerator, BoxTrainable, Dropout};
use crate::measure::{Measures, measure_in_training, validation_nll};
use crate::optim::GeneratorUpdate;
use crate::rng::{Purpose, Streams};
use crate::task::Task;
use crate::token::SeqBatch;
use crate::{Error, Result};
use std::borrow::Cow;

/// A training job for one likelihood model.
pub struct LikelihoodJob<'a> {
    /// The method, which determines the update rule.
    pub method: Method,
    /// Name of the model in records.
    pub name: String,
    /// Seed of the initial parameters and of the order of batches.
    pub seed: u64,
    /// Teacher, for a distilled model.
    pub teacher: Option<Teacher>,
    /// The training sequences.
    pub train: Cow<'a, SeqBatch>,
}

impl LikelihoodJob<'_> {
    /// Settings of the training.
    pub fn settings(&self, config: &Config) -> LikelihoodConfig {
        known_likelihood(self.method).settings(config)
    }

    /// Creates the state before the first update.
    pub fn begin(&self, config: &Config, task: &Task) -> Result<LikelihoodState> {
        let (mut cursor, settings) = (LikelihoodCursor::default(), self.settings(config));
        let model = match (&self.teacher, &task.initial) {
            (None, Some(initial)) => {
                let mut model = GeneratorInTraining::new(initial.clone());
                if settings.early_stop {
                    // It may be better than after any epoch.
                    let nll = validation_nll(config, task, initial).mean;
                    model.keep_if_best(&mut cursor.best, nll, 0);
                }
                model
            }
            (teacher, _) => {
                let start = teacher.as_ref().and_then(|teacher| teacher.start.as_ref()?.to_trainable());
                GeneratorInTraining::new(start.map_or_else(|| untrained(config, task, self.seed), Ok)?)
            }
        };
        Ok(LikelihoodState { cursor, model })
    }
}

fn untrained(config: &Config, task: &Task, seed: u64) -> Result<BoxTrainable> {
    task.new_generator(config, config.generator.init_std, &Streams::new(seed, Purpose::GeneratorInit))
}

/// Trains the model from its cursor to the end, and returns the result.
pub fn train(
    context: &mut Context<'_>,
    completed: &Completed,
    job: &LikelihoodJob<'_>,
    state: &mut LikelihoodState,
) -> Result<BoxGenerator> {
    let settings = job.settings(context.config);
    let step = known_likelihood(job.method).step(context.config, job.seed, job.teacher.as_ref());
    // As many in every order.
    let batches = Batches::in_file_order(job.train.len(), settings.batch_size).drop_incomplete().len();
    let limit = if settings.max_updates > 0 { settings.max_updates } else { usize::MAX };
    let updates = (settings.num_epochs * batches).min(limit);
    if updates == 0 {
        return Ok(state.model.clone().into_best());
    }
    context.phase(&job.name, state.cursor.epochs.updates(batches) as u64, updates as u64)?;
    let mut training = Training { context, completed, job, settings, step, state, batches, updates };
    epochs::run(&mut training)?;
    Ok(state.model.clone().into_best())
}

fn batches(job: &LikelihoodJob<'_>, settings: &LikelihoodConfig, epoch: usize) -> Batches {
    let (n, size) = (job.train.len(), settings.batch_size);
    let streams = Streams::new(job.seed, Purpose::ShuffleGenerator);
    let batches = match settings.shuffle {
        true => Batches::new(n, size, &streams, epoch as u64),
        false => Batches::in_file_order(n, size),
    };
    let batches = batches.drop_incomplete();
    match settings.group_by_length {
        true => batches.group_by_length(|row| job.train.length(row), &streams, epoch as u64),
        false => batches,
    }
}

/// Number of consecutive epochs without improvement that make a plateau. A single worse epoch may be due to chance:
/// with 1, the rate falls too early on folk tunes, which have few validation sequences (nll_validation 1.825 instead of
/// 1.795).
const PLATEAU: usize = 2;

struct Training<'t, 'c> {
    context: &'t mut Context<'c>,
    completed: &'t Completed,
    job: &'t LikelihoodJob<'t>,
    settings: LikelihoodConfig,
    step: Box<dyn LikelihoodStep>,
    state: &'t mut LikelihoodState,
    /// Batches per epoch.
    batches: usize,
    /// Total number of updates.
    updates: usize,
}

impl Training<'_, '_> {
    fn is_out_of_patience(&self) -> bool {
        let LikelihoodCursor { epochs, best, .. } = self.state.cursor;
        self.settings.early_stop && BestValidation::since(best, epochs.epoch) >= self.settings.patience
    }

    fn update(&self, step: usize) -> GeneratorUpdate {
        let LikelihoodConfig { learning_rate, schedule, warmup_updates, plateau_factor, .. } = self.settings;
        let warmup = if step < warmup_updates { (step + 1) as f64 / warmup_updates as f64 } else { 1.0 };
        GeneratorUpdate {
            learning_rate: learning_rate
                * warmup
                * schedule.factor(step as u64, self.updates as u64)
                * plateau_factor.powi(self.state.cursor.plateaus as i32),
            clip_norm: self.settings.clip_norm,
            l2: self.settings.l2,
            weight_decay: self.settings.weight_decay,
            slices: self.context.config.gradient_slices,
        }
    }

    /// Whether to measure after this epoch. With 5 epochs between measurements, these are epochs 1, 6, 11, .., as in
    /// the original code, which counts them from 0.
    fn is_measured_after(&self, epoch: usize) -> bool {
        let every = self.settings.measure_every_epochs;
        every > 0 && (epoch - 1).is_multiple_of(every)
    }

    /// Lowers the learning rate on a plateau and restores the best model.
    fn lower_rate_on_plateau(&mut self) {
        let cursor = &mut self.state.cursor;
        let since = BestValidation::since(cursor.best, cursor.epochs.epoch);
        if self.settings.plateau_factor < 1.0
            && since > 0
            && since.is_multiple_of(PLATEAU)
            && self.state.model.best.is_some()
        {
            cursor.plateaus += 1;
            self.state.model.return_to_best();
        }
    }
}

impl EpochTraining for Training<'_, '_> {
    fn cursor(&mut self) -> &mut EpochCursor {
        &mut self.state.cursor.epochs
    }

    fn goes_on(&mut self) -> bool {
        self.state.cursor.epochs.updates(self.batches) < self.updates && !self.is_out_of_patience()
    }

    fn batches(&self, epoch: usize) -> Batches {
        batches(self.job, &self.settings, epoch)
    }

    fn is_at_limit(&self) -> bool {
        self.state.cursor.epochs.updates(self.batches) == self.updates
    }

    fn step(&mut self, rows: &[usize]) -> Result<()> {
        let step = self.state.cursor.epochs.updates(self.batches);
        let first = (step * self.settings.batch_size) as u64;
        let (rates, streams) =
            (self.settings.dropout(), Streams::new(self.job.seed, Purpose::GeneratorDropout));
        let dropout = Dropout { rates, streams: &streams, update: step as u64, first_row: first };
        let batch = TrainingBatch {
            sequences: self.job.train.select(rows.iter().copied()),
            epoch: self.state.cursor.epochs.epoch,
            first,
            dropout: (!rates.is_none()).then_some(dropout),
        };
        let update = self.update(step);
        let GeneratorInTraining { generator, optimizer, .. } = &mut self.state.model;
        let loss = self.step.step(generator, optimizer, batch, update)?;
        self.state.model.update_average(self.settings.average_decay, step);
        self.context.progress(step as u64 + 1, &[("loss", loss)])
    }

    fn end_of_step(&mut self) -> Result<()> {
        self.context.end_of_step(self.completed, StageRef::Likelihood(self.state))
    }

    fn end_of_epoch(&mut self) -> Result<()> {
        let epoch = self.state.cursor.epochs.epoch;
        let (config, task) = (self.context.config, self.context.task);
        let mut figures = Vec::new();
        if self.settings.early_stop {
            let nll = validation_nll(config, task, self.state.model.current()).mean;
            figures.push(("nll_validation", nll));
            self.state.model.keep_if_best(&mut self.state.cursor.best, nll, epoch);
        }
        let phase = (self.job.name.as_str(), None);
        if self.is_measured_after(epoch) {
            let measures = measure_in_training(config, task, self.state.model.current());
            figures.retain(|f| f.0 != "nll_validation" || measures.nll_validation.is_none());
            self.context.record(phase, epoch as u64, &measures, &figures)?;
        } else if !figures.is_empty() {
            self.context.record(phase, epoch as u64, &Measures::default(), &figures)?;
        }
        self.lower_rate_on_plateau();
        self.end_of_step()
    }

    fn failed(&mut self, error: Error) -> Error {
        self.context.save_and_fail(self.completed, StageRef::Likelihood(self.state), error)
    }
}
