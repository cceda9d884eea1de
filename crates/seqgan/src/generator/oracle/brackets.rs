//! Balanced brackets of several kinds: the k-th kind opens with token 2k and closes with 2k + 1 (Dyck words).

use super::rule::Rule;
use crate::rng::Reader;
use crate::token::TokenId;

/// Balanced sequences of T brackets.
pub struct Brackets {
    kinds: usize,
    length: usize,
}

impl Brackets {
    /// Of `vocab_size` / 2 kinds; both numbers are even.
    pub fn new(vocab_size: usize, length: usize) -> Self {
        assert!(vocab_size.is_multiple_of(2) && length.is_multiple_of(2), "brackets come in pairs");
        Self { kinds: vocab_size / 2, length }
    }
}

impl Rule for Brackets {
    /// With r tokens left and h open brackets, a share (h + 2) (r - h) / (2 r (h + 1)) of the ways to end balanced opens
    /// another one: the ratio of two ballot numbers.
    fn draw(&self, random: &mut Reader, row: &mut [TokenId]) {
        let mut open: Vec<TokenId> = Vec::new();
        for (t, token) in row.iter_mut().enumerate() {
            let (left, height) = ((self.length - t) as f64, open.len() as f64);
            let share = (height + 2.0) * (left - height) / (2.0 * left * (height + 1.0));
            *token = if random.uniform() < share {
                let opening = 2 * random.below(self.kinds) as TokenId;
                open.push(opening);
                opening
            } else {
                open.pop().expect("with none open the share is 1") + 1
            };
        }
    }

    fn holds(&self, row: &[TokenId]) -> bool {
        let mut open: Vec<TokenId> = Vec::new();
        let fits = row.iter().all(|&token| match token % 2 {
            0 => {
                open.push(token);
                true
            }
            _ => open.pop() == Some(token - 1),
        });
        fits && open.is_empty()
    }

    /// Catalan's number of the pairs times kinds^pairs.
    fn ln_count(&self) -> f64 {
        let pairs = self.length / 2;
        // C(2n, n) / (n + 1) is the product of (n + k) / k for k from 2 to n.
        let catalan: f64 = (2..=pairs).map(|k| ((pairs + k) as f64 / k as f64).ln()).sum();
        catalan + pairs as f64 * (self.kinds as f64).ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_close_in_order() {
        let rule = Brackets::new(4, 4);
        assert!(rule.holds(&[0, 2, 3, 1]) && rule.holds(&[2, 3, 0, 1]));
        for wrong in [[0, 2, 1, 3], [1, 0, 0, 1], [0, 0, 0, 1], [0, 1, 3, 2], [0, 3, 2, 1]] {
            assert!(!rule.holds(&wrong), "{wrong:?}");
        }
        // Catalan's numbers 1, 2, 5, 14, 42.
        for (pairs, catalan) in [(1, 1.0), (2, 2.0), (3, 5.0), (4, 14.0), (5, 42.0f64)] {
            let counted = Brackets::new(6, 2 * pairs).ln_count();
            assert!((counted - catalan.ln() - pairs as f64 * 3f64.ln()).abs() < 1e-12);
        }
    }
}
