//! Finished runs: loading, sampling and evaluating their models.

mod choice;
mod models;
mod origin;
mod run;

pub use crate::generator::file::{Checkpoint, ModelInfo};
pub use choice::{CheckpointChoice, ModelChoice, Reason};
pub use models::SavedModel;
pub use origin::Origin;
pub use run::SavedRun;
