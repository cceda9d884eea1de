//! Gradients of the Transformer generator's parameters.

use super::block::{self, Block, BlockGradients, Ragged, Trace};
use super::masks::RowMasks;
use super::model::TransformerGenerator;
use super::shape::EMBEDDING;
use crate::generator::counted::{Chunk, Counted};
use crate::generator::places::{Inputs, decisions};
use crate::generator::row_masks::TokenMask;
use crate::generator::{Dropout, TrainingPass, WeightedBatch};
use crate::kernel::Real;
use crate::nn::softmax_gradient::OutputPass;
use crate::nn::{Gradients, rms_norm};
use rayon::prelude::*;
use std::ops::Range;

/// The forward pass of some rows.
struct Forward<R> {
    rows: Range<usize>,
    ragged: Ragged,
    inputs: Inputs,
    masks: RowMasks<R>,
    /// Of each layer.
    traces: Vec<Trace<R>>,
    /// y of the last layer, `[places, D]`.
    y: Vec<R>,
    /// The same, normalised.
    h: Vec<R>,
}

/// A Transformer generator, prepared for the gradients of an update.
pub(super) struct TransformerPass<'a, R: Real> {
    generator: &'a TransformerGenerator<R>,
    tokens: Option<TokenMask<R>>,
    blocks: Vec<Block<R>>,
    output: OutputPass<'a, R>,
}

impl<R: Real> TransformerGenerator<R> {
    /// Adds to `gradients` the gradient of the loss  `sum_{b,t} -weights[b, t] log p(decision t of row b)`  and returns the
    /// loss. Decisions without probability count as weight zero. With an auxiliary loss the sum is that of
    /// [`AuxiliaryLoss`](crate::generator::AuxiliaryLoss).
    pub fn accumulate(&self, batch: WeightedBatch<'_, R>, gradients: &mut Gradients<R>) -> f64 {
        TransformerPass::new(self, batch.dropout).add_gradient(batch, gradients)
    }
}

impl TrainingPass for TransformerPass<'_, f32> {
    fn accumulate(&self, batch: WeightedBatch<'_>, gradients: &mut Gradients<f32>) -> f64 {
        self.add_gradient(batch, gradients)
    }
}

impl<'a, R: Real> TransformerPass<'a, R> {
    pub(super) fn new(generator: &'a TransformerGenerator<R>, dropout: Option<Dropout<'_>>) -> Self {
        let tokens = TokenMask::new(dropout, generator.space.vocab_size);
        let output = OutputPass::new(generator.output());
        Self { tokens, blocks: generator.blocks(), output, generator }
    }

    fn add_gradient(&self, batch: WeightedBatch<'_, R>, gradients: &mut Gradients<R>) -> f64 {
        assert_eq!(
            batch.weights.len(),
            batch.targets.len() * batch.targets.max_length(),
            "a weight a decision"
        );
        let (space, shape) = (&self.generator.space, self.generator.shape);
        let forward = self.forward(&batch);
        let counted = self.counted(&batch, &forward);
        let dense = gradients.parts_mut().0;
        let dw = &mut dense[shape.output_matrix()];
        // Of an embedding table without its labels, if the embeddings are tied.
        let dw = &mut dw[..space.vocab_size * shape.hidden_dim];
        // The output layer's bias is no parameter.
        let mut db = vec![R::default(); space.vocab_size];
        let (loss, dh) = counted.output_gradient(&self.output, &batch, (dw, &mut db));
        let num_places = forward.iter().map(|chunk| chunk.ragged.num_places());
        let dh = counted.at_places(&dh, num_places, |chunk| &forward[chunk].masks.output);
        self.backward(forward, dh, gradients);
        loss
    }

    fn forward(&self, batch: &WeightedBatch<'_, R>) -> Vec<Forward<R>> {
        let TransformerGenerator { space, shape, fixed, .. } = self.generator;
        let of_rows = |rows: Range<usize>| {
            let ragged = self.generator.ragged(batch.targets, rows.clone());
            let inputs = Inputs::new(space, (batch.inputs, batch.targets), rows.start, ragged.places());
            let masks = RowMasks::new(batch.dropout, *shape, &rows);
            let mut y = inputs.embed(self.generator.embedding(), shape.hidden_dim, self.tokens.as_ref());
            masks.input.multiply(ragged.places(), &mut y);
            let mut traces = Vec::with_capacity(self.blocks.len());
            for (block, masks) in self.blocks.iter().zip(&masks.layers) {
                let trace;
                (y, trace) = block.forward(&fixed.rotary, &ragged, y, Some(masks));
                traces.push(trace);
            }
            let h = rms_norm::forward(&y, self.generator.final_norm());
            Forward { rows, ragged, inputs, masks, traces, y, h }
        };
        self.generator.chunks(batch.targets).into_par_iter().map(of_rows).collect()
    }

    /// The decisions that have a loss.
    fn counted(&self, batch: &WeightedBatch<'_, R>, forward: &[Forward<R>]) -> Counted<R> {
        let TransformerGenerator { rules, space, .. } = self.generator;
        let mut counted = Counted::new(self.generator.shape.hidden_dim);
        for (number, forward) in forward.iter().enumerate() {
            let decisions = decisions(rules, space, batch.targets, forward.rows.clone());
            let chunk = Chunk {
                rows: &forward.rows,
                decisions: &decisions,
                h: &forward.h,
                output_mask: &forward.masks.output,
            };
            counted.push(number, chunk, forward.ragged.places(), batch);
        }
        counted
    }

    /// Adds the gradients of everything but the output layer, from the last layer to the first, chunk after chunk.
    fn backward(&self, mut forward: Vec<Forward<R>>, dh: Vec<Vec<R>>, gradients: &mut Gradients<R>) {
        let TransformerGenerator { parameters, fixed, .. } = self.generator;
        let (shape, gain) = (self.generator.shape, self.generator.final_norm());
        let normalise = |(chunk, dh): (&Forward<R>, Vec<R>)| {
            let mut d_gain = vec![R::default(); shape.hidden_dim];
            (rms_norm::backward(&chunk.y, gain, &dh, &mut d_gain), d_gain)
        };
        let (mut d, d_gains): (Vec<_>, Vec<_>) = forward.par_iter().zip(dh).map(normalise).unzip();
        let dense = gradients.parts_mut().0;
        let final_norm = &mut dense[shape.final_norm()];
        d_gains.iter().for_each(|d_gain| R::axpy(R::of(1.0), d_gain, final_norm));
        for layer in (0..shape.num_layers).rev() {
            let back = |(chunk, dy): (&Forward<R>, Vec<R>)| {
                let network = (parameters, shape, layer);
                let pass = (&chunk.traces[layer], &chunk.masks.layers[layer]);
                block::backward(network, &fixed.rotary, &chunk.ragged, pass, dy)
            };
            let (dx, of_weights): (Vec<_>, Vec<BlockGradients<R>>) =
                forward.par_iter().zip(d).map(back).unzip();
            for (chunk, of_weights) in forward.iter_mut().zip(of_weights) {
                // The layer's values are used up: their memory goes back.
                let trace = chunk.traces.pop().expect("a trace a layer");
                block::add_weight_gradients(&trace, &of_weights, (dense, shape, layer));
            }
            d = dx;
        }
        let mut d_table = gradients.table(EMBEDDING);
        for (chunk, mut dx) in forward.iter().zip(d) {
            chunk.masks.input.multiply(chunk.ragged.places(), &mut dx);
            let tokens = self.tokens.as_ref();
            chunk.inputs.backward(dx, shape.hidden_dim, tokens, &mut d_table);
        }
    }
}
