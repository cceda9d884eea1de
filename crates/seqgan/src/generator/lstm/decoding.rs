//! The LSTM generator at a temperature, and its decoder: states of rows that are fed tokens.

use super::model::LstmGenerator;
use crate::generator::{Decoder, InferenceModel, Rules, SequenceSpace};
use crate::kernel::draw::OutputTable;
use crate::kernel::{Gemm, Real, Rows};
use crate::nn::embedding;
use crate::nn::lstm::{self, State};
use crate::token::{Label, SeqBatch, TokenId};

/// The generator with its logits divided by a temperature, and its output layer packed for drawing.
pub(super) struct LstmSnapshot {
    generator: LstmGenerator,
    table: OutputTable,
}

impl LstmSnapshot {
    pub(super) fn new(generator: &LstmGenerator, temperature: f64) -> Self {
        let generator = generator.with_own_output((1.0 / temperature) as f32);
        let (p, shape) = (generator.parameters(), generator.shape());
        let (w, b) = (&p[shape.output_matrix()], &p[shape.output_bias()]);
        let table = OutputTable::new(w, b, 1.0, generator.rules().masks());
        Self { generator, table }
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
            labels: Vec::new(),
            x: Vec::new(),
            gates: Vec::new(),
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
    /// Rows of the embedding table that hold the labels' vectors; empty where there are no labels.
    labels: Vec<TokenId>,
    x: Vec<f32>,
    gates: Vec<f32>,
}

impl LstmDecoder<'_> {
    /// h of the last layer in rows `first..first + n`, `[n, H]`.
    fn h(&self, first: usize, n: usize) -> &[f32] {
        let hidden = self.model.generator.shape.output_dim();
        &self.states.last().expect("a layer").h[first * hidden..][..n * hidden]
    }
}

impl Decoder for LstmDecoder<'_> {
    fn start(&mut self, rows: usize, labels: &[Label]) {
        let space = self.model.generator.space();
        let shape = self.model.generator.shape;
        self.states = (0..shape.num_layers).map(|layer| State::zero(rows, shape.width(layer))).collect();
        self.labels = match space.num_labels() {
            0 => Vec::new(),
            _ => {
                assert_eq!(labels.len(), rows, "every sequence of a model with labels has one");
                labels.iter().map(|&label| space.label_row(label)).collect()
            }
        };
        self.step(&vec![space.start_token; rows]);
    }

    fn step(&mut self, tokens: &[TokenId]) {
        let generator = &self.model.generator;
        let (table, dim) = (generator.embedding(), generator.shape.embedding_dim);
        self.x.clear();
        embedding::forward(table, dim, tokens.iter().copied(), &mut self.x);
        embedding::add(table, dim, self.labels.iter().copied(), &mut self.x);
        for layer in 0..self.states.len() {
            let (before, from) = self.states.split_at_mut(layer);
            let x = before.last().map_or(&self.x, |state| &state.h);
            lstm::step(generator.layer(layer), x, &mut from[0], &mut self.gates);
        }
    }

    fn fork(&mut self, row: usize, n: usize) {
        for (layer, state) in self.states.iter_mut().enumerate() {
            let hidden = self.model.generator.shape.width(layer);
            for values in [&mut state.h, &mut state.c] {
                (0..n).for_each(|_| values.extend_from_within(row * hidden..(row + 1) * hidden));
            }
        }
        if let Some(&label) = self.labels.get(row) {
            self.labels.resize(self.labels.len() + n, label);
        }
    }

    fn retain(&mut self, rows: &[usize]) {
        for (layer, state) in self.states.iter_mut().enumerate() {
            let hidden = self.model.generator.shape.width(layer);
            reorder(&mut state.h, hidden, rows);
            reorder(&mut state.c, hidden, rows);
        }
        if !self.labels.is_empty() {
            reorder(&mut self.labels, 1, rows);
        }
    }

    fn logits(&self, row: usize, mask: u32) -> Vec<f32> {
        self.logits_of(&[row], mask)
    }

    fn logits_of(&self, rows: &[usize], mask: u32) -> Vec<f32> {
        let (p, shape) = (self.model.generator.parameters(), self.model.generator.shape);
        let (w, b) = (&p[shape.output_matrix()], &p[shape.output_bias()]);
        let offsets: Vec<usize> = rows.iter().map(|row| row * shape.output_dim()).collect();
        let h = &self.states.last().expect("a layer").h;
        let product = Gemm {
            a_rows: Rows::Offsets(&offsets),
            ..Gemm::dense(rows.len(), shape.output_dim(), b.len(), h, w)
        };
        let mut logits = b.repeat(rows.len());
        f32::gemm(&product.adding(), &mut logits, b.len());
        logits.chunks_exact_mut(b.len()).for_each(|logits| self.model.rules().forbid(mask, logits));
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
        let table = &self.model.table;
        match rows.first() {
            Some(&first) if rows.windows(2).all(|pair| pair[1] == pair[0] + 1) => {
                table.draw(self.h(first, rows.len()), mask, uniforms, tokens, log_prob);
            }
            _ => {
                let h: Vec<f32> = rows.iter().flat_map(|&row| self.h(row, 1)).copied().collect();
                table.draw(&h, mask, uniforms, tokens, log_prob);
            }
        }
    }
}

/// Makes row i of `values` `[rows, width]` what row `rows[i]` was.
fn reorder<T: Copy>(values: &mut Vec<T>, width: usize, rows: &[usize]) {
    // Ascending rows only move to the front, so no row is overwritten before it is read.
    if rows.is_sorted_by(|a, b| a < b) {
        for (to, &from) in rows.iter().enumerate() {
            values.copy_within(from * width..(from + 1) * width, to * width);
        }
        values.truncate(rows.len() * width);
    } else {
        *values = rows.iter().flat_map(|row| &values[row * width..(row + 1) * width]).copied().collect();
    }
}
