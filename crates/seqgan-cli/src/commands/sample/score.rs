//! What the run's own models say of each sequence.

use seqgan::discriminator::Discriminator;
use seqgan::generator::{BoxGenerator, GeneratorPolicy, Policy};
use seqgan::run::RunFolder;
use seqgan::train::{self, SavedModel};
use seqgan::{Result, SeqBatch};

/// Log-probability, in nats, under the generator at temperature 1 and the run's own constraint; and, for a method that
/// has one, the discriminator's probability that the sequence is real.
pub struct Scorer {
    policy: GeneratorPolicy,
    discriminator: Option<Discriminator>,
}

impl Scorer {
    /// Of the discriminator of `model`'s run, and the generator that sequences are drawn from.
    pub fn new(folder: &RunFolder, model: &SavedModel, generator: &BoxGenerator) -> Result<Self> {
        let discriminator = train::load_discriminator(folder, model)?;
        Ok(Self { policy: GeneratorPolicy::new(generator, 1.0), discriminator })
    }

    /// What the figures are called.
    pub fn names(&self) -> Vec<&'static str> {
        std::iter::once("log_prob").chain(self.discriminator.as_ref().map(|_| "discriminator")).collect()
    }

    /// The figures of each sequence.
    pub fn scores(&self, samples: &SeqBatch) -> Vec<Vec<f64>> {
        // What single precision gives, and no more digits.
        let rounded = |x: f64| (x * 1e4).round() / 1e4;
        let mut scores: Vec<Vec<f64>> =
            self.policy.sequence_log_prob(samples).into_iter().map(|x| vec![rounded(x)]).collect();
        if let Some(discriminator) = &self.discriminator {
            let judged = discriminator.scores(samples);
            scores.iter_mut().zip(judged).for_each(|(scores, x)| scores.push(rounded(f64::from(x))));
        }
        scores
    }
}
