//! A run in progress: its folder, log, clock and observer.

use super::event::Observer;
use super::experiment::Experiment;
use super::monitor::Sign;
use super::state::State;
use super::summary::Measures;
use super::task::Task;
use crate::config::{Config, Method};
use crate::discriminator::DiscriminatorShape;
use crate::run::{EventFile, MetricsLog, RunFolder};
use crate::{Error, Result};
use serde_json::{Map, Value};
use std::path::Path;
use std::time::Instant;

/// What every stage needs beside the state it changes.
pub(super) struct Session<'a> {
    pub config: &'a Config,
    pub task: &'a Task,
    pub observer: &'a dyn Observer,
    pub folder: &'a RunFolder,
    /// A folder of likelihood models that runs share.
    pub shared: Option<&'a Path>,
    log: MetricsLog,
    events: EventFile,
    clock: Instant,
    saved: Instant,
}

impl<'a> Session<'a> {
    pub fn new(
        Experiment { config, task, models, .. }: &'a Experiment,
        folder: &'a RunFolder,
        observer: &'a dyn Observer,
        metrics_bytes: u64,
    ) -> Result<Self> {
        let path = folder.file("metrics.jsonl");
        let log = MetricsLog::open(&path, metrics_bytes)?;
        let events = EventFile::rewrite(&folder.file(EventFile::NAME), &path, folder.started()? as f64)?;
        let now = Instant::now();
        let shared = models.as_deref();
        Ok(Self { config, task, observer, folder, shared, log, events, clock: now, saved: now })
    }

    /// To be called after every step: saves when it is time to, and stops when asked to. Saving never changes a
    /// result, because every loop begins at the state's positions.
    pub fn step_done(&mut self, state: &mut State) -> Result<()> {
        let stop = self.observer.should_stop();
        if stop || self.saved.elapsed().as_secs_f64() >= self.config.checkpoint.every_secs {
            self.save(state)?;
        }
        if stop { Err(Error::Interrupted) } else { Ok(()) }
    }

    /// Saves the state now.
    pub fn save(&mut self, state: &mut State) -> Result<()> {
        self.tick(state);
        state.position.metrics_bytes = self.log.sync()?;
        self.events.sync()?;
        state.save(&self.folder.state())?;
        self.saved = Instant::now();
        Ok(())
    }

    /// Saves the state before a step that failed, so that nothing is lost of what was learnt, and hands the failure on.
    pub fn given_up(&mut self, state: &mut State, error: Error) -> Error {
        match self.save(state) {
            Ok(()) => error,
            // Two failures at once: the one that the user must see to first.
            Err(other) => other,
        }
    }

    /// Adds the seconds since the last call to the state's.
    pub fn tick(&mut self, state: &mut State) {
        state.position.elapsed_s += self.clock.elapsed().as_secs_f64();
        self.clock = Instant::now();
    }

    /// Appends a record that is complete.
    pub fn append(&mut self, record: Map<String, Value>) -> Result<()> {
        self.events.append(&record)?;
        self.log.append(record)
    }

    /// Appends a record to metrics.jsonl; `method` where the phase's name does not tell it.
    pub fn record(
        &mut self,
        state: &mut State,
        (phase, method): (&str, Option<Method>),
        step: u64,
        measures: &Measures,
        figures: &[(&str, f64)],
    ) -> Result<()> {
        let mut record = self.begin_record(state, (phase, method), step);
        if let Ok(Value::Object(measures)) = serde_json::to_value(measures) {
            record.extend(measures);
        }
        for &(name, value) in figures {
            record.insert(name.into(), value.into());
        }
        self.append(record)
    }
}

impl Session<'_> {
    /// What every record begins with.
    fn begin_record(
        &mut self,
        state: &mut State,
        (phase, method): (&str, Option<Method>),
        step: u64,
    ) -> Map<String, Value> {
        self.tick(state);
        let mut record = Map::new();
        record.insert("phase".into(), phase.into());
        if let Some(method) = method {
            record.insert("method".into(), method.name().into());
        }
        record.insert("step".into(), step.into());
        record.insert("elapsed_s".into(), ((state.position.elapsed_s * 1e3).round() / 1e3).into());
        record
    }

    /// Appends a sign of training that goes wrong.
    pub fn record_sign(&mut self, state: &mut State, method: Method, sign: Sign, text: &str) -> Result<()> {
        let round = state.position.round as u64;
        let mut record = self.begin_record(state, ("sign", Some(method)), round);
        record.insert("sign".into(), sign.name().into());
        record.insert("text".into(), text.into());
        self.append(record)
    }
}

/// The shape of the discriminator: the configured filters that fit the task's sequences.
pub fn discriminator_shape(config: &Config, task: &Task) -> DiscriminatorShape {
    let length = task.max_length();
    let mut filters: Vec<_> =
        config.discriminator.filters.iter().copied().filter(|&(width, _)| width <= length).collect();
    if filters.is_empty() {
        filters.push((1, 64));
    }
    DiscriminatorShape {
        vocab_size: task.vocab_size(),
        embedding_dim: config.discriminator.embedding_dim,
        max_length: length,
        filters,
        end_token: task.has_end().then(|| task.space().end_token).flatten(),
        num_labels: task.labels.len(),
    }
}
