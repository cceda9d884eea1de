//! Likelihoods and logits of networks that give each decision a vector h `[H]`, which an output layer reads.

use super::places::{self, Place};
use super::{AuxiliaryLogits, DecisionIndex, Rules, SequenceSpace};
use crate::kernel::Real;
use crate::nn::softmax::{Choice, Output};
use crate::nn::softmax_gradient::OutputLogits;
use crate::token::SeqBatch;
use rayon::prelude::*;
use std::ops::Range;

/// A network without its output layer.
pub(super) trait HiddenStates<R: Real>: Sync {
    /// The network, prepared for many passes without gradients.
    type Prepared: Sync;

    /// The space of its sequences.
    fn space(&self) -> &SequenceSpace;

    /// The tokens that each decision may choose.
    fn rules(&self) -> &Rules;

    /// The output layer.
    fn output(&self) -> Output<'_, R>;

    /// H.
    fn hidden_dim(&self) -> usize;

    /// The rows of a batch that are computed together; what they are changes no bit.
    fn chunks(&self, batch: &SeqBatch) -> Vec<Range<usize>>;

    /// Prepares passes.
    fn prepare(&self) -> Self::Prepared;

    /// The places of these rows in their order, one a decision, and h at each, `[places, H]`.
    fn states(&self, prepared: &Self::Prepared, batch: &SeqBatch, rows: Range<usize>)
    -> (Vec<Place>, Vec<R>);
}

/// The logits of `model` at `positions` of a batch: h is computed at once, logits when they are read.
pub(super) fn logits_at<'a, R: Real, M: HiddenStates<R>>(
    model: &'a M,
    batch: &SeqBatch,
    positions: &[DecisionIndex],
) -> Box<dyn AuxiliaryLogits<R> + 'a> {
    let (hidden, length) = (model.hidden_dim(), batch.max_length());
    let (prepared, chunks) = (model.prepare(), model.chunks(batch));
    let of_rows = |rows: &Range<usize>| {
        let (order, h) = model.states(&prepared, batch, rows.clone());
        // Place of each step of each row.
        let mut places = vec![0; rows.len() * length];
        order.iter().enumerate().for_each(|(place, (step, row))| places[row * length + step] = place);
        (places, h)
    };
    let states: Vec<(Vec<usize>, Vec<R>)> = chunks.par_iter().map(of_rows).collect();
    let mut result = Vec::with_capacity(positions.len() * hidden);
    for &DecisionIndex { row, step } in positions {
        let chunk = chunks.partition_point(|rows| rows.end <= row);
        let (places, h) = &states[chunk];
        let place = places[(row - chunks[chunk].start) * length + step];
        result.extend_from_slice(&h[place * hidden..(place + 1) * hidden]);
    }
    Box::new(OutputLogits::new(model.output(), result))
}

/// A function of each decision, `[B, T]`, the default after each row's last decision.
pub(super) fn of_decisions<R: Real, M: HiddenStates<R>, X: Clone + Default + Send>(
    model: &M,
    batch: &SeqBatch,
    of: impl Fn(&Output<'_, R>, &[R], &[Choice]) -> Vec<X> + Sync,
) -> Vec<X> {
    let length = batch.max_length();
    let columns = model.output().columns();
    let output = model.output().with_columns(&columns);
    let prepared = model.prepare();
    let mut result = vec![X::default(); batch.len() * length];
    let (mut tasks, mut rest) = (Vec::new(), &mut result[..]);
    for rows in model.chunks(batch) {
        let own;
        (own, rest) = rest.split_at_mut(rows.len() * length);
        tasks.push((rows, own));
    }
    tasks.into_par_iter().for_each(|(rows, result)| {
        let (order, h) = model.states(&prepared, batch, rows.clone());
        let decisions = places::decisions(model.rules(), model.space(), batch, rows);
        let choices: Vec<_> = order.iter().map(|&(step, row)| decisions[row][step].choice).collect();
        for (&(step, row), x) in order.iter().zip(of(&output, &h, &choices)) {
            result[row * length + step] = x;
        }
    });
    result
}
