//! A generator with fixed parameters, prepared for the gradients of one update.

use super::{TrainableGenerator, WeightedBatch};
use crate::kernel::Real;
use crate::nn::{Gradients, Tensors};

/// What the gradients of all slices of a batch share: packed matrices, and the masks that all rows have.
pub trait TrainingPass: Sync {
    /// Adds to `gradients` the gradient of the loss of some rows, and returns the loss
    /// ([`TrainableGenerator::accumulate`]). `batch` has the dropout that the pass was prepared for, counted from its own
    /// first row.
    fn accumulate(&self, batch: WeightedBatch<'_>, gradients: &mut Gradients<f32>) -> f64;
}

/// Rows from which an embedding table of its own is updated where it was touched. Smaller ones have the exact Adam. A choice that
/// was not measured.
const TOUCHED_FROM: usize = 20_000;

/// Zero gradients of a generator's parameters, whose tensor number `embedding` is a table `[V + C, D]`. A tied one is the output
/// layer as well, of which every row has a gradient.
pub(super) fn zero_gradients<R: Real>(parameters: &Tensors<R>, embedding: usize, tied: bool) -> Gradients<R> {
    let num_rows = parameters.iter().nth(embedding).map_or(0, |table| table.shape[0]);
    if tied || num_rows < TOUCHED_FROM {
        Gradients::dense(parameters)
    } else {
        Gradients::with_rows(parameters, embedding)
    }
}

/// The pass of a generator that prepares nothing.
pub(super) struct Unprepared<'a, G: ?Sized>(pub(super) &'a G);

impl<G: TrainableGenerator + ?Sized> TrainingPass for Unprepared<'_, G> {
    fn accumulate(&self, batch: WeightedBatch<'_>, gradients: &mut Gradients<f32>) -> f64 {
        self.0.accumulate(batch, gradients)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::oracle::{random, synthetic_space};
    use crate::generator::{LstmShape, TransformerGenerator, TransformerShape};
    use crate::nn::touched_rows::TableGradient;
    use crate::rng::{Purpose, Streams};
    use crate::token::SeqBatch;

    /// The gradient by touched rows is that by all rows, of both kinds, and only tables of their own are kept so.
    #[test]
    fn large_tables_keep_the_rows_that_a_batch_touches() {
        let space = || synthetic_space(TOUCHED_FROM, 3);
        let batch = SeqBatch::from_rows([[1, 19_999, 5], [5, 5, 0]], 3);
        let weights = [0.5, 1.0, 2.0, 0.1, 0.3, 1.0];
        let lstm = random(space(), LstmShape::new(4, 6), 1);
        let streams = Streams::new(1, Purpose::Bootstrap);
        let transformer = TransformerGenerator::new(space(), TransformerShape::new(8, 1, 2), 0.1, &streams);
        let generators: [&dyn TrainableGenerator; 2] = [&lstm, &transformer];
        for generator in generators {
            let of = |mut gradients: Gradients<f32>| {
                let loss = generator.accumulate(WeightedBatch::new(&batch, &weights), &mut gradients);
                (loss, gradients.to_tensors(), matches!(gradients.table(0), TableGradient::Rows(_)))
            };
            let rows = of(generator.gradients());
            let dense = of(Gradients::dense(generator.parameters()));
            assert!(rows.2 && !dense.2);
            assert_eq!((rows.0, rows.1), (dense.0, dense.1));
        }
        let kept = |rows, tied| {
            let mut parameters = Tensors::<f32>::new();
            parameters.push("embedding", &[rows, 2], vec![0.0; 2 * rows]);
            matches!(zero_gradients(&parameters, 0, tied).table(0), TableGradient::Rows(_))
        };
        assert!(kept(TOUCHED_FROM, false) && !kept(TOUCHED_FROM, true) && !kept(TOUCHED_FROM - 1, false));
    }
}
