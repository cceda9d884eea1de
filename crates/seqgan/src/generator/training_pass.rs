//! A generator with fixed parameters, prepared for the gradients of one update.

use super::{TrainableGenerator, WeightedBatch};
use crate::nn::Gradients;

/// What the gradients of all slices of a batch share: packed matrices, and the masks that all rows have.
pub trait TrainingPass: Sync {
    /// Adds to `gradients` the gradient of the loss of some rows, and returns the loss
    /// ([`TrainableGenerator::accumulate`]). `batch` has the dropout that the pass was prepared for, counted from its own
    /// first row.
    fn accumulate(&self, batch: WeightedBatch<'_>, gradients: &mut Gradients<f32>) -> f64;
}

/// The pass of a generator that prepares nothing.
pub(super) struct Unprepared<'a, G: ?Sized>(pub(super) &'a G);

impl<G: TrainableGenerator + ?Sized> TrainingPass for Unprepared<'_, G> {
    fn accumulate(&self, batch: WeightedBatch<'_>, gradients: &mut Gradients<f32>) -> f64 {
        self.0.accumulate(batch, gradients)
    }
}
