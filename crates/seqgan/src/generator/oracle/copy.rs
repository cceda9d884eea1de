//! Sequences whose second half repeats the first, forwards or backwards.

use super::rule::Rule;
use crate::rng::Reader;
use crate::token::TokenId;

/// Two halves of T / 2 tokens.
pub struct Copy {
    vocab_size: usize,
    length: usize,
    backwards: bool,
}

impl Copy {
    /// The second half is the first; `length` is even.
    pub fn new(vocab_size: usize, length: usize) -> Self {
        assert!(length.is_multiple_of(2), "two halves");
        Self { vocab_size, length, backwards: false }
    }

    /// The second half is the first in reverse.
    pub fn reversed(vocab_size: usize, length: usize) -> Self {
        Self { backwards: true, ..Self::new(vocab_size, length) }
    }

    /// Where the token of the second half at `i` stands in the first.
    fn source(&self, i: usize) -> usize {
        if self.backwards { self.length / 2 - 1 - i } else { i }
    }
}

impl Rule for Copy {
    fn draw(&self, random: &mut Reader, row: &mut [TokenId]) {
        let (first, second) = row.split_at_mut(self.length / 2);
        first.iter_mut().for_each(|token| *token = random.below(self.vocab_size) as TokenId);
        second.iter_mut().enumerate().for_each(|(i, token)| *token = first[self.source(i)]);
    }

    fn holds(&self, row: &[TokenId]) -> bool {
        let (first, second) = row.split_at(self.length / 2);
        second.iter().enumerate().all(|(i, &token)| token == first[self.source(i)])
    }

    fn ln_count(&self) -> f64 {
        (self.length / 2) as f64 * (self.vocab_size as f64).ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_compared_forwards_or_backwards() {
        let (copy, reversal) = (Copy::new(5, 6), Copy::reversed(5, 6));
        assert!(copy.holds(&[3, 1, 4, 3, 1, 4]) && !copy.holds(&[3, 1, 4, 4, 1, 3]));
        assert!(reversal.holds(&[3, 1, 4, 4, 1, 3]) && !reversal.holds(&[3, 1, 4, 3, 1, 4]));
    }
}
