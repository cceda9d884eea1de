//! Rules that hold of a whole sequence, and the distribution that is learnt: all sequences that keep a rule, equally likely,
//! among a few of random tokens.
//!
//! The few are there because a distribution that gives a broken sequence no probability at all is infinitely far from every
//! model that makes one. With a share `noise` of them each probability is known and none is zero:
//!
//! ```text
//! p(y) = (1 - noise) [y keeps the rule] / N + noise / V^T,      N the number of sequences that keep it
//! ```

use crate::generator::Samples;
use crate::rng::{Reader, Streams};
use crate::token::{SeqBatch, TokenId};

/// A property of sequences of T tokens.
pub trait Rule: Send + Sync {
    /// Draws one of the sequences that keep the rule, each equally likely, into `row` `[T]`.
    fn draw(&self, random: &mut Reader, row: &mut [TokenId]);

    /// Whether a sequence of T tokens keeps the rule.
    fn holds(&self, row: &[TokenId]) -> bool;

    /// Logarithm of the number of sequences that do.
    fn ln_count(&self) -> f64;
}

/// The sequences that keep a rule, and a share of uniform tokens.
pub struct NoisyRule {
    rule: Box<dyn Rule>,
    vocab_size: usize,
    length: usize,
    noise: f64,
    log_prob_kept: f64,
    log_prob_broken: f64,
}

impl NoisyRule {
    /// Sequences of `length` of `vocab_size` tokens, of which a share `noise`, from (0, 1), is of uniform tokens.
    pub fn new(rule: Box<dyn Rule>, vocab_size: usize, length: usize, noise: f64) -> Self {
        let log_prob_broken = noise.ln() - length as f64 * (vocab_size as f64).ln();
        let kept = (1.0 - noise).ln() - rule.ln_count();
        // ln(e^a + e^b) with the larger in front.
        let (a, b) = (kept.max(log_prob_broken), kept.min(log_prob_broken));
        let log_prob_kept = a + (b - a).exp().ln_1p();
        Self { rule, vocab_size, length, noise, log_prob_kept, log_prob_broken }
    }

    /// Draws sequences number `first..first + n` of `streams`.
    pub fn sample(&self, streams: &Streams, first: u64, n: usize) -> Samples {
        let mut sequences = SeqBatch::new(self.length);
        let mut row = vec![0; self.length];
        for sequence in first..first + n as u64 {
            let mut random = streams.reader(sequence);
            if random.uniform() < self.noise {
                row.iter_mut().for_each(|token| *token = random.below(self.vocab_size) as TokenId);
            } else {
                self.rule.draw(&mut random, &mut row);
            }
            sequences.push(&row);
        }
        let log_prob = sequences.rows().map(|row| self.log_prob(row)).collect();
        Samples { sequences, log_prob }
    }

    /// log p of a sequence, in nats.
    pub fn log_prob(&self, row: &[TokenId]) -> f64 {
        if self.holds(row) { self.log_prob_kept } else { self.log_prob_broken }
    }

    /// Whether a sequence keeps the rule.
    pub fn holds(&self, row: &[TokenId]) -> bool {
        row.len() == self.length && self.rule.holds(row)
    }

    /// Logarithm of the number of sequences that do.
    pub fn ln_count(&self) -> f64 {
        self.rule.ln_count()
    }

    /// Mean -log p a sequence of its own draws, in nats; exact.
    pub fn entropy(&self) -> f64 {
        let all = self.length as f64 * (self.vocab_size as f64).ln();
        // The random ones keep the rule by chance, too.
        let kept = 1.0 - self.noise * (1.0 - (self.rule.ln_count() - all).exp());
        -(kept * self.log_prob_kept + (1.0 - kept) * self.log_prob_broken)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::{brackets::Brackets, checksum::Checksum, copy::Copy};
    use super::*;
    use crate::rng::Purpose;
    use std::collections::HashMap;

    /// Every sequence of `length` of `vocab` tokens.
    pub fn all(vocab: usize, length: usize) -> Vec<Vec<TokenId>> {
        let grow = |rows: Vec<Vec<TokenId>>, _| {
            let longer = |row: &Vec<TokenId>, token: usize| [&row[..], &[token as TokenId]].concat();
            rows.iter().flat_map(|row| (0..vocab).map(move |token| longer(row, token))).collect()
        };
        (0..length).fold(vec![Vec::new()], grow)
    }

    fn every_rule() -> Vec<(&'static str, usize, usize, Box<dyn Rule>)> {
        vec![
            ("brackets", 4, 6, Box::new(Brackets::new(4, 6))),
            ("one kind of brackets", 2, 8, Box::new(Brackets::new(2, 8))),
            ("copy", 3, 6, Box::new(Copy::new(3, 6))),
            ("reversal", 3, 6, Box::new(Copy::reversed(3, 6))),
            ("checksum", 4, 5, Box::new(Checksum::new(4, 5))),
        ]
    }

    /// Counted one by one, and drawn alike by Pearson's test (99.99 % quantile by Wilson and Hilferty).
    #[test]
    fn a_rule_counts_its_sequences_and_draws_them_alike() {
        for (name, vocab, length, rule) in every_rule() {
            let kept: Vec<_> = all(vocab, length).into_iter().filter(|row| rule.holds(row)).collect();
            let count = kept.len() as f64;
            assert!(
                (rule.ln_count() - count.ln()).abs() < 1e-9,
                "{name}: {} of {count}",
                rule.ln_count().exp()
            );
            let mut seen: HashMap<Vec<TokenId>, f64> = kept.into_iter().map(|row| (row, 0.0)).collect();
            let (streams, draws) = (Streams::new(1, Purpose::OracleTrain), 200 * seen.len());
            let mut row = vec![0; length];
            for sequence in 0..draws as u64 {
                rule.draw(&mut streams.reader(sequence), &mut row);
                *seen.get_mut(&row).unwrap_or_else(|| panic!("{name}: {row:?} breaks the rule")) += 1.0;
            }
            let squares: f64 = seen.values().map(|n| (n - 200.0).powi(2) / 200.0).sum();
            let free = count - 1.0;
            let part = 2.0 / (9.0 * free);
            assert!(
                squares < free * (1.0 - part + 3.72 * part.sqrt()).powi(3),
                "{name}: {squares} of {free}"
            );
        }
    }

    /// Over all sequences there are.
    #[test]
    fn probabilities_sum_to_one_and_their_entropy_is_exact() {
        for (name, vocab, length, rule) in every_rule() {
            let noisy = NoisyRule::new(rule, vocab, length, 0.05);
            let logs: Vec<f64> = all(vocab, length).iter().map(|row| noisy.log_prob(row)).collect();
            let total: f64 = logs.iter().map(|l| l.exp()).sum();
            assert!((total - 1.0).abs() < 1e-9, "{name}: {total}");
            let entropy: f64 = -logs.iter().map(|l| l.exp() * l).sum::<f64>();
            assert!((noisy.entropy() - entropy).abs() < 1e-9, "{name}: {} of {entropy}", noisy.entropy());
        }
    }

    #[test]
    fn a_share_of_the_draws_is_noise() {
        let noisy = NoisyRule::new(Box::new(Copy::new(10, 12)), 10, 12, 0.05);
        let streams = Streams::new(2, Purpose::OracleTrain);
        let samples = noisy.sample(&streams, 0, 20_000);
        let broken = samples.sequences.rows().filter(|row| !noisy.holds(row)).count() as f64;
        assert!((broken - 1000.0).abs() < 4.0 * 950f64.sqrt(), "{broken}");
        let part = noisy.sample(&streams, 100, 50);
        assert_eq!(part.sequences, samples.sequences.slice(100, 50), "by number");
        assert!(!noisy.holds(&[1, 2, 1]), "of another length");
    }
}
