//! What training reports while it runs, and how it is asked to stop.

use crate::Result;
use serde_json::{Map, Value};

/// Something that training reports.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// A phase begins, or goes on with `done` of `total` steps behind it.
    Phase {
        /// The method or model that is trained, or what is measured.
        name: &'a str,
        /// Steps done.
        done: u64,
        /// Steps of the phase.
        total: u64,
    },
    /// Steps of the phase were made.
    Progress {
        /// Steps done.
        done: u64,
        /// Names and values of the moment: a loss, a reward.
        figures: &'a [(&'a str, f64)],
    },
    /// A measurement: a line of metrics.jsonl.
    Record(&'a Map<String, Value>),
    /// A line for people.
    Note(&'a str),
}

/// Receives events. It is called often and must be quick.
pub trait Observer: Sync {
    /// Receives an event. An error ends the run, after its state is saved.
    fn on(&self, event: &Event<'_>) -> Result<()> {
        let _ = event;
        Ok(())
    }

    /// Whether to save and stop before the next step.
    fn should_stop(&self) -> bool {
        false
    }
}

/// Ignores all events and never stops.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {}

/// Passes a stop on, and ignores all events.
pub(crate) struct StopOnly<'a>(pub &'a dyn Observer);

impl Observer for StopOnly<'_> {
    fn should_stop(&self) -> bool {
        self.0.should_stop()
    }
}

/// Several observers as one.
pub(crate) struct All<'a>(pub &'a [&'a dyn Observer]);

impl Observer for All<'_> {
    fn on(&self, event: &Event<'_>) -> Result<()> {
        self.0.iter().try_for_each(|observer| observer.on(event))
    }

    fn should_stop(&self) -> bool {
        self.0.iter().any(|observer| observer.should_stop())
    }
}
