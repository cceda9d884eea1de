//! What a run will take: the line that tells its model, memory and time before it begins.

use super::fold_layout::FoldLayout;
use super::plan::Stage;
use crate::Result;
use crate::config::{Config, Cost, DataSize, LikelihoodConfig, Method};
use crate::generator;
use crate::task::Task;
use crate::train::method::{self, RewardTraining};

/// Describes the generator of a run and its cost in one line, such as "model: lstm of 2 x 512 units, 3.4 million weights; about 80
/// MB and 12 minutes on two cores". `stages` are those that are left.
pub(super) fn describe(config: &Config, task: &Task, stages: &[Stage]) -> Result<String> {
    let weights = generator::num_parameters(task.space(), &config.generator)?;
    let settings = &config.generator;
    let layers = match settings.num_layers {
        1 => String::new(),
        layers => format!("{layers} x "),
    };
    let tied = if settings.tied_embeddings { ", tied embeddings" } else { "" };
    Ok(format!(
        "model: {} of {layers}{} units, {} weights{tied}; about {} of memory and {} on two cores",
        settings.kind,
        settings.hidden_dim,
        count(weights),
        memory(config, task, weights),
        duration(seconds(config, task.size(), stages)),
    ))
}

fn count(n: usize) -> String {
    match n {
        0..10_000 => n.to_string(),
        10_000..1_000_000 => format!("{:.0} thousand", n as f64 / 1e3),
        _ => format!("{:.1} million", n as f64 / 1e6),
    }
}

/// Memory of a training step: weights, moments, averages and packed copies, gradients of slices, and what the backward pass
/// needs of the forward pass; with the data.
fn memory(config: &Config, task: &Task, weights: usize) -> String {
    let likelihood = &config.mle_tuned;
    let copies = 8 + usize::from(likelihood.average_decay > 0.0) + config.gradient_slices;
    let per_decision =
        task.vocab_size().min(1 << 21) + 12 * config.generator.num_layers * config.generator.hidden_dim;
    let decisions = likelihood.batch_size * task.max_length();
    let data = (task.train.len() + task.validation.len()) * task.max_length();
    let bytes = 4 * (copies * weights + decisions * per_decision + data);
    match bytes {
        0..1_000_000_000 => format!("{} MB", (bytes / 10_000_000 + 1) * 10),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

fn duration(seconds: f64) -> String {
    match seconds {
        ..90.0 => format!("{seconds:.0} seconds"),
        90.0..5400.0 => format!("{:.0} minutes", seconds / 60.0),
        _ => format!("{:.1} hours", seconds / 3600.0),
    }
}

/// Seconds of the stages on the reference machine, roughly.
fn seconds(config: &Config, size: DataSize, stages: &[Stage]) -> f64 {
    stages.iter().map(|&stage| of_stage(config, size, stage)).sum()
}

fn of_stage(config: &Config, size: DataSize, stage: Stage) -> f64 {
    let cost = Cost::of(config, size);
    let mean_length = size.mean_length();
    match stage {
        Stage::Likelihood(name) => likelihood(config, size, name),
        Stage::Member(_) => likelihood(config, size, Method::MLE_TUNED),
        Stage::Ensemble => 0.0,
        Stage::Fold(_, number) => {
            let share = 1.0 - 1.0 / config.crossfit.num_folds.max(1) as f64;
            share.max(0.1) * likelihood(config, size, FoldLayout::of(config).methods()[number])
        }
        Stage::RewardModel(name) => match on_folds(config, name) {
            true => {
                let d_tokens = 2.0 * size.num_tokens as f64 * config.crossfit.d_epochs as f64;
                d_tokens * (0.2 * cost.likelihood_token + 2e-6)
            }
            false => {
                let adversarial = &config.adversarial;
                let steps = adversarial.d_pretrain_steps * adversarial.d_epochs;
                2.0 * (steps * adversarial.num_negatives) as f64 * cost.train_sequence
            }
        },
        Stage::Rounds(name) if on_folds(config, name) => {
            let sequences = config.crossfit.num_rounds * config.crossfit.batch_size;
            sequences as f64 * mean_length * cost.crossfit_token(config)
        }
        Stage::Rounds(_) => {
            let adversarial = &config.adversarial;
            let prefixes = match config.rollout.max_prefixes {
                0 => mean_length,
                most => (most as f64).min(mean_length),
            };
            let completions = (adversarial.batch_size * config.rollout.num_rollouts) as f64 * prefixes;
            let updates =
                2.0 * (adversarial.d_steps * adversarial.d_epochs * adversarial.num_negatives) as f64;
            let round = adversarial.g_steps as f64 * completions * cost.completion(size)
                + updates * cost.train_sequence;
            adversarial.num_rounds as f64 * round
        }
        Stage::Measure => cost.measuring(config, size),
    }
}

/// Whether a method's reward model is trained on folds.
fn on_folds(config: &Config, name: Method) -> bool {
    method::adversarial(name).is_some_and(|m| m.reward_training(config) == RewardTraining::OnFolds)
}

/// A likelihood model, with a validation pass for each pass over the data.
fn likelihood(config: &Config, size: DataSize, name: Method) -> f64 {
    let settings: LikelihoodConfig = method::known_likelihood(name).settings(config);
    let cost = Cost::of(config, size);
    let passes = match settings.max_updates {
        0 => settings.num_epochs as f64,
        most => {
            let updates = (size.num_sequences / settings.batch_size).max(1);
            (most as f64 / updates as f64).min(settings.num_epochs as f64)
        }
    };
    let token = match method::known_likelihood(name).needs_teacher() {
        true => cost.distilled_token(config, size, config.ensemble.num_members),
        false => cost.likelihood_token,
    };
    passes * size.num_tokens as f64 * (token + 0.5 * config.data.validation_share * cost.likelihood_token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short() {
        assert_eq!([count(640), count(12_345), count(3_449_000)], ["640", "12 thousand", "3.4 million"]);
        assert_eq!([duration(17.2), duration(170.0)], ["17 seconds", "3 minutes"]);
        assert_eq!(duration(7000.0), "1.9 hours");
    }
}
