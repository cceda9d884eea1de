//! Monitor of a method's rounds: diagnoses failures of training, reports them, and takes the configured action.
//!
//! All statistics use the random streams of measurements. Monitoring therefore changes no other result, and a resumed
//! run reports the same diagnostics.

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
