//! Makes a vocabulary while a file is read once: tokens get provisional ids in the order of their first
//! appearance, and final ones by falling count when all counts are known.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use super::subwords::Subwords;
use super::tokens::Tokens;
use super::vocab::Vocab;
use crate::TokenId;

/// Words, characters or subwords seen so far.
#[derive(Debug)]
pub(super) struct VocabBuilder {
    tokens: Tokens,
    tokenizer: Option<Arc<Subwords>>,
    list: Vec<Arc<str>>,
    index: HashMap<Arc<str>, TokenId>,
}

impl VocabBuilder {
    pub(super) fn new(tokens: Tokens, tokenizer: Option<Arc<Subwords>>) -> Self {
        Self { tokens, tokenizer, list: Vec::new(), index: HashMap::new() }
    }

    /// The provisional id of `token`, from 0.
    pub(super) fn provisional_id(&mut self, token: &str) -> TokenId {
        if let Some(&id) = self.index.get(token) {
            return id;
        }
        let id = self.list.len() as TokenId;
        let token: Arc<str> = token.into();
        self.list.push(Arc::clone(&token));
        self.index.insert(token, id);
        id
    }

    /// Replaces the provisional ids of `ids` by final ones and returns the vocabulary.
    ///
    /// Only tokens of `ids` count. Those rarer than `min_count` become unknown, and so do all but the
    /// `max_vocab` most frequent ones (0: no limit). When nothing is left, the error is the most frequent
    /// token with its count. What has no spelling is unknown whatever its count.
    pub(super) fn finish(
        self,
        ids: &mut [TokenId],
        min_count: u64,
        max_vocab: usize,
    ) -> Result<Vocab, (Arc<str>, u64)> {
        let mut counts = vec![0u64; self.list.len()];
        ids.iter().for_each(|&id| counts[id as usize] += 1);
        let mut order: Vec<usize> = (0..counts.len()).collect();
        order.retain(|&i| !self.list[i].is_empty());
        // The order of `str` is the order of code points; tokens differ, so the order is total.
        order.sort_unstable_by_key(|&i| (Reverse(counts[i]), &self.list[i]));
        let most_frequent = order.first().map(|&i| (Arc::clone(&self.list[i]), counts[i]));
        // A token of dropped lines alone has count 0 and never enters.
        order.retain(|&i| counts[i] >= min_count.max(1));
        let limit = Vocab::MAX_TOKENS as usize;
        order.truncate(if max_vocab == 0 { limit } else { max_vocab.min(limit) });
        if order.is_empty() {
            return Err(most_frequent.unwrap_or(("".into(), 0)));
        }

        let mut final_ids = vec![Vocab::UNKNOWN; self.list.len()];
        order.iter().zip(Vocab::NUM_SPECIAL as TokenId..).for_each(|(&i, id)| final_ids[i] = id);
        ids.iter_mut().for_each(|id| *id = final_ids[*id as usize]);
        let list = order.iter().map(|&i| Arc::clone(&self.list[i])).collect();
        Ok(Vocab::from_unique(self.tokens, list, self.tokenizer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(text: &str, min_count: u64, max_vocab: usize) -> Result<(Vocab, Vec<TokenId>), (Arc<str>, u64)> {
        let mut builder = VocabBuilder::new(Tokens::Words, None);
        builder.provisional_id("dropped");
        let mut ids: Vec<_> = text.split(' ').map(|token| builder.provisional_id(token)).collect();
        builder.finish(&mut ids, min_count, max_vocab).map(|vocab| (vocab, ids))
    }

    #[test]
    fn ids_fall_with_the_count_and_ties_follow_code_points() {
        // Counts: é 2, z 2, b 3, B 1. z is U+007A, é U+00E9, so z comes first.
        let (vocab, ids) = build("é z b B b é z b", 1, 0).unwrap();
        let tokens: Vec<_> = (2..vocab.len() as TokenId).map(|id| vocab.token(id)).collect();
        assert_eq!(tokens, ["b", "z", "é", "B"]);
        assert_eq!(ids, [4, 3, 2, 5, 2, 4, 3, 2]);
    }

    #[test]
    fn what_falls_out_becomes_unknown() {
        // With at least 2: b, z, é. The two most frequent of those: b, z.
        let (vocab, ids) = build("é z b B b é z b", 2, 0).unwrap();
        assert_eq!((vocab.num_user_tokens(), ids[3]), (3, Vocab::UNKNOWN));
        let (vocab, ids) = build("é z b B b é z b", 2, 2).unwrap();
        assert_eq!((vocab.num_user_tokens(), ids), (2, vec![1, 3, 2, 1, 2, 1, 3, 2]));
    }

    #[test]
    fn an_empty_vocabulary_names_the_most_frequent_token() {
        assert_eq!(build("a b b", 3, 0).unwrap_err(), ("b".into(), 2));
    }
}
