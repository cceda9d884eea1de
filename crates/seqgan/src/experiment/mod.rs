//! Whole runs: from settings to a table, with models, samples and a summary in a folder, resumable to the bit.

mod files;
mod fold_layout;
mod folder;
mod model_cache;
mod plan;
mod run;
mod schema;
mod settings;
mod stages;

pub use run::{Experiment, Kind, run};
pub use schema::schema;
pub use settings::{Settings, check};
