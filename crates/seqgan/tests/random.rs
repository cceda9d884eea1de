//! Seeded random numbers, batches and networks. All numbers are exact in f32, so that f32 and f64 code start alike.

use seqgan::SeqBatch;
use seqgan::discriminator::{Discriminator, DiscriminatorShape, Ranker};
use seqgan::generator::{LstmGenerator, LstmShape, SequenceSpace, TransformerGenerator, TransformerShape};
use seqgan::nn::Tensors;
use seqgan::rng::{Purpose, Reader, Streams};
use std::ops::RangeInclusive;

/// A source of test data.
pub struct Random(Reader);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(Streams::new(seed, Purpose::Bootstrap).reader(0))
    }

    pub fn between(&mut self, range: RangeInclusive<usize>) -> usize {
        range.start() + self.0.below(range.end() - range.start() + 1)
    }

    pub fn normals(&mut self, n: usize) -> Vec<f64> {
        (0..n).map(|_| f64::from(self.0.normal() as f32)).collect()
    }

    /// Rows of random lengths between `shortest` and `max_length`, of tokens that `tokens` holds.
    pub fn batch(&mut self, rows: usize, shortest: usize, max_length: usize, tokens: &[u32]) -> SeqBatch {
        let mut batch = SeqBatch::new(max_length);
        for _ in 0..rows {
            let length = self.between(shortest..=max_length);
            let row: Vec<u32> = (0..length).map(|_| tokens[self.between(0..=tokens.len() - 1)]).collect();
            batch.push(&row);
        }
        batch
    }

    /// Rows with labels by chance, unless there are none.
    pub fn labelled(&mut self, batch: SeqBatch, num_labels: usize) -> SeqBatch {
        match num_labels {
            0 => batch,
            n => {
                let labels = (0..batch.len()).map(|_| self.between(0..=n - 1) as u32).collect();
                batch.with_labels(labels)
            }
        }
    }

    pub fn generator(&mut self, space: SequenceSpace, shape: LstmShape, std: f64) -> LstmGenerator<f32> {
        let seed = self.between(0..=1 << 30) as u64;
        LstmGenerator::new(space, shape, std, &Streams::new(seed, Purpose::GeneratorInit))
    }

    /// Matrices as they begin, with gains around 1: gains of 1 would hide faults.
    pub fn transformer(
        &mut self,
        space: SequenceSpace,
        shape: TransformerShape,
        std: f64,
    ) -> TransformerGenerator<f32> {
        let seed = self.between(0..=1 << 30) as u64;
        let mut g = TransformerGenerator::new(space, shape, std, &Streams::new(seed, Purpose::GeneratorInit));
        for tensor in g.parameters_mut().iter_mut().filter(|tensor| tensor.name.contains("norm")) {
            tensor.data.iter_mut().for_each(|x| *x += (0.3 * self.0.normal()) as f32);
        }
        g
    }

    /// All parameters from N(0, `std`): the usual beginning has biases of 0, which would hide faults.
    pub fn discriminator(&mut self, shape: DiscriminatorShape, std: f64) -> Discriminator<f32> {
        let mut d = Discriminator::new(shape, &Streams::new(0, Purpose::DiscriminatorInit));
        for tensor in d.parameters_mut().iter_mut() {
            tensor.data.iter_mut().for_each(|x| *x = (std * self.0.normal()) as f32);
        }
        d
    }

    /// All parameters from N(0, `std`).
    pub fn ranker(&mut self, shape: DiscriminatorShape, std: f64) -> Ranker<f32> {
        let mut ranker = Ranker::new(shape, &Streams::new(0, Purpose::DiscriminatorInit));
        for tensor in ranker.parameters_mut().iter_mut() {
            tensor.data.iter_mut().for_each(|x| *x = (std * self.0.normal()) as f32);
        }
        ranker
    }
}

/// Tokens a sequence may hold: all but the end and those that are never chosen.
pub fn usable(space: &SequenceSpace) -> Vec<u32> {
    (0..space.vocab_size as u32).filter(|t| space.end_token != Some(*t) && !space.never.contains(t)).collect()
}

/// The same generator in f64.
pub fn widened(generator: &LstmGenerator<f32>) -> LstmGenerator<f64> {
    let parameters: Tensors<f64> = generator.parameters().cast();
    LstmGenerator::from_parameters(generator.space().clone(), generator.shape(), parameters)
        .expect("the same shapes")
}

/// The same generator in f64.
pub fn widened_transformer(generator: &TransformerGenerator<f32>) -> TransformerGenerator<f64> {
    let parameters: Tensors<f64> = generator.parameters().cast();
    TransformerGenerator::from_parameters(generator.space().clone(), generator.shape(), parameters)
        .expect("the same shapes")
}

/// The same discriminator in f64.
pub fn widened_discriminator(discriminator: &Discriminator<f32>) -> Discriminator<f64> {
    let parameters: Tensors<f64> = discriminator.parameters().cast();
    Discriminator::from_parameters(discriminator.shape().clone(), parameters).expect("the same shapes")
}

/// The same ranker in f64.
pub fn widened_ranker(ranker: &Ranker<f32>) -> Ranker<f64> {
    let parameters: Tensors<f64> = ranker.parameters().cast();
    Ranker::from_parameters(ranker.shape().clone(), parameters).expect("the same shapes")
}
