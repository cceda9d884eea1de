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
    /// A vocabulary whose tokens keep their ids, whether the file holds them or not.
    known: Option<Vocab>,
}

impl VocabBuilder {
    pub(super) fn new(tokens: Tokens, tokenizer: Option<Arc<Subwords>>) -> Self {
        Self { tokens, tokenizer, list: Vec::new(), index: HashMap::new(), known: None }
    }

    /// The vocabulary will be `known` with new tokens behind it.
    pub(super) fn extending(self, known: Option<&Vocab>) -> Self {
        Self { known: known.cloned(), ..self }
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
    /// token with its count. What has no spelling is unknown whatever its count. Tokens of a known vocabulary are never
    /// left out.
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
        let known_id = |i: usize| self.known.as_ref().and_then(|known| known.id(&self.list[i]));
        let mut list: Vec<Arc<str>> = self.known.iter().flat_map(Vocab::user_tokens).collect();
        // A token of dropped lines alone has count 0 and never enters.
        order.retain(|&i| counts[i] >= min_count.max(1) && known_id(i).is_none());
        let limit = Vocab::MAX_TOKENS as usize;
        let limit = if max_vocab == 0 { limit } else { max_vocab.min(limit) };
        order.truncate(limit.saturating_sub(list.len()));
        if order.is_empty() && list.is_empty() {
            return Err(most_frequent.unwrap_or(("".into(), 0)));
        }

        let mut final_ids: Vec<TokenId> =
            (0..self.list.len()).map(|i| known_id(i).unwrap_or(Vocab::UNKNOWN)).collect();
        let first_new = (Vocab::NUM_SPECIAL + list.len()) as TokenId;
        order.iter().zip(first_new..).for_each(|(&i, id)| final_ids[i] = id);
        ids.iter_mut().for_each(|id| *id = final_ids[*id as usize]);
        list.extend(order.iter().map(|&i| Arc::clone(&self.list[i])));
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
    fn known_tokens_keep_their_ids_and_new_ones_stand_behind_them() {
        let known = Vocab::new(Tokens::Words, ["x", "b", "y"].map(String::from).into()).unwrap();
        let extended = |min_count, max_vocab| {
            let mut builder = VocabBuilder::new(Tokens::Words, None).extending(Some(&known));
            let mut ids: Vec<_> = "z a a b".split(' ').map(|token| builder.provisional_id(token)).collect();
            let vocab = builder.finish(&mut ids, min_count, max_vocab).unwrap();
            let tokens: Vec<String> = vocab.user_tokens().map(|token| token.to_string()).collect();
            (tokens.join(" "), ids)
        };
        assert_eq!(extended(1, 0), ("x b y a z".into(), vec![6, 5, 5, 3]));
        // "b" is rare, and known all the same.
        assert_eq!(extended(2, 0), ("x b y a".into(), vec![1, 5, 5, 3]));
        assert_eq!(extended(1, 2), ("x b y".into(), vec![1, 1, 1, 3]));
    }

    #[test]
    fn an_empty_vocabulary_names_the_most_frequent_token() {
        assert_eq!(build("a b b", 3, 0).unwrap_err(), ("b".into(), 2));
    }
}
