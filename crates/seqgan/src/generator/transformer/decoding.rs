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
        let table = OutputTable::new(w, &generator.fixed.no_bias, 1.0, generator.rules.masks());
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

    fn logits(&self, row: usize, mask: u32) -> Vec<f32> {
        let h = &self.h[row * self.width()..][..self.width()];
        let generator = &self.model.generator;
        let w = &generator.parameters[generator.shape.output_matrix()];
        let mut logits = decoder_rows::logits(h, w, &generator.fixed.no_bias);
        generator.rules.forbid(mask, &mut logits);
        logits
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
