//! The run folder: where a run keeps its settings, metrics, state, models and summary.
//!
//! ```text
//! config.toml      resolved settings
//! run.json         version, host, threads, data hashes, times, memory
//! metrics.jsonl    one record a measurement
//! events.out.tfevents.seqgan    the same for TensorBoard
//! checkpoints/     state.safetensors, from which an interrupted run goes on; the best models of rounds
//! lock             locked by the process that is at work here
//! models/          one generator a method, and its discriminator or reward model
//! vocab.json       how tokens are written (files only)
//! samples/         sequences, one file a method
//! summary.json     the results, written last
//! ```
//!
//! Many runs that are compared lie in one folder:
//!
//! ```text
//! runs/            a run folder each
//! models/          likelihood models that runs share
//! compare.json     what is compared, written first
//! lock             locked by the process that is at work here
//! summary.json     what the runs say together, written last
//! ```

mod events;
mod folder;
mod lock;
mod metrics_log;
mod place;
mod study;

pub use events::EventFile;
pub use folder::RunFolder;
pub use lock::RunLock;
pub use metrics_log::MetricsLog;
pub use study::StudyFolder;
