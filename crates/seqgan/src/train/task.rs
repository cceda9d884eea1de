//! What is to be learned: the synthetic task, or a file of sequences.

use crate::config::{Config, DataConfig, DataSize, OracleConfig};
use crate::data::{self, Vocab};
use crate::generator::{GeneratorShape, LstmGenerator, LstmPolicy, Policy, oracle};
use crate::rng::{Purpose, Streams};
use crate::token::SeqBatch;
use crate::{Error, Result};
use serde_json::{Value, json};
use std::path::Path;

/// Sequences to learn from, and what is known about them.
pub struct Task {
    /// Training sequences.
    pub train: SeqBatch,
    /// Kept apart for early stopping.
    pub validation: SeqBatch,
    /// Fresh draws from the oracle; none for a file, whose test part training never sees.
    pub test: Option<SeqBatch>,
    /// The oracle, where there is one.
    pub oracle: Option<LstmGenerator>,
    /// How tokens are written, where they are not mere numbers.
    pub vocab: Option<Vocab>,
    /// What was read, for run.json.
    pub description: Value,
    rules: GeneratorShape,
}

impl Task {
    /// The synthetic task of SeqGAN, section 4.
    pub fn oracle(config: &OracleConfig, seed: u64) -> Result<Self> {
        let oracle = if config.params.is_empty() {
            let shape = oracle::synthetic_shape(
                config.vocab_size,
                config.embedding_dim,
                config.hidden_dim,
                config.length,
            );
            oracle::random(shape, seed)
        } else {
            oracle::read(Path::new(&config.params), config.length)?
        };
        let policy = LstmPolicy::new(&oracle, 1.0);
        let draw = |purpose, n| policy.sample(&Streams::new(seed, purpose), 0, n).sequences;
        Ok(Self {
            train: draw(Purpose::OracleTrain, config.num_train),
            validation: draw(Purpose::OracleValidation, config.num_validation),
            test: Some(draw(Purpose::OracleTest, config.num_test)),
            vocab: None,
            description: json!({ "task": "oracle", "oracle_params": config.params }),
            rules: oracle.shape().clone(),
            oracle: Some(oracle),
        })
    }

    /// A file of sequences, one a line.
    pub fn file(config: &DataConfig) -> Result<Self> {
        let path = Path::new(&config.path);
        let tokens = data::tokens_of(config, path)?;
        let options = data::ReadOptions::from_config(config, tokens);
        let text = data::read_training(path, &options)?;
        let (train, validation) = data::split_by_hash(&text.sequences, config.validation_share);
        let (train, validation) = (text.sequences.select(train), text.sequences.select(validation));
        if train.is_empty() || validation.is_empty() {
            return Err(Error::Data {
                path: path.into(),
                line: None,
                message: "all lines are equal: nothing can be kept apart to validate on".into(),
                hint: Some("give a file with at least two different sequences".into()),
            });
        }
        let length = text.sequences.max_length();
        let fixed = text.sequences.rows().all(|r| r.len() == length);
        let rules = GeneratorShape {
            vocab_size: text.vocab.len(),
            embedding_dim: 0,
            hidden_dim: 0,
            max_length: length,
            start_token: Vocab::END,
            end_token: (!fixed).then_some(Vocab::END),
            never: if fixed { vec![Vocab::END, Vocab::UNKNOWN] } else { vec![Vocab::UNKNOWN] },
            allow_empty: text.sequences.rows().any(<[_]>::is_empty),
        };
        Ok(Self {
            train,
            validation,
            test: None,
            oracle: None,
            description: json!({ "task": "file", "read": text.report }),
            vocab: Some(text.vocab),
            rules,
        })
    }

    /// The shape of this task's generators.
    pub fn generator_shape(&self, config: &Config) -> GeneratorShape {
        GeneratorShape {
            embedding_dim: config.generator.embedding_dim,
            hidden_dim: config.generator.hidden_dim,
            ..self.rules.clone()
        }
    }

    /// Whether sequences end before T by a token of their own.
    pub fn has_end(&self) -> bool {
        self.rules.end_token.is_some()
    }

    /// T.
    pub fn max_length(&self) -> usize {
        self.rules.max_length
    }

    /// V.
    pub fn vocab_size(&self) -> usize {
        self.rules.vocab_size
    }

    /// What decides how long a step takes.
    pub fn size(&self) -> DataSize {
        let steps = (0..self.train.len()).map(|b| self.train.steps(b, self.has_end())).sum();
        DataSize {
            num_sequences: self.train.len(),
            num_tokens: steps,
            vocab_size: self.vocab_size(),
            max_length: self.max_length(),
        }
    }
}
