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

/// Passes over the data that a model needs before a narrower one would be better.
fn passes_needed(size: DataSize) -> f64 {
    let millions = size.num_tokens.max(1) as f64 / 1e6;
    (5.0 * millions.powf(-0.6)).clamp(0.25, 30.0)
}

/// Chooses the model and its training, which takes `seconds` at most.
pub(super) fn fit(config: &mut Config, size: DataSize, seconds: f64) {
    let passes =
        |config: &Config| seconds / (size.num_tokens.max(1) as f64 * Cost::of(config, size).likelihood_token);
    for (layers, hidden) in SHAPES {
        set_shape(config, size, layers, hidden);
        if passes(config) >= passes_needed(size) && pays(config, size) {
            break;
        }
    }
    let passes = passes(config);
    regularise(config, size, passes.min(MOST_PASSES));
    set_passes(&mut config.mle_tuned, passes, size);
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
    // Wider models need smaller steps.
    config.mle_tuned.learning_rate = 0.002 * (512.0 / hidden as f64).powf(0.7);
}

/// Dropout by the number of weights per token: none where the data are plenty.
fn regularise(config: &mut Config, size: DataSize, passes: f64) {
    let ratio = weights_per_token(config, size);
    // A few passes cannot overfit by much, and dropout slows them down.
    let strength = ((passes - 1.0) / 8.0).clamp(0.0, 1.0);
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
    likelihood.num_epochs = (passes.min(MOST_PASSES) as usize).max(1);
    // Many sequences make enough updates of many each; few make few updates, so these are of fewer sequences.
    let updates = |batch: usize| passes.min(MOST_PASSES) * size.num_sequences as f64 / batch as f64;
    likelihood.batch_size = [128, 64, 32, 16].into_iter().find(|&b| updates(b) >= 2_500.0).unwrap_or(16);
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
