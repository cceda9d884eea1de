//! Maximum likelihood: a step on the mean cross-entropy per token.

use super::{GeneratorUpdate, Optimizer};
use crate::error::{Error, Result};
use crate::fault;
use crate::generator::{Auxiliary, AuxiliaryLoss, Dropout, Generator, TrainableGenerator, WeightedBatch};
use crate::token::SeqBatch;

/// Sequences of a likelihood update.
#[derive(Debug, Clone, Copy)]
pub struct LikelihoodBatch<'a> {
    /// The tokens that the network is fed.
    pub inputs: &'a SeqBatch,
    /// The decisions, with the lengths of `inputs`.
    pub targets: &'a SeqBatch,
    /// Dropout of the update, if there is any.
    pub dropout: Option<Dropout<'a>>,
}

impl<'a> From<&'a SeqBatch> for LikelihoodBatch<'a> {
    /// Sequences whose decisions follow their own tokens, without dropout.
    fn from(batch: &'a SeqBatch) -> Self {
        Self { inputs: batch, targets: batch, dropout: None }
    }
}

/// Performs one update. Returns the mean cross-entropy before it, in nats per token, with the dropout of the update.
pub fn maximum_likelihood_step<'a>(
    generator: &mut dyn TrainableGenerator,
    optimizer: &mut Optimizer,
    batch: impl Into<LikelihoodBatch<'a>>,
    update: GeneratorUpdate,
) -> Result<f64> {
    step(generator, optimizer, batch.into(), None, update)
}

/// Performs one distillation update on `batch`. The target of a decision is the mixture of the teacher's distribution,
/// with weight `weight`, and the token of the batch (Hinton et al., "Distilling the Knowledge in a Neural Network",
/// 2015, with temperature 1). Returns the mean cross-entropy before it, in nats per token.
pub fn distillation_step<'a>(
    generator: &mut dyn TrainableGenerator,
    optimizer: &mut Optimizer,
    batch: impl Into<LikelihoodBatch<'a>>,
    teacher: &dyn Generator,
    weight: f64,
    update: GeneratorUpdate,
) -> Result<f64> {
    let loss = AuxiliaryLoss::Distillation { weight: weight as f32 };
    let distillation = Auxiliary { source: teacher, loss };
    step(generator, optimizer, batch.into(), Some(distillation), update)
}

/// Performs one update with an optional auxiliary loss. Returns the mean loss before it, in nats per token.
fn step(
    generator: &mut dyn TrainableGenerator,
    optimizer: &mut Optimizer,
    LikelihoodBatch { inputs, targets, dropout }: LikelihoodBatch<'_>,
    auxiliary: Option<Auxiliary<'_>>,
    update: GeneratorUpdate,
) -> Result<f64> {
    let has_end = generator.space().end_token.is_some();
    let decisions: usize = (0..targets.len()).map(|b| targets.steps(b, has_end)).sum();
    let weights = vec![1.0 / decisions.max(1) as f32; targets.len() * targets.max_length()];
    let batch = WeightedBatch { inputs, targets, weights: &weights, auxiliary, dropout };
    let loss = optimizer.accumulate(generator, batch, update.slices);
    let loss = fault::number(loss);
    if !loss.is_finite() {
        let step = optimizer.adam().step() + 1;
        return Err(Error::NotFinite { place: "the likelihood's loss", value: loss, step });
    }
    optimizer.apply(generator.parameters_mut(), update, "the likelihood's gradient")?;
    Ok(loss)
}
