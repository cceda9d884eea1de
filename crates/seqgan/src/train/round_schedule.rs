//! Schedule of a method's rounds: their number, and the generator updates in each.

use super::state::{AdversarialCursor, BestValidation};
use crate::config::{Baseline, Config, Schedule};

/// Schedule of a method's rounds.
#[derive(Debug, Clone)]
pub struct RoundSchedule {
    /// Number of rounds.
    pub num_rounds: usize,
    /// Generator updates per round.
    pub g_steps: usize,
    /// Sequences per update.
    pub batch_size: usize,
    /// Baseline that is subtracted from the action values.
    pub baseline: Baseline,
    /// Number of rounds between measurements; 0 measures only at the end.
    pub measure_every_rounds: usize,
    /// Number of rounds without a better validation likelihood after which training ends with the best model; 0
    /// disables early stopping.
    pub patience: usize,
    /// Adam's learning rate in the first round.
    pub learning_rate: f64,
    /// Schedule of the learning rate.
    pub schedule: Schedule,
}

impl RoundSchedule {
    /// Creates the schedule of the settings `[adversarial]`.
    pub fn adversarial(config: &Config) -> Self {
        let adversarial = &config.adversarial;
        Self {
            num_rounds: adversarial.num_rounds,
            g_steps: adversarial.g_steps,
            batch_size: adversarial.batch_size,
            baseline: adversarial.baseline,
            measure_every_rounds: adversarial.measure_every_rounds,
            patience: adversarial.patience,
            learning_rate: adversarial.learning_rate,
            schedule: Schedule::Constant,
        }
    }

    /// Whether the model is measured after this number of rounds. With early stopping, the last model is measured too,
    /// since it can be the best.
    pub fn is_measured_after(&self, rounds: usize) -> bool {
        let every = self.measure_every_rounds;
        every > 0 && (rounds.is_multiple_of(every) || (self.patience > 0 && rounds == self.num_rounds))
    }

    /// Whether to train for another round.
    pub fn goes_on(&self, cursor: &AdversarialCursor) -> bool {
        !cursor.monitor.ended && !self.is_out_of_patience(cursor) && cursor.round < self.num_rounds
    }

    /// Whether too many rounds have passed since the best one. It can be true only after a measurement.
    fn is_out_of_patience(&self, cursor: &AdversarialCursor) -> bool {
        self.patience > 0
            && self.is_measured_after(cursor.round)
            && BestValidation::since(cursor.best, cursor.round) >= self.patience
    }

    /// Adam's learning rate in round number `round`, from 0.
    pub fn learning_rate(&self, round: usize) -> f64 {
        self.learning_rate * self.schedule.factor(round as u64, self.num_rounds as u64)
    }
}
