//! Presets: fixed numbers of steps, never a clock.

use super::baseline::Baseline;
use super::settings::{Config, LikelihoodConfig};
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// A named set of defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// The best quality within three minutes on two cores.
    #[default]
    Quick,
    /// What the original code does, step for step.
    Paper,
    /// Everything once, small, in under 20 seconds.
    Smoke,
}

impl FromStr for Preset {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "quick" => Ok(Self::Quick),
            "paper" => Ok(Self::Paper),
            "smoke" => Ok(Self::Smoke),
            other => Err(format!("unknown preset {other}, expected quick, paper or smoke")),
        }
    }
}

impl std::fmt::Display for Preset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Quick => "quick",
            Self::Paper => "paper",
            Self::Smoke => "smoke",
        })
    }
}

/// What decides how long a step takes on a file of sequences.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DataSize {
    /// Training sequences.
    pub num_sequences: usize,
    /// Their tokens, ends included.
    pub num_tokens: usize,
    /// V.
    pub vocab_size: usize,
    /// T.
    pub max_length: usize,
}

impl Preset {
    /// The settings for the synthetic task.
    pub fn config(self) -> Config {
        let mut config = Config::default();
        match self {
            Self::Paper => {}
            Self::Quick => {
                config.methods.retain(|m| m != "mle");
                config.adversarial.base = "mle-tuned".into();
                config.adversarial.num_rounds = 12;
                config.adversarial.d_steps = 1;
                config.adversarial.d_epochs = 1;
                config.adversarial.d_pretrain_steps = 3;
                config.adversarial.num_negatives = 5_000;
                config.adversarial.learning_rate = 1e-3;
                config.adversarial.baseline = Baseline::StepMean;
                config.adversarial.measure_every_rounds = 3;
                config.evaluate.num_samples_training = 2_000;
            }
            Self::Smoke => {
                config = Self::Quick.config();
                config.oracle.num_floor = 20_000;
                config.oracle.num_test = 2_000;
                config.mle_tuned.num_epochs = 2;
                config.evaluate.num_samples = 2_000;
                config.evaluate.num_samples_training = 500;
                config.evaluate.temperatures = vec![1.1, 1.0, 0.9, 0.8, 0.7];
                config.discriminator.filters = vec![(1, 32), (2, 32), (3, 32), (4, 32), (5, 32), (10, 16), (20, 16)];
                config.adversarial.num_rounds = 2;
                config.adversarial.d_pretrain_steps = 1;
                config.adversarial.num_negatives = 2_000;
                config.adversarial.measure_every_rounds = 1;
                config.checkpoint.every_secs = 1.0;
            }
        }
        config
    }

    /// The settings for a file of sequences. `quick` and `smoke` keep their promise of time on any file, so their
    /// numbers of epochs, rounds, rollouts and filters follow from the data's size, by [`Cost`]: a fixed
    /// function, so the same file gives the same steps on every machine.
    pub fn config_for_file(self, size: DataSize) -> Config {
        let mut config = self.config();
        config.methods.retain(|m| m != "random");
        let seconds = match self {
            Self::Paper => return config,
            Self::Quick => 110.0,
            Self::Smoke => 8.0,
        };
        fit(&mut config, size, seconds);
        config
    }
}

/// Rough cost of the parts of training, in seconds on two cores; only ratios matter for what is chosen.
struct Cost {
    likelihood_token: f64,
    sample_token: f64,
    score_sequence: f64,
}

impl Cost {
    fn of(config: &Config, size: DataSize) -> Self {
        let (v, t) = (size.vocab_size as f64, size.max_length as f64);
        let h = config.generator.hidden_dim as f64 / 32.0;
        let features: f64 = config.discriminator.filters.iter().map(|f| f.1 as f64).sum();
        let conv: f64 = config
            .discriminator
            .filters
            .iter()
            .map(|&(k, n)| (k * n * config.discriminator.embedding_dim) as f64 * (t - k as f64 + 1.0).max(1.0))
            .sum();
        Self {
            likelihood_token: h * (1.5e-6 + 2.4e-9 * v),
            sample_token: h * (0.4e-6 + 0.75e-9 * v),
            score_sequence: (2.0 * conv + 4.0 * features * features) / 2.5e11,
        }
    }

    /// A discriminator's training sequence: twice the forward pass for the backward, and the weights' traffic.
    fn train_sequence(&self, features: f64) -> f64 {
        3.0 * self.score_sequence + features * features * 6e-11 + 3e-5
    }
}

fn fit(config: &mut Config, size: DataSize, seconds: f64) {
    let t = size.max_length as f64;
    // Longer sequences have more windows: fewer filters keep a score affordable. No width beyond 20 tokens.
    let shrink = (40.0 / t).clamp(0.1, 1.0);
    config.discriminator.filters.iter_mut().for_each(|f| f.1 = ((f.1 as f64 * shrink) as usize).max(8));
    let cost = Cost::of(config, size);
    let features: f64 = config.discriminator.filters.iter().map(|f| f.1 as f64).sum();

    // Measuring: nll of the parts, samples of each method.
    let samples = (0.08 * seconds / (cost.sample_token * t + cost.likelihood_token * t) / 4.0) as usize;
    config.evaluate.num_samples = samples.clamp(200, config.evaluate.num_samples);
    config.evaluate.num_samples_training = (samples / 8).clamp(100, config.evaluate.num_samples_training);

    // Maximum likelihood gets a third: it decides most of the quality.
    let epoch = size.num_tokens as f64 * cost.likelihood_token;
    let epochs = (0.35 * seconds / epoch) as usize;
    let most = if config.mle_tuned.num_epochs <= 2 { 4 } else { 40 };
    set_epochs(&mut config.mle_tuned, epochs.clamp(1, most), size);

    // Then the discriminator, then rounds for the rest.
    let adversarial = &mut config.adversarial;
    let train = cost.train_sequence(features);
    let negatives = (0.22 * seconds / (2.0 * train) / 3.0) as usize;
    adversarial.num_negatives = negatives.clamp(64, adversarial.num_negatives.min(size.num_sequences.max(64)));
    adversarial.d_pretrain_steps = 2;
    config.rollout.max_prefixes = 32.min((640.0 / t.sqrt()) as usize / 8).max(4);
    let prefixes = (config.rollout.max_prefixes as f64).min(t - 1.0).max(1.0);
    let mean_length = size.num_tokens as f64 / size.num_sequences.max(1) as f64;
    let reward = |n: f64| 64.0 * prefixes * n * (cost.score_sequence + 0.5 * mean_length * cost.sample_token);
    let left = 0.35 * seconds;
    let (rounds, n) = [(12.0, 16.0), (8.0, 8.0), (6.0, 4.0), (4.0, 2.0), (2.0, 1.0)]
        .into_iter()
        .find(|&(rounds, n)| rounds * reward(n) < 0.7 * left)
        .unwrap_or((1.0, 1.0));
    adversarial.num_rounds = (rounds as usize).min(adversarial.num_rounds);
    config.rollout.num_rollouts = n as usize;
    let a_round = (left / rounds - reward(n)).max(0.0);
    adversarial.num_negatives = adversarial.num_negatives.min(((a_round / (2.0 * train)) as usize).max(64));
}

fn set_epochs(likelihood: &mut LikelihoodConfig, epochs: usize, size: DataSize) {
    // Few sequences make few updates an epoch: smaller batches keep their number above a thousand.
    likelihood.num_epochs = epochs;
    let updates = |batch: usize| epochs * size.num_sequences / batch;
    likelihood.batch_size = [64, 32, 16].into_iter().find(|&b| updates(b) >= 1_000).unwrap_or(16);
    likelihood.patience = (epochs / 4).max(2);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Provenance, validate};

    #[test]
    fn presets_are_valid_on_any_file() {
        for preset in [Preset::Quick, Preset::Paper, Preset::Smoke] {
            validate(&preset.config(), &Provenance::default()).unwrap();
            for (n, tokens, v, t) in [(1, 2, 3, 1), (700, 180_000, 45, 512), (8_000, 650_000, 17_500, 385), (110_000, 1_700_000, 48, 22)] {
                let size = DataSize { num_sequences: n, num_tokens: tokens, vocab_size: v, max_length: t };
                validate(&preset.config_for_file(size), &Provenance::default()).unwrap();
            }
        }
    }
}
