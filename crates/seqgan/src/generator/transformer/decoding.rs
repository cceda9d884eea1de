//! The Transformer generator at a temperature, and its decoder: keys and values of rows that are fed tokens.

use super::block::Block;
use super::model::TransformerGenerator;
use crate::generator::decoder_rows::{self, RowLabels};
use crate::generator::{Decoder, InferenceModel, Rules, SequenceSpace};
use crate::kernel::draw::OutputTable;
use crate::nn::attention::Cache;
use crate::nn::rms_norm;
use crate::token::{Label, SeqBatch, TokenId};

/// The generator with its logits divided by a temperature, prepared for many steps.
pub(super) struct TransformerSnapshot {
    generator: TransformerGenerator,
    blocks: Vec<Block<f32>>,
    table: OutputTable,
}

impl TransformerSnapshot {
    pub(super) fn new(generator: &TransformerGenerator, temperature: f64) -> Self {
        let generator = generator.with_own_output((1.0 / temperature) as f32);
        let w = &generator.parameters[generator.shape.output_matrix()];
        let table =
            OutputTable::new(w, &generator.fixed.no_bias, generator.shape.precision, generator.rules.masks());
        Self { blocks: generator.blocks(), table, generator }
    }
}

impl InferenceModel for TransformerSnapshot {
    fn space(&self) -> &SequenceSpace {
        &self.generator.space
    }

    fn rules(&self) -> &Rules {
        &self.generator.rules
    }

    fn decoder(&self) -> Box<dyn Decoder + '_> {
        let shape = self.generator.shape;
        let cache = Cache::new(shape.heads(), shape.num_layers, 0);
        Box::new(TransformerDecoder { model: self, cache, labels: RowLabels::default(), h: Vec::new() })
    }

    fn log_prob(&self, batch: &SeqBatch) -> Vec<f32> {
        self.generator.log_prob(batch)
    }
}

struct TransformerDecoder<'a> {
    model: &'a TransformerSnapshot,
    cache: Cache<f32>,
    labels: RowLabels,
    /// What the output layer reads, `[rows, D]`.
    h: Vec<f32>,
}

impl TransformerDecoder<'_> {
    /// D.
    fn width(&self) -> usize {
        self.model.generator.shape.hidden_dim
    }
}

impl Decoder for TransformerDecoder<'_> {
    fn start(&mut self, rows: usize, labels: &[Label]) {
        let TransformerGenerator { space, shape, .. } = &self.model.generator;
        self.cache = Cache::new(shape.heads(), shape.num_layers, rows);
        self.labels = RowLabels::new(space, rows, labels);
        self.step(&vec![space.start_token; rows]);
    }

    fn step(&mut self, tokens: &[TokenId]) {
        let generator = &self.model.generator;
        let mut x = Vec::new();
        self.labels.embed(generator.embedding(), self.width(), tokens, &mut x);
        let position = self.cache.grow();
        for (layer, block) in self.model.blocks.iter().enumerate() {
            x = block.step(&generator.fixed.rotary, (&mut self.cache, layer, position), x);
        }
        self.h = rms_norm::forward(&x, generator.final_norm());
    }

    fn fork(&mut self, row: usize, n: usize) {
        let width = self.width();
        self.cache.fork(row, n);
        self.labels.fork(row, n);
        decoder_rows::fork(&mut self.h, width, row, n);
    }

    fn retain(&mut self, rows: &[usize]) {
        let width = self.width();
        self.cache.retain(rows);
        self.labels.retain(rows);
        decoder_rows::reorder(&mut self.h, width, rows);
    }

    fn logits(&self, rows: &[usize], mask: u32) -> Vec<f32> {
        let generator = &self.model.generator;
        let (w, b) = (&generator.parameters[generator.shape.output_matrix()], &generator.fixed.no_bias);
        decoder_rows::logits(
            (&self.h, self.width()),
            rows,
            (w, b, generator.shape.precision),
            (&generator.rules, mask),
        )
    }

    /// Draws without storing a row's logits.
    fn draw(
        &self,
        rows: &[usize],
        mask: u32,
        uniforms: &[f64],
        tokens: &mut Vec<TokenId>,
        log_prob: &mut Vec<f32>,
    ) {
        let h = decoder_rows::select(&self.h, self.width(), rows);
        self.model.table.draw(&h, mask, uniforms, tokens, log_prob);
    }
}

#[cfg(test)]
mod tests {
    use super::super::shape::TransformerShape;
    use super::*;
    use crate::generator::hidden_states::HiddenStates;
    use crate::generator::oracle::synthetic_space;
    use crate::rng::{Purpose, Streams};

    /// Longer than a block of the cache and than a block of queries.
    const LENGTH: usize = 40;

    fn model(tied: bool) -> TransformerGenerator {
        let space = SequenceSpace { label_counts: vec![1, 2], ..synthetic_space(9, LENGTH) };
        let shape = TransformerShape::new(24, 3, 2);
        let shape = if tied { shape.tied() } else { shape };
        TransformerGenerator::new(space, shape, 0.3, &Streams::new(5, Purpose::GeneratorInit))
    }

    fn rows() -> SeqBatch {
        let row = |b: u32| (0..LENGTH as u32).map(move |t| (b * 5 + t * t + b * t) % 9).collect::<Vec<_>>();
        SeqBatch::from_rows((0..6).map(row), LENGTH).with_labels(vec![0, 1, 1, 0, 1, 0])
    }

    /// h before each decision of each row by the whole pass, `[T][B][D]`.
    fn whole_pass(generator: &TransformerGenerator, batch: &SeqBatch) -> Vec<Vec<Vec<f32>>> {
        let of_row = |row| generator.states(&generator.prepare(), batch, row..row + 1).1;
        let rows: Vec<Vec<f32>> = (0..batch.len()).map(of_row).collect();
        let width = generator.shape.hidden_dim;
        let of_step = |t: usize| rows.iter().map(|h| h[t * width..(t + 1) * width].to_vec()).collect();
        (0..LENGTH).map(of_step).collect()
    }

    /// A step of many rows is the whole pass's step to the bit, in forks and in another order, too.
    #[test]
    fn steps_have_the_bits_of_the_whole_pass() {
        for tied in [false, true] {
            let (generator, batch) = (model(tied), rows());
            let whole = whole_pass(&generator, &batch);
            let snapshot = TransformerSnapshot::new(&generator, 1.0);
            let mut decoder = TransformerDecoder {
                model: &snapshot,
                cache: Cache::new(generator.shape.heads(), generator.shape.num_layers, 0),
                labels: RowLabels::default(),
                h: Vec::new(),
            };
            decoder.start(batch.len(), batch.labels());
            // Which row of the batch each row of the decoder follows.
            let mut follows: Vec<usize> = (0..batch.len()).collect();
            for (t, whole) in whole.iter().enumerate() {
                let h = decoder.h.chunks(generator.shape.hidden_dim);
                assert_eq!(h.len(), follows.len());
                for (h, &row) in h.zip(&follows) {
                    assert!(h == whole[row], "step {t} of row {row}");
                }
                // Forks and retained rows within a block of the cache, at its edge, and after its edge.
                if [0, 7, 16, 31, 32].contains(&t) {
                    decoder.fork(1, 3);
                    follows.extend([1; 3]);
                    decoder.fork(0, 0);
                    // Row 1 and its forks move before others, one of them is dropped, and another comes twice.
                    let order = [3, 1, follows.len() - 1, 0, 2, 2, follows.len() - 2, 4, 5];
                    decoder.retain(&order);
                    follows = order.map(|row| follows[row]).to_vec();
                    // Back in the order of the batch, so that row 1 is row 1.
                    let mut sorted: Vec<usize> = (0..follows.len()).collect();
                    sorted.sort_by_key(|&row| follows[row]);
                    sorted.dedup_by_key(|row| follows[*row]);
                    sorted.extend([6, 2]);
                    decoder.retain(&sorted);
                    follows = sorted.iter().map(|&row| follows[row]).collect();
                }
                if t + 1 < LENGTH {
                    decoder.step(&follows.iter().map(|&row| batch.row(row)[t]).collect::<Vec<_>>());
                }
            }
        }
    }

    /// Rows that were one differ from where they are fed different tokens, and not before.
    #[test]
    fn forks_go_their_own_way() {
        let (generator, batch) = (model(false), rows());
        let snapshot = TransformerSnapshot::new(&generator, 0.7);
        let fed = |tokens: &[&[TokenId]]| {
            let mut decoder = snapshot.decoder();
            decoder.start(1, &[1]);
            batch.row(0)[..20].iter().for_each(|&token| decoder.step(&[token]));
            decoder.fork(0, tokens.len() - 1);
            for t in 0..tokens[0].len() {
                decoder.step(&tokens.iter().map(|row| row[t]).collect::<Vec<_>>());
            }
            (0..tokens.len()).map(|row| decoder.logits(&[row], 0)).collect::<Vec<_>>()
        };
        let (one, two) = (&[3, 1, 4][..], &[3, 5, 4][..]);
        let together = fed(&[one, two, one]);
        assert_eq!((&together[0], &together[1]), (&fed(&[one])[0], &fed(&[two])[0]));
        assert!(together[0] == together[2] && together[0] != together[1]);
    }
}
