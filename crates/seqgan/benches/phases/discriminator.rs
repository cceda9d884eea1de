//! The discriminator with its optimizer, and what training does to it.

use super::scale::{Scale, settings};
use seqgan::SeqBatch;
use seqgan::discriminator::Discriminator;
use seqgan::optim::{DiscriminatorUpdate, Optimizer, discriminator_step};
use seqgan::reward::Reward;
use seqgan::rng::{Purpose, Streams};

/// A discriminator in training.
pub struct TrainedDiscriminator {
    discriminator: Discriminator,
    optimizer: Optimizer,
    batch: usize,
}

impl TrainedDiscriminator {
    /// With initial parameters.
    pub fn new(scale: &Scale) -> Self {
        let streams = Streams::new(1, Purpose::DiscriminatorInit);
        let discriminator = Discriminator::new(scale.discriminator(), &streams);
        Self {
            optimizer: Optimizer::new(discriminator.parameters(), discriminator.gradients()),
            discriminator,
            batch: scale.batch,
        }
    }

    /// As a reward.
    pub fn discriminator(&self) -> &Discriminator {
        &self.discriminator
    }

    /// One pass over as many real sequences as generated ones, half a batch of each.
    pub fn epoch(&mut self, real: &SeqBatch, negatives: &SeqBatch) {
        let settings = settings().discriminator;
        let update = DiscriminatorUpdate {
            learning_rate: settings.learning_rate,
            dropout_keep: settings.dropout_keep,
            l2: settings.l2,
        };
        for step in 0..2 * real.len() / self.batch {
            let (batch, labels) = self.mixed(real, negatives, step);
            self.step(&batch, &labels, update, step * self.batch);
        }
    }

    fn mixed(&self, real: &SeqBatch, negatives: &SeqBatch, step: usize) -> (SeqBatch, Vec<bool>) {
        let half = self.batch / 2;
        let mut batch = real.slice(step * half, half);
        batch.extend(&negatives.slice(step * half, half));
        (batch, (0..2 * half).map(|row| row < half).collect())
    }

    fn step(&mut self, batch: &SeqBatch, labels: &[bool], update: DiscriminatorUpdate, first: usize) -> f64 {
        let (network, optimizer) = (&mut self.discriminator, &mut self.optimizer);
        let masks = Streams::new(1, Purpose::Dropout);
        discriminator_step(network, optimizer, batch, labels, update, &masks, first as u64)
            .expect("finite")
            .loss
    }

    /// The loss of a step is what the scores say of its batch, steps on one batch lower it, and a score does not
    /// depend on its batch.
    pub fn verify(&mut self, real: &SeqBatch, negatives: &SeqBatch) {
        let (batch, labels) = self.mixed(real, negatives, 0);
        let learning_rate = settings().discriminator.learning_rate;
        let plain = DiscriminatorUpdate { learning_rate, dropout_keep: 1.0, l2: 0.0 };
        let scores = self.discriminator.score(&batch).unwrap();
        let first = self.step(&batch, &labels, plain, 0);
        let between = [1, -1].map(|sign| cross_entropy(&scores, &labels, f64::from(sign) * SCORE_ROUNDING));
        assert!(
            between[0] * 0.999 < first && first < between[1] * 1.001,
            "the loss is {first}, the scores say {between:?}"
        );
        let last = (0..4).map(|_| self.step(&batch, &labels, plain, 0)).last().expect("four steps");
        assert!(last < first, "the loss went from {first} to {last}");
        let (scores, row) = (self.discriminator.score(&batch).unwrap(), batch.len() - 1);
        assert_eq!(scores[row], self.discriminator.score(&batch.slice(row, 1)).unwrap()[0], "a score alone");
    }
}

/// A score is an f32 near 1 where the network is sure, so its distance from 1 is known to this.
const SCORE_ROUNDING: f64 = f32::EPSILON as f64;

/// Mean cross-entropy if the right class's probability is `shift` more than the scores say.
fn cross_entropy(scores: &[f32], labels: &[bool], shift: f64) -> f64 {
    let right = |(&p, &real): (&f32, &bool)| if real { f64::from(p) } else { 1.0 - f64::from(p) };
    let nats = |right: f64| -(right + shift).max(0.0).ln();
    scores.iter().zip(labels).map(right).map(nats).sum::<f64>() / labels.len() as f64
}
