//! States and logits of the LSTM generator at the decisions of a batch, without gradients.

use super::model::LstmGenerator;
use crate::generator::{AuxiliaryLogits, Decision, DecisionIndex, LogitSource};
use crate::kernel::Real;
use crate::nn::embedding;
use crate::nn::lstm::{self, Steps};
use crate::nn::softmax::{Choice, Output, TokenStatistics};
use crate::nn::softmax_gradient::OutputLogits;
use crate::token::{SeqBatch, TokenId};
use rayon::prelude::*;
use std::ops::Range;

/// Sequences that a task runs through the LSTM together; fixed, so that sums do not depend on the number of threads.
pub(super) const ROWS: usize = 32;

/// The rows of each task of a batch.
pub(super) fn chunks(batch: &SeqBatch) -> Vec<Range<usize>> {
    (0..batch.len()).step_by(ROWS).map(|start| start..(start + ROWS).min(batch.len())).collect()
}

impl<R: Real> LstmGenerator<R> {
    /// One step for each decision of these rows.
    pub(super) fn steps(&self, batch: &SeqBatch, rows: Range<usize>) -> Steps {
        let has_end = self.space.end_token.is_some();
        Steps::of(&rows.map(|b| batch.steps(b, has_end)).collect::<Vec<_>>())
    }

    /// The decisions of each of these rows.
    pub(super) fn decisions(&self, batch: &SeqBatch, rows: Range<usize>) -> Vec<Vec<Decision>> {
        rows.map(|b| self.rules.decisions(&self.space, batch.row(b))).collect()
    }

    /// Input of the LSTM at each place of the rows from `first`: the start token, then each row's tokens.
    pub(super) fn inputs(&self, batch: &SeqBatch, first: usize, steps: &Steps) -> Vec<TokenId> {
        let input = |(t, r)| match t {
            0 => self.space.start_token,
            t => batch.row(first + r)[t - 1],
        };
        steps.places().map(input).collect()
    }

    /// The LSTM's inputs as vectors, `[n, E]`.
    pub(super) fn embed(&self, inputs: &[TokenId], labels: Option<&[TokenId]>) -> Vec<R> {
        let (table, dim) = (self.embedding(), self.shape.embedding_dim);
        let mut x = Vec::with_capacity(inputs.len() * dim);
        embedding::forward(table, dim, inputs.iter().copied(), &mut x);
        if let Some(labels) = labels {
            embedding::add(table, dim, labels.iter().copied(), &mut x);
        }
        x
    }

    /// The layers, prepared for many passes without gradients.
    fn inference(&self) -> Vec<lstm::Inference<R>> {
        (0..self.shape.num_layers).map(|layer| lstm::Inference::new(self.layer(layer))).collect()
    }

    /// For each place the row of the embedding table that holds the vector of the row's label.
    pub(super) fn label_rows(&self, batch: &SeqBatch, first: usize, steps: &Steps) -> Option<Vec<TokenId>> {
        let label = |r| batch.label(first + r).expect("every sequence of a model with labels has one");
        let row = |(_, r)| self.space.label_row(label(r));
        (self.space.num_labels() > 0).then(|| steps.places().map(row).collect())
    }

    /// h of the last layer at every place of these rows, `[n, H]`.
    fn states(&self, layers: &[lstm::Inference<R>], batch: &SeqBatch, rows: Range<usize>) -> (Steps, Vec<R>) {
        let steps = self.steps(batch, rows.clone());
        let labels = self.label_rows(batch, rows.start, &steps);
        let x = self.embed(&self.inputs(batch, rows.start, &steps), labels.as_deref());
        let h = layers.iter().fold(x, |x, layer| layer.states(&steps, &x));
        (steps, h)
    }

    /// h at `positions`, `[positions, H]`.
    fn states_at(&self, batch: &SeqBatch, positions: &[DecisionIndex]) -> Vec<R> {
        let (hidden, length) = (self.shape.output_dim(), batch.max_length());
        let layers = self.inference();
        let of_rows = |rows: Range<usize>| {
            let (steps, h) = self.states(&layers, batch, rows.clone());
            // Place of each step of each row.
            let mut places = vec![0; rows.len() * length];
            steps.places().enumerate().for_each(|(place, (t, r))| places[r * length + t] = place);
            (places, h)
        };
        let states: Vec<(Vec<usize>, Vec<R>)> = chunks(batch).into_par_iter().map(of_rows).collect();
        let mut result = Vec::with_capacity(positions.len() * hidden);
        for &DecisionIndex { row, step } in positions {
            let (places, h) = &states[row / ROWS];
            let place = places[row % ROWS * length + step];
            result.extend_from_slice(&h[place * hidden..(place + 1) * hidden]);
        }
        result
    }

    /// log p of each decision, `[B, T]`, zero after each row's last decision.
    pub fn log_prob(&self, batch: &SeqBatch) -> Vec<R> {
        self.of_decisions(batch, |output, h, choices| output.log_prob(h, choices).0)
    }

    /// Statistics of each decision's distribution, `[B, T]`, zero after each row's last decision.
    pub fn token_statistics(&self, batch: &SeqBatch) -> Vec<TokenStatistics> {
        self.of_decisions(batch, |output, h, choices| output.token_statistics(h, choices))
    }

    /// A function of each decision, `[B, T]`, the default after each row's last decision.
    fn of_decisions<X: Clone + Default + Send>(
        &self,
        batch: &SeqBatch,
        of: impl Fn(&Output<'_, R>, &[R], &[Choice]) -> Vec<X> + Sync,
    ) -> Vec<X> {
        let length = batch.max_length();
        let w = self.output().columns();
        let output = Output::new(&w, &self.parameters[self.shape.output_bias()], self.rules.masks());
        let layers = self.inference();
        let mut result = vec![X::default(); batch.len() * length];
        result.par_chunks_mut((ROWS * length).max(1)).enumerate().for_each(|(chunk, result)| {
            let rows = chunk * ROWS..(chunk * ROWS + ROWS).min(batch.len());
            let (steps, h) = self.states(&layers, batch, rows.clone());
            let decisions = self.decisions(batch, rows);
            let choices: Vec<_> = steps.places().map(|(t, r)| decisions[r][t].choice).collect();
            for ((t, r), x) in steps.places().zip(of(&output, &h, &choices)) {
                result[r * length + t] = x;
            }
        });
        result
    }
}

impl<R: Real> LogitSource<R> for LstmGenerator<R> {
    /// States are computed at once, logits when they are read.
    fn logits_at<'a>(
        &'a self,
        inputs: &SeqBatch,
        positions: &[DecisionIndex],
    ) -> Box<dyn AuxiliaryLogits<R> + 'a> {
        Box::new(OutputLogits::new(self.output(), self.states_at(inputs, positions)))
    }
}
