//! Likelihood models that runs of a study share: what two runs would train alike is trained once.

use super::models::{read_generator, write_generator};
use super::pretrain::Model;
use super::session::Session;
use crate::checkpoint::write_atomically;
use crate::config::{LikelihoodConfig, Method};
use crate::generator::BoxGenerator;
use crate::token::SeqBatch;
use crate::{Error, Result};
use sha2::{Digest, Sha256};
use std::path::PathBuf;
use std::sync::Mutex;

/// Where a likelihood model lies, under a name made of everything that its training depends on.
pub(super) struct SharedModel {
    method: Method,
    name: String,
    path: PathBuf,
}

impl SharedModel {
    /// The model that is to be trained on `train`; none where the run shares with no other.
    pub fn of(
        session: &Session<'_>,
        model: &Model<'_>,
        settings: &LikelihoodConfig,
        train: &SeqBatch,
    ) -> Option<Self> {
        let folder = session.shared?;
        let Session { config, task, .. } = session;
        let mut hash = Sha256::new();
        let mut add = |settings: &dyn std::fmt::Debug| hash.update(format!("{settings:?}\n"));
        add(&env!("CARGO_PKG_VERSION"));
        add(&model.method);
        add(&model.seed);
        add(task.space());
        add(&config.generator);
        add(&config.constraint);
        add(&settings);
        // Of what is measured on the way.
        add(&config.evaluate.num_samples_training);
        if model.method == Method::ScheduledSampling {
            add(&config.scheduled_sampling);
        }
        if let Some(teacher) = &model.teacher {
            add(&config.seed);
            add(&(config.ensemble.distillation_weight, config.ensemble.warm_start));
            let tensors = teacher.ensemble.tensors().into_iter();
            let values = tensors.flat_map(|(_, tensor)| &tensor.data);
            values.for_each(|value| hash.update(value.to_le_bytes()));
        }
        for part in [train, &task.validation] {
            hash.update((part.max_length() as u64).to_le_bytes());
            for row in part.rows() {
                hash.update((row.len() as u64).to_le_bytes());
                row.iter().for_each(|token| hash.update(token.to_le_bytes()));
            }
            part.labels().iter().for_each(|label| hash.update(label.to_le_bytes()));
        }
        let digest: String = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let path = folder.join(format!("{}-{digest}.safetensors", model.name));
        Some(Self { method: model.method, name: model.name.into(), path })
    }

    /// The model, if it is there and whole; its measurements go into the log.
    pub fn load(&self, session: &mut Session<'_>) -> Result<Option<BoxGenerator>> {
        if !self.path.is_file() {
            return Ok(None);
        }
        // A file that is damaged is trained again and replaced.
        let Ok((_, generator)) = read_generator(&self.path) else { return Ok(None) };
        let Ok(records) = std::fs::read_to_string(self.records()) else { return Ok(None) };
        for record in records.lines().filter_map(|line| serde_json::from_str(line).ok()) {
            session.append(record)?;
        }
        Ok(Some(session.task.with_constraint(generator)))
    }

    /// Measurements made in training, beside the model.
    fn records(&self) -> PathBuf {
        self.path.with_extension("jsonl")
    }

    /// Keeps the finished model and what was measured on the way.
    pub fn save(&self, session: &Session<'_>, generator: &BoxGenerator) -> Result<()> {
        // Two runs at the same time may have trained it, and would write one temporary file.
        static SAVING: Mutex<()> = Mutex::new(());
        let _alone = SAVING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let log = session.folder.file("metrics.jsonl");
        let log = std::fs::read_to_string(&log).map_err(Error::io("read", &log))?;
        let phase = format!("{{\"phase\":\"{}\",", self.name);
        let records: String =
            log.lines().filter(|line| line.starts_with(&phase)).map(|line| format!("{line}\n")).collect();
        // First, so that a model is never there without them.
        write_atomically(&self.records(), records.as_bytes())?;
        write_generator(&self.path, self.method, generator)
    }
}
