//! Sampling from the likeliest tokens alone: top-k (Fan et al., ACL 2018) and top-p (Holtzman et al., ICLR 2020).

use crate::token::TokenId;

/// The tokens that a draw chooses among; their probabilities are renormalised.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Filter {
    /// So many of the likeliest; 0: all. One is the greedy choice.
    pub top_k: usize,
    /// As many of the likeliest as together have at least this probability; 1: all.
    pub top_p: f64,
}

impl Filter {
    /// All tokens.
    pub const NONE: Filter = Filter { top_k: 0, top_p: 1.0 };

    /// Draws a token by the inverse distribution function at `u`, and returns it with the log-probability of the draw.
    /// `logits` are those of all tokens, far below the others where a token is forbidden; of equal ones the first counts as
    /// the likelier.
    pub fn draw(&self, logits: &[f32], u: f64) -> (TokenId, f32) {
        let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let weights: Vec<f64> = logits.iter().map(|&l| f64::from(l - largest).exp()).collect();
        let tokens = self.tokens(&weights);
        let total: f64 = tokens.iter().map(|&token| weights[token]).sum();
        let mut sum = 0.0;
        let chosen = tokens.iter().copied().find(|&token| {
            sum += weights[token];
            sum > u * total
        });
        // Rounding may step past the last one.
        let token = chosen.or(tokens.last().copied()).expect("the largest weight is 1");
        (token as TokenId, (weights[token] / total).ln() as f32)
    }

    /// The tokens that pass the filter, ascending.
    fn tokens(&self, weights: &[f64]) -> Vec<usize> {
        let mut tokens: Vec<usize> = (0..weights.len()).filter(|&token| weights[token] > 0.0).collect();
        if self.top_k > 0 || self.top_p < 1.0 {
            tokens.sort_by(|&a, &b| weights[b].total_cmp(&weights[a]));
            if self.top_k > 0 {
                tokens.truncate(self.top_k);
            }
            if self.top_p < 1.0 {
                let enough = self.top_p * weights.iter().sum::<f64>();
                let mut sum = 0.0;
                let last = tokens.iter().position(|&token| {
                    sum += weights[token];
                    sum >= enough
                });
                tokens.truncate(last.map_or(tokens.len(), |last| last + 1));
            }
            // The order of the unfiltered draw: a filter that passes all tokens changes nothing.
            tokens.sort_unstable();
        }
        tokens
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Probabilities 0.1, 0.4, 0.2, 0.3 and a token that may not be chosen.
    fn logits() -> Vec<f32> {
        [0.1f32, 0.4, 0.2, 0.3].iter().map(|p| p.ln()).chain([-1e30]).collect()
    }

    fn reached(filter: Filter) -> Vec<TokenId> {
        let mut tokens: Vec<TokenId> =
            (0..1000).map(|i| filter.draw(&logits(), f64::from(i) / 1000.0).0).collect();
        tokens.dedup();
        tokens
    }

    #[test]
    fn the_likeliest_are_kept_and_renormalised() {
        assert_eq!(reached(Filter { top_k: 0, top_p: 1.0 }), [0, 1, 2, 3]);
        assert_eq!(reached(Filter { top_k: 2, top_p: 1.0 }), [1, 3]);
        assert_eq!(reached(Filter { top_k: 1, top_p: 1.0 }), [1]);
        // 0.4 and 0.3 are 0.7; 0.71 needs the third.
        assert_eq!(reached(Filter { top_k: 0, top_p: 0.699 }), [1, 3]);
        assert_eq!(reached(Filter { top_k: 0, top_p: 0.71 }), [1, 2, 3]);
        assert_eq!(reached(Filter { top_k: 2, top_p: 0.3 }), [1]);
        let (token, log_prob) = Filter { top_k: 2, top_p: 1.0 }.draw(&logits(), 0.99);
        assert!(token == 3 && (f64::from(log_prob) - (3.0f64 / 7.0).ln()).abs() < 1e-6);
    }
}
