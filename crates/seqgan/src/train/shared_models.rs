//! Likelihood models that runs of a study share: what two runs would train alike is trained once.

use super::models::{read_generator, write_generator};
use super::session::Session;
use super::state::State;
use super::task::Task;
use crate::checkpoint::write_atomically;
use crate::config::{Config, Method};
use crate::{Error, Result};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Where a likelihood model lies, under a name made of everything that its training depends on.
pub(super) struct SharedModel {
    method: Method,
    path: PathBuf,
}

impl SharedModel {
    pub fn new(folder: &Path, config: &Config, task: &Task, method: Method) -> Self {
        let mut hash = Sha256::new();
        let mut add = |settings: &dyn std::fmt::Debug| hash.update(format!("{settings:?}\n"));
        add(&env!("CARGO_PKG_VERSION"));
        add(&config.seed);
        add(&task.generator_shape(config));
        add(&config.generator);
        add(&config.constraint);
        match method {
            Method::MleTuned => add(&config.mle_tuned),
            Method::Distilled => {
                add(&config.mle_tuned);
                add(&config.ensemble);
            }
            Method::ScheduledSampling => {
                add(&config.mle);
                add(&config.scheduled_sampling);
            }
            _ => add(&config.mle),
        }
        for part in [&task.train, &task.validation] {
            hash.update((part.max_length() as u64).to_le_bytes());
            for row in part.rows() {
                hash.update((row.len() as u64).to_le_bytes());
                row.iter().for_each(|token| hash.update(token.to_le_bytes()));
            }
            part.labels().iter().for_each(|label| hash.update(label.to_le_bytes()));
        }
        let digest: String = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Self { method, path: folder.join(format!("{method}-{digest}.safetensors")) }
    }

    /// Puts the model among the finished ones and its measurements into the log, if it is there, whole, and no
    /// training of it has begun.
    pub fn load(&self, session: &mut Session<'_>, state: &mut State) -> Result<bool> {
        if state.trainee.is_some() || !self.path.is_file() {
            return Ok(false);
        }
        // A file that is damaged is trained again and replaced.
        let Ok((_, generator)) = read_generator(&self.path) else { return Ok(false) };
        let generator = session.task.under_constraint(generator);
        let Ok(records) = std::fs::read_to_string(self.records()) else { return Ok(false) };
        for record in records.lines().filter_map(|line| serde_json::from_str(line).ok()) {
            session.append(record)?;
        }
        state.finished.insert(self.method, generator);
        Ok(true)
    }

    /// Measurements made in training, beside the model.
    fn records(&self) -> PathBuf {
        self.path.with_extension("jsonl")
    }

    /// Keeps the finished model and what was measured on the way.
    pub fn save(&self, session: &Session<'_>, state: &State) -> Result<()> {
        // Two runs at the same time may have trained it, and would write one temporary file.
        static SAVING: Mutex<()> = Mutex::new(());
        let _alone = SAVING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let log = session.folder.file("metrics.jsonl");
        let log = std::fs::read_to_string(&log).map_err(Error::io("read", &log))?;
        let phase = format!("{{\"phase\":\"{}\",", self.method);
        let records: String =
            log.lines().filter(|line| line.starts_with(&phase)).map(|line| format!("{line}\n")).collect();
        // First, so that a model is never there without them.
        write_atomically(&self.records(), records.as_bytes())?;
        write_generator(&self.path, self.method, &state.finished[&self.method])
    }
}
