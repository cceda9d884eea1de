//! The ranker's step: real sequences ranked above generated ones, with dropout.

use super::Optimizer;
use crate::discriminator::{BatchLoss, RankObjective, Ranker};
use crate::error::{Error, Result};
use crate::rng::Streams;
use crate::token::SeqBatch;

/// How a ranker's update is made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RankerUpdate {
    /// Adam's learning rate.
    pub learning_rate: f64,
    /// Share of features that dropout keeps.
    pub dropout_keep: f64,
    /// Factor of the cosines before their softmax.
    pub gamma: f64,
}

/// What a ranker learns from at once.
#[derive(Debug, Clone, Copy)]
pub struct RankedBatch<'a> {
    /// Real and generated sequences, at least one of each.
    pub sequences: &'a SeqBatch,
    /// Which of them are real, `[B]`.
    pub real: &'a [bool],
    /// Real sequences to which the relevance is measured, at least one.
    pub references: &'a SeqBatch,
}

/// One update. `first_row` is the global number of the batch's first row among all rows this ranker has been
/// trained on; it names the dropout masks.
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
