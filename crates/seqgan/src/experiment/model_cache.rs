//! Cache of likelihood models that the runs of a study share. Runs with equal training train a model only once.

use crate::checkpoint::write_atomically;
use crate::config::Method;
use crate::generator::file::{self, ModelInfo};
use crate::generator::{BoxGenerator, Generator};
use crate::run::RunFolder;
use crate::token::SeqBatch;
use crate::train::mle::LikelihoodJob;
use crate::train::{Context, Event, method};
use crate::{Error, Result};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Location of a cached likelihood model. Its name contains a hash of everything that its training depends on.
pub(super) struct CachedModel {
    method: Method,
    name: String,
    path: PathBuf,
}

impl CachedModel {
    /// Location of the model of `job` in the folder of a study.
    pub fn new(folder: &Path, context: &Context<'_>, job: &LikelihoodJob<'_>) -> Self {
        let (config, task) = (context.config, context.task);
        let mut hash = Sha256::new();
        let mut add = |settings: &dyn std::fmt::Debug| hash.update(format!("{settings:?}\n"));
        add(&env!("CARGO_PKG_VERSION"));
        add(&job.method);
        add(&job.seed);
        add(task.space());
        add(&config.generator);
        add(&config.constraint);
        add(&job.settings(config));
        // The measurements during training depend on it.
        add(&config.evaluate.num_samples_training);
        add(&method::known_likelihood(job.method).fingerprint(config));
        if let Some(teacher) = &job.teacher {
            add_parameters(&mut hash, &teacher.ensemble);
        }
        if let Some(initial) = &task.initial {
            add_parameters(&mut hash, initial);
        }
        for part in [&*job.train, &task.validation] {
            add_sequences(&mut hash, part);
        }
        let digest: String = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let path = folder.join(format!("{}-{digest}.safetensors", job.name));
        Self { method: job.method, name: job.name.clone(), path }
    }

    /// Loads the model and reports its measurements; none if it is missing or damaged.
    pub fn load(&self, context: &Context<'_>) -> Result<Option<BoxGenerator>> {
        if !self.path.is_file() {
            return Ok(None);
        }
        // A model with a damaged file is trained again, and the file is replaced.
        let Ok(saved) = file::read(&self.path) else { return Ok(None) };
        let Ok(records) = std::fs::read_to_string(self.records()) else { return Ok(None) };
        for record in records.lines().filter_map(|line| serde_json::from_str(line).ok()) {
            context.observer.on(&Event::Record(&record))?;
        }
        Ok(Some(context.task.with_constraint(saved.generator)))
    }

    /// Path of the measurements made in training, next to the model.
    fn records(&self) -> PathBuf {
        self.path.with_extension("jsonl")
    }

    /// Writes the trained model and the measurements made in training.
    pub fn save(&self, folder: &RunFolder, generator: &BoxGenerator) -> Result<()> {
        // Two concurrent runs may have trained the same model and would write to the same temporary file.
        static SAVING: Mutex<()> = Mutex::new(());
        let _alone = SAVING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let log = folder.file("metrics.jsonl");
        let log = std::fs::read_to_string(&log).map_err(Error::io("read", &log))?;
        let phase = format!("{{\"phase\":\"{}\",", self.name);
        let records: String =
            log.lines().filter(|line| line.starts_with(&phase)).map(|line| format!("{line}\n")).collect();
        // The measurements are written first, so a model never exists without them.
        write_atomically(&self.records(), records.as_bytes())?;
        file::write(&self.path, ModelInfo::trained(self.method), generator)
    }
}

fn add_parameters(hash: &mut Sha256, generator: &dyn Generator) {
    let values = generator.tensors().into_iter().flat_map(|(_, tensor)| &tensor.data);
    values.for_each(|value| hash.update(value.to_le_bytes()));
}

fn add_sequences(hash: &mut Sha256, part: &SeqBatch) {
    hash.update((part.max_length() as u64).to_le_bytes());
    for row in part.rows() {
        hash.update((row.len() as u64).to_le_bytes());
        row.iter().for_each(|token| hash.update(token.to_le_bytes()));
    }
    part.labels().iter().for_each(|label| hash.update(label.to_le_bytes()));
}
