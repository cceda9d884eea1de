//! A hidden Markov model whose state lasts: what a token is likely to be depends on tokens long before it, through a
//! state that nobody sees.

use crate::generator::Samples;
use crate::rng::{Purpose, Reader, Streams};
use crate::token::{SeqBatch, TokenId};

/// Chance that a state lasts for another token; else each of the others follows alike.
const STAYS: f64 = 0.95;

/// Standard deviation of the logits of a state's tokens.
const CONTRAST: f64 = 1.5;

/// S states, each with its own distribution of tokens; the first is any of them.
pub struct HiddenMarkov {
    vocab_size: usize,
    length: usize,
    /// Probability of each token in each state, `[S, V]`.
    emission: Vec<f64>,
    /// Sums of them up to and with each token, `[S, V]`.
    cumulative: Vec<f64>,
}

impl HiddenMarkov {
    /// Tokens of each of `num_states` states by a softmax of N(0, 1.5²).
    pub fn new(vocab_size: usize, length: usize, num_states: usize, seed: u64) -> Self {
        let mut random = Streams::new(seed, Purpose::OracleInit).reader(0);
        let mut emission = Vec::with_capacity(num_states * vocab_size);
        for _ in 0..num_states {
            let odds: Vec<f64> = (0..vocab_size).map(|_| (CONTRAST * random.normal()).exp()).collect();
            let total: f64 = odds.iter().sum();
            emission.extend(odds.iter().map(|x| x / total));
        }
        let sums = |row: &[f64]| {
            row.iter().scan(0.0, |sum, p| Some(std::mem::replace(sum, *sum + p) + p)).collect::<Vec<_>>()
        };
        let cumulative = emission.chunks_exact(vocab_size).flat_map(sums).collect();
        Self { vocab_size, length, emission, cumulative }
    }

    fn num_states(&self) -> usize {
        self.emission.len() / self.vocab_size
    }

    fn token(&self, state: usize, random: &mut Reader) -> TokenId {
        let row = &self.cumulative[state * self.vocab_size..][..self.vocab_size];
        let u = random.uniform();
        // The last sum may have been rounded to below one.
        row.partition_point(|&sum| sum <= u).min(self.vocab_size - 1) as TokenId
    }

    /// Draws sequences number `first..first + n` of `streams`.
    pub fn sample(&self, streams: &Streams, first: u64, n: usize) -> Samples {
        let (mut sequences, states) = (SeqBatch::new(self.length), self.num_states());
        let mut row = vec![0; self.length];
        for sequence in first..first + n as u64 {
            let mut random = streams.reader(sequence);
            let mut state = random.below(states);
            for token in &mut row {
                *token = self.token(state, &mut random);
                if states > 1 && random.uniform() >= STAYS {
                    state = (state + 1 + random.below(states - 1)) % states;
                }
            }
            sequences.push(&row);
        }
        let log_prob = sequences.rows().map(|row| self.log_prob(row)).collect();
        Samples { sequences, log_prob }
    }

    /// log p of a sequence, in nats, by the forward algorithm (Rabiner, Proc. IEEE 77, 1989, section III.A and V.A).
    pub fn log_prob(&self, row: &[TokenId]) -> f64 {
        let states = self.num_states();
        let leaves = if states > 1 { (1.0 - STAYS) / (states - 1) as f64 } else { 0.0 };
        let stays = if states > 1 { STAYS } else { 1.0 };
        let mut belief = vec![1.0 / states as f64; states];
        let mut log_prob = 0.0;
        for &token in row {
            for (state, share) in belief.iter_mut().enumerate() {
                *share *= self.emission[state * self.vocab_size + token as usize];
            }
            let total: f64 = belief.iter().sum();
            log_prob += total.ln();
            // Normalised, so that it never underflows.
            belief.iter_mut().for_each(|share| *share = (stays - leaves) * *share / total + leaves);
        }
        log_prob
    }
}

#[cfg(test)]
mod tests {
    use super::super::rule::tests::all;
    use super::*;

    #[test]
    fn probabilities_sum_to_one() {
        for states in [1, 2, 5] {
            let model = HiddenMarkov::new(4, 5, states, 3);
            let total: f64 = all(4, 5).iter().map(|row| model.log_prob(row).exp()).sum();
            assert!((total - 1.0).abs() < 1e-12, "{states}: {total}");
        }
    }

    /// Against the sum over every path of states.
    #[test]
    fn the_forward_algorithm_sums_over_all_paths() {
        let model = HiddenMarkov::new(3, 4, 3, 5);
        let row = [2, 0, 1, 1];
        let path = |states: &Vec<TokenId>| {
            let step = |t: usize| {
                let moved = match t {
                    0 => 1.0 / 3.0,
                    _ if states[t] == states[t - 1] => STAYS,
                    _ => (1.0 - STAYS) / 2.0,
                };
                moved * model.emission[states[t] as usize * 3 + row[t] as usize]
            };
            (0..4).map(step).product::<f64>()
        };
        let total: f64 = all(3, 4).iter().map(path).sum();
        assert!((model.log_prob(&row) - total.ln()).abs() < 1e-12);
    }

    /// Draws follow the probabilities: every sequence's count within five standard deviations.
    #[test]
    fn draws_follow_the_probabilities() {
        let model = HiddenMarkov::new(3, 3, 2, 7);
        let n = 50_000;
        let samples = model.sample(&Streams::new(1, Purpose::OracleTrain), 0, n);
        for row in all(3, 3) {
            let count = samples.sequences.rows().filter(|other| *other == row).count() as f64;
            let expected = model.log_prob(&row).exp() * n as f64;
            assert!((count - expected).abs() < 5.0 * expected.sqrt(), "{row:?}: {count} of {expected}");
        }
    }
}
