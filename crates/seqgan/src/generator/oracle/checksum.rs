//! Sequences whose last token is the sum of the others, modulo the vocabulary: arithmetic that no shorter piece of a
//! sequence shows.

use super::rule::Rule;
use crate::rng::Reader;
use crate::token::TokenId;

/// T - 1 tokens and their sum.
pub struct Checksum {
    vocab_size: usize,
    length: usize,
}

impl Checksum {
    /// Of sequences of two tokens or more.
    pub fn new(vocab_size: usize, length: usize) -> Self {
        Self { vocab_size, length }
    }

    fn sum(&self, row: &[TokenId]) -> TokenId {
        let sum: u64 = row.iter().map(|&token| u64::from(token)).sum();
        (sum % self.vocab_size as u64) as TokenId
    }
}

impl Rule for Checksum {
    fn draw(&self, random: &mut Reader, row: &mut [TokenId]) {
        let (last, others) = row.split_last_mut().expect("two tokens or more");
        others.iter_mut().for_each(|token| *token = random.below(self.vocab_size) as TokenId);
        *last = self.sum(others);
    }

    fn holds(&self, row: &[TokenId]) -> bool {
        row.split_last().is_some_and(|(&last, others)| last == self.sum(others))
    }

    fn ln_count(&self) -> f64 {
        (self.length - 1) as f64 * (self.vocab_size as f64).ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_token_is_the_sum() {
        let rule = Checksum::new(10, 4);
        assert!(rule.holds(&[9, 8, 7, 4]) && rule.holds(&[0, 0, 0, 0]) && !rule.holds(&[9, 8, 7, 5]));
    }
}
