//! The gradient of a batch as a sum over slices of its rows, along a fixed binary tree.
//!
//! Which rows a slice holds, and in which order the slices are added, depends on the batch and the setting alone. So the sum
//! has the same bits on any number of threads, and slices may be computed anywhere.

use crate::generator::{TrainableGenerator, TrainingPass, WeightedBatch};
use crate::nn::Gradients;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// Fewest rows of a slice: products of fewer rows are slower, per row.
const FEWEST_ROWS: usize = 16;

/// The slices of a batch of `rows` rows: `most` of them at most, of 16 rows or more, as equal as possible.
pub fn slices(rows: usize, most: usize) -> Vec<Range<usize>> {
    let n = (rows / FEWEST_ROWS).clamp(1, most.max(1));
    (0..n).map(|i| i * rows / n..(i + 1) * rows / n).collect()
}

/// Gradients that are not in use. Each takes the memory of all parameters, so they are used again.
#[derive(Debug, Default)]
pub(super) struct Buffers(Mutex<Vec<Gradients<f32>>>);

impl Clone for Buffers {
    /// Without any: they hold nothing that lasts.
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Buffers {
    /// Makes `gradients` the gradient of the generator's loss on `batch`, and returns the loss.
    pub(super) fn accumulate(
        &self,
        generator: &dyn TrainableGenerator,
        batch: WeightedBatch<'_>,
        most: usize,
        gradients: &mut Gradients<f32>,
    ) -> f64 {
        let pass = generator.prepare(batch.dropout);
        self.sum((generator, &*pass), batch, &slices(batch.targets.len(), most), gradients)
    }

    /// The sum over some slices: that over their first half plus that over their second.
    fn sum(
        &self,
        (generator, pass): (&dyn TrainableGenerator, &dyn TrainingPass),
        batch: WeightedBatch<'_>,
        slices: &[Range<usize>],
        gradients: &mut Gradients<f32>,
    ) -> f64 {
        if let [slice] = slices {
            gradients.clear();
            return of_slice(pass, batch, slice.clone(), gradients);
        }
        let (left, right) = slices.split_at(slices.len().div_ceil(2));
        let mut other = self.take(generator);
        let (a, b) = rayon::join(
            || self.sum((generator, pass), batch, left, gradients),
            || self.sum((generator, pass), batch, right, &mut other),
        );
        gradients.add(&other);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(other);
        a + b
    }

    fn take(&self, generator: &dyn TrainableGenerator) -> Gradients<f32> {
        let unused = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        unused.unwrap_or_else(|| generator.gradients())
    }
}

fn of_slice(
    pass: &dyn TrainingPass,
    batch: WeightedBatch<'_>,
    rows: Range<usize>,
    gradients: &mut Gradients<f32>,
) -> f64 {
    if rows.len() == batch.targets.len() {
        return pass.accumulate(batch, gradients);
    }
    let length = batch.targets.max_length();
    let [inputs, targets] = [batch.inputs, batch.targets].map(|batch| batch.slice(rows.start, rows.len()));
    let slice = WeightedBatch {
        inputs: &inputs,
        targets: &targets,
        weights: &batch.weights[rows.start * length..rows.end * length],
        auxiliary: batch.auxiliary,
        dropout: batch.dropout.map(|dropout| dropout.from_row(rows.start)),
    };
    pass.accumulate(slice, gradients)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::oracle::{random, synthetic_space};
    use crate::generator::{Dropout, DropoutRates, LstmGenerator, LstmShape};
    use crate::rng::{Purpose, Streams};
    use crate::token::SeqBatch;

    #[test]
    #[allow(clippy::single_range_in_vec_init)] // lists of ranges, some of them of one
    fn slices_are_as_equal_as_possible_and_not_too_small() {
        assert_eq!(slices(64, 4), [0..16, 16..32, 32..48, 48..64]);
        assert_eq!(slices(70, 3), [0..23, 23..46, 46..70]);
        assert_eq!(slices(40, 4), [0..20, 20..40]);
        assert_eq!(slices(31, 4), [0..31]);
        assert_eq!(slices(0, 4), [0..0]);
        assert_eq!(slices(64, 1), [0..64]);
    }

    fn model() -> (LstmGenerator, SeqBatch, Vec<f32>) {
        let generator = random(synthetic_space(11, 6), LstmShape::new(5, 8).with_layers(2), 3);
        let rows = (0..70u32).map(|b| (0..6).map(|t| (b * 7 + t * 5) % 11).collect::<Vec<u32>>());
        let weights = (0..70 * 6).map(|i| (i % 13) as f32 * 0.01).collect();
        (generator, SeqBatch::from_rows(rows, 6), weights)
    }

    /// The sum is that of the whole batch but for rounding, with the masks that the whole batch has; and buffers that were used
    /// before change nothing.
    #[test]
    fn slices_add_up_to_the_batch() {
        let (generator, batch, weights) = model();
        let streams = Streams::new(5, Purpose::GeneratorDropout);
        let rates = DropoutRates { input: 0.3, hidden: 0.2, output: 0.5, embedding: 0.1, recurrent: 0.4 };
        for dropout in [None, Some(Dropout { rates, streams: &streams, update: 3, first_row: 9 })] {
            let batch = WeightedBatch { dropout, ..WeightedBatch::new(&batch, &weights) };
            let buffers = Buffers::default();
            let of = |most| {
                let mut gradients = generator.gradients();
                let loss = buffers.accumulate(&generator, batch, most, &mut gradients);
                (loss, gradients.to_tensors())
            };
            let whole = of(1);
            for most in [2, 3, 4] {
                let (loss, sum) = of(most);
                assert!((loss - whole.0).abs() < 1e-4 * whole.0, "{loss} for {}", whole.0);
                for (a, b) in sum.iter().zip(whole.1.iter()) {
                    let size = b.data.iter().fold(0f32, |a, b| a.max(b.abs()));
                    assert!(size > 0.0, "{}", b.name);
                    let same = a.data.iter().zip(&b.data).all(|(a, b)| (a - b).abs() < 1e-5 * size.max(1e-3));
                    assert!(same, "{}", a.name);
                }
                assert_eq!((loss, sum), of(most));
            }
        }
    }

    #[test]
    fn the_number_of_threads_changes_no_bit() {
        let (generator, batch, weights) = model();
        let batch = WeightedBatch::new(&batch, &weights);
        let of = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let mut gradients = generator.gradients();
                let loss = Buffers::default().accumulate(&generator, batch, 4, &mut gradients);
                (loss, gradients.to_tensors())
            })
        };
        let one = of(1);
        [2, 3, 8].into_iter().for_each(|threads| assert_eq!(of(threads), one));
    }
}
