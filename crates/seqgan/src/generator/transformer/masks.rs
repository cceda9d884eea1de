//! Dropout of the Transformer generator: of embeddings, of what each layer adds to its input (Vaswani et al., 2017, section
//! 5.4), and of what the output layer reads. Each mask is for all steps of its row, as in the LSTM.

use super::shape::TransformerShape;
use crate::generator::row_masks::RowMask;
use crate::generator::{Dropout, MaskPlace};
use crate::kernel::Real;
use std::ops::Range;

/// Masks of some rows, `[D]` each.
pub(super) struct RowMasks<R> {
    /// Of the embeddings.
    pub(super) input: RowMask<R>,
    /// Of each layer.
    pub(super) layers: Vec<BlockMasks<R>>,
    /// Before the output layer.
    pub(super) output: RowMask<R>,
}

/// Masks of what a layer adds to its input.
pub(super) struct BlockMasks<R> {
    pub(super) attention: RowMask<R>,
    pub(super) mlp: RowMask<R>,
}

impl<R: Real> RowMasks<R> {
    /// The masks of these rows of the batch.
    pub(super) fn new(dropout: Option<Dropout<'_>>, shape: TransformerShape, rows: &Range<usize>) -> Self {
        let of =
            |place, rate: fn(&Dropout<'_>) -> f64| RowMask::new(dropout, place, rate, rows, shape.hidden_dim);
        let residual = |number| of(MaskPlace::Residual(number), |d| d.rates.hidden);
        let of_layer = |layer| BlockMasks { attention: residual(2 * layer), mlp: residual(2 * layer + 1) };
        Self {
            input: of(MaskPlace::Input, |d| d.rates.input),
            layers: (0..shape.num_layers).map(of_layer).collect(),
            output: of(MaskPlace::Output, |d| d.rates.output),
        }
    }
}
