//! Finished runs: their models, and all that a user does with them.

mod models;
mod run;

pub use models::{CheckpointChoice, SavedModel};
pub use run::SavedRun;
