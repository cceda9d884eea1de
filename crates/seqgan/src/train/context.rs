//! What every stage of training needs beside the state it changes: settings, task, observer, clock, and where the state is
//! saved.

use super::observer::{Event, Observer};
use super::state::{Completed, StageRef};
use crate::config::{Config, Method};
use crate::measure::Measures;
use crate::run::RunFolder;
use crate::task::Task;
use crate::{Error, Result};
use serde_json::{Map, Value};
use std::time::Instant;

/// Where the state of an unfinished run is saved.
pub trait StateStore {
    /// Saves the state, atomically.
    fn save(&self, completed: &Completed, stage: StageRef<'_>, elapsed_s: f64) -> Result<()>;
}

/// A training run in progress.
pub struct Context<'a> {
    /// Checked settings.
    pub config: &'a Config,
    /// What is learnt.
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
    /// Of a run with `elapsed_s` seconds of work behind it.
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

    /// Ends a step: saves the state when it is time to, and stops when asked to. Saving never changes a result, because every
    /// loop begins at its saved cursor.
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

    /// Saves the state as it was before a step that failed, and passes the error on.
    pub fn save_and_fail(&mut self, completed: &Completed, stage: StageRef<'_>, error: Error) -> Error {
        match self.save(completed, stage) {
            Ok(()) => error,
            // Of two failures the user must see to this one first.
            Err(other) => other,
        }
    }

    /// Reports the begin of a phase, or that it goes on.
    pub fn phase(&self, name: &str, done: u64, total: u64) -> Result<()> {
        self.observer.on(&Event::Phase { name, done, total })
    }

    /// Reports progress.
    pub fn progress(&self, done: u64, figures: &[(&str, f64)]) -> Result<()> {
        self.observer.on(&Event::Progress { done, figures })
    }

    /// Reports a line for people.
    pub fn note(&self, text: &str) -> Result<()> {
        self.observer.on(&Event::Note(text))
    }

    /// Reports a measurement; `method` where the phase's name does not tell it.
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

    /// Reports a sentence that belongs to the results, with the name of what it is about.
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

    /// The members that every record begins with.
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
