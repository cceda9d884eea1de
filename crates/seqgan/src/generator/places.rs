//! What a network is fed, and what it decides, at the places of some rows of a batch. A place is a step of a row; in which
//! order they stand is the network's business.

use super::row_masks::TokenMask;
use super::{Decision, Rules, SequenceSpace};
use crate::kernel::Real;
use crate::nn::embedding;
use crate::nn::touched_rows::TableGradient;
use crate::token::{SeqBatch, TokenId};
use std::ops::Range;

/// Step and row; rows are counted from the first of those that are computed together.
pub(super) type Place = (usize, usize);

/// Number of decisions of each of these rows.
pub(super) fn num_steps(space: &SequenceSpace, batch: &SeqBatch, rows: Range<usize>) -> Vec<usize> {
    let has_end = space.end_token.is_some();
    rows.map(|b| batch.steps(b, has_end)).collect()
}

/// The decisions of each of these rows.
pub(super) fn decisions(
    rules: &Rules,
    space: &SequenceSpace,
    batch: &SeqBatch,
    rows: Range<usize>,
) -> Vec<Vec<Decision>> {
    rows.map(|b| rules.decisions(space, batch.row(b))).collect()
}

/// The inputs of some places: rows of an embedding table `[V + C, E]`.
pub(super) struct Inputs {
    tokens: Vec<TokenId>,
    /// Where sequences have labels, the rows of the table that hold those of the places.
    labels: Option<Vec<TokenId>>,
}

impl Inputs {
    /// The start token, then each row's tokens, of the rows of `batch` from `first`. Labels are those of `labelled`.
    pub(super) fn new(
        space: &SequenceSpace,
        (batch, labelled): (&SeqBatch, &SeqBatch),
        first: usize,
        places: impl Iterator<Item = Place> + Clone,
    ) -> Self {
        let input = |(step, row)| match step {
            0 => space.start_token,
            step => batch.row(first + row)[step - 1],
        };
        let label = |row| labelled.label(first + row).expect("every sequence of a model with labels has one");
        let label_row = |(_, row)| space.label_row(label(row));
        let labels = (space.num_labels() > 0).then(|| places.clone().map(label_row).collect());
        Self { tokens: places.map(input).collect(), labels }
    }

    /// The inputs as vectors `[places, E]`, without those of dropped tokens.
    pub(super) fn embed<R: Real>(&self, table: &[R], dim: usize, mask: Option<&TokenMask<R>>) -> Vec<R> {
        let mut x = Vec::with_capacity(self.tokens.len() * dim);
        embedding::forward(table, dim, self.tokens.iter().copied(), &mut x);
        if let Some(mask) = mask {
            mask.multiply(&self.tokens, dim, &mut x);
        }
        if let Some(labels) = &self.labels {
            embedding::add(table, dim, labels.iter().copied(), &mut x);
        }
        x
    }

    /// Adds the gradient of the table, given that of the vectors.
    pub(super) fn backward<R: Real>(
        &self,
        mut dx: Vec<R>,
        dim: usize,
        mask: Option<&TokenMask<R>>,
        d_table: &mut TableGradient<'_, R>,
    ) {
        if let Some(labels) = &self.labels {
            d_table.add(&dx, dim, labels.iter().copied());
        }
        if let Some(mask) = mask {
            mask.multiply(&self.tokens, dim, &mut dx);
        }
        d_table.add(&dx, dim, self.tokens.iter().copied());
    }
}
