//! Gradients of the LSTM generator's parameters.

use super::inference::chunks;
use super::masks::{RowMasks, UpdateMasks};
use super::model::LstmGenerator;
use super::shape::EMBEDDING;
use crate::generator::counted::{Chunk, Counted};
use crate::generator::places::{Inputs, decisions};
use crate::generator::{Dropout, TrainingPass, WeightedBatch};
use crate::kernel::Real;
use crate::nn::Gradients;
use crate::nn::lstm::{self, Trace};
use crate::nn::softmax_gradient::OutputPass;
use rayon::prelude::*;
use std::ops::Range;

/// The forward pass of some rows.
struct Forward<R> {
    rows: Range<usize>,
    inputs: Inputs,
    masks: RowMasks<R>,
    /// Of each layer.
    traces: Vec<Trace<R>>,
}

impl<R: Real> Forward<R> {
    /// Of the last layer.
    fn last(&self) -> &Trace<R> {
        self.traces.last().expect("a layer")
    }
}

/// An LSTM generator, prepared for the gradients of an update.
pub(super) struct LstmPass<'a, R: Real> {
    generator: &'a LstmGenerator<R>,
    shared: UpdateMasks<R>,
    layers: Vec<lstm::Layer<R>>,
    output: OutputPass<'a, R>,
}

impl<R: Real> LstmGenerator<R> {
    /// Adds to `gradients` the gradient of the loss  `sum_{b,t} -weights[b, t] log p(decision t of row b)`  and returns the
    /// loss. Decisions without probability count as weight zero. With an auxiliary loss the sum is that of
    /// [`AuxiliaryLoss`](crate::generator::AuxiliaryLoss).
    pub fn accumulate(&self, batch: WeightedBatch<'_, R>, gradients: &mut Gradients<R>) -> f64 {
        LstmPass::new(self, batch.dropout).add_gradient(batch, gradients)
    }
}

impl TrainingPass for LstmPass<'_, f32> {
    fn accumulate(&self, batch: WeightedBatch<'_>, gradients: &mut Gradients<f32>) -> f64 {
        self.add_gradient(batch, gradients)
    }
}

impl<'a, R: Real> LstmPass<'a, R> {
    pub(super) fn new(generator: &'a LstmGenerator<R>, dropout: Option<Dropout<'_>>) -> Self {
        let shared = UpdateMasks::new(dropout, generator);
        let layers = 0..generator.shape.num_layers;
        let layers = layers.map(|layer| lstm::Layer::new(shared.layer(generator, layer))).collect();
        Self { layers, output: OutputPass::new(generator.output()), generator, shared }
    }

    fn add_gradient(&self, batch: WeightedBatch<'_, R>, gradients: &mut Gradients<R>) -> f64 {
        assert_eq!(
            batch.weights.len(),
            batch.targets.len() * batch.targets.max_length(),
            "a weight a decision"
        );
        let (shape, forward) = (self.generator.shape, self.forward(&batch));
        let counted = self.counted(&batch, &forward);
        let dense = gradients.parts_mut().0;
        let [dw, db] = dense.at_mut([shape.output_matrix(), shape.output_bias()]);
        // Of an embedding table without its labels, if the embeddings are tied.
        let dw = &mut dw[..self.generator.space.vocab_size * shape.output_dim()];
        let (loss, dh) = counted.output_gradient(&self.output, &batch, (dw, db));
        let num_places = forward.iter().map(|chunk| chunk.last().steps().num_places());
        let d_hidden = counted.at_places(&dh, num_places, |chunk| &forward[chunk].masks.output);
        self.backward(&forward, d_hidden, gradients);
        loss
    }

    fn forward(&self, batch: &WeightedBatch<'_, R>) -> Vec<Forward<R>> {
        let (generator, tokens) = (self.generator, self.shared.tokens.as_ref());
        let of_rows = |rows: Range<usize>| {
            let steps = generator.steps(batch.targets, rows.clone());
            let inputs =
                Inputs::new(&generator.space, (batch.inputs, batch.targets), rows.start, steps.places());
            let masks = RowMasks::new(batch.dropout, generator, &rows);
            let mut x = inputs.embed(generator.embedding(), generator.shape.embedding_dim, tokens);
            masks.input.multiply(steps.places(), &mut x);
            let mut traces = Vec::with_capacity(self.layers.len());
            for (number, layer) in self.layers.iter().enumerate() {
                let trace = layer.forward(steps.clone(), x);
                x = Vec::new();
                if number + 1 < self.layers.len() {
                    x = trace.hidden().to_vec();
                    masks.behind[number].multiply(steps.places(), &mut x);
                }
                traces.push(trace);
            }
            Forward { rows, inputs, masks, traces }
        };
        chunks(batch.targets).into_par_iter().map(of_rows).collect()
    }

    /// The decisions that have a loss.
    fn counted(&self, batch: &WeightedBatch<'_, R>, forward: &[Forward<R>]) -> Counted<R> {
        let (rules, space) = (&self.generator.rules, &self.generator.space);
        let mut counted = Counted::new(self.generator.shape.output_dim());
        for (number, forward) in forward.iter().enumerate() {
            let decisions = decisions(rules, space, batch.targets, forward.rows.clone());
            let chunk = Chunk {
                rows: &forward.rows,
                decisions: &decisions,
                h: forward.last().hidden(),
                output_mask: &forward.masks.output,
            };
            counted.push(number, chunk, forward.last().steps().places(), batch);
        }
        counted
    }

    /// Adds the gradients of the embedding and of every layer, from the last to the first, chunk after chunk.
    fn backward(&self, forward: &[Forward<R>], mut d_hidden: Vec<Vec<R>>, gradients: &mut Gradients<R>) {
        let (shape, shared, dense) = (self.generator.shape, &self.shared, gradients.parts_mut().0);
        for (layer, weights) in self.layers.iter().enumerate().rev() {
            let back = |(chunk, dh): (&Forward<R>, Vec<R>)| {
                let trace = &chunk.traces[layer];
                let d_gates = weights.backward_gates(trace, &dh);
                let mut dx = weights.backward_inputs(&d_gates);
                match layer {
                    0 => chunk.masks.input.multiply(trace.steps().places(), &mut dx),
                    layer => chunk.masks.behind[layer - 1].multiply(trace.steps().places(), &mut dx),
                }
                (d_gates, dx)
            };
            let (d_gates, d_inputs): (Vec<_>, Vec<_>) = forward.par_iter().zip(d_hidden).map(back).unzip();
            let [w, u, b] = shape.layer(layer);
            let mut du = vec![R::default(); if shared.drops_weights() { dense[u].len() } else { 0 }];
            for (chunk, d_gates) in forward.iter().zip(&d_gates) {
                let [dw, own_du, db] = dense.at_mut([w, u, b]);
                let du = if shared.drops_weights() { &mut du[..] } else { own_du };
                self.layers[layer].add_weight_gradients(&chunk.traces[layer], d_gates, (dw, du, db));
            }
            shared.add_dropped(layer, &du, &mut dense[u]);
            d_hidden = d_inputs;
        }
        let mut d_table = gradients.table(EMBEDDING);
        for (chunk, dx) in forward.iter().zip(d_hidden) {
            chunk.inputs.backward(dx, shape.embedding_dim, shared.tokens.as_ref(), &mut d_table);
        }
    }
}
