//! A weighted sum of rewards, and its action values.

use super::MonteCarlo;
use crate::Result;
use crate::generator::RolloutPolicy;
use crate::reward::Reward;
use crate::rng::Streams;
use crate::rollout::Completions;
use crate::token::SeqBatch;

/// A term of the weighted sum.
pub struct Part<'a> {
    /// Name in logs.
    pub name: &'a str,
    /// Weight of its scores.
    pub weight: f64,
    /// Whether action values are estimated by Monte-Carlo search. Otherwise the value of every decision is the score of
    /// the finished sequence.
    pub search: bool,
    /// The reward that gives the scores.
    pub reward: Box<dyn Reward + 'a>,
}

/// Weighted sum of rewards.
pub struct MixedReward<'a> {
    /// The terms, at least one.
    pub parts: Vec<Part<'a>>,
}

/// Sum of the parts that use Monte-Carlo search.
struct Searched<'a, 'b>(&'b [Part<'a>]);

impl Searched<'_, '_> {
    fn sum(&self, n: usize, scores: impl Fn(&Part<'_>) -> Result<Vec<f32>>) -> Result<Vec<f32>> {
        let mut sums = vec![0.0f64; n];
        for part in self.0.iter().filter(|part| part.search) {
            sums.iter_mut().zip(scores(part)?).for_each(|(sum, x)| *sum += part.weight * f64::from(x));
        }
        Ok(sums.into_iter().map(|sum| sum as f32).collect())
    }
}

impl Reward for Searched<'_, '_> {
    fn score(&self, sequences: &SeqBatch) -> Result<Vec<f32>> {
        self.sum(sequences.len(), |part| part.reward.score(sequences))
    }

    fn score_completions(&self, completions: &Completions) -> Result<Vec<f32>> {
        self.sum(completions.sequences.len(), |part| part.reward.score_completions(completions))
    }
}

/// Action values of a batch under a weighted sum.
pub struct MixedValues {
    /// Action values, `[B, T]`.
    pub values: Vec<f32>,
    /// Mean score of the finished sequences under each part, without its weight.
    pub means: Vec<f64>,
    /// Mean weighted score of the finished sequences.
    pub mean: f64,
    /// Number of random sequences reserved for completions.
    pub completions: u64,
}

impl MixedReward<'_> {
    /// Action values of a batch `[B, T]`, zero after the last decision of a row. Completions are sequences `first..` of
    /// `streams`.
    pub fn values(
        &self,
        search: MonteCarlo,
        policy: &dyn RolloutPolicy,
        batch: &SeqBatch,
        streams: &Streams,
        first: u64,
    ) -> Result<MixedValues> {
        let (length, has_end) = (batch.max_length(), policy.end_token().is_some());
        let searches = self.parts.iter().any(|part| part.search);
        let (mut values, completions) = match searches {
            true => (
                search.values(policy, &Searched(&self.parts), batch, streams, first)?,
                search.sequences_used(batch.len(), length),
            ),
            false => (vec![0.0; batch.len() * length], 0),
        };
        let (mut means, mut mean) = (Vec::new(), 0.0);
        for part in &self.parts {
            let own = part.reward.score(batch)?;
            let part_mean = own.iter().map(|&x| f64::from(x)).sum::<f64>() / batch.len() as f64;
            means.push(part_mean);
            mean += part.weight * part_mean;
            if !part.search {
                for (b, &score) in own.iter().enumerate() {
                    let steps = batch.steps(b, has_end);
                    let score = (part.weight * f64::from(score)) as f32;
                    values[b * length..][..steps].iter_mut().for_each(|value| *value += score);
                }
            }
        }
        Ok(MixedValues { values, means, mean, completions })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::oracle::synthetic_space;
    use crate::generator::{GeneratorPolicy, LstmGenerator, LstmShape, SequenceSpace};
    use crate::rng::Purpose;

    struct Count(u32);
    impl Reward for Count {
        fn score(&self, sequences: &SeqBatch) -> Result<Vec<f32>> {
            Ok(sequences.rows().map(|row| row.iter().filter(|&&t| t == self.0).count() as f32).collect())
        }
    }

    #[test]
    fn values_are_the_weighted_sum_of_the_parts_own() {
        let space = SequenceSpace { end_token: Some(0), ..synthetic_space(6, 6) };
        let (shape, init) = (LstmShape::new(4, 5), Streams::new(4, Purpose::GeneratorInit));
        let policy = GeneratorPolicy::new(&LstmGenerator::new(space, shape, 1.0, &init), 1.0);
        let batch = SeqBatch::from_rows([vec![2, 2, 3], vec![5, 2, 3, 3, 1, 4], vec![3]], 6);
        let streams = Streams::new(5, Purpose::Rollout);
        let search = MonteCarlo { num_rollouts: 3, max_prefixes: 0 };
        let (twos, threes, fours) = (Count(2), Count(3), Count(4));
        fn part(weight: f64, search: bool, reward: &dyn Reward) -> Part<'_> {
            Part { name: "", weight, search, reward: Box::new(reward) }
        }
        let mixed = MixedReward {
            parts: vec![part(0.5, true, &twos), part(-2.0, true, &threes), part(10.0, false, &fours)],
        };
        let found = mixed.values(search, &policy, &batch, &streams, 7).unwrap();
        let alone = |reward| search.values(&policy, reward, &batch, &streams, 7).unwrap();
        let (twos, threes) = (alone(&twos), alone(&threes));
        for (i, value) in found.values.iter().enumerate() {
            let own = if batch.steps(i / 6, true) > i % 6 { 10.0 * [0.0, 1.0, 0.0][i / 6] } else { 0.0 };
            let want = 0.5 * twos[i] - 2.0 * threes[i] + own;
            assert!((value - want).abs() < 1e-5, "{i}: {value} {want}");
        }
        // Twos 2, 1, 0; threes 1, 2, 1; fours 0, 1, 0.
        assert_eq!(found.means, [1.0, 4.0 / 3.0, 1.0 / 3.0]);
        assert!((found.mean - (0.5 - 8.0 / 3.0 + 10.0 / 3.0)).abs() < 1e-12 && found.completions > 0);
        // Without search, no completions are sampled.
        let mixed = MixedReward { parts: vec![part(1.0, false, &fours)] };
        let found = mixed.values(search, &policy, &batch, &streams, 7).unwrap();
        assert_eq!(found.completions, 0);
        assert_eq!(found.values[6..12], [1.0; 6]);
    }
}
