//! The LSTM generator at a temperature, and its decoder: states of rows that are fed tokens.

use super::model::LstmGenerator;
use crate::generator::decoder_rows::{self, RowLabels};
use crate::generator::hidden_states::HiddenStates;
use crate::generator::{Decoder, InferenceModel, Rules, SequenceSpace};
use crate::kernel::draw::OutputTable;
use crate::nn::lstm::{self, State};
use crate::token::{Label, SeqBatch, TokenId};

/// The generator with its logits divided by a temperature, and its output layer packed for drawing.
pub(super) struct LstmSnapshot {
    generator: LstmGenerator,
    /// Of each layer.
    layers: Vec<lstm::Inference<f32>>,
    table: OutputTable,
}

impl LstmSnapshot {
    pub(super) fn new(generator: &LstmGenerator, temperature: f64) -> Self {
        let generator = generator.with_own_output((1.0 / temperature) as f32);
        let (p, shape) = (generator.parameters(), generator.shape());
        let (w, b) = (&p[shape.output_matrix()], &p[shape.output_bias()]);
        let table = OutputTable::new(w, b, shape.precision, generator.rules().masks());
        Self { layers: generator.prepare(), generator, table }
    }
}

impl InferenceModel for LstmSnapshot {
    fn space(&self) -> &SequenceSpace {
        self.generator.space()
    }

    fn rules(&self) -> &Rules {
        self.generator.rules()
    }

    fn decoder(&self) -> Box<dyn Decoder + '_> {
        Box::new(LstmDecoder {
            model: self,
            states: Vec::new(),
            labels: RowLabels::default(),
            x: Vec::new(),
            scratch: lstm::Scratch::default(),
        })
    }

    fn log_prob(&self, batch: &SeqBatch) -> Vec<f32> {
        self.generator.log_prob(batch)
    }
}

struct LstmDecoder<'a> {
    model: &'a LstmSnapshot,
    /// Of each layer.
    states: Vec<State<f32>>,
    labels: RowLabels,
    x: Vec<f32>,
    scratch: lstm::Scratch<f32>,
}

impl LstmDecoder<'_> {
    /// h of the last layer, `[rows, H]`, and H.
    fn h(&self) -> (&[f32], usize) {
        (&self.states.last().expect("a layer").h, self.model.generator.shape.output_dim())
    }
}

impl Decoder for LstmDecoder<'_> {
    fn start(&mut self, rows: usize, labels: &[Label]) {
        let space = self.model.generator.space();
        let shape = self.model.generator.shape;
        self.states = (0..shape.num_layers).map(|layer| State::zero(rows, shape.width(layer))).collect();
        self.labels = RowLabels::new(space, rows, labels);
        self.step(&vec![space.start_token; rows]);
    }

    fn step(&mut self, tokens: &[TokenId]) {
        let generator = &self.model.generator;
        let (table, dim) = (generator.embedding(), generator.shape.embedding_dim);
        self.labels.embed(table, dim, tokens, &mut self.x);
        for layer in 0..self.states.len() {
            let (before, from) = self.states.split_at_mut(layer);
            let x = before.last().map_or(&self.x, |state| &state.h);
            self.model.layers[layer].step(x, &mut from[0], &mut self.scratch);
        }
    }

    fn fork(&mut self, row: usize, n: usize) {
        for (layer, state) in self.states.iter_mut().enumerate() {
            let hidden = self.model.generator.shape.width(layer);
            decoder_rows::fork(&mut state.h, hidden, row, n);
            decoder_rows::fork(&mut state.c, hidden, row, n);
        }
        self.labels.fork(row, n);
    }

    fn retain(&mut self, rows: &[usize]) {
        for (layer, state) in self.states.iter_mut().enumerate() {
            let hidden = self.model.generator.shape.width(layer);
            decoder_rows::reorder(&mut state.h, hidden, rows);
            decoder_rows::reorder(&mut state.c, hidden, rows);
        }
        self.labels.retain(rows);
    }

    fn logits(&self, rows: &[usize], mask: u32) -> Vec<f32> {
        let (p, shape) = (self.model.generator.parameters(), self.model.generator.shape);
        let (w, b) = (&p[shape.output_matrix()], &p[shape.output_bias()]);
        decoder_rows::logits(self.h(), rows, (w, b, shape.precision), (self.model.rules(), mask))
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
        let (h, hidden) = self.h();
        self.model.table.draw(&decoder_rows::select(h, hidden, rows), mask, uniforms, tokens, log_prob);
    }
}
