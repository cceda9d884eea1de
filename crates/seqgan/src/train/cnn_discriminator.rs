//! Training of the CNN discriminator, which several methods share: its shape and its updates according to the settings.

use super::reward_model::LabelledBatch;
use crate::Result;
use crate::config::Config;
use crate::discriminator::{BatchLoss, Discriminator, DiscriminatorShape};
use crate::optim::{DiscriminatorUpdate, Optimizer, discriminator_step};
use crate::rng::{Purpose, Streams};
use crate::task::Task;

/// Shape of the discriminator, with the configured filters that fit the task's sequences. If none fits, it has 64
/// filters of width 1.
pub fn discriminator_shape(config: &Config, task: &Task) -> DiscriminatorShape {
    let length = task.max_length();
    let mut filters: Vec<_> =
        config.discriminator.filters.iter().copied().filter(|&(width, _)| width <= length).collect();
    if filters.is_empty() {
        filters.push((1, 64));
    }
    DiscriminatorShape {
        vocab_size: task.vocab_size(),
        embedding_dim: config.discriminator.embedding_dim,
        max_length: length,
        filters,
        end_token: task.space().end_token,
        num_labels: task.labels.len(),
    }
}

/// Creates an untrained discriminator.
pub(super) fn untrained(config: &Config, task: &Task) -> Discriminator {
    Discriminator::new(discriminator_shape(config, task), &init_streams(config))
}

/// Random streams of the initial parameters of every reward model.
pub(super) fn init_streams(config: &Config) -> Streams {
    Streams::new(config.seed, Purpose::DiscriminatorInit)
}

/// Update hyperparameters of a discriminator according to the settings.
pub(super) fn update(config: &Config) -> DiscriminatorUpdate {
    DiscriminatorUpdate {
        learning_rate: config.discriminator.learning_rate,
        dropout_keep: config.discriminator.dropout_keep,
        l2: config.discriminator.l2,
    }
}

/// Random streams of dropout.
pub(super) fn dropout_streams(config: &Config) -> Streams {
    Streams::new(config.seed, Purpose::Dropout)
}

/// Makes one update of a discriminator.
pub(super) fn learn(
    discriminator: &mut Discriminator,
    optimizer: &mut Optimizer,
    batch: &LabelledBatch<'_>,
) -> Result<BatchLoss> {
    let LabelledBatch { config, sequences, real, first_row, .. } = *batch;
    discriminator_step(
        discriminator,
        optimizer,
        sequences,
        real,
        update(config),
        &dropout_streams(config),
        first_row,
    )
}
