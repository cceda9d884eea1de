//! Statistics that diagnostics are derived from.

use super::super::state::AdversarialState;
use super::state::MonitorBaseline;
use crate::config::Config;
use crate::discriminator::ReferenceModels;
use crate::generator::{GeneratorPolicy, Policy};
use crate::measure::{Measures, within_support};
use crate::metrics::{Estimate, auc, self_bleu, unique};
use crate::rng::{Purpose, Streams};
use crate::task::Task;
use crate::token::SeqBatch;

/// Statistics of the generator in training and of its reward model.
pub(crate) struct MonitorStatistics {
    pub(super) entropy: f64,
    pub(super) unique: f64,
    pub(super) self_bleu: f64,
    pub(super) nll: f64,
    pub(super) reward: Option<f64>,
    pub(super) value_spread: Option<f64>,
    pub(super) discriminator_accuracy: Option<f64>,
    pub(super) auc_train: Option<Estimate>,
    pub(super) auc_validation: Option<Estimate>,
}

impl MonitorStatistics {
    /// Measures the generator and its reward model. `sees_training_data` is true if the reward model was trained on the
    /// training sequences with the features that they have now. It is false for a cross-fitted one, whose features came
    /// from the generators of folds.
    pub fn of(
        config: &Config,
        task: &Task,
        state: &AdversarialState,
        references: ReferenceModels<'_>,
        measures: &Measures,
        sees_training_data: bool,
    ) -> Self {
        let n = config.monitor.num_samples;
        let generator = &state.model.generator;
        let policy = GeneratorPolicy::new(generator, 1.0);
        let samples = policy.sample(&Streams::new(config.seed, Purpose::Evaluation), 0, n).sequences;
        let scores = |batch: &SeqBatch| state.reward.model.scores(references, batch);
        let of_samples = scores(&samples);
        let area = |real: &SeqBatch| {
            let real = scores(&real.slice(0, real.len().min(n)))?;
            Some(auc(&real, of_samples.as_ref()?)).filter(|area| area.mean.is_finite())
        };
        Self {
            entropy: measures.entropy.map_or(f64::NAN, |entropy| entropy.mean),
            unique: unique(&samples).mean,
            self_bleu: self_bleu(&samples, 3..=3)[0].mean,
            nll: measures.nll_validation.map_or(f64::NAN, |nll| nll.mean),
            reward: state.cursor.reward,
            value_spread: state.cursor.monitor.value_spread,
            discriminator_accuracy: state.cursor.monitor.discriminator_accuracy,
            auc_train: if sees_training_data { area(&task.train) } else { None },
            auc_validation: area(&within_support(&task.validation, generator)),
        }
    }

    /// Names and values of the statistics that no other record contains.
    pub fn entries(&self) -> Vec<(&'static str, f64)> {
        let mean = |area: Option<Estimate>| area.map(|area| area.mean);
        [
            ("unique", Some(self.unique)),
            ("self_bleu_3", Some(self.self_bleu)),
            ("value_spread", self.value_spread),
            ("auc_train", mean(self.auc_train)),
            ("auc_validation", mean(self.auc_validation)),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
    }

    /// Baseline that later statistics are compared with.
    pub(super) fn baseline(&self) -> MonitorBaseline {
        MonitorBaseline {
            entropy: self.entropy,
            unique: self.unique,
            self_bleu: self.self_bleu,
            nll: self.nll,
        }
    }
}

/// Standard deviation of the action values `[B, T]` over the batch, computed per time step and pooled over all steps.
pub(crate) fn value_spread(batch: &SeqBatch, values: &[f32], has_end: bool) -> f64 {
    let length = batch.max_length();
    let (mut squares, mut count) = (0.0, 0.0);
    for t in 0..length {
        let column = (0..batch.len()).filter(|&b| batch.steps(b, has_end) > t);
        let column: Vec<f64> = column.map(|b| f64::from(values[b * length + t])).collect();
        let mean = column.iter().sum::<f64>() / column.len().max(1) as f64;
        squares += column.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
        count += column.len() as f64;
    }
    if count == 0.0 { 0.0 } else { f64::sqrt(squares / count) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_is_within_steps() {
        let batch = SeqBatch::from_rows([vec![1, 2], vec![1, 2]], 2);
        // Differences between the means of steps do not count. The rows differ by 1 at the second step only.
        let spread = value_spread(&batch, &[5.0, 0.0, 5.0, 1.0], false);
        assert!((spread - (0.5f64 / 4.0).sqrt()).abs() < 1e-12, "{spread}");
        assert_eq!(value_spread(&batch, &[3.0, 1.0, 3.0, 1.0], false), 0.0);
    }
}
