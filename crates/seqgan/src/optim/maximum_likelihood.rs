//! Maximum likelihood: a step on the mean cross-entropy per token.

use super::{GeneratorUpdate, Optimizer};
use crate::error::{Error, Result};
use crate::fault;
use crate::generator::{Auxiliary, AuxiliaryLoss, Generator, TrainableGenerator};
use crate::token::SeqBatch;

/// Performs one update. Returns the mean cross-entropy before it, in nats per token.
pub fn maximum_likelihood_step(
    generator: &mut dyn TrainableGenerator,
    optimizer: &mut Optimizer,
    batch: &SeqBatch,
    update: GeneratorUpdate,
) -> Result<f64> {
    step_from(generator, optimizer, (batch, batch), None, update)
}

/// Performs one distillation update on `batch`. The target of a decision is the mixture of the teacher's distribution,
/// with weight `weight`, and the token of the batch (Hinton et al., "Distilling the Knowledge in a Neural Network",
/// 2015, with temperature 1). Returns the mean cross-entropy before it, in nats per token.
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

/// Performs one update with (inputs, targets), which may differ, and an optional auxiliary loss. Returns the mean loss
/// before it, in nats per token.
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
