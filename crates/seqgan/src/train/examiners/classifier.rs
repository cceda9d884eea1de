//! A classifier as a judge: the classifier two-sample test (Lopez-Paz and Oquab, "Revisiting classifier two-sample
//! tests", ICLR 2017, section 3), with the discriminator's network.

use super::super::event::Observer;
use crate::Result;
use crate::data::Batches;
use crate::discriminator::{Discriminator, DiscriminatorShape};
use crate::metrics::Estimate;
use crate::optim::{DiscriminatorUpdate, Optimizer, discriminator_step};
use crate::rng::{Purpose, Streams};
use crate::token::SeqBatch;

const BATCH_SIZE: usize = 64;
/// Small sets need many epochs; for others patience ends before.
const MOST_EPOCHS: usize = 40;
const PATIENCE: usize = 3;
const UPDATE: DiscriminatorUpdate = DiscriminatorUpdate { learning_rate: 1e-3, dropout_keep: 0.5, l2: 0.0 };

/// Sequences of both classes, in turn.
struct Labelled {
    sequences: SeqBatch,
    real: Vec<bool>,
}

impl Labelled {
    /// Rows `rows` of both sets.
    fn new(real: &SeqBatch, other: &SeqBatch, rows: std::ops::Range<usize>) -> Self {
        let mut labelled = Self { sequences: SeqBatch::new(real.max_length()), real: Vec::new() };
        for b in rows {
            labelled.sequences.push(real.row(b));
            labelled.sequences.push(other.row(b));
            labelled.real.extend([true, false]);
        }
        labelled
    }

    /// Mean cross-entropy, in nats.
    fn loss(&self, discriminator: &Discriminator) -> f64 {
        let scores = discriminator.scores(&self.sequences);
        let nats = scores.iter().zip(&self.real).map(|(&score, &real)| {
            let right = f64::from(if real { score } else { 1.0 - score });
            // A score of 1 may be rounded.
            -right.max(1e-7).ln()
        });
        nats.sum::<f64>() / self.real.len() as f64
    }
}

/// Trains a fresh discriminator to tell `real` from `other`, equally many, and returns its accuracy on the second
/// half of both, with the binomial standard error. 0.5 is what no classifier can beat where both are draws of one
/// distribution. A fifth of the first half is kept apart to stop early by.
pub(super) fn accuracy(
    name: &str,
    real: &SeqBatch,
    other: &SeqBatch,
    shape: DiscriminatorShape,
    seed: u64,
    observer: &dyn Observer,
) -> Result<Estimate> {
    let half = real.len() / 2;
    let kept = (half / 5).max(1);
    let reading = Labelled::new(real, other, kept..half);
    let (validation, test) =
        (Labelled::new(real, other, 0..kept), Labelled::new(real, other, half..real.len()));
    let mut discriminator = Discriminator::new(shape, &Streams::new(seed, Purpose::ExaminerInit));
    let mut optimizer = Optimizer::new(discriminator.parameters(), discriminator.gradients());
    let orders = Streams::new(seed, Purpose::ExaminerShuffle);
    let masks = Streams::new(seed, Purpose::ExaminerDropout);
    let mut best = (validation.loss(&discriminator), 0, discriminator.clone());
    let mut seen = 0;
    observer.phase(name, 0, MOST_EPOCHS as u64);
    for epoch in 1..=MOST_EPOCHS {
        for rows in &Batches::new(reading.real.len(), BATCH_SIZE, &orders, epoch as u64) {
            let batch = reading.sequences.select(rows.iter().copied());
            let labels: Vec<bool> = rows.iter().map(|&b| reading.real[b]).collect();
            discriminator_step(&mut discriminator, &mut optimizer, &batch, &labels, UPDATE, &masks, seen)?;
            seen += rows.len() as u64;
        }
        let loss = validation.loss(&discriminator);
        observer.advance(epoch as u64, &[("loss_validation", loss)]);
        if loss < best.0 {
            best = (loss, epoch, discriminator.clone());
        } else if epoch - best.1 >= PATIENCE {
            break;
        }
    }
    let scores = best.2.scores(&test.sequences);
    let right = scores.iter().zip(&test.real).map(|(&score, &real)| (score > 0.5) == real);
    Ok(Estimate::from_values(right.map(|right| f64::from(u8::from(right)))))
}
