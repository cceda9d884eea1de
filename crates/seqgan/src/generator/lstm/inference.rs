//! States of the LSTM generator at the decisions of a batch, without gradients.

use super::model::LstmGenerator;
use crate::generator::hidden_states::{self, HiddenStates};
use crate::generator::places::{Inputs, Place, num_steps};
use crate::generator::{AuxiliaryLogits, DecisionIndex, LogitSource, Rules, SequenceSpace};
use crate::kernel::Real;
use crate::nn::lstm::{self, Steps};
use crate::nn::softmax::{Output, TokenStatistics};
use crate::token::SeqBatch;
use std::ops::Range;

/// Sequences that a task runs through the LSTM together; fixed, so that sums do not depend on the number of threads.
const ROWS: usize = 32;

/// The rows of each task of a batch.
pub(super) fn chunks(batch: &SeqBatch) -> Vec<Range<usize>> {
    (0..batch.len()).step_by(ROWS).map(|start| start..(start + ROWS).min(batch.len())).collect()
}

impl<R: Real> LstmGenerator<R> {
    /// One step for each decision of these rows.
    pub(super) fn steps(&self, batch: &SeqBatch, rows: Range<usize>) -> Steps {
        Steps::of(&num_steps(&self.space, batch, rows))
    }

    /// log p of each decision, `[B, T]`, zero after each row's last decision.
    pub fn log_prob(&self, batch: &SeqBatch) -> Vec<R> {
        hidden_states::of_decisions(self, batch, |output, h, choices| output.log_prob(h, choices).0)
    }

    /// Statistics of each decision's distribution, `[B, T]`, zero after each row's last decision.
    pub fn token_statistics(&self, batch: &SeqBatch) -> Vec<TokenStatistics> {
        hidden_states::of_decisions(self, batch, |output, h, choices| output.token_statistics(h, choices))
    }
}

impl<R: Real> HiddenStates<R> for LstmGenerator<R> {
    type Prepared = Vec<lstm::Inference<R>>;

    fn space(&self) -> &SequenceSpace {
        &self.space
    }

    fn rules(&self) -> &Rules {
        &self.rules
    }

    fn output(&self) -> Output<'_, R> {
        self.output()
    }

    fn hidden_dim(&self) -> usize {
        self.shape.output_dim()
    }

    fn chunks(&self, batch: &SeqBatch) -> Vec<Range<usize>> {
        chunks(batch)
    }

    fn prepare(&self) -> Self::Prepared {
        (0..self.shape.num_layers).map(|layer| lstm::Inference::new(self.layer(layer))).collect()
    }

    fn states(&self, layers: &Self::Prepared, batch: &SeqBatch, rows: Range<usize>) -> (Vec<Place>, Vec<R>) {
        let steps = self.steps(batch, rows.clone());
        let places: Vec<Place> = steps.places().collect();
        let inputs = Inputs::new(&self.space, (batch, batch), rows.start, places.iter().copied());
        let x = inputs.embed(self.embedding(), self.shape.embedding_dim, None);
        let h = layers.iter().fold(x, |x, layer| layer.states(&steps, &x));
        (places, h)
    }
}

impl<R: Real> LogitSource<R> for LstmGenerator<R> {
    fn logits_at<'a>(
        &'a self,
        inputs: &SeqBatch,
        positions: &[DecisionIndex],
    ) -> Box<dyn AuxiliaryLogits<R> + 'a> {
        hidden_states::logits_at(self, inputs, positions)
    }
}
