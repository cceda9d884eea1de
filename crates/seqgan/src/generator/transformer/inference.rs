//! States of the Transformer generator at the decisions of a batch, without gradients.

use super::block::{Block, Ragged};
use super::model::TransformerGenerator;
use crate::generator::hidden_states::{self, HiddenStates};
use crate::generator::places::{Inputs, Place, num_steps};
use crate::generator::{AuxiliaryLogits, DecisionIndex, LogitSource, Rules, SequenceSpace};
use crate::kernel::Real;
use crate::nn::rms_norm;
use crate::nn::softmax::{Output, TokenStatistics};
use crate::token::SeqBatch;
use std::ops::Range;

/// Places that a task computes together, unless a single row has more: enough for fast products.
const PLACES: usize = 256;

impl<R: Real> TransformerGenerator<R> {
    /// The rows of each task of a batch, which depend on the batch alone.
    pub(super) fn chunks(&self, batch: &SeqBatch) -> Vec<Range<usize>> {
        let mut chunks: Vec<Range<usize>> = Vec::new();
        let mut places = PLACES;
        for (row, steps) in num_steps(&self.space, batch, 0..batch.len()).into_iter().enumerate() {
            if places + steps > PLACES {
                chunks.push(row..row);
                places = 0;
            }
            places += steps;
            chunks.last_mut().expect("the first row begins a chunk").end = row + 1;
        }
        chunks
    }

    /// One place for each decision of these rows.
    pub(super) fn ragged(&self, batch: &SeqBatch, rows: Range<usize>) -> Ragged {
        Ragged { lengths: num_steps(&self.space, batch, rows) }
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

impl<R: Real> HiddenStates<R> for TransformerGenerator<R> {
    type Prepared = Vec<Block<R>>;

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
        self.shape.hidden_dim
    }

    fn chunks(&self, batch: &SeqBatch) -> Vec<Range<usize>> {
        self.chunks(batch)
    }

    fn prepare(&self) -> Self::Prepared {
        self.blocks()
    }

    fn states(&self, blocks: &Self::Prepared, batch: &SeqBatch, rows: Range<usize>) -> (Vec<Place>, Vec<R>) {
        let ragged = self.ragged(batch, rows.clone());
        let inputs = Inputs::new(&self.space, (batch, batch), rows.start, ragged.places());
        let x = inputs.embed(self.embedding(), self.shape.hidden_dim, None);
        let y = blocks.iter().fold(x, |x, block| block.forward(&self.fixed.rotary, &ragged, x, None).0);
        (ragged.places().collect(), rms_norm::forward(&y, self.final_norm()))
    }
}

impl<R: Real> LogitSource<R> for TransformerGenerator<R> {
    fn logits_at<'a>(
        &'a self,
        inputs: &SeqBatch,
        positions: &[DecisionIndex],
    ) -> Box<dyn AuxiliaryLogits<R> + 'a> {
        hidden_states::logits_at(self, inputs, positions)
    }
}
