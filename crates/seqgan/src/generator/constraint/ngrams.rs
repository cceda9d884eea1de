//! Forbidden n-grams, found while a sequence is read (Aho and Corasick, 1975).

use crate::token::TokenId;
use std::collections::{BTreeMap, VecDeque};

/// Most entries of the table: 128 MiB.
const MOST_ENTRIES: usize = 1 << 25;

/// Stands for a forbidden n-gram that is complete.
const COMPLETE: u32 = u32::MAX;

/// The longest beginning of a forbidden n-gram that a sequence ends with, for each such beginning and each token.
pub(super) struct ForbiddenNgrams {
    vocab_size: usize,
    /// `[nodes, V]`.
    next: Vec<u32>,
}

/// A beginning of a forbidden n-gram.
#[derive(Default)]
struct Node {
    /// The beginnings that are one token longer, by that token.
    longer: BTreeMap<TokenId, u32>,
    /// Whether it is an n-gram by itself.
    is_complete: bool,
}

impl ForbiddenNgrams {
    /// The error says how many tokens the n-grams may have together.
    pub(super) fn new(ngrams: &[Vec<TokenId>], vocab_size: usize) -> Result<Self, String> {
        let most = MOST_ENTRIES / vocab_size.max(1);
        if ngrams.iter().map(Vec::len).sum::<usize>() > most {
            return Err(format!("at most {most} tokens together with a vocabulary of {vocab_size}"));
        }
        let nodes = beginnings(ngrams);
        let mut next = vec![0; nodes.len() * vocab_size];
        // What is left of each beginning when its first tokens no longer matter. Shorter ones come first, so that the row
        // of that rest is known when the row of the beginning is made of it.
        let mut rests = vec![0u32; nodes.len()];
        let mut queue = VecDeque::from([0u32]);
        while let Some(number) = queue.pop_front() {
            let (node, row) = (&nodes[number as usize], number as usize * vocab_size);
            let rest = rests[number as usize] as usize * vocab_size;
            if number > 0 {
                next.copy_within(rest..rest + vocab_size, row);
            }
            for (&token, &longer) in &node.longer {
                let entry = &mut next[row + token as usize];
                if *entry == COMPLETE || nodes[longer as usize].is_complete {
                    *entry = COMPLETE;
                    continue;
                }
                // Of the empty beginning the row was not copied, and a single token has no rest.
                rests[longer as usize] = if number > 0 { *entry } else { 0 };
                *entry = longer;
                queue.push_back(longer);
            }
        }
        Ok(Self { vocab_size, next })
    }

    /// The node behind `token`, from node 0 on; none where a forbidden n-gram is complete.
    pub(super) fn next(&self, node: u32, token: TokenId) -> Option<u32> {
        Some(self.next[node as usize * self.vocab_size + token as usize]).filter(|&node| node != COMPLETE)
    }
}

/// All beginnings, the empty one first.
fn beginnings(ngrams: &[Vec<TokenId>]) -> Vec<Node> {
    let mut nodes = vec![Node::default()];
    for ngram in ngrams {
        let mut at = 0;
        for &token in ngram {
            let new = nodes.len() as u32;
            at = *nodes[at].longer.entry(token).or_insert(new) as usize;
            if at == nodes.len() {
                nodes.push(Node::default());
            }
        }
        nodes[at].is_complete = true;
    }
    nodes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Purpose, Streams};

    #[test]
    fn an_ngram_is_found_wherever_it_ends() {
        let ngrams = ForbiddenNgrams::new(&[vec![1, 2, 1, 3], vec![2, 2], vec![4]], 5).unwrap();
        let holds = |text: &[TokenId]| text.iter().try_fold(0, |node, &t| ngrams.next(node, t)).is_none();
        assert!(holds(&[1, 2, 1, 3]) && holds(&[0, 4]) && holds(&[1, 2, 2]));
        // The second 1 2 1 overlaps the first.
        assert!(holds(&[1, 2, 1, 2, 1, 3]) && holds(&[2, 1, 2, 1, 3]));
        assert!(!holds(&[1, 2, 1, 1, 3, 2, 1, 2, 0, 2]) && !holds(&[]));
    }

    #[test]
    fn nothing_is_forbidden_without_ngrams() {
        let ngrams = ForbiddenNgrams::new(&[], 3).unwrap();
        assert!((0..3).all(|t| ngrams.next(0, t) == Some(0)));
    }

    #[test]
    fn as_searched_one_by_one() {
        let streams = Streams::new(1, Purpose::Sample);
        let mut draws = 0;
        let mut token = || {
            draws += 1;
            (streams.uniform(draws, 0) * 3.0) as TokenId
        };
        for case in 0..200 {
            let ngrams: Vec<Vec<TokenId>> =
                (0..1 + case % 5).map(|n| (0..1 + (case + n) % 4).map(|_| token()).collect()).collect();
            let automaton = ForbiddenNgrams::new(&ngrams, 3).unwrap();
            for _ in 0..20 {
                let text: Vec<TokenId> = (0..8).map(|_| token()).collect();
                let held = ngrams.iter().any(|ngram| text.windows(ngram.len()).any(|part| part == ngram));
                let found = text.iter().try_fold(0, |node, &t| automaton.next(node, t)).is_none();
                assert_eq!(found, held, "{ngrams:?} in {text:?}");
            }
        }
    }

    #[test]
    fn many_long_ngrams_take_little_time_and_too_many_are_refused() {
        // Each suffix was searched in each n-gram, for every token.
        let ngrams: Vec<Vec<TokenId>> = (0..200).map(|i| (0..100).map(|n| (i * n) % 97).collect()).collect();
        assert!(ForbiddenNgrams::new(&ngrams, 100).is_ok());
        let most = MOST_ENTRIES / 100_000;
        let refused = ForbiddenNgrams::new(&[vec![7; most + 1]], 100_000).err().unwrap();
        assert_eq!(refused, format!("at most {most} tokens together with a vocabulary of 100000"));
    }
}
