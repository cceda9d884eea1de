//! The classifier two-sample test (Lopez-Paz and Oquab, "Revisiting classifier two-sample tests", ICLR 2017, section
//! 3), with the CNN discriminator as classifier.

use crate::Result;
use crate::data::Batches;
use crate::discriminator::{Discriminator, DiscriminatorShape};
use crate::metrics::Estimate;
use crate::optim::{DiscriminatorUpdate, Optimizer, discriminator_step};
use crate::rng::{Purpose, Streams};
use crate::token::SeqBatch;
use crate::train::epochs::{self, EpochCursor, EpochTraining};
use crate::train::{Event, Observer};

const BATCH_SIZE: usize = 64;
/// Small data sets need many epochs; for others early stopping ends training before.
const MAX_EPOCHS: usize = 40;
const PATIENCE: usize = 3;
const UPDATE: DiscriminatorUpdate = DiscriminatorUpdate { learning_rate: 1e-3, dropout_keep: 0.5, l2: 0.0 };

/// Sequences of both classes, alternating.
struct Labelled {
    sequences: SeqBatch,
    real: Vec<bool>,
}

impl Labelled {
    /// Takes rows `rows` of both sets.
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
            // A score may be rounded to 1.
            -right.max(1e-7).ln()
        });
        nats.sum::<f64>() / self.real.len() as f64
    }
}

/// Trains a new discriminator to distinguish `real` from `other`, which have equal size. Returns its accuracy on the
/// second half of both sets, with the binomial standard error. The expected accuracy is 0.5 if both sets are samples of
/// one distribution. A fifth of the first half is used for early stopping.
pub(super) fn accuracy(
    name: &str,
    real: &SeqBatch,
    other: &SeqBatch,
    shape: DiscriminatorShape,
    seed: u64,
    observer: &dyn Observer,
) -> Result<Estimate> {
    let half = real.len() / 2;
    let validating = (half / 5).max(1);
    let train = Labelled::new(real, other, validating..half);
    let validation = Labelled::new(real, other, 0..validating);
    let test = Labelled::new(real, other, half..real.len());
    observer.on(&Event::Phase { name, done: 0, total: MAX_EPOCHS as u64 })?;
    let mut training = Training::new(train, validation, shape, seed, observer);
    epochs::run(&mut training)?;
    let scores = training.best.discriminator.scores(&test.sequences);
    let right = scores.iter().zip(&test.real).map(|(&score, &real)| (score > 0.5) == real);
    Ok(Estimate::from_values(right.map(|right| f64::from(u8::from(right)))))
}

/// The discriminator with the lowest validation loss so far.
struct Best {
    loss: f64,
    epoch: usize,
    discriminator: Discriminator,
}

struct Training<'a> {
    cursor: EpochCursor,
    train: Labelled,
    validation: Labelled,
    discriminator: Discriminator,
    optimizer: Optimizer,
    best: Best,
    orders: Streams,
    masks: Streams,
    /// Number of rows trained on; determines the dropout masks.
    rows: u64,
    observer: &'a dyn Observer,
}

impl<'a> Training<'a> {
    fn new(
        train: Labelled,
        validation: Labelled,
        shape: DiscriminatorShape,
        seed: u64,
        observer: &'a dyn Observer,
    ) -> Self {
        let discriminator = Discriminator::new(shape, &Streams::new(seed, Purpose::TrainedMetricInit));
        Self {
            cursor: EpochCursor::default(),
            optimizer: Optimizer::new(discriminator.parameters(), discriminator.gradients()),
            best: Best {
                loss: validation.loss(&discriminator),
                epoch: 0,
                discriminator: discriminator.clone(),
            },
            discriminator,
            train,
            validation,
            orders: Streams::new(seed, Purpose::TrainedMetricShuffle),
            masks: Streams::new(seed, Purpose::TrainedMetricDropout),
            rows: 0,
            observer,
        }
    }
}

impl EpochTraining for Training<'_> {
    fn cursor(&mut self) -> &mut EpochCursor {
        &mut self.cursor
    }

    fn goes_on(&mut self) -> bool {
        let epoch = self.cursor.epoch;
        epoch < MAX_EPOCHS && epoch - self.best.epoch < PATIENCE
    }

    fn batches(&self, epoch: usize) -> Batches {
        Batches::new(self.train.real.len(), BATCH_SIZE, &self.orders, epoch as u64 + 1)
    }

    fn step(&mut self, rows: &[usize]) -> Result<()> {
        let batch = self.train.sequences.select(rows.iter().copied());
        let labels: Vec<bool> = rows.iter().map(|&b| self.train.real[b]).collect();
        let (discriminator, optimizer) = (&mut self.discriminator, &mut self.optimizer);
        discriminator_step(discriminator, optimizer, &batch, &labels, UPDATE, &self.masks, self.rows)?;
        self.rows += rows.len() as u64;
        Ok(())
    }

    fn end_of_epoch(&mut self) -> Result<()> {
        let (loss, epoch) = (self.validation.loss(&self.discriminator), self.cursor.epoch);
        let figures = [("loss_validation", loss)];
        self.observer.on(&Event::Progress { done: epoch as u64, figures: &figures })?;
        if loss < self.best.loss {
            self.best = Best { loss, epoch, discriminator: self.discriminator.clone() };
        }
        Ok(())
    }
}
