//! The decisions of a batch that have a loss, between a network's forward pass and its backward pass.

use super::places::Place;
use super::row_masks::RowMask;
use super::{AuxiliaryLoss, Decision, DecisionIndex, WeightedBatch};
use crate::kernel::Real;
use crate::nn::softmax::Choice;
use crate::nn::softmax_gradient::OutputPass;
use std::ops::Range;

/// Decisions of nonzero weight that have a probability, chunk after chunk. A chunk is some rows that are computed together.
pub(super) struct Counted<R> {
    positions: Vec<DecisionIndex>,
    choices: Vec<Choice>,
    weights: Vec<R>,
    /// Where the h of each stands: chunk, place, row of the chunk.
    places: Vec<(usize, usize, usize)>,
    /// What the output layer reads, `[decisions, H]`.
    h: Vec<R>,
    hidden_dim: usize,
}

/// The forward pass of a chunk, as far as its decisions need it.
pub(super) struct Chunk<'a, R> {
    /// The rows of the batch.
    pub rows: &'a Range<usize>,
    /// The decisions of each row.
    pub decisions: &'a [Vec<Decision>],
    /// h of the last layer, `[places, H]`.
    pub h: &'a [R],
    /// Dropout before the output layer.
    pub output_mask: &'a RowMask<R>,
}

impl<R: Real> Counted<R> {
    /// Without a decision.
    pub(super) fn new(hidden_dim: usize) -> Self {
        let (positions, choices, weights) = (Vec::new(), Vec::new(), Vec::new());
        Self { positions, choices, weights, places: Vec::new(), h: Vec::new(), hidden_dim }
    }

    /// Appends the decisions of the next chunk, in the order of its places.
    pub(super) fn push(
        &mut self,
        number: usize,
        chunk: Chunk<'_, R>,
        places: impl Iterator<Item = Place>,
        batch: &WeightedBatch<'_, R>,
    ) {
        // An expected reward is over all tokens, whatever the weight of the chosen one.
        let loss = batch.auxiliary.map(|auxiliary| auxiliary.loss);
        let all = matches!(loss, Some(AuxiliaryLoss::ExpectedReward { .. }));
        let (hidden, length) = (self.hidden_dim, batch.targets.max_length());
        for (place, (step, r)) in places.enumerate() {
            let row = chunk.rows.start + r;
            let (weight, decision) = (batch.weights[row * length + step], chunk.decisions[r][step]);
            if (weight == R::default() && !all) || !decision.allowed {
                continue;
            }
            self.positions.push(DecisionIndex { row, step });
            self.choices.push(decision.choice);
            self.weights.push(weight);
            self.places.push((number, place, r));
            self.h.extend_from_slice(&chunk.h[place * hidden..(place + 1) * hidden]);
            let h = self.h.len() - hidden;
            chunk.output_mask.multiply_one(r, &mut self.h[h..]);
        }
    }

    /// Adds the gradients of the output layer's weights `dw` and bias `db`; returns the loss and the gradient of h,
    /// `[decisions, H]`.
    pub(super) fn output_gradient(
        &self,
        output: &OutputPass<'_, R>,
        batch: &WeightedBatch<'_, R>,
        (dw, db): (&mut [R], &mut [R]),
    ) -> (f64, Vec<R>) {
        let logits =
            batch.auxiliary.map(|auxiliary| auxiliary.source.logits_at(batch.inputs, &self.positions));
        let other = logits.as_deref().zip(batch.auxiliary.map(|auxiliary| auxiliary.loss));
        let (loss, _, dh) = output.weighted_gradient(&self.h, &self.choices, other, &self.weights, dw, db);
        (loss, dh)
    }

    /// The gradients of h of the last layer in every chunk, `[places, H]` each for these numbers of places, zero where a
    /// decision has no loss. `masks` are the chunks' dropout before the output layer.
    pub(super) fn at_places<'a>(
        &self,
        dh: &[R],
        num_places: impl Iterator<Item = usize>,
        masks: impl Fn(usize) -> &'a RowMask<R>,
    ) -> Vec<Vec<R>> {
        let hidden = self.hidden_dim;
        let mut chunks: Vec<Vec<R>> = num_places.map(|n| vec![R::default(); n * hidden]).collect();
        for (&(chunk, place, row), dh) in self.places.iter().zip(dh.chunks_exact(hidden)) {
            let to = &mut chunks[chunk][place * hidden..(place + 1) * hidden];
            to.copy_from_slice(dh);
            masks(chunk).multiply_one(row, to);
        }
        chunks
    }
}
