//! Action values from a reward at every step: the discounted return (Sutton and Barto, section 3.3).

use crate::reward::StepReward;
use crate::token::SeqBatch;

/// Discounted return: Q of decision t is `r_t + g r_{t+1} + g^2 r_{t+2} + ..` up to the last decision of the sequence.
/// No rollouts are used.
#[derive(Debug, Clone, Copy)]
pub struct DiscountedReturn {
    /// Discount rate g, in 0..=1.
    pub discount: f64,
}

impl DiscountedReturn {
    /// Action values `[B, T]`, zero after the last decision of a row, and the mean reward per decision.
    pub fn values(&self, reward: &dyn StepReward, batch: &SeqBatch, has_end: bool) -> (Vec<f32>, f64) {
        self.reward_to_go(&reward.step_scores(batch), batch, has_end)
    }

    /// Action values and mean reward from given rewards `[B, T]`.
    pub fn reward_to_go(&self, rewards: &[f32], batch: &SeqBatch, has_end: bool) -> (Vec<f32>, f64) {
        let length = batch.max_length();
        let mut values = vec![0.0; rewards.len()];
        let (mut sum, mut count) = (0.0, 0);
        for b in 0..batch.len() {
            let mut to_go = 0.0;
            for t in (0..batch.steps(b, has_end)).rev() {
                let reward = f64::from(rewards[b * length + t]);
                to_go = reward + self.discount * to_go;
                values[b * length + t] = to_go as f32;
                (sum, count) = (sum + reward, count + 1);
            }
        }
        (values, sum / f64::from(count.max(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Given(Vec<f32>);
    impl StepReward for Given {
        fn step_scores(&self, _: &SeqBatch) -> Vec<f32> {
            self.0.clone()
        }
    }

    #[test]
    fn reward_to_go_by_hand() {
        let batch = SeqBatch::from_rows([vec![2, 3, 4], vec![2]], 3);
        // Rewards after the end of the second row are not read.
        let given = Given(vec![1.0, 0.5, -1.0, 0.25, 0.5, 9.0]);
        let (values, mean) = DiscountedReturn { discount: 0.5 }.values(&given, &batch, true);
        assert_eq!(values, [1.0, 0.0, -1.0, 0.5, 0.5, 0.0]);
        assert_eq!(mean, (1.0 + 0.5 - 1.0 + 0.25 + 0.5) / 5.0);
        let (values, _) = DiscountedReturn { discount: 0.0 }.values(&given, &batch, false);
        assert_eq!(values, [1.0, 0.5, -1.0, 0.25, 0.0, 0.0]);
    }
}
