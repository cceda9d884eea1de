//! Maximum likelihood: one step on the mean cross-entropy a decision.

use super::{GeneratorUpdate, Optimizer};
use crate::error::{Error, Result};
use crate::fault;
use crate::generator::{Guide, LstmGenerator};
use crate::nn::softmax_gradient::Role;
use crate::token::SeqBatch;

/// One update; returns the mean cross-entropy a decision before it, in nats.
pub fn maximum_likelihood_step(
    generator: &mut LstmGenerator,
    optimizer: &mut Optimizer,
    batch: &SeqBatch,
    update: GeneratorUpdate,
) -> Result<f64> {
    step_from(generator, optimizer, (batch, batch), None, update)
}

/// One update towards a teacher's distributions on `batch`, of which each target is `share` and its token the rest (Hinton
/// et al., "Distilling the Knowledge in a Neural Network", 2015, with temperature 1); returns the mean cross-entropy a
/// decision before it, in nats.
pub fn distillation_step(
    generator: &mut LstmGenerator,
    optimizer: &mut Optimizer,
    batch: &SeqBatch,
    teacher: &LstmGenerator,
    share: f64,
    update: GeneratorUpdate,
) -> Result<f64> {
    let guide = Guide { generator: teacher, role: Role::Teacher { share: share as f32 } };
    step_from(generator, optimizer, (batch, batch), Some(guide), update)
}

/// The same with (inputs, targets) that may differ, and a guide if there is one.
pub(super) fn step_from(
    generator: &mut LstmGenerator,
    optimizer: &mut Optimizer,
    (inputs, batch): (&SeqBatch, &SeqBatch),
    guide: Option<Guide<'_>>,
    update: GeneratorUpdate,
) -> Result<f64> {
    let has_end = generator.shape().end_token.is_some();
    let decisions: usize = (0..batch.len()).map(|b| batch.steps(b, has_end)).sum();
    let weights = vec![1.0 / decisions.max(1) as f32; batch.len() * batch.max_length()];
    let loss = generator.accumulate_from(inputs, batch, guide, &weights, optimizer.start());
    let loss = fault::number(loss);
    if !loss.is_finite() {
        let step = optimizer.adam().step() + 1;
        return Err(Error::NotFinite { place: "the likelihood's loss", value: loss, step });
    }
    optimizer.apply(generator.parameters_mut(), update, "the likelihood's gradient")?;
    Ok(loss)
}
