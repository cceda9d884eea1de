//! Gradients of the LSTM generator's parameters.

use super::inference::chunks;
use super::masks::{RowMasks, UpdateMasks};
use super::model::LstmGenerator;
use super::shape::{EMBEDDING, LstmShape};
use crate::generator::{AuxiliaryLogits, AuxiliaryLoss, DecisionIndex, Dropout, TrainingPass, WeightedBatch};
use crate::kernel::Real;
use crate::nn::lstm::{self, Trace};
use crate::nn::softmax::Choice;
use crate::nn::softmax_gradient::OutputPass;
use crate::nn::{Gradients, Tensors, embedding};
use crate::token::{SeqBatch, TokenId};
use rayon::prelude::*;
use std::ops::Range;

/// The forward pass of some rows.
struct Forward<R> {
    rows: Range<usize>,
    inputs: Vec<TokenId>,
    labels: Option<Vec<TokenId>>,
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

/// The decisions that have a loss.
struct Counted<R> {
    positions: Vec<DecisionIndex>,
    choices: Vec<Choice>,
    weights: Vec<R>,
    /// Where the h of each stands: chunk and place.
    places: Vec<(usize, usize)>,
    /// h of the last layer behind its dropout, `[decisions, H]`.
    h: Vec<R>,
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
    /// [`AuxiliaryLoss`].
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
        let WeightedBatch { inputs, targets, weights, auxiliary, .. } = batch;
        assert_eq!(weights.len(), targets.len() * targets.max_length(), "a weight a decision");
        let forward = self.forward(&batch);
        let loss = auxiliary.map(|auxiliary| auxiliary.loss);
        let all = matches!(loss, Some(AuxiliaryLoss::ExpectedReward { .. }));
        let counted = self.counted(targets, &forward, weights, all);
        let logits = auxiliary.map(|auxiliary| auxiliary.source.logits_at(inputs, &counted.positions));
        let other = logits.as_deref().zip(loss);
        let gradients = gradients.parts_mut().0;
        let (loss, dh) = self.output_gradient(&counted, other, gradients);
        self.backward(&forward, self.at_places(&forward, &counted.places, &dh), gradients);
        loss
    }

    fn shape(&self) -> LstmShape {
        self.generator.shape
    }

    fn forward(&self, batch: &WeightedBatch<'_, R>) -> Vec<Forward<R>> {
        let (generator, dim) = (self.generator, self.shape().embedding_dim);
        let of_rows = |rows: Range<usize>| {
            let steps = generator.steps(batch.targets, rows.clone());
            let inputs = generator.inputs(batch.inputs, rows.start, &steps);
            let labels = generator.label_rows(batch.targets, rows.start, &steps);
            let masks = RowMasks::new(batch.dropout, generator, rows.clone());
            let mut x = generator.embed(&inputs, None);
            self.shared.drop_tokens(&inputs, &mut x);
            if let Some(labels) = &labels {
                embedding::add(generator.embedding(), dim, labels.iter().copied(), &mut x);
            }
            masks.drop_input(&steps, &mut x);
            let mut traces = Vec::with_capacity(self.layers.len());
            for (number, layer) in self.layers.iter().enumerate() {
                let trace = layer.forward(steps.clone(), x);
                x = Vec::new();
                if number + 1 < self.layers.len() {
                    x = trace.hidden().to_vec();
                    masks.drop_behind(number, &steps, &mut x);
                }
                traces.push(trace);
            }
            Forward { rows, inputs, labels, masks, traces }
        };
        chunks(batch.targets).into_par_iter().map(of_rows).collect()
    }

    /// The decisions of nonzero weight, or all of them, that have a probability.
    fn counted(&self, targets: &SeqBatch, forward: &[Forward<R>], weights: &[R], all: bool) -> Counted<R> {
        let (hidden, length) = (self.shape().output_dim(), targets.max_length());
        let (positions, choices) = (Vec::new(), Vec::new());
        let mut counted =
            Counted { positions, choices, weights: Vec::new(), places: Vec::new(), h: Vec::new() };
        for (chunk, forward) in forward.iter().enumerate() {
            let (rows, trace) = (&forward.rows, forward.last());
            let decisions = self.generator.decisions(targets, rows.clone());
            for (place, (step, r)) in trace.steps().places().enumerate() {
                let row = rows.start + r;
                let (weight, decision) = (weights[row * length + step], decisions[r][step]);
                if (weight == R::default() && !all) || !decision.allowed {
                    continue;
                }
                counted.positions.push(DecisionIndex { row, step });
                counted.choices.push(decision.choice);
                counted.weights.push(weight);
                counted.places.push((chunk, place));
                counted.h.extend_from_slice(&trace.hidden()[place * hidden..(place + 1) * hidden]);
                let h = counted.h.len() - hidden;
                forward.masks.drop_output(r, &mut counted.h[h..]);
            }
        }
        counted
    }

    /// Adds the gradient of the output layer; returns the loss and the gradient of h, `[decisions, H]`.
    fn output_gradient(
        &self,
        counted: &Counted<R>,
        other: Option<(&dyn AuxiliaryLogits<R>, AuxiliaryLoss<R>)>,
        gradients: &mut Tensors<R>,
    ) -> (f64, Vec<R>) {
        let Counted { choices, weights, h, .. } = counted;
        let shape = self.shape();
        let (matrix, bias) = (shape.output_matrix(), shape.output_bias());
        let [dw, db] = gradients.at_mut([matrix, bias]);
        // Of an embedding table without its labels, if the embeddings are tied.
        let dw = &mut dw[..self.generator.space.vocab_size * shape.output_dim()];
        let (loss, _, dh) = self.output.weighted_gradient(h, choices, other, weights, dw, db);
        (loss, dh)
    }

    /// The gradients of h `[n, H]` of the last layer in every chunk, zero where a decision has no loss.
    fn at_places(&self, forward: &[Forward<R>], places: &[(usize, usize)], dh: &[R]) -> Vec<Vec<R>> {
        let hidden = self.shape().output_dim();
        let zeros = |chunk: &Forward<R>| vec![R::default(); chunk.last().hidden().len()];
        let mut d_hidden: Vec<Vec<R>> = forward.iter().map(zeros).collect();
        for (&(chunk, place), dh) in places.iter().zip(dh.chunks_exact(hidden)) {
            d_hidden[chunk][place * hidden..(place + 1) * hidden].copy_from_slice(dh);
        }
        for (forward, d) in forward.iter().zip(&mut d_hidden) {
            let rows = forward.last().steps().places();
            rows.zip(d.chunks_exact_mut(hidden)).for_each(|((_, r), d)| forward.masks.drop_output(r, d));
        }
        d_hidden
    }

    /// Adds the gradients of the embedding and of every layer, from the last to the first, chunk after chunk.
    fn backward(&self, forward: &[Forward<R>], mut d_hidden: Vec<Vec<R>>, gradients: &mut Tensors<R>) {
        let (shape, shared) = (self.shape(), &self.shared);
        for (layer, weights) in self.layers.iter().enumerate().rev() {
            let back = |(chunk, dh): (&Forward<R>, Vec<R>)| {
                let trace = &chunk.traces[layer];
                let d_gates = weights.backward_gates(trace, &dh);
                let mut dx = weights.backward_inputs(&d_gates);
                match layer {
                    0 => chunk.masks.drop_input(trace.steps(), &mut dx),
                    layer => chunk.masks.drop_behind(layer - 1, trace.steps(), &mut dx),
                }
                (d_gates, dx)
            };
            let (d_gates, d_inputs): (Vec<_>, Vec<_>) = forward.par_iter().zip(d_hidden).map(back).unzip();
            let [w, u, b] = shape.layer(layer);
            let mut du = vec![R::default(); if shared.drops_weights() { gradients[u].len() } else { 0 }];
            for (chunk, d_gates) in forward.iter().zip(&d_gates) {
                let [dw, own_du, db] = gradients.at_mut([w, u, b]);
                let du = if shared.drops_weights() { &mut du[..] } else { own_du };
                lstm::add_weight_gradients(&chunk.traces[layer], d_gates, (dw, du, db));
            }
            shared.add_dropped(layer, &du, &mut gradients[u]);
            d_hidden = d_inputs;
        }
        let (d_table, dim) = (&mut gradients[EMBEDDING], shape.embedding_dim);
        for (chunk, mut dx) in forward.iter().zip(d_hidden) {
            if let Some(labels) = &chunk.labels {
                embedding::backward(&dx, dim, labels.iter().copied(), d_table);
            }
            shared.drop_tokens(&chunk.inputs, &mut dx);
            embedding::backward(&dx, dim, chunk.inputs.iter().copied(), d_table);
        }
    }
}
