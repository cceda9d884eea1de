//! The task: its sequences, vocabulary and constraint.

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

/// The data of a run, and the constraint on its generators.
pub struct Task {
    /// Training sequences.
    pub train: SeqBatch,
    /// Validation sequences, for early stopping and the choice of checkpoints. No model is trained on them.
    pub validation: SeqBatch,
    /// Sequences that `nll_test` is measured on: fresh samples of the oracle, or the sequences of a test file within
    /// the generator's support. No model is trained on them.
    pub test: Option<SeqBatch>,
    /// The test file, where one is given.
    pub held_out: Option<TestFile>,
    /// The oracle of a synthetic task.
    pub oracle: Option<Oracle>,
    /// Vocabulary of a file; none for a synthetic task, whose tokens are plain numbers.
    pub vocab: Option<Vocab>,
    /// Label names, indexed by label; empty if sequences have no labels.
    pub labels: Vec<String>,
    /// Description of the data, written to run.json.
    pub description: Value,
    /// How the training file was read and split, written to run.json; null for a synthetic task.
    pub reading: Value,
    /// Notes on the data, for logs.
    pub notes: Vec<String>,
    /// The model that training goes on from, as it fits the task; none where models begin with random parameters.
    pub initial: Option<BoxTrainable>,
    pub(super) space: SequenceSpace,
    pub(super) constraint: Option<Arc<Rules>>,
}

/// A test file, and the training file with the same token ids.
pub struct TestFile {
    /// The test sequences.
    pub test: HeldOut,
    /// All sequences of the training file, validation part included, for novelty and the row `real`.
    pub train: SeqBatch,
}

impl Task {
    /// Copies the sizes of loaded oracle parameters to the settings.
    pub fn resolve(&self, config: &mut Config) {
        let Some(oracle) = &self.oracle else { return };
        if let Some((space, shape)) = oracle.space().zip(oracle.shape()) {
            config.oracle.vocab_size = space.vocab_size;
            (config.oracle.embedding_dim, config.oracle.hidden_dim) = (shape.embedding_dim, shape.hidden_dim);
        }
    }

    /// Decodes a sequence to the format of its file: text, or plain numbers.
    pub fn write(&self, row: &[TokenId]) -> String {
        match &self.vocab {
            Some(vocab) => vocab.decode(row),
            None => row.iter().map(TokenId::to_string).collect::<Vec<_>>().join(" "),
        }
    }

    /// Vocabulary, length and labels of the sequences, common to all generators of the task.
    pub fn space(&self) -> &SequenceSpace {
        &self.space
    }

    /// Creates an untrained generator with parameters from N(0, `std`), under the task's constraint.
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

    /// Applies the task's constraint, if there is one, to a generator.
    pub fn with_constraint(&self, generator: BoxGenerator) -> BoxGenerator {
        match &self.constraint {
            Some(rules) => generator.with_constraint(Arc::clone(rules)),
            None => generator,
        }
    }

    /// Whether sequences have an end token, so that they can be shorter than T.
    pub fn has_end(&self) -> bool {
        self.space.end_token.is_some()
    }

    /// T, the maximum length of a sequence, in tokens.
    pub fn max_length(&self) -> usize {
        self.space.max_length
    }

    /// V, the size of the vocabulary.
    pub fn vocab_size(&self) -> usize {
        self.space.vocab_size
    }

    /// Sizes that determine the cost of a training step.
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
