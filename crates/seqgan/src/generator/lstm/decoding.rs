//! The LSTM generator at a temperature, and its decoder: states of rows that are fed tokens.

use super::model::LstmGenerator;
use super::model::parameter::{B_OUT, EMBEDDING, W_OUT};
use crate::generator::{Decoder, InferenceModel, Rules, SequenceSpace};
use crate::kernel::draw::OutputTable;
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
        let mut generator = generator.clone();
        if temperature != 1.0 {
            generator.scale_logits((1.0 / temperature) as f32);
        }
        let p = generator.parameters();
        let table = OutputTable::new(&p[W_OUT], &p[B_OUT], 1.0, generator.rules().masks());
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
            state: State::default(),
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
    state: State<f32>,
    /// Rows of the embedding table that hold the labels' vectors; empty where there are no labels.
    labels: Vec<TokenId>,
    x: Vec<f32>,
    gates: Vec<f32>,
}

impl LstmDecoder<'_> {
    fn hidden_dim(&self) -> usize {
        self.model.generator.shape.hidden_dim
    }

    /// h of a row, `[H]`.
    fn h(&self, row: usize) -> &[f32] {
        &self.state.h[row * self.hidden_dim()..][..self.hidden_dim()]
    }
}

impl Decoder for LstmDecoder<'_> {
    fn start(&mut self, rows: usize, labels: &[Label]) {
        let space = self.model.generator.space();
        self.state = State::zero(rows, self.hidden_dim());
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
        let (table, dim) = (&generator.parameters()[EMBEDDING], generator.shape.embedding_dim);
        self.x.clear();
        embedding::forward(table, dim, tokens.iter().copied(), &mut self.x);
        embedding::add(table, dim, self.labels.iter().copied(), &mut self.x);
        lstm::step(generator.lstm_weights(), &self.x, &mut self.state, &mut self.gates);
    }

    fn fork(&mut self, row: usize, n: usize) {
        let at = row * self.hidden_dim()..(row + 1) * self.hidden_dim();
        for values in [&mut self.state.h, &mut self.state.c] {
            (0..n).for_each(|_| values.extend_from_within(at.clone()));
        }
        if let Some(&label) = self.labels.get(row) {
            self.labels.resize(self.labels.len() + n, label);
        }
    }

    fn retain(&mut self, rows: &[usize]) {
        let hidden = self.hidden_dim();
        reorder(&mut self.state.h, hidden, rows);
        reorder(&mut self.state.c, hidden, rows);
        if !self.labels.is_empty() {
            reorder(&mut self.labels, 1, rows);
        }
    }

    fn logits(&self, row: usize, mask: u32) -> Vec<f32> {
        let p = self.model.generator.parameters();
        let mut logits = p[B_OUT].to_vec();
        for (&x, w) in self.h(row).iter().zip(p[W_OUT].chunks_exact(logits.len())) {
            logits.iter_mut().zip(w).for_each(|(l, &w)| *l += x * w);
        }
        self.model.rules().forbid(mask, &mut logits);
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
                let h = &self.state.h[first * self.hidden_dim()..][..rows.len() * self.hidden_dim()];
                table.draw(h, mask, uniforms, tokens, log_prob);
            }
            _ => {
                let h: Vec<f32> = rows.iter().flat_map(|&row| self.h(row)).copied().collect();
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
