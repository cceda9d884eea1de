//! Rough cost of the parts of training on the reference machine: two cores with AVX-512.

use super::DataSize;
use crate::config::settings::{Config, GeneratorConfig, usual_feedforward_dim};

/// Multiply-adds per second in the products of a generator's training, on both cores, in batches of 32 sequences.
const PRODUCTS: f64 = 9.5e10;
/// Seconds per decision besides the products: gates, masks, batches.
const DECISION: f64 = 0.8e-6;
/// Seconds per decision and token of the vocabulary besides the products: exponentials, the update of the output layer.
const TOKEN: f64 = 3e-9;
/// Seconds that n-gram and distance metrics take per sampled token.
const METRICS: f64 = 20e-6;
/// What sampling and scoring take of a training step, as shares of its products.
const FORWARD: f64 = 1.0 / 3.0;

/// Seconds that the parts of training take.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// A token of a training step, forward and backward.
    pub likelihood_token: f64,
    /// A sampled token.
    pub sample_token: f64,
    /// A sequence that the discriminator scores.
    pub score_sequence: f64,
    /// A sequence in a training step of the discriminator.
    pub train_sequence: f64,
}

impl Cost {
    /// With the sizes of `config`.
    pub fn of(config: &Config, size: DataSize) -> Self {
        Self::of_ensemble(config, size, 1)
    }

    /// Of an ensemble of `members`, which share only the work that is proportional to the vocabulary.
    pub fn of_ensemble(config: &Config, size: DataSize, members: usize) -> Self {
        let t = size.max_length as f64;
        let filters = || config.discriminator.filters.iter().filter(|f| f.0 <= size.max_length);
        let features: f64 = filters().map(|f| f.1 as f64).sum();
        let dim = config.discriminator.embedding_dim as f64;
        let conv: f64 = filters().map(|&(k, n)| (k * n) as f64 * dim * (t - k as f64 + 1.0)).sum();
        let score_sequence = (2.0 * conv + 4.0 * features * features) / 2.5e11 + 3e-6;
        // Backward has two products for each of forward.
        let products = 3.0 * members as f64 * products(&config.generator, size.vocab_size) / PRODUCTS;
        let other = DECISION + TOKEN * size.vocab_size as f64;
        Self {
            likelihood_token: products + other,
            sample_token: FORWARD * (products + other),
            score_sequence,
            // Backward is twice the highway's forward, and each update sends all weights through memory.
            train_sequence: score_sequence * 2.0 + features * features * 6e-11 + 4e-5,
        }
    }

    /// All measurements of the rows and temperatures of the final table.
    pub fn measuring(&self, config: &Config, size: DataSize) -> f64 {
        let rows = config.methods.len() * (1 + config.evaluate.temperatures.len());
        // Of each, as many sequences are sampled as are scored.
        let sequence = size.mean_length() * (self.sample_token + FORWARD * self.likelihood_token + METRICS);
        (rows * config.evaluate.num_samples) as f64 * sequence
    }

    /// A completion of Monte-Carlo search and its score: half a sequence is drawn, on average.
    pub fn completion(&self, size: DataSize) -> f64 {
        self.score_sequence + 0.5 * size.mean_length() * self.sample_token
    }

    /// A token of a generated sequence in a round of a cross-fitted method. It is drawn, trained on beside a real one,
    /// and scored by the base and by each model of the ensemble; a score costs a third of a training step.
    pub fn crossfit_token(&self, config: &Config) -> f64 {
        let members = if config.crossfit.ensemble_features { config.ensemble.num_members } else { 0 };
        self.sample_token + self.likelihood_token * (2.0 + (2 + 2 * members) as f64 / 3.0)
    }

    /// A training token of `distilled` with an ensemble of `members`, beside a sampled one. Both are trained on, and
    /// the ensemble's distributions are computed for both.
    pub fn distilled_token(&self, config: &Config, size: DataSize, members: usize) -> f64 {
        let ensemble = Self::of_ensemble(config, size, members);
        ensemble.sample_token + ensemble.likelihood_token * 2.0 / 3.0 + 2.0 * self.likelihood_token
    }
}

/// Multiply-adds per decision of a forward pass. Other kinds than those of the library count as an LSTM.
fn products(generator: &GeneratorConfig, vocab_size: usize) -> f64 {
    if generator.kind == "transformer" {
        return of_transformer(generator, vocab_size) as f64;
    }
    let last = if generator.tied_embeddings { generator.embedding_dim } else { generator.hidden_dim };
    let width = |layer: usize| if layer + 1 == generator.num_layers { last } else { generator.hidden_dim };
    let input = |layer: usize| if layer == 0 { generator.embedding_dim } else { width(layer - 1) };
    let layer = |layer: usize| 4 * width(layer) * (input(layer) + width(layer));
    ((0..generator.num_layers).map(layer).sum::<usize>() + last * vocab_size) as f64
}

/// Those of queries, keys, values and results, of three matrices of the feed-forward layer, and of the output layer.
/// Those between queries and keys are fewer.
fn of_transformer(generator: &GeneratorConfig, vocab_size: usize) -> usize {
    let GeneratorConfig { hidden_dim, num_layers, feedforward_dim, .. } = *generator;
    let inner = match feedforward_dim {
        0 => usual_feedforward_dim(hidden_dim),
        inner => inner,
    };
    num_layers * hidden_dim * (4 * hidden_dim + 3 * inner) + hidden_dim * vocab_size
}

/// Weights of a generator, without its biases.
pub(super) fn num_weights(generator: &GeneratorConfig, vocab_size: usize) -> f64 {
    let dim = if generator.kind == "transformer" { generator.hidden_dim } else { generator.embedding_dim };
    let table = if generator.tied_embeddings { 0 } else { dim * vocab_size };
    products(generator, vocab_size) + table as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_those_of_the_matrices() {
        let mut generator = Config::default().generator;
        (generator.embedding_dim, generator.hidden_dim) = (3, 5);
        // W and U of four gates, and the output layer.
        assert_eq!(products(&generator, 7), (4 * 5 * (3 + 5) + 5 * 7) as f64);
        (generator.num_layers, generator.tied_embeddings) = (2, true);
        assert_eq!(products(&generator, 7), (4 * 5 * (3 + 5) + 4 * 3 * (5 + 3) + 3 * 7) as f64);
        (generator.kind, generator.hidden_dim) = ("transformer".into(), 6);
        assert_eq!(products(&generator, 7), (2 * 6 * (4 * 6 + 3 * 32) + 6 * 7) as f64);
        generator.feedforward_dim = 5;
        assert_eq!(products(&generator, 7), (2 * 6 * (4 * 6 + 3 * 5) + 6 * 7) as f64);
    }
}
