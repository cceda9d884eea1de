//! Presets: fixed numbers of steps, never a clock.

mod budget;
mod cost;
mod data_size;
mod file;
mod likelihood;

use super::baseline::Baseline;
use super::method::Method;
use super::settings::{Config, CrossfitConfig};
use super::synthetic_task::SyntheticTask;
pub use cost::Cost;
pub use data_size::DataSize;
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// A named set of defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// The best quality within three minutes on two cores.
    #[default]
    Quick,
    /// The schedule of the original code, step for step.
    Paper,
    /// The strongest methods beside those of `Quick`; a quarter of an hour on the synthetic task.
    Best,
    /// Every stage once at small scale, in under 20 seconds.
    Smoke,
}

impl FromStr for Preset {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "quick" => Ok(Self::Quick),
            "paper" => Ok(Self::Paper),
            "best" => Ok(Self::Best),
            "smoke" => Ok(Self::Smoke),
            other => Err(format!("unknown preset {other}, expected quick, paper, best or smoke")),
        }
    }
}

impl std::fmt::Display for Preset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Quick => "quick",
            Self::Paper => "paper",
            Self::Best => "best",
            Self::Smoke => "smoke",
        })
    }
}

impl Preset {
    /// The settings for the paper's synthetic task.
    pub fn config(self) -> Config {
        let mut config = Self::without_further_models();
        match self {
            Self::Paper => config = Config::default(),
            Self::Quick => {
                // Two likelihood models are the fewest whose features help the discriminator. Other
                // stages are shorter to pay for them.
                config.methods.push(Method::SEQGAN_CROSSFIT);
                config.ensemble.num_members = 2;
                config.crossfit = CrossfitConfig {
                    num_rounds: 400,
                    learning_rate: 0.03,
                    ..with_ensemble_features(config.crossfit)
                };
                config.adversarial.num_rounds = 6;
                config.adversarial.d_pretrain_steps = 2;
                config.adversarial.measure_every_rounds = 2;
                config.evaluate.temperatures.retain(|&temperature| temperature >= 0.7);
            }
            Self::Best => {
                let at = config.methods.iter().position(|&m| m == Method::MLE_TUNED).expect("a row of quick");
                config.methods.splice(at + 1..at + 1, [Method::MLE_ENSEMBLE, Method::DISTILLED]);
                config.methods.insert(at, Method::MIXTURE);
                config.methods.extend([Method::SEQGAN_CROSSFIT, Method::DISTILLED_SEQGAN_CROSSFIT]);
                config.crossfit =
                    CrossfitConfig { num_rounds: 2000, ..with_ensemble_features(config.crossfit) };
                config.evaluate.reverse_lm = true;
            }
            Self::Smoke => {
                config.oracle.num_floor = 20_000;
                config.oracle.num_test = 2_000;
                config.mle_tuned.num_epochs = 2;
                config.mle_tuned.batch_size = 64;
                // No row of this preset, but one of a comparison: the paper's 120 epochs would take
                // minutes of its seconds.
                config.mle.num_epochs = 2;
                config.mle.measure_every_epochs = 1;
                config.evaluate.num_samples = 2_000;
                config.evaluate.num_samples_training = 500;
                config.evaluate.temperatures = vec![1.1, 1.0, 0.9, 0.8, 0.7];
                config.discriminator.filters =
                    vec![(1, 32), (2, 32), (3, 32), (4, 32), (5, 32), (10, 16), (20, 16)];
                config.adversarial.num_rounds = 2;
                config.adversarial.d_pretrain_steps = 1;
                config.adversarial.num_negatives = 2_000;
                config.adversarial.measure_every_rounds = 1;
                config.checkpoint.every_secs = 1.0;
            }
        }
        config
    }

    /// Shortens these settings of the preset for one run of a comparison, which has several runs and more methods.
    /// Only `smoke` promises seconds: a run of it becomes a sixth as long. It shows that all works, and no differences.
    pub fn shorten_for_comparison(self, config: &mut Config) {
        if self != Self::Smoke {
            return;
        }
        for (size, most) in [
            (&mut config.oracle.num_train, 1_000),
            (&mut config.oracle.num_validation, 200),
            (&mut config.oracle.num_test, 200),
            (&mut config.oracle.num_floor, 2_000),
            (&mut config.evaluate.num_samples, 200),
            (&mut config.evaluate.num_samples_training, 50),
            (&mut config.adversarial.num_negatives, 200),
            (&mut config.rollout.num_rollouts, 4),
        ] {
            *size = most.min(*size);
        }
    }

    /// Settings that the shorter presets share.
    fn without_further_models() -> Config {
        let mut config = Config::default();
        config.methods.retain(|&m| m != Method::MLE);
        config.adversarial.base = Method::MLE_TUNED;
        config.adversarial.num_rounds = 12;
        config.adversarial.d_steps = 1;
        config.adversarial.d_epochs = 1;
        config.adversarial.d_pretrain_steps = 3;
        config.adversarial.num_negatives = 5_000;
        config.adversarial.learning_rate = 1e-3;
        config.adversarial.baseline = Baseline::StepMean;
        config.adversarial.measure_every_rounds = 3;
        config.evaluate.num_samples_training = 2_000;
        config
    }

    /// The settings for tasks on which `quick` has no time for the likelihood models of
    /// `seqgan-crossfit`.
    fn config_elsewhere(self) -> Config {
        if self == Self::Quick { Self::without_further_models() } else { self.config() }
    }

    /// The settings for a synthetic task that take about `minutes` on the reference machine, or as long as the preset takes by
    /// itself.
    pub fn config_for_task(self, task: SyntheticTask, minutes: Option<f64>) -> Config {
        let mut config = self.config_of_task(task);
        if let Some(minutes) = minutes {
            self.scale_steps(&mut config, minutes);
        }
        config
    }

    /// The settings for a synthetic task: those of [`Self::config`], with sizes at which the task
    /// is neither trivial nor hopeless for the generator.
    fn config_of_task(self, task: SyntheticTask) -> Config {
        let (vocab_size, length) = match task {
            SyntheticTask::Oracle => return self.config(),
            SyntheticTask::Brackets => (8, 20),
            SyntheticTask::Copy | SyntheticTask::Reversal => (10, 12),
            SyntheticTask::Checksum => (5, 8),
            SyntheticTask::Markov => (50, 40),
        };
        let mut config = self.config_elsewhere();
        config.oracle.task = task;
        if task == SyntheticTask::Markov {
            config.oracle.hidden_dim = 8;
        }
        config.generator.embedding_dim = 16;
        // By validation likelihood: ten thousand sequences of a rule are hardly over-fitted, and it
        // is learnt slowly.
        config.mle_tuned.l2 = if task.has_rule() { 0.0 } else { 1e-5 };
        (config.mle_tuned.num_epochs, config.mle_tuned.patience) = (200, 20);
        config.ensemble.num_epochs = 100;
        // Networks and vocabulary are small, so that more training is affordable: a larger
        // discriminator, because a rule is easier to recognise than to follow, and many updates of
        // many sequences.
        config.crossfit = CrossfitConfig {
            embedding_dim: 16,
            hidden_dim: 64,
            d_epochs: 20,
            num_rounds: 1000,
            batch_size: 1024,
            learning_rate: 8e-3,
            // Later decisions often reveal whether an earlier one follows the rule.
            discount: 1.0,
            reward_scale: 1.0,
            ..config.crossfit
        };
        config.discriminator.filters.iter_mut().for_each(|filter| filter.1 /= 4);
        if self == Self::Smoke {
            (config.mle_tuned.num_epochs, config.ensemble.num_epochs) = (4, 2);
            config.crossfit.num_rounds = 20;
        }
        (config.oracle.vocab_size, config.oracle.length) = (vocab_size, length);
        config
    }

    /// The settings for a file of sequences that take about `minutes` on the reference machine, or as long as the preset takes
    /// by itself. All numbers of steps follow from the size of the data by a rough cost: a fixed function, so the same file gives
    /// the same steps on every machine.
    pub fn config_for_file(self, size: DataSize, minutes: Option<f64>) -> Config {
        let mut config = self.config_elsewhere();
        config.methods.retain(|&m| ![Method::RANDOM, Method::MIXTURE].contains(&m));
        config.evaluate.reverse_lm &= size.has_test;
        if self != Self::Paper {
            file::fit(&mut config, self, size, minutes);
        }
        config
    }
}

/// Settings of a discriminator with features of an ensemble. By validation likelihood, one fold is
/// enough to fit this discriminator, and many small updates gain more than a few large ones,
/// because no action is sampled. A decision has its own reward alone.
fn with_ensemble_features(defaults: CrossfitConfig) -> CrossfitConfig {
    CrossfitConfig {
        ensemble_features: true,
        max_folds: 1,
        d_epochs: 4,
        batch_size: 64,
        learning_rate: 0.01,
        measure_every_rounds: 100,
        demonstration_value: 0.4,
        discount: 0.0,
        reward_scale: 1.0,
        ..defaults
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Provenance, validate};

    #[test]
    fn presets_are_valid_on_any_file() {
        for preset in [Preset::Quick, Preset::Paper, Preset::Best, Preset::Smoke] {
            for task in SyntheticTask::ALL {
                for minutes in [None, Some(0.1), Some(600.0)] {
                    let config = preset.config_for_task(task, minutes);
                    validate(&config, &Provenance::default()).unwrap();
                }
            }
            for (n, tokens, v, t) in [
                (1, 2, 3, 1),
                (700, 180_000, 45, 512),
                (8_000, 650_000, 17_500, 385),
                (110_000, 1_700_000, 48, 22),
            ] {
                let size = DataSize {
                    num_sequences: n,
                    num_tokens: tokens,
                    vocab_size: v,
                    max_length: t,
                    has_test: false,
                };
                for minutes in [None, Some(0.1), Some(600.0)] {
                    let config = preset.config_for_file(size, minutes);
                    validate(&config, &Provenance::default()).unwrap();
                }
            }
        }
    }
}
