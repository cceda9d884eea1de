//! Watches the rounds of a method for training that goes wrong, reports it in plain words, and acts if asked.
//!
//! All statistics come from the random streams of measurements, so watching changes no other number, and a run that is
//! interrupted and resumed reports the same diagnostics.

pub(super) mod advice;
mod detection;
mod diagnostic;
mod report;
mod state;
mod statistics;

pub use diagnostic::Diagnostic;
pub(super) use report::report;
pub use state::{MonitorBaseline, MonitorState};
pub(super) use statistics::{MonitorStatistics, value_spread};
