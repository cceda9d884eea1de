//! The sequences of a task, and what is known about them.

use super::held_out::HeldOut;
use crate::Result;
use crate::config::{Config, DataSize};
use crate::data::Vocab;
use crate::generator::oracle::Oracle;
use crate::generator::{self, BoxGenerator, BoxTrainable, Generator, Rules, SequenceSpace};
use crate::rng::Streams;
use crate::token::{SeqBatch, TokenId};
use serde_json::Value;
use std::sync::Arc;

/// Sequences to learn from, and what is known about them.
pub struct Task {
    /// Training sequences.
    pub train: SeqBatch,
    /// Validation sequences: early stopping and the choice of checkpoints use them, and training does not.
    pub validation: SeqBatch,
    /// The sequences that `nll_test` is measured on: fresh draws from the oracle, or the sequences of a test file that lie
    /// within the support of a generator. Training never sees them.
    pub test: Option<SeqBatch>,
    /// The test file, where one is given.
    pub held_out: Option<TestFile>,
    /// The oracle of a synthetic task.
    pub oracle: Option<Oracle>,
    /// The vocabulary of a file; a synthetic task's tokens are plain numbers.
    pub vocab: Option<Vocab>,
    /// Names of the sequences' labels, by number; empty where sequences have no labels.
    pub labels: Vec<String>,
    /// What was read, for run.json.
    pub description: Value,
    /// What was read, for people.
    pub notes: Vec<String>,
    pub(super) space: SequenceSpace,
    pub(super) constraint: Option<Arc<Rules>>,
}

/// A test file, and the training file with the same token ids.
pub struct TestFile {
    /// The test sequences.
    pub test: HeldOut,
    /// All sequences of the training file, the validation part included, for novelty and the row `real`.
    pub train: SeqBatch,
}

impl Task {
    /// Sets the sizes that a file of oracle parameters brings with it.
    pub fn resolve(&self, config: &mut Config) {
        let Some(oracle) = &self.oracle else { return };
        if let Some((space, shape)) = oracle.space().zip(oracle.shape()) {
            config.oracle.vocab_size = space.vocab_size;
            (config.oracle.embedding_dim, config.oracle.hidden_dim) = (shape.embedding_dim, shape.hidden_dim);
        }
    }

    /// A sequence as its file writes it: text by the vocabulary, or plain numbers.
    pub fn write(&self, row: &[TokenId]) -> String {
        match &self.vocab {
            Some(vocab) => vocab.decode(row),
            None => row.iter().map(TokenId::to_string).collect::<Vec<_>>().join(" "),
        }
    }

    /// What the data fix of every generator of this task.
    pub fn space(&self) -> &SequenceSpace {
        &self.space
    }

    /// An untrained generator of this task, with parameters from N(0, `std`), under the task's constraint.
    pub fn new_generator(&self, config: &Config, std: f64, streams: &Streams) -> Result<BoxTrainable> {
        let generator = generator::build(&self.space, &config.generator, std, streams)?;
        Ok(match &self.constraint {
            Some(rules) => {
                let constrained = generator.with_constraint(Arc::clone(rules)).to_trainable();
                constrained.expect("a generator that can be trained without a constraint")
            }
            None => generator,
        })
    }

    /// A generator of this task under the task's constraint, if it has one.
    pub fn with_constraint(&self, generator: BoxGenerator) -> BoxGenerator {
        match &self.constraint {
            Some(rules) => generator.with_constraint(Arc::clone(rules)),
            None => generator,
        }
    }

    /// Whether a sequence can end before T, by an end token.
    pub fn has_end(&self) -> bool {
        self.space.end_token.is_some()
    }

    /// T, the length of the longest sequence, in tokens.
    pub fn max_length(&self) -> usize {
        self.space.max_length
    }

    /// V, the number of tokens of the vocabulary.
    pub fn vocab_size(&self) -> usize {
        self.space.vocab_size
    }

    /// The sizes that the cost of a training step depends on.
    pub fn size(&self) -> DataSize {
        let steps = (0..self.train.len()).map(|b| self.train.steps(b, self.has_end())).sum();
        DataSize {
            num_sequences: self.train.len(),
            num_tokens: steps,
            vocab_size: self.vocab_size(),
            max_length: self.max_length(),
            has_test: self.test.is_some(),
        }
    }
}
