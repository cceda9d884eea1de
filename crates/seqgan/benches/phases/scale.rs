//! The shapes that are timed: the paper's, unless told otherwise. What has no name here stays as the paper has it.

use seqgan::SeqBatch;
use seqgan::config::{Config, DataSize, Preset};
use seqgan::discriminator::DiscriminatorShape;
use seqgan::generator::{GeneratorPolicy, LstmGenerator, LstmShape, Policy, oracle};
use seqgan::rng::{Purpose, Streams};
use serde::{Deserialize, Serialize};

/// Sizes that decide how long a phase takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scale {
    /// V.
    pub vocab: usize,
    /// T.
    pub length: usize,
    /// B, sequences of an update.
    pub batch: usize,
    /// N, completions a prefix.
    pub rollouts: usize,
    /// Most prefixes a sequence, 0 for all.
    pub max_prefixes: usize,
    /// H of the generator.
    pub hidden: usize,
    /// Sequences of an epoch of maximum likelihood and of a draw; an epoch of the discriminator has twice as many.
    pub sequences: usize,
}

/// The settings that the shapes are taken from.
pub fn settings() -> Config {
    Preset::Paper.config()
}

impl Scale {
    /// The paper's synthetic task.
    pub fn paper() -> Self {
        let settings = settings();
        Self {
            vocab: settings.oracle.vocab_size,
            length: settings.oracle.length,
            batch: settings.adversarial.batch_size,
            rollouts: settings.rollout.num_rollouts,
            max_prefixes: settings.rollout.max_prefixes,
            hidden: settings.generator.hidden_dim,
            sequences: settings.adversarial.num_negatives,
        }
    }

    /// Small enough for every phase to be checked in a second.
    pub fn small() -> Self {
        Self { vocab: 60, length: 12, batch: 8, rollouts: 2, max_prefixes: 0, hidden: 8, sequences: 32 }
    }

    /// The size called `name` on the command line.
    pub fn size_mut(&mut self, name: &str) -> Option<&mut usize> {
        Some(match name {
            "vocab" => &mut self.vocab,
            "length" => &mut self.length,
            "batch" => &mut self.batch,
            "rollouts" => &mut self.rollouts,
            "max-prefixes" => &mut self.max_prefixes,
            "hidden" => &mut self.hidden,
            "sequences" => &mut self.sequences,
            _ => return None,
        })
    }

    /// Says which size cannot be timed.
    pub fn check(&self) -> Result<(), String> {
        let Self { vocab, length, batch, rollouts, hidden, sequences, .. } = *self;
        match () {
            () if vocab < 2 => Err(format!("--vocab is {vocab}, expected 2 or more")),
            () if length < 2 => Err(format!("--length is {length}, expected 2 or more")),
            () if rollouts == 0 || hidden == 0 => Err("--rollouts and --hidden must be 1 or more".into()),
            () if batch < 2 || batch % 2 == 1 => {
                Err(format!("--batch is {batch}, expected an even number: half of it is real"))
            }
            () if sequences < batch => {
                Err(format!("--sequences is {sequences}, expected a batch ({batch}) or more"))
            }
            () => Ok(()),
        }
    }

    /// The prefixes that the presets for files complete in sequences of this length: all of short ones, fewer of
    /// long ones.
    pub fn prefixes_of_presets(&self) -> usize {
        let size = DataSize {
            num_sequences: self.sequences,
            num_tokens: self.sequences * self.length,
            vocab_size: self.vocab,
            max_length: self.length,
            has_test: false,
        };
        Preset::default().config_for_file(size, None).rollout.max_prefixes
    }

    /// An untrained generator.
    pub fn generator(&self) -> LstmGenerator {
        let settings = settings().generator;
        let space = oracle::synthetic_space(self.vocab, self.length);
        let shape = LstmShape::new(settings.embedding_dim, self.hidden);
        LstmGenerator::new(space, shape, settings.init_std, &Streams::new(1, Purpose::GeneratorInit))
    }

    /// The discriminator; widths above the length are left out, as training leaves them out.
    pub fn discriminator(&self) -> DiscriminatorShape {
        let settings = settings().discriminator;
        DiscriminatorShape {
            vocab_size: self.vocab,
            embedding_dim: settings.embedding_dim,
            max_length: self.length,
            filters: settings.filters.into_iter().filter(|&(width, _)| width <= self.length).collect(),
            end_token: None,
            num_labels: 0,
        }
    }

    /// `n` sequences of the oracle.
    pub fn draw_oracle(&self, purpose: Purpose, n: usize) -> SeqBatch {
        let sizes = settings().oracle;
        let space = oracle::synthetic_space(self.vocab, self.length);
        let network = oracle::random(space, LstmShape::new(sizes.embedding_dim, sizes.hidden_dim), 1);
        GeneratorPolicy::new(&network, 1.0).sample(&Streams::new(1, purpose), 0, n).sequences
    }
}
