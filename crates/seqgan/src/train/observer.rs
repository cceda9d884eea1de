//! Observers: receive the events of training and can request a stop.

use crate::Result;
use serde_json::{Map, Value};

/// An event of training.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// A phase begins, or continues after `done` of `total` steps.
    Phase {
        /// Name of the method or model in training, or of the measurement.
        name: &'a str,
        /// Steps done.
        done: u64,
        /// Number of steps of the phase.
        total: u64,
    },
    /// Progress within the current phase.
    Progress {
        /// Steps done.
        done: u64,
        /// Names and current values, such as the loss or the reward.
        figures: &'a [(&'a str, f64)],
    },
    /// A measurement, written as one line of metrics.jsonl.
    Record(&'a Map<String, Value>),
    /// A message to the user.
    Note(&'a str),
}

/// Receives the events of a run. It is called often and must return quickly.
pub trait Observer: Sync {
    /// Receives an event. An error ends the run after its state is saved.
    fn on(&self, event: &Event<'_>) -> Result<()> {
        let _ = event;
        Ok(())
    }

    /// Whether the run should save its state and stop before the next step.
    fn should_stop(&self) -> bool {
        false
    }
}

/// Ignores all events and never stops.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {}

/// Forwards stop requests and ignores all events.
pub(crate) struct StopOnly<'a>(pub &'a dyn Observer);

impl Observer for StopOnly<'_> {
    fn should_stop(&self) -> bool {
        self.0.should_stop()
    }
}

/// Combines several observers into one.
pub(crate) struct All<'a>(pub &'a [&'a dyn Observer]);

impl Observer for All<'_> {
    fn on(&self, event: &Event<'_>) -> Result<()> {
        self.0.iter().try_for_each(|observer| observer.on(event))
    }

    fn should_stop(&self) -> bool {
        self.0.iter().any(|observer| observer.should_stop())
    }
}
