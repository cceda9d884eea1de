//! Finished runs: loading, sampling and evaluating their models.

mod models;
mod run;

pub use models::{CheckpointChoice, SavedModel};
pub use run::SavedRun;
