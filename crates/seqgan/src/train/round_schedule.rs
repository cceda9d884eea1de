//! How many rounds a method has, and how the generator is updated in each.

use super::state::{AdversarialCursor, BestValidation};
use crate::config::{Baseline, Config, Schedule};

/// The rounds of a method.
#[derive(Debug, Clone)]
pub struct RoundSchedule {
    /// Rounds.
    pub num_rounds: usize,
    /// Generator updates a round.
    pub g_steps: usize,
    /// Sequences of an update.
    pub batch_size: usize,
    /// What is subtracted from the action values.
    pub baseline: Baseline,
    /// Measure after every so many rounds; 0: only at the end.
    pub measure_every_rounds: usize,
    /// Rounds without a better validation likelihood that end the training with the best model; 0: none do.
    pub patience: usize,
    /// Adam's learning rate in the first round.
    pub learning_rate: f64,
    /// How the rate changes.
    pub schedule: Schedule,
}

impl RoundSchedule {
    /// The rounds of `[adversarial]`.
    pub fn adversarial(config: &Config) -> Self {
        let adversarial = &config.adversarial;
        Self {
            num_rounds: adversarial.num_rounds,
            g_steps: adversarial.g_steps,
            batch_size: adversarial.batch_size,
            baseline: adversarial.baseline,
            measure_every_rounds: adversarial.measure_every_rounds,
            patience: 0,
            learning_rate: adversarial.learning_rate,
            schedule: Schedule::Constant,
        }
    }

    /// Whether the model is measured when so many rounds are done. Where the best model is kept, the last one is a candidate.
    pub fn is_measured_after(&self, rounds: usize) -> bool {
        let every = self.measure_every_rounds;
        every > 0 && (rounds.is_multiple_of(every) || (self.patience > 0 && rounds == self.num_rounds))
    }

    /// Whether another round is to be made.
    pub fn goes_on(&self, cursor: &AdversarialCursor) -> bool {
        !cursor.monitor.ended && !self.is_out_of_patience(cursor) && cursor.round < self.num_rounds
    }

    /// Whether too many rounds have passed since the best one; asked where rounds are measured.
    fn is_out_of_patience(&self, cursor: &AdversarialCursor) -> bool {
        self.patience > 0
            && self.is_measured_after(cursor.round)
            && BestValidation::since(cursor.best, cursor.round) >= self.patience
    }

    /// Adam's learning rate in a round.
    pub fn learning_rate(&self, round: usize) -> f64 {
        self.learning_rate * self.schedule.factor(round as u64, self.num_rounds as u64)
    }
}
