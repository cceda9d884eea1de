//! The likelihood model that fits a file: its width and depth, its regularisation, and the passes over the data.
//!
//! More tokens: a wider and deeper model, less dropout, and fewer passes. The constants were chosen by validation likelihood.

use super::cost::num_weights;
use super::{Cost, DataSize};
use crate::config::schedule::Schedule;
use crate::config::settings::{Config, LikelihoodConfig};

/// Layers and hidden units that are tried, the largest first.
const SHAPES: [(usize, usize); 7] = [(2, 512), (1, 512), (1, 384), (1, 256), (1, 192), (1, 128), (1, 64)];
/// Vocabularies from this size on share their embeddings with the output layer.
const TIED_FROM: usize = 300;
/// Most passes: more gain nothing on any data that was tried.
const MOST_PASSES: f64 = 40.0;
/// Passes that are enough for any model.
const ENOUGH_PASSES: f64 = 8.0;
/// Tokens per weight that are enough for a model, in fewer passes. Hoffmann et al. (2022) find some 20 for large
/// Transformers.
const ENOUGH_TOKENS: f64 = 16.0;
/// Least number of updates with batches of more than 32 sequences.
const ENOUGH_UPDATES: f64 = 5_000.0;

/// Chooses the model and its training, which takes `seconds` at most: the widest model that sees enough tokens in this time.
pub(super) fn fit(config: &mut Config, size: DataSize, seconds: f64) {
    let num_tokens = size.num_tokens.max(1) as f64;
    let passes = |config: &Config| seconds / (num_tokens * Cost::of(config, size).likelihood_token);
    for (layers, hidden) in SHAPES {
        set_shape(config, size, layers, hidden);
        let per_weight = passes(config) / weights_per_token(config, size);
        if (passes(config) >= ENOUGH_PASSES || per_weight >= ENOUGH_TOKENS) && pays(config, size) {
            break;
        }
    }
    let passes = passes(config).min(MOST_PASSES);
    regularise(config, size, passes);
    set_passes(&mut config.mle_tuned, passes, size);
    set_learning_rate(config);
}

/// Whether a model is not so large for its data that dropout cannot keep it from overfitting.
fn pays(config: &Config, size: DataSize) -> bool {
    weights_per_token(config, size) <= 40.0
}

/// Weights of the model per token of the data.
fn weights_per_token(config: &Config, size: DataSize) -> f64 {
    num_weights(&config.generator, size.vocab_size) / size.num_tokens.max(1) as f64
}

fn set_shape(config: &mut Config, size: DataSize, layers: usize, hidden: usize) {
    let generator = &mut config.generator;
    generator.tied_embeddings = size.vocab_size >= TIED_FROM;
    (generator.num_layers, generator.hidden_dim) = (layers, hidden);
    generator.embedding_dim = if generator.tied_embeddings { hidden } else { hidden.min(128) };
    generator.init_std = 0.05;
}

/// Wider models need smaller steps, and larger batches allow larger ones.
fn set_learning_rate(config: &mut Config) {
    let hidden = config.generator.hidden_dim as f64;
    let likelihood = &mut config.mle_tuned;
    likelihood.learning_rate =
        0.0033 * (512.0 / hidden).sqrt() * (likelihood.batch_size as f64 / 32.0).powf(0.25);
}

/// Dropout by the number of weights per token: none where the data are plenty.
fn regularise(config: &mut Config, size: DataSize, passes: f64) {
    let ratio = weights_per_token(config, size);
    // A few passes cannot overfit by much, and dropout slows them down.
    let strength = ((passes - 1.0) / 9.0).clamp(0.0, 1.0);
    let rate = strength * (0.2 + 0.14 * (ratio / 3.0).log2()).clamp(0.0, 0.6);
    let rounded = |rate: f64| (rate * 20.0).round() / 20.0;
    let words = size.vocab_size >= TIED_FROM;
    let likelihood = &mut config.mle_tuned;
    likelihood.output_dropout = rounded(rate);
    likelihood.hidden_dropout = if config.generator.num_layers > 1 { rounded(rate) } else { 0.0 };
    likelihood.input_dropout = rounded(rate * if words { 0.8 } else { 0.4 });
    likelihood.embedding_dropout = if words { rounded(rate / 4.0) } else { 0.0 };
    (likelihood.l2, likelihood.weight_decay) = (0.0, 0.01);
    likelihood.clip_norm = 1.0;
}

fn set_passes(likelihood: &mut LikelihoodConfig, passes: f64, size: DataSize) {
    likelihood.schedule = Schedule::Cosine;
    likelihood.plateau_factor = 1.0;
    likelihood.num_epochs = (passes as usize).max(1);
    // Many sequences make enough updates of many each; few make few updates, so these are of fewer sequences. Still fewer would
    // be slow.
    let updates = |batch: usize| passes * size.num_sequences as f64 / batch as f64;
    likelihood.batch_size = [128, 64].into_iter().find(|&b| updates(b) >= ENOUGH_UPDATES).unwrap_or(32);
    likelihood.group_by_length = true;
    if passes < 1.5 {
        // The cosine ends where the time does.
        let updates = passes * size.num_sequences as f64 / likelihood.batch_size as f64;
        likelihood.num_epochs = passes.ceil() as usize;
        likelihood.max_updates = (updates as usize).max(20);
    }
    likelihood.warmup_updates = 50;
    // The rate falls to zero by itself, and a worse pass in between says little.
    likelihood.patience = (likelihood.num_epochs / 2).max(4);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Preset;

    /// Sequences of 36 tokens of a small vocabulary.
    fn of(preset: Preset, num_sequences: usize, minutes: Option<f64>) -> Config {
        let num_tokens = 36 * num_sequences;
        let size = DataSize { num_sequences, num_tokens, vocab_size: 30, max_length: 60, has_test: false };
        preset.config_for_file(size, minutes)
    }

    #[test]
    fn more_tokens_have_a_wider_model_less_dropout_and_fewer_passes() {
        let sizes = [300, 3_000, 30_000, 300_000, 3_000_000];
        // With time for all of them.
        let configs = sizes.map(|n| of(Preset::Best, n, Some(1e5)));
        for pair in configs.windows(2) {
            let weights = |config: &Config| num_weights(&config.generator, 30);
            assert!(weights(&pair[0]) <= weights(&pair[1]));
            let [less, more] = [&pair[0].mle_tuned, &pair[1].mle_tuned];
            assert!(less.output_dropout >= more.output_dropout && less.num_epochs >= more.num_epochs);
        }
        let (least, most) = (&configs[0], &configs[4]);
        assert!(least.generator.hidden_dim < most.generator.hidden_dim);
        assert!(least.mle_tuned.output_dropout > 0.3 && most.mle_tuned.output_dropout == 0.0);
    }

    #[test]
    fn more_time_has_a_wider_model_and_more_updates() {
        let configs = [0.5, 3.0, 60.0].map(|minutes| of(Preset::Quick, 1_500_000, Some(minutes)));
        for pair in configs.windows(2) {
            let updates = |config: &Config| config.mle_tuned.max_updates * config.mle_tuned.batch_size;
            assert!(pair[0].generator.hidden_dim < pair[1].generator.hidden_dim);
            assert!(pair[1].mle_tuned.max_updates == 0 || updates(&pair[0]) < updates(&pair[1]));
        }
        // In half a minute there is time for a small part of one pass.
        assert!(configs[0].mle_tuned.num_epochs == 1 && configs[0].mle_tuned.max_updates > 0);
    }
}
