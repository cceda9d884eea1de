//! Exact n-gram tables, shared by reward and metrics, and what is made of n-grams alone.
//!
//! An n-gram is named by a pair: the id of its first n-1 tokens and its last token. The table maps pairs to
//! dense ids, so two n-grams share an id only if they are the same n-gram, whatever the hash function does,
//! and counts are plain arrays indexed by id.

pub mod kneser_ney;
pub mod sentence_bleu;

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::TokenId;

/// Dense name of an n-gram within one [`NgramTable`], counted from 0 over all orders together.
pub type NgramId = u32;

/// The id of the empty n-gram; no counted n-gram can have it.
const EMPTY: NgramId = NgramId::MAX;

/// One n-gram of a sequence and how often it occurs there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NgramCount {
    /// Number of tokens, n.
    pub order: usize,
    /// Name in the table.
    pub id: NgramId,
    /// Occurrences in the sequence; at least 1.
    pub count: u32,
}

/// Names for n-grams of all orders up to the one asked for.
#[derive(Debug, Clone, Default)]
pub struct NgramTable {
    ids: HashMap<u64, NgramId, BuildHasherDefault<PairHasher>>,
}

impl NgramTable {
    /// A table that knows no n-gram.
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of known n-grams of all orders; ids lie below it.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether no n-gram is known.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Names every n-gram of `row` up to `max_order` and visits each different one once, with its count.
    pub fn insert(&mut self, row: &[TokenId], max_order: usize, visit: impl FnMut(NgramCount)) {
        count(row, max_order, |prefix, token| Some(self.name(prefix, token)), visit);
    }

    /// Visits each different n-gram of `row` up to `max_order` that is known, with its count.
    pub fn count(&self, row: &[TokenId], max_order: usize, visit: impl FnMut(NgramCount)) {
        count(row, max_order, |prefix, token| self.find(prefix, token), visit);
    }

    /// The n-gram `prefix` with `token` behind it, which gets a name if it has none.
    fn name(&mut self, prefix: NgramId, token: TokenId) -> NgramId {
        let next = self.ids.len();
        assert!(next < EMPTY as usize, "more than 2^32 - 1 different n-grams");
        *self.ids.entry(key(prefix, token)).or_insert(next as NgramId)
    }

    /// The n-gram `prefix` with `token` behind it, if it is known.
    fn find(&self, prefix: NgramId, token: TokenId) -> Option<NgramId> {
        self.ids.get(&key(prefix, token)).copied()
    }
}

/// Counts order by order: the n-grams of one order are those of the order below, each longer by a token. An
/// n-gram whose prefix is unknown is unknown itself, so its start is dropped for good.
fn count(
    row: &[TokenId],
    max_order: usize,
    mut child: impl FnMut(NgramId, TokenId) -> Option<NgramId>,
    mut visit: impl FnMut(NgramCount),
) {
    let mut starts: Vec<(usize, NgramId)> = (0..row.len()).map(|start| (start, EMPTY)).collect();
    let mut sorted = Vec::with_capacity(row.len());
    for order in 1..=max_order {
        starts.retain_mut(|(start, id)| {
            let longer = row.get(*start + order - 1).and_then(|&token| child(*id, token));
            longer.map(|longer| *id = longer).is_some()
        });
        sorted.clear();
        sorted.extend(starts.iter().map(|&(_, id)| id));
        sorted.sort_unstable();
        for run in sorted.chunk_by(|a, b| a == b) {
            visit(NgramCount { order, id: run[0], count: run.len() as u32 });
        }
    }
}

fn key(prefix: NgramId, token: TokenId) -> u64 {
    u64::from(prefix) << 32 | u64::from(token)
}

/// Hashes one 64-bit key with the finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA'14). The standard
/// hasher guards against chosen keys, which are no danger here, and takes three times as long.
#[derive(Debug, Clone, Copy, Default)]
struct PairHasher(u64);

impl Hasher for PairHasher {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u64(u64::from(byte)));
    }

    fn write_u64(&mut self, value: u64) {
        let mut z = (self.0 ^ value).wrapping_add(0x9E37_79B9_7F4A_7C15);
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        self.0 = z ^ z >> 31;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_each_order_and_repeats_ids() {
        let mut table = NgramTable::new();
        let mut seen = Vec::new();
        // 1 2 1 2: unigrams 1 and 2 twice; bigrams 12 twice, 21 once; trigrams 121 and 212 once.
        table.insert(&[1, 2, 1, 2], 3, |ngram| seen.push((ngram.order, ngram.count)));
        seen.sort_unstable();
        assert_eq!(seen, [(1, 2), (1, 2), (2, 1), (2, 2), (3, 1), (3, 1)]);
        assert_eq!(table.len(), 6);

        // 2 1 3: 2, 1 and 21 are known, 3, 13 and 213 are not.
        let mut known = Vec::new();
        table.count(&[2, 1, 3], 3, |ngram| known.push((ngram.order, ngram.count)));
        assert_eq!(known, [(1, 1), (1, 1), (2, 1)]);
        table.insert(&[2, 1], 2, |ngram| assert!(ngram.id < 6, "a known n-gram got a new id"));
        assert_eq!(table.len(), 6);
    }

    #[test]
    fn short_and_empty_rows_have_no_long_ngrams() {
        let mut table = NgramTable::new();
        table.insert(&[], 5, |_| panic!("an n-gram in an empty row"));
        table.insert(&[7], 5, |ngram| assert_eq!((ngram.order, ngram.count), (1, 1)));
        assert_eq!(table.len(), 1);
    }
}
