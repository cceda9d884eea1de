//! Sizes and numbers of steps for a file of sequences, by the size of its data and the time there is.

use super::{Cost, DataSize, Preset, likelihood};
use crate::config::method::Method;
use crate::config::settings::Config;

/// Tokens from which `best` makes a single strong model, and no methods besides.
const SINGLE_MODEL_FROM: usize = 20_000_000;

/// Shares of the time.
struct Shares {
    /// Of maximum likelihood, which determines most of the quality.
    likelihood: f64,
    /// Of measuring.
    measuring: f64,
    /// Of the discriminator's first epochs.
    pretraining: f64,
    /// Of the rounds of `[adversarial]`.
    rounds: f64,
}

/// Chooses sizes and numbers of steps that take about `minutes`, or the time of the preset.
pub(super) fn fit(config: &mut Config, preset: Preset, size: DataSize, minutes: Option<f64>) {
    let single = preset == Preset::Best && size.num_tokens >= SINGLE_MODEL_FROM;
    if single {
        config.methods.retain(|&method| [Method::UNIGRAM, Method::MLE_TUNED].contains(&method));
    }
    let seconds = minutes.map_or_else(|| default_seconds(preset, size, single), |minutes| 60.0 * minutes);
    // Reading, saving and a busy machine take the rest.
    let seconds = 0.9 * seconds;
    let shares = match preset {
        Preset::Best if single => Shares { likelihood: 0.92, measuring: 0.08, pretraining: 0.0, rounds: 0.0 },
        // Ensembles, folds and distillation take as long as further likelihood models.
        Preset::Best => Shares { likelihood: 0.09, measuring: 0.05, pretraining: 0.02, rounds: 0.03 },
        _ => Shares { likelihood: 0.66, measuring: 0.18, pretraining: 0.05, rounds: 0.11 },
    };
    // Longer sequences have more windows: fewer filters keep a score affordable.
    let shrink = (40.0 / size.max_length as f64).clamp(0.1, 1.0);
    config.discriminator.filters.iter_mut().for_each(|f| f.1 = ((f.1 as f64 * shrink) as usize).max(8));
    likelihood::fit(config, size, shares.likelihood * seconds);
    fit_ensemble(config, size, 0.3 * seconds);
    fit_measuring(config, size, shares.measuring * seconds);
    fit_adversarial(config, size, shares.pretraining * seconds, shares.rounds * seconds);
    fit_crossfit(config, size, 0.1 * seconds);
}

/// The time of a preset where none is asked for.
fn default_seconds(preset: Preset, size: DataSize, single: bool) -> f64 {
    match preset {
        Preset::Smoke => 20.0,
        Preset::Best if single => 3600.0,
        // By the data: ten minutes for ten thousand tokens, an hour from half a million on.
        Preset::Best => (600.0 * (size.num_tokens as f64 / 1e4).powf(0.46)).clamp(600.0, 3600.0),
        Preset::Quick | Preset::Paper => 180.0,
    }
}

/// Members of the ensemble, and the passes of `distilled` in `seconds`. Each pass also holds as many samples of the ensemble.
fn fit_ensemble(config: &mut Config, size: DataSize, seconds: f64) {
    let cost = Cost::of(config, size);
    let passes =
        |members: usize| seconds / (size.num_tokens as f64 * cost.distilled_token(config, size, members));
    let wanted = config.mle_tuned.num_epochs;
    // A smaller ensemble leaves time for more passes.
    let enough = |members: &usize| passes(*members) >= wanted.min(8) as f64;
    let members = (3..=config.ensemble.num_members).rev().find(enough).unwrap_or(2);
    config.ensemble.num_epochs = (passes(members) as usize).clamp(1, wanted);
    config.ensemble.num_members = members;
    // Few passes from random weights end far behind: on drug-like molecules, with a base of 0.803, eight passes from its weights
    // end with a validation likelihood of 0.791, and with 0.877 from random weights.
    config.ensemble.warm_start = true;
}

/// Numbers of samples and of held-out sequences that are measured.
fn fit_measuring(config: &mut Config, size: DataSize, seconds: f64) {
    let all = Cost::of(config, size).measuring(config, size);
    let evaluate = &mut config.evaluate;
    let measured = (evaluate.num_samples as f64 * seconds / all) as usize;
    evaluate.num_held_out = measured.clamp(1_000, evaluate.num_held_out);
    evaluate.num_samples = measured.clamp(200, evaluate.num_samples);
    evaluate.num_samples_training = (measured / 4).clamp(100, evaluate.num_samples_training);
}

/// The discriminator's first epochs, and the rounds.
fn fit_adversarial(config: &mut Config, size: DataSize, pretraining: f64, rounds: f64) {
    let (t, cost) = (size.max_length as f64, Cost::of(config, size));
    let adversarial = &mut config.adversarial;
    let affordable = |seconds: f64| (seconds / (2.0 * cost.train_sequence)) as usize;
    adversarial.d_pretrain_steps = 2;
    let most = adversarial.num_negatives.min(size.num_sequences.max(64));
    let negatives = affordable(pretraining / 2.0).clamp(64, most.max(64));
    config.rollout.max_prefixes = ((200.0 / t.sqrt()) as usize).clamp(4, 32);
    let prefixes = (config.rollout.max_prefixes as f64).min(t - 1.0).max(1.0);
    // A sequence of mean length uses the prefixes shorter than itself.
    let prefixes = (prefixes * size.mean_length() / t).max(1.0);
    let reward = |n: f64| 64.0 * prefixes * n * cost.completion(size);
    let choices = [(12.0, 16.0), (8.0, 16.0), (6.0, 8.0), (5.0, 4.0), (4.0, 2.0), (2.0, 2.0)];
    let (num_rounds, n) =
        choices.into_iter().find(|&(r, n)| r * reward(n) < 0.6 * rounds).unwrap_or((1.0, 1.0));
    adversarial.num_rounds = (num_rounds as usize).min(adversarial.num_rounds);
    config.rollout.num_rollouts = n as usize;
    let left = (rounds / num_rounds - reward(n)).max(0.0);
    adversarial.num_negatives = negatives.min(affordable(left).max(64));
    adversarial.measure_every_rounds = adversarial.measure_every_rounds.min(adversarial.num_rounds);
    // Rounds on a model that is trained to the end often lower its likelihood. They all run, so that the report shows it, and
    // the best model is kept.
    adversarial.patience = adversarial.num_rounds.max(1);
}

/// The rounds of `seqgan-crossfit`.
fn fit_crossfit(config: &mut Config, size: DataSize, seconds: f64) {
    let sequence = size.mean_length() * Cost::of(config, size).crossfit_token(config);
    let crossfit = &mut config.crossfit;
    crossfit.learning_rate = crossfit.learning_rate.min(config.mle_tuned.learning_rate);
    let rounds = |batch: usize| seconds / (batch as f64 * sequence);
    crossfit.batch_size =
        [crossfit.batch_size, 256, 128, 64].into_iter().find(|&b| rounds(b) >= 100.0).unwrap_or(64);
    crossfit.num_rounds = (rounds(crossfit.batch_size) as usize).clamp(5, crossfit.num_rounds);
    crossfit.measure_every_rounds = (crossfit.num_rounds / 20).clamp(1, crossfit.measure_every_rounds);
    // Rounds can overfit a file: on captions the last ones have memorised the training sequences. On a distilled base the first
    // rounds lower the validation likelihood and later ones restore it; on poems this took three tenths of all rounds.
    crossfit.patience = (crossfit.num_rounds / 2).max(1);
}
