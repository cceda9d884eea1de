//! Maximum likelihood: one step on the mean cross-entropy a decision.

use super::{GeneratorUpdate, Optimizer};
use crate::error::{Error, Result};
use crate::fault;
use crate::generator::{Auxiliary, AuxiliaryLoss, Generator, TrainableGenerator};
use crate::token::SeqBatch;

/// One update; returns the mean cross-entropy a decision before it, in nats.
pub fn maximum_likelihood_step(
    generator: &mut dyn TrainableGenerator,
    optimizer: &mut Optimizer,
    batch: &SeqBatch,
    update: GeneratorUpdate,
) -> Result<f64> {
    step_from(generator, optimizer, (batch, batch), None, update)
}

/// One update towards a teacher's distributions on `batch`: each target is the teacher's distribution with the share `weight`
/// and the token of the batch with the rest (Hinton et al., "Distilling the Knowledge in a Neural Network", 2015, with
/// temperature 1); returns the mean cross-entropy a decision before it, in nats.
pub fn distillation_step(
    generator: &mut dyn TrainableGenerator,
    optimizer: &mut Optimizer,
    batch: &SeqBatch,
    teacher: &dyn Generator,
    weight: f64,
    update: GeneratorUpdate,
) -> Result<f64> {
    let loss = AuxiliaryLoss::Distillation { weight: weight as f32 };
    let distillation = Auxiliary { source: teacher, loss };
    step_from(generator, optimizer, (batch, batch), Some(distillation), update)
}

/// One update with (inputs, targets) that may differ, and an auxiliary loss if there is one; returns the mean loss a
/// decision before it, in nats.
pub(super) fn step_from(
    generator: &mut dyn TrainableGenerator,
    optimizer: &mut Optimizer,
    (inputs, batch): (&SeqBatch, &SeqBatch),
    auxiliary: Option<Auxiliary<'_>>,
    update: GeneratorUpdate,
) -> Result<f64> {
    let has_end = generator.space().end_token.is_some();
    let decisions: usize = (0..batch.len()).map(|b| batch.steps(b, has_end)).sum();
    let weights = vec![1.0 / decisions.max(1) as f32; batch.len() * batch.max_length()];
    let loss = generator.accumulate(inputs, batch, auxiliary, &weights, optimizer.start());
    let loss = fault::number(loss);
    if !loss.is_finite() {
        let step = optimizer.adam().step() + 1;
        return Err(Error::NotFinite { place: "the likelihood's loss", value: loss, step });
    }
    optimizer.apply(generator.parameters_mut(), update, "the likelihood's gradient")?;
    Ok(loss)
}
