//! Gradients of the LSTM generator's parameters.

use super::inference::chunks;
use super::model::LstmGenerator;
use crate::generator::{Auxiliary, AuxiliaryLoss, DecisionIndex};
use crate::kernel::Real;
use crate::nn::lstm::{self, Trace};
use crate::nn::softmax::Choice;
use crate::nn::{Gradients, embedding};
use crate::token::{SeqBatch, TokenId};
use rayon::prelude::*;
use std::ops::Range;

/// The forward pass of some rows.
struct Forward<R> {
    rows: Range<usize>,
    inputs: Vec<TokenId>,
    trace: Trace<R>,
}

/// The decisions that have a loss.
struct Counted<R> {
    positions: Vec<DecisionIndex>,
    choices: Vec<Choice>,
    weights: Vec<R>,
    /// Where the h of each stands: chunk and place.
    places: Vec<(usize, usize)>,
    /// `[decisions, H]`.
    h: Vec<R>,
}

impl<R: Real> LstmGenerator<R> {
    /// Adds to `gradients` the gradient of the loss  `sum_{b,t} -weights[b, t] log p(decision t of row b)`  and returns the
    /// loss. The LSTM is fed the tokens of `inputs`, whose rows have the lengths of `targets`. `weights` is `[B, T]`;
    /// those after a row's last decision are not read, and decisions without probability count as weight zero. With an
    /// auxiliary loss the sum is that of [`AuxiliaryLoss`].
    pub fn accumulate(
        &self,
        inputs: &SeqBatch,
        targets: &SeqBatch,
        auxiliary: Option<Auxiliary<'_, R>>,
        weights: &[R],
        gradients: &mut Gradients<R>,
    ) -> f64 {
        assert_eq!(weights.len(), targets.len() * targets.max_length(), "a weight a decision");
        let forward = self.forward(inputs, targets);
        let loss = auxiliary.map(|auxiliary| auxiliary.loss);
        let all = matches!(loss, Some(AuxiliaryLoss::ExpectedReward { .. }));
        let counted = self.counted(targets, &forward, weights, all);
        let logits = auxiliary.map(|auxiliary| auxiliary.source.logits_at(inputs, &counted.positions));
        let [d_embedding, dw, du, db, dw_out, db_out] = gradients.parts_mut().0.slices_mut();
        let other = logits.as_deref().zip(loss);
        let Counted { choices, weights, places, h, .. } = &counted;
        let (loss, _, dh) = self.output().weighted_gradient(h, choices, other, weights, dw_out, db_out);
        let d_hidden = self.at_places(&forward, places, &dh);
        self.backward(targets, &forward, &d_hidden, (d_embedding, dw, du, db));
        loss
    }

    fn forward(&self, inputs: &SeqBatch, targets: &SeqBatch) -> Vec<Forward<R>> {
        let of_rows = |rows: Range<usize>| {
            let steps = self.steps(targets, rows.clone());
            let inputs = self.inputs(inputs, rows.start, &steps);
            let x = self.embed(&inputs, targets, rows.start, &steps);
            Forward { rows, inputs, trace: lstm::forward(self.lstm_weights(), steps, x) }
        };
        chunks(targets).into_par_iter().map(of_rows).collect()
    }

    /// The decisions of nonzero weight, or all of them, that have a probability.
    fn counted(&self, targets: &SeqBatch, forward: &[Forward<R>], weights: &[R], all: bool) -> Counted<R> {
        let (hidden, length) = (self.shape.hidden_dim, targets.max_length());
        let (positions, choices) = (Vec::new(), Vec::new());
        let mut counted =
            Counted { positions, choices, weights: Vec::new(), places: Vec::new(), h: Vec::new() };
        for (chunk, Forward { rows, trace, .. }) in forward.iter().enumerate() {
            let decisions = self.decisions(targets, rows.clone());
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
            }
        }
        counted
    }

    /// The gradients of h `[n, H]` of every chunk, zero where a decision has no loss.
    fn at_places(&self, forward: &[Forward<R>], places: &[(usize, usize)], dh: &[R]) -> Vec<Vec<R>> {
        let hidden = self.shape.hidden_dim;
        let zeros = |chunk: &Forward<R>| vec![R::default(); chunk.trace.hidden().len()];
        let mut d_hidden: Vec<Vec<R>> = forward.iter().map(zeros).collect();
        for (&(chunk, place), dh) in places.iter().zip(dh.chunks_exact(hidden)) {
            d_hidden[chunk][place * hidden..(place + 1) * hidden].copy_from_slice(dh);
        }
        d_hidden
    }

    /// Adds the gradients of the embedding, W, U and b, chunk after chunk.
    fn backward(
        &self,
        targets: &SeqBatch,
        forward: &[Forward<R>],
        d_hidden: &[Vec<R>],
        (d_embedding, dw, du, db): (&mut [R], &mut [R], &mut [R], &mut [R]),
    ) {
        let dim = self.shape.embedding_dim;
        let parts: Vec<_> = forward
            .par_iter()
            .zip(d_hidden)
            .map(|(chunk, dh)| lstm::backward(self.lstm_weights(), &chunk.trace, dh))
            .collect();
        for (Forward { rows, inputs, trace }, (part, dx)) in forward.iter().zip(parts) {
            R::axpy(R::of(1.0), &part.w, dw);
            R::axpy(R::of(1.0), &part.u, du);
            R::axpy(R::of(1.0), &part.b, db);
            embedding::backward(&dx, dim, inputs.iter().copied(), d_embedding);
            if let Some(labels) = self.label_rows(targets, rows.start, trace.steps()) {
                embedding::backward(&dx, dim, labels.into_iter(), d_embedding);
            }
        }
    }
}
