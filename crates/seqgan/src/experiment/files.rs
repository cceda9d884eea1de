//! Files of a run in progress: the logs of measurements and the saved state.

use crate::Result;
use crate::run::{EventFile, MetricsLog, RunFolder};
use crate::train::{Completed, Event, Observer, StageRef, StateStore, save_state};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The logs, which receive every record (metrics.jsonl and the TensorBoard event file), and the saved state.
pub(super) struct RunFiles {
    logs: Mutex<Logs>,
    state: PathBuf,
}

struct Logs {
    metrics: MetricsLog,
    events: EventFile,
}

impl RunFiles {
    /// Opens the files. metrics.jsonl is truncated to `metrics_bytes` bytes, its length when the state was saved.
    pub fn open(folder: &RunFolder, metrics_bytes: u64) -> Result<Self> {
        let path = folder.file("metrics.jsonl");
        let metrics = MetricsLog::open(&path, metrics_bytes)?;
        let events = EventFile::rewrite(&folder.file(EventFile::NAME), &path, folder.started()? as f64)?;
        Ok(Self { logs: Mutex::new(Logs { metrics, events }), state: folder.state() })
    }

    fn logs(&self) -> MutexGuard<'_, Logs> {
        self.logs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for RunFiles {
    fn on(&self, event: &Event<'_>) -> Result<()> {
        let Event::Record(record) = event else { return Ok(()) };
        let mut logs = self.logs();
        logs.events.append(record)?;
        logs.metrics.append((*record).clone())
    }
}

impl StateStore for RunFiles {
    fn save(&self, completed: &Completed, stage: StageRef<'_>, elapsed_s: f64) -> Result<()> {
        let mut logs = self.logs();
        let metrics_bytes = logs.metrics.sync()?;
        logs.events.sync()?;
        save_state(&self.state, completed, stage, elapsed_s, metrics_bytes)
    }
}
