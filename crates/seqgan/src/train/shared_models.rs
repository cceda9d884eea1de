//! Likelihood models that runs of a study share: what two runs would train alike is trained once.

use super::models::{read_generator, write_generator};
use super::state::State;
use super::task::Task;
use crate::Result;
use crate::config::{Config, Method};
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
        match method {
            Method::MleTuned => add(&config.mle_tuned),
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
        }
        let digest: String = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Self { method, path: folder.join(format!("{method}-{digest}.safetensors")) }
    }

    /// Puts the model among the finished ones, if it is there, whole, and no training of it has begun.
    pub fn load(&self, state: &mut State) -> bool {
        if state.trainee.is_some() || !self.path.is_file() {
            return false;
        }
        // A file that is damaged is trained again and replaced.
        let Ok((_, generator)) = read_generator(&self.path) else { return false };
        state.finished.insert(self.method, generator);
        true
    }

    /// Keeps the finished model.
    pub fn save(&self, state: &State) -> Result<()> {
        // Two runs at the same time may have trained it, and would write one temporary file.
        static SAVING: Mutex<()> = Mutex::new(());
        let _alone = SAVING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        write_generator(&self.path, self.method, &state.finished[&self.method])
    }
}
