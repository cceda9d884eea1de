//! Dropout of the LSTM generator (Merity, Keskar and Socher, "Regularizing and Optimizing LSTM Language Models", ICLR 2018,
//! section 4).

use super::model::LstmGenerator;
use crate::generator::{Dropout, MaskPlace};
use crate::kernel::Real;
use crate::nn::lstm::{self, Steps};
use crate::token::TokenId;
use std::ops::Range;

/// Masks that all rows of an update share.
pub(super) struct UpdateMasks<R> {
    /// E.
    dim: usize,
    /// Multiplier of each token's embedding, `[V]`.
    tokens: Option<Vec<R>>,
    /// Of each layer's U: the mask and the masked matrix. Empty without weight drop.
    recurrent: Vec<(Vec<R>, Vec<R>)>,
}

impl<R: Real> UpdateMasks<R> {
    pub(super) fn new(dropout: Option<Dropout<'_>>, generator: &LstmGenerator<R>) -> Self {
        let (shape, dim) = (generator.shape, generator.shape.embedding_dim);
        let Some(dropout) = dropout else { return Self { dim, tokens: None, recurrent: Vec::new() } };
        let rates = dropout.rates;
        let masked = |layer: usize| {
            let u = generator.layer(layer).u;
            let mask: Vec<R> = dropout.of_update(MaskPlace::Recurrent(layer), rates.recurrent, u.len())?;
            let masked = mask.iter().zip(u).map(|(&m, &u)| m * u).collect();
            Some((mask, masked))
        };
        Self {
            dim,
            tokens: dropout.of_update(MaskPlace::Embedding, rates.embedding, generator.space.vocab_size),
            recurrent: (0..shape.num_layers).filter_map(masked).collect(),
        }
    }

    /// Multiplies the embeddings x `[n, E]` of `inputs`, or their gradients.
    pub(super) fn drop_tokens(&self, inputs: &[TokenId], x: &mut [R]) {
        if let Some(tokens) = &self.tokens {
            for (&token, x) in inputs.iter().zip(x.chunks_exact_mut(self.dim)) {
                x.iter_mut().for_each(|x| *x *= tokens[token as usize]);
            }
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

/// Masks of some rows, each for all steps of its row (variational dropout). Those of a rate of 0 are absent.
pub(super) struct RowMasks<R> {
    input: Option<Vec<R>>,       // [rows, E]
    behind: Vec<Option<Vec<R>>>, // [rows, H] of each layer but the last
    output: Option<Vec<R>>,      // [rows, H] of the last layer
    input_dim: usize,
    output_dim: usize,
}

impl<R: Real> RowMasks<R> {
    /// The masks of these rows of the batch.
    pub(super) fn new(
        dropout: Option<Dropout<'_>>,
        generator: &LstmGenerator<R>,
        rows: Range<usize>,
    ) -> Self {
        let shape = generator.shape;
        let of = |place, rate: fn(&Dropout<'_>) -> f64, width| {
            let dropout = dropout?;
            dropout.of_rows(place, rate(&dropout), (rows.start, rows.len()), width)
        };
        let behind = |layer| of(MaskPlace::Hidden(layer), |d| d.rates.hidden, shape.width(layer));
        Self {
            input: of(MaskPlace::Input, |d| d.rates.input, shape.embedding_dim),
            behind: (0..shape.num_layers - 1).map(behind).collect(),
            output: of(MaskPlace::Output, |d| d.rates.output, shape.output_dim()),
            input_dim: shape.embedding_dim,
            output_dim: shape.output_dim(),
        }
    }

    /// Multiplies the inputs `[n, E]` of the first layer, or their gradients.
    pub(super) fn drop_input(&self, steps: &Steps, x: &mut [R]) {
        multiply(self.input.as_deref(), self.input_dim, steps, x);
    }

    /// Multiplies the values `[n, H]` between layer number `layer` and the next, or their gradients.
    pub(super) fn drop_behind(&self, layer: usize, steps: &Steps, x: &mut [R]) {
        let width = x.len() / steps.num_places().max(1);
        multiply(self.behind[layer].as_deref(), width, steps, x);
    }

    /// Multiplies the values `[H]` before the output layer at a step of row `r`, or their gradients.
    pub(super) fn drop_output(&self, r: usize, h: &mut [R]) {
        if let Some(masks) = &self.output {
            let mask = &masks[r * self.output_dim..][..self.output_dim];
            h.iter_mut().zip(mask).for_each(|(h, &m)| *h *= m);
        }
    }
}

/// Multiplies x `[n, width]` by the masks `[rows, width]` of the rows.
fn multiply<R: Real>(masks: Option<&[R]>, width: usize, steps: &Steps, x: &mut [R]) {
    let Some(masks) = masks else { return };
    for ((_, r), x) in steps.places().zip(x.chunks_exact_mut(width)) {
        x.iter_mut().zip(&masks[r * width..][..width]).for_each(|(x, &m)| *x *= m);
    }
}
