//! Gradients of the Transformer generator's parameters.

use super::block::{self, Block, BlockGradients, Ragged, Trace};
use super::masks::RowMasks;
use super::model::TransformerGenerator;
use super::shape::EMBEDDING;
use crate::generator::WeightedBatch;
use crate::generator::counted::{Chunk, Counted};
use crate::generator::places::{Inputs, decisions};
use crate::generator::row_masks::TokenMask;
use crate::kernel::Real;
use crate::nn::softmax_gradient::OutputPass;
use crate::nn::{Gradients, Tensors, rms_norm};
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

impl<R: Real> TransformerGenerator<R> {
    /// Adds to `gradients` the gradient of the loss  `sum_{b,t} -weights[b, t] log p(decision t of row b)`  and returns the
    /// loss. Decisions without probability count as weight zero. With an auxiliary loss the sum is that of
    /// [`AuxiliaryLoss`](crate::generator::AuxiliaryLoss).
    pub fn accumulate(&self, batch: WeightedBatch<'_, R>, gradients: &mut Gradients<R>) -> f64 {
        assert_eq!(
            batch.weights.len(),
            batch.targets.len() * batch.targets.max_length(),
            "a weight a decision"
        );
        let tokens = TokenMask::new(batch.dropout, self.space.vocab_size);
        let forward = self.forward(&batch, tokens.as_ref());
        let counted = self.counted(&batch, &forward);
        let gradients = gradients.parts_mut().0;
        let dw = &mut gradients[self.shape.output_matrix()];
        // Of an embedding table without its labels, if the embeddings are tied.
        let dw = &mut dw[..self.space.vocab_size * self.shape.hidden_dim];
        // The output layer's bias is no parameter.
        let mut db = vec![R::default(); self.space.vocab_size];
        let (loss, dh) = counted.output_gradient(&OutputPass::new(self.output()), &batch, (dw, &mut db));
        let num_places = forward.iter().map(|chunk| chunk.ragged.num_places());
        let dh = counted.at_places(&dh, num_places, |chunk| &forward[chunk].masks.output);
        self.backward(forward, tokens.as_ref(), dh, gradients);
        loss
    }

    fn forward(&self, batch: &WeightedBatch<'_, R>, tokens: Option<&TokenMask<R>>) -> Vec<Forward<R>> {
        let blocks: Vec<Block<R>> = self.blocks();
        let of_rows = |rows: Range<usize>| {
            let ragged = self.ragged(batch.targets, rows.clone());
            let inputs = Inputs::new(&self.space, (batch.inputs, batch.targets), rows.start, ragged.places());
            let masks = RowMasks::new(batch.dropout, self.shape, &rows);
            let mut y = inputs.embed(self.embedding(), self.shape.hidden_dim, tokens);
            masks.input.multiply(ragged.places(), &mut y);
            let mut traces = Vec::with_capacity(blocks.len());
            for (block, masks) in blocks.iter().zip(&masks.layers) {
                let trace;
                (y, trace) = block.forward(&self.fixed.rotary, &ragged, y, Some(masks));
                traces.push(trace);
            }
            let h = rms_norm::forward(&y, self.final_norm());
            Forward { rows, ragged, inputs, masks, traces, y, h }
        };
        self.chunks(batch.targets).into_par_iter().map(of_rows).collect()
    }

    /// The decisions that have a loss.
    fn counted(&self, batch: &WeightedBatch<'_, R>, forward: &[Forward<R>]) -> Counted<R> {
        let mut counted = Counted::new(self.shape.hidden_dim);
        for (number, forward) in forward.iter().enumerate() {
            let decisions = decisions(&self.rules, &self.space, batch.targets, forward.rows.clone());
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
    fn backward(
        &self,
        mut forward: Vec<Forward<R>>,
        tokens: Option<&TokenMask<R>>,
        dh: Vec<Vec<R>>,
        gradients: &mut Tensors<R>,
    ) {
        let normalise = |(chunk, dh): (&Forward<R>, Vec<R>)| {
            let mut d_gain = vec![R::default(); self.shape.hidden_dim];
            (rms_norm::backward(&chunk.y, self.final_norm(), &dh, &mut d_gain), d_gain)
        };
        let (mut d, d_gains): (Vec<_>, Vec<_>) = forward.par_iter().zip(dh).map(normalise).unzip();
        let final_norm = &mut gradients[self.shape.final_norm()];
        d_gains.iter().for_each(|d_gain| R::axpy(R::of(1.0), d_gain, final_norm));
        for layer in (0..self.shape.num_layers).rev() {
            let back = |(chunk, dy): (&Forward<R>, Vec<R>)| {
                let network = (&self.parameters, self.shape, layer);
                let pass = (&chunk.traces[layer], &chunk.masks.layers[layer]);
                block::backward(network, &self.fixed.rotary, &chunk.ragged, pass, dy)
            };
            let (dx, of_weights): (Vec<_>, Vec<BlockGradients<R>>) =
                forward.par_iter().zip(d).map(back).unzip();
            for (chunk, of_weights) in forward.iter_mut().zip(of_weights) {
                // The layer's values are used up: their memory goes back.
                let trace = chunk.traces.pop().expect("a trace a layer");
                block::add_weight_gradients(&trace, &of_weights, (gradients, self.shape, layer));
            }
            d = dx;
        }
        for (chunk, mut dx) in forward.iter().zip(d) {
            chunk.masks.input.multiply(chunk.ragged.places(), &mut dx);
            chunk.inputs.backward(dx, self.shape.hidden_dim, tokens, &mut gradients[EMBEDDING]);
        }
    }
}
