//! What a generator's gradient is taken of: decisions with weights.

use super::{Auxiliary, Dropout};
use crate::token::SeqBatch;

/// Decisions with weights, `[B, T]`.
#[derive(Clone, Copy)]
pub struct WeightedBatch<'a, R = f32> {
    /// The tokens that the network is fed. Rows have the lengths and labels of `targets`.
    pub inputs: &'a SeqBatch,
    /// The decisions.
    pub targets: &'a SeqBatch,
    /// Weight of each decision, `[B, T]`. Those after a row's last decision are not read.
    pub weights: &'a [R],
    /// A loss by the logits of another model, added to the generator's own.
    pub auxiliary: Option<Auxiliary<'a, R>>,
    /// Dropout; without it the gradient is that of the network as it is used.
    pub dropout: Option<Dropout<'a>>,
}

impl<'a, R> WeightedBatch<'a, R> {
    /// Decisions that follow their own tokens (teacher forcing), without dropout.
    pub fn new(batch: &'a SeqBatch, weights: &'a [R]) -> Self {
        Self { inputs: batch, targets: batch, weights, auxiliary: None, dropout: None }
    }
}
