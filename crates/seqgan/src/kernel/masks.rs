//! Which tokens a decision may not choose.

use crate::token::TokenId;

/// Logit of a token that can't be chosen: far below any other, yet finite, so that no NaN can come of it.
pub const FORBIDDEN: f64 = -1e30;

/// Sets of forbidden tokens, by number. A decision under a mask chooses among the other tokens, whose probabilities
/// are renormalised.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Masks {
    forbidden: Vec<Vec<TokenId>>,
}

impl Masks {
    /// Mask i forbids `forbidden[i]`.
    pub fn new(mut forbidden: Vec<Vec<TokenId>>) -> Self {
        for set in &mut forbidden {
            set.sort_unstable();
            set.dedup();
        }
        Self { forbidden }
    }

    /// Number of masks.
    pub fn len(&self) -> usize {
        self.forbidden.len()
    }

    /// Whether there is no mask.
    pub fn is_empty(&self) -> bool {
        self.forbidden.is_empty()
    }

    /// The tokens that a mask forbids, ascending.
    pub fn forbidden(&self, mask: u32) -> &[TokenId] {
        &self.forbidden[mask as usize]
    }

    /// Those among `first..first + n`.
    pub fn forbidden_within(&self, mask: u32, first: usize, n: usize) -> &[TokenId] {
        let all = self.forbidden(mask);
        let start = all.partition_point(|&token| (token as usize) < first);
        let end = all.partition_point(|&token| (token as usize) < first + n);
        &all[start..end]
    }

    /// Whether a mask forbids a token.
    pub fn forbids(&self, mask: u32, token: TokenId) -> bool {
        self.forbidden(mask).binary_search(&token).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_cut_to_a_range() {
        let masks = Masks::new(vec![vec![], vec![9, 2, 5, 2]]);
        assert_eq!(masks.forbidden(1), [2, 5, 9]);
        assert_eq!(masks.forbidden_within(1, 3, 6), [5]);
        assert_eq!(masks.forbidden_within(1, 2, 8), [2, 5, 9]);
        assert!(masks.forbids(1, 9) && !masks.forbids(1, 3) && !masks.forbids(0, 9));
        assert!(masks.len() == 2 && masks.forbidden_within(0, 0, 10).is_empty());
    }
}
