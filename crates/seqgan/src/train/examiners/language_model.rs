//! A language model as a judge: maximum likelihood on a fixed, small schedule, stopped early.

use super::super::event::Observer;
use super::super::measure;
use crate::data::{Batches, DEFAULT_VALIDATION_SHARE, split_by_hash};
use crate::generator::{GeneratorShape, LstmGenerator, LstmPolicy};
use crate::metrics::Estimate;
use crate::rng::{Purpose, Streams};
use crate::token::SeqBatch;
use crate::update::{GeneratorUpdate, Optimizer, Schedule, maximum_likelihood_step};
use crate::{Error, Result};

const BATCH_SIZE: usize = 32;
/// Updates that are planned, in whole epochs: enough for large sets, and small ones end by patience.
const UPDATES: usize = 1500;
const EPOCHS: std::ops::RangeInclusive<usize> = 5..=40;
const PATIENCE: usize = 2;
const INIT_STD: f64 = 0.1;
const UPDATE: GeneratorUpdate = GeneratorUpdate { learning_rate: 0.01, clip_norm: 5.0, l2: 1e-5 };

/// Trains on most of `sequences` and keeps the epoch that is best on the rest. All models of one seed begin alike
/// and read in the same order, so that they differ by what they read alone.
pub(super) fn train(
    name: &str,
    sequences: &SeqBatch,
    shape: GeneratorShape,
    seed: u64,
    observer: &dyn Observer,
) -> Result<LstmGenerator> {
    let mut generator = LstmGenerator::new(shape, INIT_STD, &Streams::new(seed, Purpose::ExaminerInit));
    let mut optimizer = Optimizer::new(generator.parameters(), generator.gradients());
    let orders = Streams::new(seed, Purpose::ExaminerShuffle);
    let split = split_by_hash(sequences.rows(), DEFAULT_VALIDATION_SHARE);
    let reading = sequences.select(split.training);
    // Where all sequences are equal none is left to validate on.
    let validation =
        if split.validation.is_empty() { reading.clone() } else { sequences.select(split.validation) };
    let mut best = (f64::INFINITY, 0, generator.clone());
    let updates_an_epoch = reading.len().div_ceil(BATCH_SIZE);
    let epochs = UPDATES.div_ceil(updates_an_epoch).clamp(*EPOCHS.start(), *EPOCHS.end());
    let total = (epochs * updates_an_epoch) as u64;
    let mut step = 0;
    observer.phase(name, 0, epochs as u64);
    for epoch in 1..=epochs {
        for batch in &Batches::new(reading.len(), BATCH_SIZE, &orders, epoch as u64) {
            let batch = reading.select(batch.iter().copied());
            let learning_rate = UPDATE.learning_rate * Schedule::Cosine.factor(step, total);
            let update = GeneratorUpdate { learning_rate, ..UPDATE };
            maximum_likelihood_step(&mut generator, &mut optimizer, &batch, update)?;
            step += 1;
            if observer.should_stop() {
                return Err(Error::Interrupted);
            }
        }
        let validated = nll(&generator, &validation).mean;
        observer.advance(epoch as u64, &[("nll_validation", validated)]);
        if validated < best.0 {
            best = (validated, epoch, generator.clone());
        } else if epoch - best.1 >= PATIENCE {
            break;
        }
    }
    Ok(best.2)
}

/// Mean -log p a decision of `batch`.
pub(super) fn nll(generator: &LstmGenerator, batch: &SeqBatch) -> Estimate {
    measure::nll(&LstmPolicy::new(generator, 1.0), batch)
}
