//! How many rounds a method has, and how the generator is updated in each.

use super::state::Position;
use crate::config::{Baseline, Config, Method, Schedule};

/// The rounds of a method.
pub(super) struct RoundPlan {
    /// Rounds.
    pub num_rounds: usize,
    /// Generator updates a round.
    pub g_steps: usize,
    /// Sequences of an update.
    pub batch_size: usize,
    /// What is subtracted from the values.
    pub baseline: Baseline,
    /// Measure after every so many rounds; 0: only at the end.
    pub measure_every_rounds: usize,
    /// Rounds without a better validation likelihood that end the training with the best model; 0: none do.
    pub patience: usize,
    learning_rate: f64,
    schedule: Schedule,
}

impl RoundPlan {
    /// As the settings say.
    pub fn of(config: &Config, method: Method) -> Self {
        let (adversarial, crossfit) = (&config.adversarial, &config.crossfit);
        match method.is_crossfit() {
            true => Self {
                num_rounds: crossfit.num_rounds,
                g_steps: 1,
                batch_size: crossfit.batch_size,
                baseline: crossfit.baseline,
                measure_every_rounds: crossfit.measure_every_rounds,
                patience: crossfit.patience,
                learning_rate: crossfit.learning_rate,
                schedule: Schedule::Cosine,
            },
            false => Self {
                num_rounds: adversarial.num_rounds,
                g_steps: adversarial.g_steps,
                batch_size: adversarial.batch_size,
                baseline: adversarial.baseline,
                measure_every_rounds: adversarial.measure_every_rounds,
                patience: 0,
                learning_rate: adversarial.learning_rate,
                schedule: Schedule::Constant,
            },
        }
    }

    /// Whether the model is measured when so many rounds are done. Where the best is kept, the last one is among those compared.
    pub fn is_measured_after(&self, rounds: usize) -> bool {
        let every = self.measure_every_rounds;
        every > 0 && (rounds.is_multiple_of(every) || (self.patience > 0 && rounds == self.num_rounds))
    }

    /// Whether too many rounds have passed since the best, at one that was measured.
    pub fn is_out_of_patience(&self, position: &Position) -> bool {
        self.patience > 0
            && self.is_measured_after(position.round)
            && position.since_best(position.round) >= self.patience
    }

    /// Adam's learning rate in a round.
    pub fn learning_rate(&self, round: usize) -> f64 {
        self.learning_rate * self.schedule.factor(round as u64, self.num_rounds as u64)
    }
}
