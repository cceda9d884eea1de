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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::DropoutRates;
    use crate::rng::{Purpose, Streams};

    /// No two places of the network share a mask, and a row has the masks of its number.
    #[test]
    fn each_place_has_a_mask_of_its_own() {
        let streams = Streams::new(1, Purpose::GeneratorDropout);
        let rates = DropoutRates { input: 0.5, hidden: 0.5, output: 0.5, ..DropoutRates::default() };
        let dropout = Some(Dropout { rates, streams: &streams, update: 1, first_row: 10 });
        let shape = TransformerShape::new(64, 3, 2);
        let of_rows = |rows: Range<usize>| {
            let RowMasks { input, layers, output } = RowMasks::<f32>::new(dropout, shape, &rows);
            let residual = layers.iter().flat_map(|layer| [&layer.attention, &layer.mlp]);
            let mut masks = Vec::new();
            for mask in residual.chain([&input, &output]) {
                let mut x = vec![1.0; 64];
                mask.multiply_one(rows.len() - 1, &mut x);
                masks.push(x);
            }
            masks
        };
        let masks = of_rows(0..3);
        assert_eq!(masks.len(), 8);
        for (i, mask) in masks.iter().enumerate() {
            assert!(mask.iter().all(|&x| x == 0.0 || x == 2.0) && !masks[..i].contains(mask), "mask {i}");
        }
        assert_eq!(masks, of_rows(2..3));
    }
}
