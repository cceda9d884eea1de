//! Whole runs, from settings to a table of results. The run folder holds models, samples and a summary; an interrupted
//! run resumes with bit-identical results.

mod estimate;
mod files;
mod fine_tuning;
mod fold_layout;
mod folder;
mod model_cache;
mod plan;
mod run;
mod same_run;
mod schema;
mod settings;
mod stages;

pub use fine_tuning::read_task;
pub use run::{Experiment, Kind, run};
pub use schema::schema;
pub use settings::{Settings, check};
