//! Forbidden n-grams, found while a sequence is read (Aho and Corasick, 1975).

use crate::token::TokenId;
use std::collections::HashMap;

/// The longest beginning of a forbidden n-gram that a sequence ends with, for each such beginning and each token.
pub(super) struct ForbiddenNgrams {
    vocab_size: usize,
    /// `[nodes, V]`; none where an n-gram would be complete.
    next: Vec<Option<u32>>,
}

impl ForbiddenNgrams {
    pub(super) fn new(ngrams: Vec<Vec<TokenId>>, vocab_size: usize) -> Self {
        // The beginnings, shortest first, so that the rest of one that no longer fits is known already.
        let mut nodes: HashMap<&[TokenId], u32> = HashMap::from([(&[][..], 0)]);
        let mut list: Vec<&[TokenId]> = vec![&[]];
        let longest = ngrams.iter().map(Vec::len).max().unwrap_or(0);
        for n in 1..longest {
            for ngram in ngrams.iter().filter(|ngram| ngram.len() > n) {
                nodes.entry(&ngram[..n]).or_insert_with(|| {
                    list.push(&ngram[..n]);
                    list.len() as u32 - 1
                });
            }
        }
        let mut next = Vec::with_capacity(list.len() * vocab_size);
        let mut text = Vec::with_capacity(longest);
        for node in &list {
            // What all tokens share: where the sequence stands if the token continues nothing that is longer than it.
            for token in 0..vocab_size as TokenId {
                text.clear();
                text.extend_from_slice(node);
                text.push(token);
                let complete =
                    (0..text.len()).any(|start| ngrams.iter().any(|ngram| ngram == &text[start..]));
                let longest = || (0..=text.len()).find_map(|start| nodes.get(&text[start..]).copied());
                next.push(if complete { None } else { longest() });
            }
        }
        Self { vocab_size, next }
    }

    /// The node behind `token`, from node 0 on; none where a forbidden n-gram is complete.
    pub(super) fn next(&self, node: u32, token: TokenId) -> Option<u32> {
        self.next[node as usize * self.vocab_size + token as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ngram_is_found_wherever_it_ends() {
        let ngrams = ForbiddenNgrams::new(vec![vec![1, 2, 1, 3], vec![2, 2], vec![4]], 5);
        let holds = |text: &[TokenId]| text.iter().try_fold(0, |node, &t| ngrams.next(node, t)).is_none();
        assert!(holds(&[1, 2, 1, 3]) && holds(&[0, 4]) && holds(&[1, 2, 2]));
        // The second 1 2 1 overlaps the first.
        assert!(holds(&[1, 2, 1, 2, 1, 3]) && holds(&[2, 1, 2, 1, 3]));
        assert!(!holds(&[1, 2, 1, 1, 3, 2, 1, 2, 0, 2]) && !holds(&[]));
    }

    #[test]
    fn nothing_is_forbidden_without_ngrams() {
        let ngrams = ForbiddenNgrams::new(Vec::new(), 3);
        assert!((0..3).all(|t| ngrams.next(0, t) == Some(0)));
    }
}
