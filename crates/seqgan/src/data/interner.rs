//! One numbering for the tokens of several files, by their spelling.

use super::Vocab;
use crate::token::{SeqBatch, TokenId};
use std::collections::HashMap;

/// Gives equal tokens equal numbers, whichever vocabulary they come from.
///
/// Comparing samples with a test file needs it: under the model's vocabulary all of the test file's unknown
/// tokens would be one token, and match each other.
#[derive(Debug, Clone, Default)]
pub struct Interner {
    numbers: HashMap<String, TokenId>,
    next: TokenId,
}

impl Interner {
    /// The rows of `batch`, whose tokens belong to `vocab`, in this numbering. An unknown token gets a number of
    /// its own each time, so that it matches nothing.
    pub fn rows(&mut self, batch: &SeqBatch, vocab: &Vocab) -> SeqBatch {
        let rows = batch.rows().map(|row| row.iter().map(|&t| self.number(t, vocab)).collect::<Vec<_>>());
        SeqBatch::from_rows(rows.collect::<Vec<_>>(), batch.max_length())
    }

    /// What each number stands for; nothing for those of unknown tokens.
    pub fn spellings(&self) -> Vec<&str> {
        let mut list = vec![""; self.next as usize];
        self.numbers.iter().for_each(|(spelling, &number)| list[number as usize] = spelling);
        list
    }

    fn number(&mut self, token: TokenId, vocab: &Vocab) -> TokenId {
        let fresh = self.next;
        if token == Vocab::UNKNOWN {
            self.next += 1;
            return fresh;
        }
        let number = *self.numbers.entry(vocab.token(token).into_owned()).or_insert(fresh);
        self.next += TokenId::from(number == fresh);
        number
    }
}

#[cfg(test)]
mod tests {
    use super::super::Tokens;
    use super::*;

    #[test]
    fn equal_spelling_is_equal_number_and_unknown_matches_nothing() {
        let vocab = |words: &[&str]| {
            Vocab::new(Tokens::Words, words.iter().map(|w| w.to_string()).collect()).unwrap()
        };
        let (a, b) = (vocab(&["x", "y"]), vocab(&["y", "z"]));
        let mut interner = Interner::default();
        let first = interner.rows(&SeqBatch::from_rows([a.encode("x y q q")], 4), &a);
        let second = interner.rows(&SeqBatch::from_rows([b.encode("y z x")], 4), &b);
        assert_eq!(first.row(0)[1], second.row(0)[0]);
        let unknown = [first.row(0)[2], first.row(0)[3], second.row(0)[2]];
        assert!(unknown[0] != unknown[1] && unknown[1] != unknown[2] && unknown[0] != unknown[2]);
        assert!(!first.row(0).contains(&second.row(0)[1]));
    }
}
