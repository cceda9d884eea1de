//! The run folder: where a run keeps its settings, metrics, state, models and summary.
//!
//! ```text
//! config.toml      resolved settings
//! run.json         version, host, threads, data hashes, times, memory
//! metrics.jsonl    one record a measurement
//! checkpoints/     state.safetensors, from which an interrupted run goes on
//! models/          one generator a method, and the discriminator
//! vocab.json       how tokens are written (files only)
//! samples/         sequences, one file a method
//! summary.json     the results, written last
//! ```

mod folder;
mod metrics_log;

pub use folder::RunFolder;
pub use metrics_log::MetricsLog;
