//! Monte-Carlo search (SeqGAN, equation 4).

use crate::Result;
use crate::generator::{Prefix, RolloutPolicy};
use crate::reward::Reward;
use crate::rng::Streams;
use crate::rollout::{Completions, prefix_lengths};
use crate::token::SeqBatch;

/// Monte-Carlo search: Q of decision t is the mean reward of N completions of the prefix that ends with it. Q of the
/// last decision is the reward of the finished sequence.
#[derive(Debug, Clone, Copy)]
pub struct MonteCarlo {
    /// N, number of completions per prefix.
    pub num_rollouts: usize,
    /// Maximum number of prefixes per sequence that are completed; 0 for all. Values between them are interpolated
    /// linearly.
    pub max_prefixes: usize,
}

impl MonteCarlo {
    /// Action values `[B, T]`, zero after the last decision of a row. Completions are sequences `first..` of `streams`,
    /// at most [`MonteCarlo::sequences_used`] of them.
    pub fn values(
        &self,
        policy: &dyn RolloutPolicy,
        reward: &dyn Reward,
        batch: &SeqBatch,
        streams: &Streams,
        first: u64,
    ) -> Result<Vec<f32>> {
        let (length, has_end) = (batch.max_length(), policy.end_token().is_some());
        let lengths = prefix_lengths(length, self.max_prefixes);
        let mut prefixes = Vec::new();
        for row in 0..batch.len() {
            // If the end is a separate decision, the prefix of all tokens is completed, too.
            let steps = batch.steps(row, has_end);
            prefixes.extend(lengths.iter().filter(|&&l| l < steps).map(|&length| Prefix { row, length }));
        }
        let completions = Completions::draw(policy, batch, prefixes, self.num_rollouts, streams, first);
        let scores = reward.score_completions(&completions)?;
        let own = reward.score(batch)?;
        let mut values = vec![0.0; batch.len() * length];
        let mut scored = completions.prefixes.iter().zip(scores.chunks_exact(self.num_rollouts)).peekable();
        for row in 0..batch.len() {
            let values = &mut values[row * length..(row + 1) * length];
            // Known points (number of decisions, value), in ascending order. The finished sequence is last.
            let mut known = Vec::new();
            while let Some((prefix, scores)) = scored.next_if(|(prefix, _)| prefix.row == row) {
                known.push((prefix.length, scores.iter().sum::<f32>() / self.num_rollouts as f32));
            }
            known.push((batch.steps(row, has_end), own[row]));
            interpolate(&known, values);
        }
        Ok(values)
    }

    /// Maximum number of random sequences that one call uses, for a batch of `rows` rows of up to `max_length` tokens.
    pub fn sequences_used(&self, rows: usize, max_length: usize) -> u64 {
        (rows * prefix_lengths(max_length, self.max_prefixes).len() * self.num_rollouts) as u64
    }
}

/// Fills `values[s - 1]` for s up to the last known point, linearly between known points.
fn interpolate(known: &[(usize, f32)], values: &mut [f32]) {
    if let Some(&(s, v)) = known.first().filter(|k| k.0 > 0) {
        values[..s].fill(v);
    }
    for pair in known.windows(2) {
        let [(s0, v0), (s1, v1)] = [pair[0], pair[1]];
        for s in s0 + 1..=s1 {
            let share = (s - s0) as f32 / (s1 - s0) as f32;
            values[s - 1] = v0 + share * (v1 - v0);
        }
        values[s1 - 1] = v1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::oracle::synthetic_space;
    use crate::generator::{GeneratorPolicy, LstmGenerator, LstmShape, SequenceSpace};
    use crate::rng::Purpose;

    /// Test reward: share of tokens that are 2, plus 10 for each token 3. It is easy to predict, and differs between
    /// rows.
    struct CountTwos;
    impl Reward for CountTwos {
        fn score(&self, sequences: &SeqBatch) -> Result<Vec<f32>> {
            let count = |row: &[u32], token| row.iter().filter(|&&t| t == token).count() as f32;
            Ok(sequences.rows().map(|r| count(r, 2) / 8.0 + 10.0 * count(r, 3)).collect())
        }
    }

    #[test]
    fn interpolation_is_linear_between_known_points() {
        let mut values = [0.0; 8];
        interpolate(&[(1, 1.0), (3, 2.0), (7, 4.0)], &mut values);
        assert_eq!(values, [1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 0.0]);
        let mut values = [0.0; 3];
        interpolate(&[(2, 5.0)], &mut values);
        assert_eq!(values, [5.0, 5.0, 0.0]);
    }

    /// Each value is compared with completions of one prefix at a time. A wrong reshape would average rewards over
    /// different sequences, as in TextGAN-PyTorch.
    #[test]
    fn values_belong_to_their_own_sequence_and_step() {
        let space = SequenceSpace { end_token: Some(0), ..synthetic_space(6, 8) };
        let (shape, init) = (LstmShape::new(4, 5), Streams::new(4, Purpose::GeneratorInit));
        let policy = GeneratorPolicy::new(&LstmGenerator::new(space, shape, 1.0, &init), 1.0);
        let batch =
            SeqBatch::from_rows([vec![2, 2, 3, 1, 4, 5, 2, 1], vec![1, 4], vec![3], vec![5, 2, 2, 4, 1]], 8);
        let streams = Streams::new(5, Purpose::Rollout);
        let search = MonteCarlo { num_rollouts: 3, max_prefixes: 0 };
        let values = search.values(&policy, &CountTwos, &batch, &streams, 100).unwrap();
        let own = CountTwos.score(&batch).unwrap();
        let mut sequence = 100;
        for row in 0..batch.len() {
            let steps = batch.steps(row, true);
            for s in 1..steps {
                let completed = policy.complete(&batch, &[Prefix { row, length: s }], 3, &streams, sequence);
                sequence += 3;
                assert!(
                    completed.rows().all(|r| r[..s] == batch.row(row)[..s]),
                    "rollouts keep their prefix"
                );
                let mean = CountTwos.score(&completed).unwrap().iter().sum::<f32>() / 3.0;
                assert_eq!(values[row * 8 + s - 1], mean, "row {row} after {s} decisions");
            }
            assert_eq!(
                values[row * 8 + steps - 1],
                own[row],
                "the last decision has the sequence's own score"
            );
            assert!(values[row * 8 + steps..(row + 1) * 8].iter().all(|&v| v == 0.0));
        }
    }
}
