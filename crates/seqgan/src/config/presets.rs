//! Presets: fixed numbers of steps, never a clock.

use super::baseline::Baseline;
use super::method::Method;
use super::settings::{Config, CrossfitConfig, LikelihoodConfig};
use super::synthetic_task::SyntheticTask;
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

/// Size of a file of sequences, which determines the duration of a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DataSize {
    /// Training sequences.
    pub num_sequences: usize,
    /// Tokens of the training sequences, ends included.
    pub num_tokens: usize,
    /// V.
    pub vocab_size: usize,
    /// T.
    pub max_length: usize,
    /// Whether there are test sequences.
    pub has_test: bool,
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

    /// The settings for a synthetic task: those of [`Self::config`], with sizes at which the task
    /// is neither trivial nor hopeless for the generator.
    pub fn config_for_task(self, task: SyntheticTask) -> Config {
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

    /// The settings for a file of sequences. `quick` and `smoke` keep their promise of time on any
    /// file, so their numbers of epochs, rounds, rollouts and filters follow from the data's size,
    /// by a rough cost: a fixed function, so the same file gives the same steps on every machine.
    pub fn config_for_file(self, size: DataSize) -> Config {
        let mut config = self.config_elsewhere();
        config.methods.retain(|&m| ![Method::RANDOM, Method::MIXTURE].contains(&m));
        config.evaluate.reverse_lm &= size.has_test;
        let seconds = match self {
            Self::Paper => return config,
            // The methods that only `best` has take additional time.
            Self::Quick | Self::Best => 130.0,
            Self::Smoke => 10.0,
        };
        fit(&mut config, size, seconds, self == Self::Best);
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

/// Rough upper bounds of the cost of the parts of training, in seconds on two cores. Only the
/// resulting choices matter: closer bounds gave poems and captions more epochs or wider models, and
/// a worse validation likelihood.
struct Cost {
    likelihood_token: f64,
    sample_token: f64,
    score_sequence: f64,
    train_sequence: f64,
}

impl Cost {
    fn of(config: &Config, size: DataSize) -> Self {
        Self::of_ensemble(config, size, 1)
    }

    /// Cost of an ensemble of `members`, which share only the work that is proportional to the
    /// vocabulary.
    fn of_ensemble(config: &Config, size: DataSize, members: usize) -> Self {
        let (v, t) = (size.vocab_size as f64, size.max_length as f64);
        let (e, h) = (config.generator.embedding_dim as f64, config.generator.hidden_dim as f64);
        let units = members as f64 * h;
        let filters = || config.discriminator.filters.iter().filter(|f| f.0 <= size.max_length);
        let features: f64 = filters().map(|f| f.1 as f64).sum();
        let dim = config.discriminator.embedding_dim as f64;
        let conv: f64 = filters().map(|&(k, n)| (k * n) as f64 * dim * (t - k as f64 + 1.0)).sum();
        let score_sequence = (2.0 * conv + 4.0 * features * features) / 2.5e11 + 3e-6;
        Self {
            likelihood_token: 2e-6 + units * (e + h) * 2e-10 + v * (0.5e-9 + units * 2.5e-11),
            sample_token: 0.4e-6 + units * (e + h) * 4e-11 + v * (0.2e-9 + units * 1.3e-11),
            score_sequence,
            // Backward is twice the highway's forward, and each update sends all weights through
            // memory.
            train_sequence: score_sequence * 2.0 + features * features * 6e-11 + 4e-5,
        }
    }
}

/// Chooses sizes and numbers of steps that take about `seconds`; `to_the_end` adds the time for
/// maximum likelihood to converge.
fn fit(config: &mut Config, size: DataSize, seconds: f64, to_the_end: bool) {
    let t = size.max_length as f64;
    let tokens = size.num_tokens as f64;
    let mean_length = tokens / size.num_sequences.max(1) as f64;
    // Longer sequences have more windows: fewer filters keep a score affordable.
    let shrink = (40.0 / t).clamp(0.1, 1.0);
    config.discriminator.filters.iter_mut().for_each(|f| f.1 = ((f.1 as f64 * shrink) as usize).max(8));

    // Maximum likelihood gets 40 %: it determines most of the quality. The widest LSTM that has
    // time for enough passes is used; on validation data it was the best one.
    let likelihood = 0.4 * seconds;
    for (dim, rate) in [(128, 0.008), (64, 0.01), (32, 0.01)] {
        (config.generator.embedding_dim, config.generator.hidden_dim) = (dim.min(64), dim);
        config.mle_tuned.learning_rate = rate;
        if likelihood / (tokens * Cost::of(config, size).likelihood_token) >= 8.0 {
            break;
        }
    }
    let cost = Cost::of(config, size);
    let mut epochs = likelihood / (tokens * cost.likelihood_token);
    if to_the_end {
        // Any further training looks good from a base that has not converged.
        epochs *= 2.5;
    }
    // Data sets differ too much in size for one L2 weight or one number of passes; plateaus adapt
    // the rest. By validation likelihood, on five sets of data
    // (experiments/frontier/files-likelihood.txt).
    (config.mle_tuned.l2, config.mle_tuned.plateau_factor) = (5e-5, 0.5);
    set_epochs(&mut config.mle_tuned, epochs, size);
    // The distilled model gets 240 % and at most as many passes as the others; each pass also holds
    // as many samples of the ensemble. With wide models, a smaller ensemble leaves time for more
    // passes. They start from the weights of `mle-tuned`, because they are few: on drug-like
    // molecules, with a base of 0.803, eight passes end with a validation likelihood of 0.791, and
    // with 0.877 from random weights.
    let wanted = config.mle_tuned.num_epochs;
    let passes = |members: usize| {
        let ensemble = Cost::of_ensemble(config, size, members);
        let asked = ensemble.sample_token + ensemble.likelihood_token * 2.0 / 3.0;
        2.4 * seconds / (tokens * (asked + 2.0 * cost.likelihood_token))
    };
    let enough = |members: &usize| passes(*members) >= wanted.min(8) as f64;
    let members = (3..=config.ensemble.num_members).rev().find(enough).unwrap_or(2);
    config.ensemble.num_epochs = (passes(members) as usize).clamp(1, wanted);
    config.ensemble.num_members = members;
    config.ensemble.warm_start = true;

    // Measuring gets 15 %: about four times as many sequences as `num_samples` are drawn or scored.
    let measured = 0.15 * seconds / (mean_length * (cost.sample_token + 0.5 * cost.likelihood_token)) / 4.0;
    config.evaluate.num_samples = (measured as usize).clamp(200, config.evaluate.num_samples);
    config.evaluate.num_samples_training =
        (measured as usize / 10).clamp(100, config.evaluate.num_samples_training);

    // The discriminator's first epochs get 15 %, the rounds the rest.
    let adversarial = &mut config.adversarial;
    let affordable = |seconds: f64| (seconds / (2.0 * cost.train_sequence)) as usize;
    adversarial.d_pretrain_steps = 2;
    let most = adversarial.num_negatives.min(size.num_sequences.max(64));
    let negatives = affordable(0.15 * seconds / 2.0).clamp(64, most);
    config.rollout.max_prefixes = ((200.0 / t.sqrt()) as usize).clamp(4, 32);
    let prefixes = (config.rollout.max_prefixes as f64).min(t - 1.0).max(1.0);
    // A sequence of mean length uses the prefixes shorter than itself.
    let prefixes = (prefixes * mean_length / t).max(1.0);
    let reward = |n: f64| 64.0 * prefixes * n * (cost.score_sequence + 0.5 * mean_length * cost.sample_token);
    let left = 0.3 * seconds;
    let choices = [(12.0, 16.0), (8.0, 16.0), (6.0, 8.0), (5.0, 4.0), (4.0, 2.0), (2.0, 2.0)];
    let (rounds, n) = choices.into_iter().find(|&(r, n)| r * reward(n) < 0.6 * left).unwrap_or((1.0, 1.0));
    adversarial.num_rounds = (rounds as usize).min(adversarial.num_rounds);
    config.rollout.num_rollouts = n as usize;
    adversarial.num_negatives = negatives.min(affordable((left / rounds - reward(n)).max(0.0)).max(64));

    // The rounds of `seqgan-crossfit` get another 50 %, or 200 % with features of an ensemble. A
    // sequence is drawn, trained on beside a real one, and scored by the base and by each model of
    // the ensemble; a score costs a third of a training step.
    let crossfit = &mut config.crossfit;
    crossfit.learning_rate = crossfit.learning_rate.min(config.mle_tuned.learning_rate);
    let (scores, share) =
        if crossfit.ensemble_features { (2 + 2 * config.ensemble.num_members, 2.0) } else { (2, 0.5) };
    let sequence = mean_length * (cost.sample_token + cost.likelihood_token * (2.0 + scores as f64 / 3.0));
    let rounds = |batch: usize| share * seconds / (batch as f64 * sequence);
    crossfit.batch_size =
        [crossfit.batch_size, 256, 128, 64].into_iter().find(|&b| rounds(b) >= 100.0).unwrap_or(64);
    crossfit.num_rounds = (rounds(crossfit.batch_size) as usize).clamp(5, crossfit.num_rounds);
    crossfit.measure_every_rounds = (crossfit.num_rounds / 20).clamp(1, crossfit.measure_every_rounds);
    // Rounds can overfit a file: on captions the last ones have memorised the training sequences.
    // On a distilled base the first rounds lower the validation likelihood and later ones restore
    // it; on poems this took three tenths of all rounds.
    crossfit.patience = (crossfit.num_rounds / 2).max(1);
}

fn set_epochs(likelihood: &mut LikelihoodConfig, epochs: f64, size: DataSize) {
    const MOST: f64 = 40.0;
    likelihood.num_epochs = (epochs.min(MOST) as usize).max(1);
    // Few sequences make few updates an epoch: smaller batches keep their number up.
    let updates = |batch: usize| likelihood.num_epochs * size.num_sequences / batch;
    likelihood.batch_size = [64, 32, 16].into_iter().find(|&b| updates(b) >= 2_000).unwrap_or(16);
    if epochs < 1.0 {
        likelihood.max_updates =
            ((epochs * size.num_sequences as f64) as usize / likelihood.batch_size).max(20);
    }
    // A longer patience would leave a learning rate of almost zero.
    likelihood.patience = (likelihood.num_epochs / 4).clamp(2, 6);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Provenance, validate};

    #[test]
    fn presets_are_valid_on_any_file() {
        for preset in [Preset::Quick, Preset::Paper, Preset::Best, Preset::Smoke] {
            for task in SyntheticTask::ALL {
                validate(&preset.config_for_task(task), &Provenance::default()).unwrap();
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
                validate(&preset.config_for_file(size), &Provenance::default()).unwrap();
            }
        }
    }
}
