//! Training context: settings, task, observer, clock, and the store of the saved state. All stages of a run share it;
//! the state that training changes is separate.

use super::observer::{Event, Observer};
use super::state::{Completed, StageRef};
use crate::config::{Config, Method};
use crate::measure::Measures;
use crate::run::RunFolder;
use crate::task::Task;
use crate::{Error, Result};
use serde_json::{Map, Value};
use std::time::Instant;

/// Storage for the state of an unfinished run.
pub trait StateStore {
    /// Saves the state, atomically.
    fn save(&self, completed: &Completed, stage: StageRef<'_>, elapsed_s: f64) -> Result<()>;
}

/// Context of a training run in progress.
pub struct Context<'a> {
    /// Checked settings.
    pub config: &'a Config,
    /// Task: training data and, for the synthetic task, the oracle.
    pub task: &'a Task,
    /// The run folder, for checkpoints and samples.
    pub folder: &'a RunFolder,
    /// Receives all events.
    pub observer: &'a dyn Observer,
    store: &'a dyn StateStore,
    elapsed_s: f64,
    clock: Instant,
    saved: Instant,
}

impl<'a> Context<'a> {
    /// Creates the context of a run that has worked for `elapsed_s` seconds so far, in earlier processes.
    pub fn new(
        config: &'a Config,
        task: &'a Task,
        folder: &'a RunFolder,
        observer: &'a dyn Observer,
        store: &'a dyn StateStore,
        elapsed_s: f64,
    ) -> Self {
        let now = Instant::now();
        Self { config, task, folder, observer, store, elapsed_s, clock: now, saved: now }
    }

    /// Seconds of work of the run so far, over all its processes.
    pub fn elapsed_s(&mut self) -> f64 {
        self.elapsed_s += self.clock.elapsed().as_secs_f64();
        self.clock = Instant::now();
        self.elapsed_s
    }

    /// Ends a step: saves the state when a save is due, and stops on request of the observer. Saving does not affect
    /// results, because every loop starts at its saved cursor.
    ///
    /// # Errors
    /// [`Error::Interrupted`] after a requested stop, with the state saved; otherwise an error of saving.
    pub fn end_of_step(&mut self, completed: &Completed, stage: StageRef<'_>) -> Result<()> {
        let stop = self.observer.should_stop();
        if stop || self.saved.elapsed().as_secs_f64() >= self.config.checkpoint.every_secs {
            self.save(completed, stage)?;
        }
        if stop { Err(Error::Interrupted) } else { Ok(()) }
    }

    /// Saves the state now.
    pub fn save(&mut self, completed: &Completed, stage: StageRef<'_>) -> Result<()> {
        let elapsed_s = self.elapsed_s();
        self.store.save(completed, stage, elapsed_s)?;
        self.saved = Instant::now();
        Ok(())
    }

    /// Saves the state from before a failed step and returns the step's error, or the error of saving if that fails
    /// too.
    pub fn save_and_fail(&mut self, completed: &Completed, stage: StageRef<'_>, error: Error) -> Error {
        match self.save(completed, stage) {
            Ok(()) => error,
            // The user must fix a failed save first.
            Err(other) => other,
        }
    }

    /// Reports that a phase begins, or continues after `done` of `total` steps.
    pub fn phase(&self, name: &str, done: u64, total: u64) -> Result<()> {
        self.observer.on(&Event::Phase { name, done, total })
    }

    /// Reports that `done` steps of the phase are done, with current values such as the loss.
    pub fn progress(&self, done: u64, figures: &[(&str, f64)]) -> Result<()> {
        self.observer.on(&Event::Progress { done, figures })
    }

    /// Reports a message to the user.
    pub fn note(&self, text: &str) -> Result<()> {
        self.observer.on(&Event::Note(text))
    }

    /// Reports a measurement. `method` is given where the name of the phase does not identify it.
    pub fn record(
        &mut self,
        (phase, method): (&str, Option<Method>),
        step: u64,
        measures: &Measures,
        figures: &[(&str, f64)],
    ) -> Result<()> {
        let mut record = self.begin_record((phase, method), step);
        if let Ok(Value::Object(measures)) = serde_json::to_value(measures) {
            record.extend(measures);
        }
        for &(name, value) in figures {
            record.insert(name.into(), value.into());
        }
        self.observer.on(&Event::Record(&record))
    }

    /// Reports a sentence that is part of the results. `about` names its subject.
    pub fn record_text(
        &mut self,
        phase: &str,
        method: Method,
        step: u64,
        about: &str,
        text: &str,
    ) -> Result<()> {
        let mut record = self.begin_record((phase, Some(method)), step);
        record.insert(phase.into(), about.into());
        record.insert("text".into(), text.into());
        self.observer.on(&Event::Record(&record))
    }

    /// Creates a record with the members that all records share.
    fn begin_record(&mut self, (phase, method): (&str, Option<Method>), step: u64) -> Map<String, Value> {
        let elapsed_s = self.elapsed_s();
        let mut record = Map::new();
        record.insert("phase".into(), phase.into());
        if let Some(method) = method {
            record.insert("method".into(), method.name().into());
        }
        record.insert("step".into(), step.into());
        record.insert("elapsed_s".into(), ((elapsed_s * 1e3).round() / 1e3).into());
        record
    }
}
