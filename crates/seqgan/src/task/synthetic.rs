//! Synthetic tasks: the LSTM oracle of SeqGAN, section 4, or a rule.

use super::Task;
use crate::Result;
use crate::config::OracleConfig;
use crate::generator::oracle::{self, Oracle};
use crate::rng::{Purpose, Streams};
use serde_json::json;

impl Task {
    /// Creates a synthetic task. Training, validation and test sequences are samples of its oracle.
    pub fn oracle(config: &OracleConfig, seed: u64) -> Result<Self> {
        let oracle = Oracle::new(config, seed)?;
        let draw = |purpose, n| oracle.sample(&Streams::new(seed, purpose), 0, n).sequences;
        let mut description = json!({ "task": config.task, "oracle_params": config.params });
        if let Some(hash) = oracle.params_sha256() {
            description["oracle_params_sha256"] = hash.into();
        }
        let vocab_size = oracle.space().map_or(config.vocab_size, |space| space.vocab_size);
        Ok(Self {
            train: draw(Purpose::OracleTrain, config.num_train),
            validation: draw(Purpose::OracleValidation, config.num_validation),
            test: Some(draw(Purpose::OracleTest, config.num_test)),
            held_out: None,
            vocab: None,
            labels: Vec::new(),
            reading: serde_json::Value::Null,
            description,
            notes: Vec::new(),
            space: oracle::synthetic_space(vocab_size, config.length),
            constraint: None,
            oracle: Some(oracle),
            initial: None,
        })
    }
}
