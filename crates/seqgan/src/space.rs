//! The space of sequences that generators model: what the data fix, whatever the network.

use crate::token::{Label, TokenId};
use serde::{Deserialize, Serialize};

/// Most tokens of a vocabulary, and most units of a layer.
pub(crate) const LARGEST_WIDTH: usize = 1 << 25;

/// The sequences that a generator gives probabilities to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SequenceSpace {
    /// V, number of tokens.
    pub vocab_size: usize,
    /// T, the most tokens of a sequence.
    pub max_length: usize,
    /// The input before the first token.
    pub start_token: TokenId,
    /// The token that ends a sequence; none if all sequences have length T.
    pub end_token: Option<TokenId>,
    /// Tokens that are never chosen: their probability is zero, and the others are renormalised.
    pub never: Vec<TokenId>,
    /// Whether a sequence may have no token at all.
    pub allow_empty: bool,
    /// Number of training sequences of each label; empty where sequences have no labels. A labelled sequence is
    /// generated given its label, and labels are drawn with these frequencies unless one is asked for.
    #[serde(default)]
    pub label_counts: Vec<u64>,
}

impl SequenceSpace {
    /// Number of labels, C; 0 where sequences have none.
    pub fn num_labels(&self) -> usize {
        self.label_counts.len()
    }

    /// Row of an embedding table `[V + C, E]` that holds the vector of a label: the labels follow the tokens.
    pub fn label_row(&self, label: Label) -> TokenId {
        assert!((label as usize) < self.num_labels(), "label {label} of {}", self.num_labels());
        self.vocab_size as TokenId + label
    }

    /// Tokens that can't be a sequence's first, besides `never`.
    pub fn never_first(&self) -> Vec<TokenId> {
        self.end_token.filter(|_| !self.allow_empty).into_iter().collect()
    }

    /// Checks the numbers, which a file may hold any of; the error says which is out of range.
    pub fn check(&self) -> Result<(), String> {
        const LONGEST: usize = 2048;
        let v = self.vocab_size;
        if !(1..=LARGEST_WIDTH).contains(&v) {
            return Err(format!("its vocabulary is {v}, expected 1 to {LARGEST_WIDTH}"));
        }
        let known = |token: &TokenId| (*token as usize) < v;
        if !known(&self.start_token) || !self.end_token.iter().chain(&self.never).all(known) {
            return Err(format!("its rules name a token outside the vocabulary of {v}"));
        }
        if !(1..=LONGEST).contains(&self.max_length) {
            return Err(format!("its longest sequence is {}, expected 1 to {LONGEST}", self.max_length));
        }
        self.check_labels()
    }

    fn check_labels(&self) -> Result<(), String> {
        const MOST_LABELS: usize = 1000;
        if self.num_labels() > MOST_LABELS {
            return Err(format!("it has {} labels, expected {MOST_LABELS} at most", self.num_labels()));
        }
        let sequences = self.label_counts.iter().try_fold(0u64, |sum, &count| sum.checked_add(count));
        if self.num_labels() > 0 && sequences.is_none_or(|sequences| sequences == 0) {
            return Err("its labels have no frequencies".into());
        }
        Ok(())
    }
}
