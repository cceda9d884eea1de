//! The distributions of the synthetic tasks: they draw sequences and know their probabilities.
//!
//! The paper's oracle is an LSTM with random parameters (`network`). The others are rules on whole sequences, whose sequences
//! can be counted (`rule`), and a hidden Markov model whose state lasts (`markov`).

mod brackets;
mod checksum;
mod copy;
mod markov;
mod network;
mod rule;

pub use markov::HiddenMarkov;
pub use network::{random, read, synthetic_space, to_safetensors};
pub use rule::{NoisyRule, Rule};

use super::{GeneratorPolicy, LstmGenerator, LstmShape, Policy, Samples, SequenceSpace};
use crate::config::{OracleConfig, SyntheticTask};
use crate::error::Result;
use crate::rng::Streams;
use crate::token::SeqBatch;
use brackets::Brackets;
use checksum::Checksum;
use copy::Copy;

/// A source of sequences of one length whose probabilities are known.
pub enum Oracle {
    /// The paper's LSTM.
    Network {
        /// The LSTM at temperature 1.
        policy: GeneratorPolicy,
        /// Its sizes.
        shape: LstmShape,
        /// The SHA-256 of the file that gave its parameters, in hexadecimal; none for random ones.
        params_sha256: Option<String>,
    },
    /// Sequences that satisfy a rule, all equally likely.
    Rule(NoisyRule),
    /// A hidden Markov model.
    Markov(HiddenMarkov),
}

impl Oracle {
    /// The configured oracle; parameters that no file gives come from the seed.
    pub fn new(config: &OracleConfig, seed: u64) -> Result<Self> {
        let seed = if config.seed == 0 { seed } else { config.seed };
        let (vocab, length) = (config.vocab_size, config.length);
        let rule = |rule| Self::Rule(NoisyRule::new(rule, vocab, length, config.noise));
        Ok(match config.task {
            SyntheticTask::Oracle => {
                let (network, params_sha256) = Self::network(config, seed)?;
                let (policy, shape) = (GeneratorPolicy::new(&network, 1.0), network.shape());
                Self::Network { policy, shape, params_sha256 }
            }
            SyntheticTask::Brackets => rule(Box::new(Brackets::new(vocab, length))),
            SyntheticTask::Copy => rule(Box::new(Copy::new(vocab, length))),
            SyntheticTask::Reversal => rule(Box::new(Copy::reversed(vocab, length))),
            SyntheticTask::Checksum => rule(Box::new(Checksum::new(vocab, length))),
            SyntheticTask::Markov => Self::Markov(HiddenMarkov::new(vocab, length, config.hidden_dim, seed)),
        })
    }

    fn network(config: &OracleConfig, seed: u64) -> Result<(LstmGenerator, Option<String>)> {
        let OracleConfig { vocab_size, embedding_dim, hidden_dim, length, .. } = *config;
        match config.params.as_str() {
            "" => {
                let shape = LstmShape::new(embedding_dim, hidden_dim);
                Ok((random(synthetic_space(vocab_size, length), shape, seed), None))
            }
            _ => {
                let (network, hash) = network::read_with_hash(&config.params_path(), length)?;
                Ok((network, Some(hash)))
            }
        }
    }

    /// Draws sequences number `first..first + n` of `streams`.
    pub fn sample(&self, streams: &Streams, first: u64, n: usize) -> Samples {
        match self {
            Self::Network { policy, .. } => policy.sample(streams, first, n),
            Self::Rule(rule) => rule.sample(streams, first, n),
            Self::Markov(model) => model.sample(streams, first, n),
        }
    }

    /// log p of each sequence, `[B]`, in nats.
    pub fn sequence_log_prob(&self, batch: &SeqBatch) -> Vec<f64> {
        match self {
            Self::Network { policy, .. } => policy.sequence_log_prob(batch),
            Self::Rule(rule) => batch.rows().map(|row| rule.log_prob(row)).collect(),
            Self::Markov(model) => batch.rows().map(|row| model.log_prob(row)).collect(),
        }
    }

    /// The space of the paper's oracle; none for the others, whose vocabulary is the configured one.
    pub fn space(&self) -> Option<&SequenceSpace> {
        match self {
            Self::Network { policy, .. } => Some(policy.space()),
            Self::Rule(_) | Self::Markov(_) => None,
        }
    }

    /// Sizes of the paper's oracle; none for the others.
    pub fn shape(&self) -> Option<LstmShape> {
        match self {
            Self::Network { shape, .. } => Some(*shape),
            Self::Rule(_) | Self::Markov(_) => None,
        }
    }

    /// The SHA-256 of the file that gave the parameters, in hexadecimal; none where no file did.
    pub fn params_sha256(&self) -> Option<&str> {
        match self {
            Self::Network { params_sha256, .. } => params_sha256.as_deref(),
            Self::Rule(_) | Self::Markov(_) => None,
        }
    }

    /// The rule, if it has one.
    pub fn rule(&self) -> Option<&NoisyRule> {
        match self {
            Self::Rule(rule) => Some(rule),
            Self::Network { .. } | Self::Markov(_) => None,
        }
    }
}
