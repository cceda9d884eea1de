//! Dropout of the LSTM generator (Merity, Keskar and Socher, "Regularizing and Optimizing LSTM Language Models", ICLR 2018,
//! section 4).

use super::model::LstmGenerator;
use crate::generator::row_masks::{RowMask, TokenMask};
use crate::generator::{Dropout, MaskPlace};
use crate::kernel::Real;
use crate::nn::lstm;
use std::ops::Range;

/// Masks that all rows of an update share.
pub(super) struct UpdateMasks<R> {
    pub(super) tokens: Option<TokenMask<R>>,
    /// Of each layer's U: the mask and the masked matrix. Empty without weight drop.
    recurrent: Vec<(Vec<R>, Vec<R>)>,
}

impl<R: Real> UpdateMasks<R> {
    pub(super) fn new(dropout: Option<Dropout<'_>>, generator: &LstmGenerator<R>) -> Self {
        let masked = |layer: usize| {
            let (dropout, u) = (dropout?, generator.layer(layer).u);
            let place = MaskPlace::Recurrent(layer);
            let mask: Vec<R> = dropout.of_update(place, dropout.rates.recurrent, u.len())?;
            let masked = mask.iter().zip(u).map(|(&m, &u)| m * u).collect();
            Some((mask, masked))
        };
        Self {
            tokens: TokenMask::new(dropout, generator.space.vocab_size),
            recurrent: (0..generator.shape.num_layers).filter_map(masked).collect(),
        }
    }

    /// The weights of a layer, with the masked U.
    pub(super) fn layer<'a>(&'a self, generator: &'a LstmGenerator<R>, layer: usize) -> lstm::Weights<'a, R> {
        let weights = generator.layer(layer);
        match self.recurrent.get(layer) {
            Some((_, u)) => lstm::Weights { u, ..weights },
            None => weights,
        }
    }

    /// Whether weights between hidden units are dropped.
    pub(super) fn drops_weights(&self) -> bool {
        !self.recurrent.is_empty()
    }

    /// Adds the gradient of a layer's masked U to that of U.
    pub(super) fn add_dropped(&self, layer: usize, of_masked: &[R], du: &mut [R]) {
        if let Some((mask, _)) = self.recurrent.get(layer) {
            du.iter_mut().zip(of_masked).zip(mask).for_each(|((to, &d), &m)| *to += m * d);
        }
    }
}

/// Masks of some rows, each for all steps of its row (variational dropout).
pub(super) struct RowMasks<R> {
    /// Of the inputs of the first layer, `[E]`.
    pub(super) input: RowMask<R>,
    /// Between each layer and the next, `[H]`.
    pub(super) behind: Vec<RowMask<R>>,
    /// Before the output layer, `[H]`.
    pub(super) output: RowMask<R>,
}

impl<R: Real> RowMasks<R> {
    /// The masks of these rows of the batch.
    pub(super) fn new(
        dropout: Option<Dropout<'_>>,
        generator: &LstmGenerator<R>,
        rows: &Range<usize>,
    ) -> Self {
        let shape = generator.shape;
        let of =
            |place, rate: fn(&Dropout<'_>) -> f64, width| RowMask::new(dropout, place, rate, rows, width);
        let behind = |layer| of(MaskPlace::Hidden(layer), |d| d.rates.hidden, shape.width(layer));
        Self {
            input: of(MaskPlace::Input, |d| d.rates.input, shape.embedding_dim),
            behind: (0..shape.num_layers - 1).map(behind).collect(),
            output: of(MaskPlace::Output, |d| d.rates.output, shape.output_dim()),
        }
    }
}
