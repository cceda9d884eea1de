//! Scores of sequences under the run's own models.

use seqgan::discriminator::Discriminator;
use seqgan::generator::{BoxGenerator, GeneratorPolicy, Policy};
use seqgan::saved::{SavedModel, SavedRun};
use seqgan::{Label, Result, SeqBatch, TokenId};

/// Log-probability, in nats, under the generator at temperature 1 and the run's own constraint; and, for a method that
/// has one, the discriminator's probability that the sequence is real.
pub struct Scorer {
    generator: BoxGenerator,
    policy: GeneratorPolicy,
    discriminator: Option<Discriminator>,
}

impl Scorer {
    /// Of the discriminator of `model`'s run, and the generator that sequences are drawn from.
    pub fn new(run: &SavedRun, model: &SavedModel, generator: &BoxGenerator) -> Result<Self> {
        let discriminator = run.discriminator(model)?;
        Ok(Self { generator: generator.clone(), policy: GeneratorPolicy::new(generator, 1.0), discriminator })
    }

    /// What the figures are called.
    pub fn names(&self) -> Vec<&'static str> {
        std::iter::once("log_prob").chain(self.discriminator.as_ref().map(|_| "discriminator")).collect()
    }

    /// Why a sequence of known tokens has no likelihood; none if it has one.
    pub fn problem(&self, tokens: &[TokenId], label: Option<Label>) -> Option<String> {
        let generator = &self.generator;
        let space = generator.space();
        if generator.rules().allow(space, tokens) {
            return (space.num_labels() > 0 && label.is_none()).then(|| "without a label".into());
        }
        Some(match tokens.len() {
            0 => "blank".into(),
            length if length > space.max_length => format!("longer than {} tokens", space.max_length),
            length if length < space.max_length && space.end_token.is_none() => {
                format!("shorter than the {} tokens of every training sequence", space.max_length)
            }
            _ => "against the run's constraint".into(),
        })
    }

    /// The generator and the rules under which it scores.
    pub fn generator(&self) -> &BoxGenerator {
        &self.generator
    }

    /// The figures of each sequence.
    pub fn scores(&self, samples: &SeqBatch) -> Vec<Vec<f64>> {
        // What single precision gives, and no more digits.
        let rounded = |x: f64| (x * 1e4).round() / 1e4;
        let mut scores: Vec<Vec<f64>> =
            self.policy.sequence_log_prob(samples).into_iter().map(|x| vec![rounded(x)]).collect();
        if let Some(discriminator) = &self.discriminator {
            let probabilities = discriminator.scores(samples);
            scores.iter_mut().zip(probabilities).for_each(|(scores, x)| scores.push(rounded(f64::from(x))));
        }
        scores
    }
}
