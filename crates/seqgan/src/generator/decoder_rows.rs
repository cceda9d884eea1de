//! Rows of a decoder: labels, vectors that are forked and reordered, and what the output layer reads.

use super::{Rules, SequenceSpace};
use crate::kernel::{Gemm, Precision, Real, Rows};
use crate::nn::embedding;
use crate::token::{Label, TokenId};
use std::borrow::Cow;

/// The logits `[rows, V]` of some rows of h `[all rows, width]`, which an output layer W `[width, V]`, b `[V]` reads; those of
/// tokens that the mask of the rules forbids are lowered.
pub(super) fn logits(
    (h, width): (&[f32], usize),
    rows: &[usize],
    (w, b, precision): (&[f32], &[f32], Precision),
    (rules, mask): (&Rules, u32),
) -> Vec<f32> {
    let offsets: Vec<usize> = rows.iter().map(|row| row * width).collect();
    let product = Gemm { a_rows: Rows::Offsets(&offsets), ..Gemm::dense(rows.len(), width, b.len(), h, w) };
    let mut logits = b.repeat(rows.len());
    f32::gemm(&product.in_precision(precision).adding(), &mut logits, b.len());
    logits.chunks_exact_mut(b.len()).for_each(|logits| rules.forbid(mask, logits));
    logits
}

/// What the output layer reads of some rows of h `[all rows, width]`, `[rows, width]`; a copy unless they stand together.
pub(super) fn select<'a>(h: &'a [f32], width: usize, rows: &[usize]) -> Cow<'a, [f32]> {
    let one = |row: usize| &h[row * width..(row + 1) * width];
    match rows.first() {
        Some(&first) if rows.windows(2).all(|pair| pair[1] == pair[0] + 1) => {
            Cow::Borrowed(&h[first * width..][..rows.len() * width])
        }
        _ => Cow::Owned(rows.iter().flat_map(|&row| one(row)).copied().collect()),
    }
}

/// The labels of rows, as rows of the embedding table that hold their vectors; empty where sequences have no labels.
#[derive(Default)]
pub(super) struct RowLabels(Vec<TokenId>);

impl RowLabels {
    /// Of `rows` rows with these labels.
    pub(super) fn new(space: &SequenceSpace, rows: usize, labels: &[Label]) -> Self {
        if space.num_labels() == 0 {
            return Self::default();
        }
        assert_eq!(labels.len(), rows, "every sequence of a model with labels has one");
        Self(labels.iter().map(|&label| space.label_row(label)).collect())
    }

    /// Makes x the vectors `[rows, dim]` of the next token of each row.
    pub(super) fn embed(&self, table: &[f32], dim: usize, tokens: &[TokenId], x: &mut Vec<f32>) {
        x.clear();
        embedding::forward(table, dim, tokens.iter().copied(), x);
        embedding::add(table, dim, self.0.iter().copied(), x);
    }

    /// Appends `n` copies of row `row`.
    pub(super) fn fork(&mut self, row: usize, n: usize) {
        if let Some(&label) = self.0.get(row) {
            self.0.resize(self.0.len() + n, label);
        }
    }

    /// New row i is old row `rows[i]`.
    pub(super) fn retain(&mut self, rows: &[usize]) {
        if !self.0.is_empty() {
            reorder(&mut self.0, 1, rows);
        }
    }
}

/// Appends `n` copies of row `row` of `values` `[rows, width]`.
pub(super) fn fork<T: Copy>(values: &mut Vec<T>, width: usize, row: usize, n: usize) {
    (0..n).for_each(|_| values.extend_from_within(row * width..(row + 1) * width));
}

/// Makes row i of `values` `[rows, width]` what row `rows[i]` was.
pub(super) fn reorder<T: Copy>(values: &mut Vec<T>, width: usize, rows: &[usize]) {
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
