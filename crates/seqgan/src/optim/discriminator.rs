//! Training step of the discriminator: cross-entropy of real and generated sequences, dropout, L2 of the last layer.

use super::Optimizer;
use crate::discriminator::{BatchLoss, Discriminator, Regularisation};
use crate::error::{Error, Result};
use crate::fault;
use crate::rng::Streams;
use crate::token::SeqBatch;

/// Settings of a discriminator update.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DiscriminatorUpdate {
    /// Adam's learning rate.
    pub learning_rate: f64,
    /// Probability that dropout keeps a feature.
    pub dropout_keep: f64,
    /// Weight of the L2 term: half the squared norm of the last layer's weights and biases.
    pub l2: f64,
}

/// Performs one update on a batch with labels `real` `[B]`. `first_row` is the number of rows that this discriminator
/// was trained on before; it determines the dropout masks.
pub fn discriminator_step(
    discriminator: &mut Discriminator,
    optimizer: &mut Optimizer,
    batch: &SeqBatch,
    real: &[bool],
    update: DiscriminatorUpdate,
    masks: &Streams,
    first_row: u64,
) -> Result<BatchLoss> {
    let regularisation = Regularisation {
        dropout_keep: update.dropout_keep,
        masks: (update.dropout_keep < 1.0).then_some((masks, first_row)),
        l2: update.l2,
    };
    let mut result = discriminator.accumulate(batch, real, regularisation, optimizer.start());
    result.loss = fault::number(result.loss);
    if !result.loss.is_finite() {
        let step = optimizer.adam().step() + 1;
        return Err(Error::NotFinite { place: "the discriminator's loss", value: result.loss, step });
    }
    let place = "the discriminator's gradient";
    optimizer.apply_unclipped(discriminator.parameters_mut(), update.learning_rate, place)?;
    Ok(result)
}
