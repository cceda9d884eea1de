//! Dropout masks of a generator in training, from counted random numbers.

use crate::config::DropoutRates;
use crate::kernel::Real;
use crate::nn::dropout::mask_row;
use crate::rng::Streams;

/// Dropout of one update.
#[derive(Debug, Clone, Copy)]
pub struct Dropout<'a> {
    /// Probabilities of dropping.
    pub rates: DropoutRates,
    /// Random numbers of the masks.
    pub streams: &'a Streams,
    /// Number of the update, which determines the masks that all rows share.
    pub update: u64,
    /// Global number of the batch's first row, which determines the masks of the rows.
    pub first_row: u64,
}

/// A use of masks. Uses have random numbers of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaskPlace {
    /// Values of embeddings.
    Input,
    /// Values before the output layer.
    Output,
    /// Tokens whose embeddings are dropped.
    Embedding,
    /// Values behind layer number `0`, counted from 0.
    Hidden(usize),
    /// Weights between the hidden units of layer number `0`.
    Recurrent(usize),
    /// Values inside layer number `0` that are added to its input: those of attention, then those of the feed-forward part.
    Residual(usize),
}

impl MaskPlace {
    /// Most layers of a network.
    const LAYERS: u32 = 1 << 16;

    fn number(self) -> u32 {
        match self {
            Self::Input => 0,
            Self::Output => 1,
            Self::Embedding => 2,
            Self::Hidden(layer) => Self::LAYERS + layer as u32,
            Self::Recurrent(layer) => 2 * Self::LAYERS + layer as u32,
            Self::Residual(layer) => 3 * Self::LAYERS + layer as u32,
        }
    }
}

impl Dropout<'_> {
    /// The same for the rows from number `row` of the batch.
    #[must_use]
    pub fn from_row(self, row: usize) -> Self {
        Self { first_row: self.first_row + row as u64, ..self }
    }

    /// Multipliers `[rows, width]` of the batch's rows `first..first + rows`, 0 or 1 / (1 - rate); none at a rate of 0.
    pub fn of_rows<R: Real>(
        &self,
        place: MaskPlace,
        rate: f64,
        (first, rows): (usize, usize),
        width: usize,
    ) -> Option<Vec<R>> {
        (rate > 0.0).then(|| {
            let mut masks = vec![R::default(); rows * width];
            for (r, mask) in masks.chunks_exact_mut(width).enumerate() {
                mask_row(self.streams, self.first_row + (first + r) as u64, place.number(), 1.0 - rate, mask);
            }
            masks
        })
    }

    /// Multipliers `[n]` that all rows of the update share; none at a rate of 0.
    pub fn of_update<R: Real>(&self, place: MaskPlace, rate: f64, n: usize) -> Option<Vec<R>> {
        (rate > 0.0).then(|| {
            let mut mask = vec![R::default(); n];
            mask_row(self.streams, self.update, place.number(), 1.0 - rate, &mut mask);
            mask
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Purpose;

    /// A mask depends on the row's number, the place and the update alone.
    #[test]
    fn masks_are_counted() {
        let streams = Streams::new(1, Purpose::GeneratorDropout);
        let dropout =
            Dropout { rates: DropoutRates::default(), streams: &streams, update: 7, first_row: 100 };
        let of = |dropout: Dropout<'_>, place, first| -> Vec<f32> {
            dropout.of_rows(place, 0.5, (first, 4), 20).unwrap()
        };
        let all = of(dropout, MaskPlace::Input, 0);
        assert_eq!(all[40..], of(dropout.from_row(2), MaskPlace::Input, 0)[..40]);
        assert_eq!(all[40..], of(dropout, MaskPlace::Input, 2)[..40]);
        assert_ne!(all, of(dropout, MaskPlace::Output, 0));
        assert_ne!(of(dropout, MaskPlace::Hidden(0), 0), of(dropout, MaskPlace::Hidden(1), 0));
        assert!(all.iter().all(|&x| x == 0.0 || x == 2.0));
        let shared = |update| -> Vec<f32> {
            Dropout { update, ..dropout }.of_update(MaskPlace::Recurrent(0), 0.25, 400).unwrap()
        };
        assert_eq!(shared(7), shared(7));
        assert_ne!(shared(7), shared(8));
        assert!(dropout.of_update::<f32>(MaskPlace::Embedding, 0.0, 3).is_none());
    }
}
