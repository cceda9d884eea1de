//! Dropout masks as generators apply them: of rows, each for all steps of its row (Gal and Ghahramani, "A Theoretically
//! Grounded Application of Dropout in Recurrent Neural Networks", NeurIPS 2016), and of tokens.

use super::places::Place;
use super::{Dropout, MaskPlace};
use crate::kernel::Real;
use crate::token::TokenId;
use std::ops::Range;

/// A mask for each of some rows; none at a rate of 0.
pub(super) struct RowMask<R> {
    width: usize,
    masks: Option<Vec<R>>, // [rows, width]
}

impl<R: Real> RowMask<R> {
    /// The masks of these rows of the batch, at the rate that `rate` finds.
    pub(super) fn new(
        dropout: Option<Dropout<'_>>,
        place: MaskPlace,
        rate: fn(&Dropout<'_>) -> f64,
        rows: &Range<usize>,
        width: usize,
    ) -> Self {
        let masks = dropout
            .and_then(|dropout| dropout.of_rows(place, rate(&dropout), (rows.start, rows.len()), width));
        Self { width, masks }
    }

    /// Multiplies the values x `[places, width]`, or their gradients.
    pub(super) fn multiply(&self, places: impl Iterator<Item = Place>, x: &mut [R]) {
        if self.masks.is_some() {
            places.zip(x.chunks_exact_mut(self.width)).for_each(|((_, row), x)| self.multiply_one(row, x));
        }
    }

    /// Multiplies the values `[width]` at a place of `row`, or their gradients.
    pub(super) fn multiply_one(&self, row: usize, x: &mut [R]) {
        if let Some(masks) = &self.masks {
            let mask = &masks[row * self.width..][..self.width];
            x.iter_mut().zip(mask).for_each(|(x, &m)| *x *= m);
        }
    }
}

/// Multiplier of each token's embedding, `[V]`, which all rows of an update share (Merity, Keskar and Socher, ICLR 2018,
/// section 4.3).
pub(super) struct TokenMask<R>(Vec<R>);

impl<R: Real> TokenMask<R> {
    /// None without dropout of tokens.
    pub(super) fn new(dropout: Option<Dropout<'_>>, vocab_size: usize) -> Option<Self> {
        let dropout = dropout?;
        dropout.of_update(MaskPlace::Embedding, dropout.rates.embedding, vocab_size).map(Self)
    }

    /// Multiplies the embeddings x `[tokens, dim]` of `tokens`, or their gradients.
    pub(super) fn multiply(&self, tokens: &[TokenId], dim: usize, x: &mut [R]) {
        for (&token, x) in tokens.iter().zip(x.chunks_exact_mut(dim)) {
            x.iter_mut().for_each(|x| *x *= self.0[token as usize]);
        }
    }
}
