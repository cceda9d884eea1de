//! Training step of the ranker: real sequences are to rank above generated ones; with dropout.

use super::Optimizer;
use crate::discriminator::{BatchLoss, RankObjective, Ranker};
use crate::error::{Error, Result};
use crate::rng::Streams;
use crate::token::SeqBatch;

/// Settings of a ranker update.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RankerUpdate {
    /// Adam's learning rate.
    pub learning_rate: f64,
    /// Probability that dropout keeps a feature.
    pub dropout_keep: f64,
    /// gamma, inverse temperature of the softmax over cosines.
    pub gamma: f64,
}

/// Training batch of a ranker.
#[derive(Debug, Clone, Copy)]
pub struct RankedBatch<'a> {
    /// Real and generated sequences, at least one of each.
    pub sequences: &'a SeqBatch,
    /// Labels, `[B]`: whether a sequence is real.
    pub real: &'a [bool],
    /// Real sequences that serve as references, at least one.
    pub references: &'a SeqBatch,
}

/// Performs one update. `first_row` is the number of rows that this ranker was trained on before; it determines the
/// dropout masks.
pub fn ranker_step(
    ranker: &mut Ranker,
    optimizer: &mut Optimizer,
    batch: RankedBatch<'_>,
    update: RankerUpdate,
    masks: &Streams,
    first_row: u64,
) -> Result<BatchLoss> {
    let objective = RankObjective {
        gamma: update.gamma,
        dropout_keep: update.dropout_keep,
        masks: (update.dropout_keep < 1.0).then_some((masks, first_row)),
    };
    let RankedBatch { sequences, real, references } = batch;
    let references = ranker.references(references);
    let result = ranker.accumulate(sequences, real, &references, objective, optimizer.start());
    if !result.loss.is_finite() {
        let step = optimizer.adam().step() + 1;
        return Err(Error::NotFinite { place: "the ranker's loss", value: result.loss, step });
    }
    let place = "the ranker's gradient";
    optimizer.apply_unclipped(ranker.parameters_mut(), update.learning_rate, place)?;
    Ok(result)
}
