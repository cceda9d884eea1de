//! How many rounds a method has, and how the generator is updated in each.

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
    learning_rate: f64,
    schedule: Schedule,
}

impl RoundPlan {
    /// As the settings say.
    pub fn of(config: &Config, method: Method) -> Self {
        let (adversarial, crossfit) = (&config.adversarial, &config.crossfit);
        match method {
            Method::SeqGanCrossfit => Self {
                num_rounds: crossfit.num_rounds,
                g_steps: 1,
                batch_size: crossfit.batch_size,
                baseline: crossfit.baseline,
                learning_rate: crossfit.learning_rate,
                schedule: Schedule::Cosine,
            },
            _ => Self {
                num_rounds: adversarial.num_rounds,
                g_steps: adversarial.g_steps,
                batch_size: adversarial.batch_size,
                baseline: adversarial.baseline,
                learning_rate: adversarial.learning_rate,
                schedule: Schedule::Constant,
            },
        }
    }

    /// Adam's learning rate in a round.
    pub fn learning_rate(&self, round: usize) -> f64 {
        self.learning_rate * self.schedule.factor(round as u64, self.num_rounds as u64)
    }
}
