//! The vocabulary: which token has which id.
//!
//! Ids 0 and 1 are the end and the unknown token; they stand outside the user's tokens, so words that are
//! spelled `<end>` or `<unk>` in a file are words like any other. For [`Tokens::Ids`] no list is kept: the
//! integer n of a file has the id n + 2.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::subwords::Subwords;
use super::tokens::Tokens;
use crate::TokenId;

/// A list of tokens that cannot be a vocabulary.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a vocabulary: {0}")]
pub struct InvalidVocab(String);

/// Tokens and their ids, `0..V`.
///
/// One of subwords read from JSON needs its tokenizer before it can encode or decode: [`Vocab::with_tokenizer`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Vocab {
    tokens: Tokens,
    entries: Entries,
    tokenizer: Option<Arc<Subwords>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Entries {
    /// Words or characters; entry i has the id i + 2.
    Listed { list: Vec<Arc<str>>, index: HashMap<Arc<str>, TokenId> },
    /// The integers `0..size`; integer i has the id i + 2.
    Integers { size: u32 },
}

/// The form in files.
#[derive(Serialize, Deserialize)]
#[serde(tag = "tokens", rename_all = "lowercase", deny_unknown_fields)]
enum Stored {
    Words { entries: Vec<String> },
    Chars { entries: Vec<String> },
    Smiles { entries: Vec<String> },
    Bpe { entries: Vec<String> },
    Ids { size: u32 },
}

#[expect(clippy::len_without_is_empty, reason = "the special tokens are always there")]
impl Vocab {
    /// The end of a sequence, and what the generator reads before its first token.
    pub const END: TokenId = 0;
    /// Stands for every token that is not in the vocabulary.
    pub const UNKNOWN: TokenId = 1;
    /// Number of tokens that are not the user's: ids from here on are.
    pub const NUM_SPECIAL: usize = 2;
    /// The most user tokens a vocabulary may hold. Far above what can be trained; it catches files of
    /// time stamps or hashes before they ask for a network of that width.
    pub const MAX_TOKENS: u32 = 1 << 24;

    /// A vocabulary of words or characters, in the order of their ids; for [`Tokens::Ids`] see
    /// [`Vocab::integers`]. One of [`Tokens::Bpe`] lacks its tokenizer.
    pub fn new(tokens: Tokens, entries: Vec<String>) -> Result<Self, InvalidVocab> {
        if entries.is_empty() || entries.len() > Self::MAX_TOKENS as usize {
            let expected = Self::MAX_TOKENS;
            return Err(InvalidVocab(format!("{} tokens, expected 1 to {expected}", entries.len())));
        }
        if let Some(entry) = entries.iter().find(|entry| !is_one_token(tokens, entry)) {
            return Err(InvalidVocab(format!("{entry:?} is not one token of the kind `{tokens}`")));
        }
        let count = entries.len();
        let vocab = Self::from_unique(tokens, entries.into_iter().map(Arc::from).collect(), None);
        match &vocab.entries {
            Entries::Listed { list, index } if index.len() < count => {
                // The index keeps the last of equal entries, so the first one finds a foreign id.
                let repeated = list.iter().zip(2..).find(|(entry, id)| index[*entry] != *id);
                let name = repeated.map_or("", |(entry, _)| entry);
                Err(InvalidVocab(format!("{name:?} is listed more than once")))
            }
            _ => Ok(vocab),
        }
    }

    /// The vocabulary of the integers `0..size`.
    pub fn integers(size: u32) -> Result<Self, InvalidVocab> {
        match size {
            1..=Self::MAX_TOKENS => {
                Ok(Self { tokens: Tokens::Ids, entries: Entries::Integers { size }, tokenizer: None })
            }
            _ => Err(InvalidVocab(format!("{size} ids, expected 1 to {}", Self::MAX_TOKENS))),
        }
    }

    /// A vocabulary of subwords with the tokenizer that cuts and writes them; it must know all of them.
    pub fn with_tokenizer(self, tokenizer: Arc<Subwords>) -> Result<Self, InvalidVocab> {
        match &self.entries {
            Entries::Listed { list, .. } if self.tokens == Tokens::Bpe => {
                match list.iter().find(|token| !tokenizer.knows(token)) {
                    Some(token) => Err(InvalidVocab(format!("the tokenizer has no token {token:?}"))),
                    None => Ok(Self { tokenizer: Some(tokenizer), ..self }),
                }
            }
            _ => Err(InvalidVocab(format!("tokens of the kind `{}` take no tokenizer", self.tokens))),
        }
    }

    /// Words or characters that are known to be valid and different.
    pub(super) fn from_unique(tokens: Tokens, list: Vec<Arc<str>>, tokenizer: Option<Arc<Subwords>>) -> Self {
        let index = list.iter().cloned().zip(Self::NUM_SPECIAL as TokenId..).collect();
        Self { tokens, entries: Entries::Listed { list, index }, tokenizer }
    }

    /// Number of ids, V: the user's tokens and the two special ones.
    pub fn len(&self) -> usize {
        Self::NUM_SPECIAL + self.num_user_tokens()
    }

    /// Number of tokens without the two special ones.
    pub fn num_user_tokens(&self) -> usize {
        match &self.entries {
            Entries::Listed { list, .. } => list.len(),
            Entries::Integers { size } => *size as usize,
        }
    }

    /// The user's tokens in the order of their ids, as people write them.
    pub(super) fn user_tokens(&self) -> impl Iterator<Item = Arc<str>> + '_ {
        (Self::NUM_SPECIAL as TokenId..self.len() as TokenId).map(|id| self.token(id).into())
    }

    /// What one token of a line is.
    pub fn tokens(&self) -> Tokens {
        self.tokens
    }

    /// What cuts and writes subwords.
    pub fn tokenizer(&self) -> Option<&Arc<Subwords>> {
        self.tokenizer.as_ref()
    }

    /// The token of `id` as people write it; the special ones read `<end>` and `<unk>`, and
    /// subwords as their tokenizer spells them.
    ///
    /// Panics when `id` is not below [`Vocab::len`].
    pub fn token(&self, id: TokenId) -> Cow<'_, str> {
        assert!((id as usize) < self.len(), "token id {id} in a vocabulary of {}", self.len());
        match (id, &self.entries) {
            (Self::END, _) => "<end>".into(),
            (Self::UNKNOWN, _) => "<unk>".into(),
            (_, Entries::Listed { list, .. }) => (&*list[id as usize - Self::NUM_SPECIAL]).into(),
            (_, Entries::Integers { .. }) => (id as usize - Self::NUM_SPECIAL).to_string().into(),
        }
    }

    /// The id of a user token, `None` when it is not in the vocabulary. The special tokens have no spelling.
    pub fn id(&self, token: &str) -> Option<TokenId> {
        match &self.entries {
            Entries::Listed { index, .. } => index.get(token).copied(),
            Entries::Integers { size } => {
                let integer = token.parse::<u32>().ok().filter(|integer| integer < size)?;
                Some(integer + Self::NUM_SPECIAL as TokenId)
            }
        }
    }

    /// The ids of a line's tokens; what is not in the vocabulary becomes [`Vocab::UNKNOWN`], and so does a whole line
    /// that a tokenizer refuses.
    ///
    /// Panics for subwords without a tokenizer.
    pub fn encode(&self, line: &str) -> Vec<TokenId> {
        let id = |token: &str| self.id(token).unwrap_or(Self::UNKNOWN);
        match self.tokens {
            Tokens::Bpe => match self.own_tokenizer().split(line) {
                Ok(tokens) => tokens.iter().map(|token| id(token)).collect(),
                Err(_) => vec![Self::UNKNOWN],
            },
            kind => kind.split(line).map(id).collect(),
        }
    }

    /// The line of a sequence: words and integers joined by one space, characters without, subwords by their tokenizer.
    ///
    /// Panics when an id is not below [`Vocab::len`], and for subwords without a tokenizer.
    pub fn decode(&self, ids: &[TokenId]) -> String {
        if self.tokens == Tokens::Bpe {
            return self.decode_subwords(ids);
        }
        let mut line = String::new();
        for (position, &id) in ids.iter().enumerate() {
            if position > 0 {
                line.push_str(self.tokens.separator());
            }
            line.push_str(&self.token(id));
        }
        line
    }

    /// What stands between the special tokens goes to the tokenizer, which does not know them.
    fn decode_subwords(&self, ids: &[TokenId]) -> String {
        let special = |id: TokenId| (id as usize) < Self::NUM_SPECIAL;
        let parts = ids.chunk_by(|&a, &b| !special(a) && !special(b)).map(|part| match part {
            [id] if special(*id) => self.token(*id).into_owned(),
            part => {
                let tokens: Vec<String> = part.iter().map(|&id| self.token(id).into_owned()).collect();
                // A decoder that gives up is left out: the spellings still say what was made.
                self.own_tokenizer().join(tokens.clone()).unwrap_or_else(|_| tokens.join(" "))
            }
        });
        parts.collect()
    }

    fn own_tokenizer(&self) -> &Subwords {
        self.tokenizer.as_ref().expect("a vocabulary of subwords with its tokenizer")
    }

    /// What stands between two tokens in a sequence's text, and what each user token writes there, as bytes; the error
    /// says why the text of a token depends on its neighbours.
    pub fn texts(&self) -> Result<(&'static str, Vec<Vec<u8>>), String> {
        let user = Self::NUM_SPECIAL as TokenId..self.len() as TokenId;
        if self.tokens != Tokens::Bpe {
            return Ok((
                self.tokens.separator(),
                user.map(|id| self.token(id).into_owned().into_bytes()).collect(),
            ));
        }
        let writing = self.own_tokenizer().writing()?;
        Ok((writing.separator(), user.map(|id| writing.bytes(&self.token(id))).collect()))
    }
}

fn is_one_token(tokens: Tokens, entry: &str) -> bool {
    if tokens == Tokens::Bpe {
        return !entry.is_empty();
    }
    let mut pieces = tokens.split(entry);
    // A word must be the whole entry: white space around it would vanish when a line is read.
    // Line breaks, though characters, cannot come from a line and would tear one apart.
    tokens != Tokens::Ids && pieces.next() == Some(entry) && pieces.next().is_none() && entry != "\n"
}

impl TryFrom<Stored> for Vocab {
    type Error = InvalidVocab;

    fn try_from(stored: Stored) -> Result<Self, InvalidVocab> {
        match stored {
            Stored::Words { entries } => Self::new(Tokens::Words, entries),
            Stored::Chars { entries } => Self::new(Tokens::Chars, entries),
            Stored::Smiles { entries } => Self::new(Tokens::Smiles, entries),
            Stored::Bpe { entries } => Self::new(Tokens::Bpe, entries),
            Stored::Ids { size } => Self::integers(size),
        }
    }
}

impl From<Vocab> for Stored {
    fn from(vocab: Vocab) -> Self {
        match (vocab.tokens, vocab.entries) {
            (_, Entries::Integers { size }) => Stored::Ids { size },
            (tokens, Entries::Listed { list, .. }) => {
                let entries = list.iter().map(|entry| entry.to_string()).collect();
                match tokens {
                    Tokens::Chars => Stored::Chars { entries },
                    Tokens::Smiles => Stored::Smiles { entries },
                    Tokens::Bpe => Stored::Bpe { entries },
                    Tokens::Words | Tokens::Ids => Stored::Words { entries },
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(entries: &[&str]) -> Result<Vocab, InvalidVocab> {
        Vocab::new(Tokens::Words, entries.iter().map(|entry| entry.to_string()).collect())
    }

    #[test]
    fn encode_and_decode_are_inverse_but_for_white_space_and_unknowns() {
        let vocab = words(&["a", "cat"]).unwrap();
        assert_eq!(vocab.len(), 4); // <end>, <unk>, a, cat
        assert_eq!(vocab.encode(" a  cat\tsat "), [2, 3, 1]);
        assert_eq!(vocab.decode(&[2, 3, 1, 0]), "a cat <unk> <end>");
        let vocab = Vocab::new(Tokens::Chars, vec!["C".into(), " ".into()]).unwrap();
        assert_eq!(vocab.encode("C CN"), [2, 3, 2, 1]);
        assert_eq!(vocab.decode(&[2, 3, 2]), "C C");
    }

    #[test]
    fn integers_are_shifted_behind_the_special_tokens() {
        let vocab = Vocab::integers(89).unwrap();
        assert_eq!((vocab.len(), vocab.num_user_tokens()), (91, 89));
        assert_eq!(vocab.encode("0 88 89 -1 x 07"), [2, 90, 1, 1, 1, 9]);
        assert_eq!(vocab.decode(&[2, 90, 9]), "0 88 7");
    }

    #[test]
    fn words_spelled_like_special_tokens_are_words() {
        let vocab = words(&["<unk>", "<end>"]).unwrap();
        assert_eq!(vocab.encode("<end> <unk> x"), [3, 2, Vocab::UNKNOWN]);
        // Without them in the data the spellings are unknown words, never the end.
        assert_eq!(words(&["a"]).unwrap().encode("<end> <unk>"), [1, 1]);
    }

    #[test]
    fn json_keeps_the_vocabulary_and_damaged_json_is_refused() {
        let chars = Vocab::new(Tokens::Chars, vec!["秦".into(), "\"".into()]).unwrap();
        let atoms = Vocab::new(Tokens::Smiles, vec!["C".into(), "[nH]".into(), "Cl".into()]).unwrap();
        for vocab in [words(&["b", "a"]).unwrap(), chars, atoms, Vocab::integers(7).unwrap()] {
            let json = serde_json::to_string(&vocab).unwrap();
            assert_eq!(serde_json::from_str::<Vocab>(&json).unwrap(), vocab, "{json}");
        }
        for (json, reason) in [
            (r#"{"tokens":"words","entries":["a","b","a"]}"#, "\"a\" is listed more than once"),
            (r#"{"tokens":"words","entries":["a b"]}"#, "\"a b\" is not one token of the kind `words`"),
            (r#"{"tokens":"words","entries":[" a"]}"#, "not one token"),
            (r#"{"tokens":"words","entries":[""]}"#, "not one token"),
            (r#"{"tokens":"chars","entries":["ab"]}"#, "not one token of the kind `chars`"),
            (r#"{"tokens":"chars","entries":["\n"]}"#, "not one token"),
            (r#"{"tokens":"words","entries":[]}"#, "0 tokens, expected 1 to 16777216"),
            (r#"{"tokens":"ids","size":0}"#, "0 ids, expected 1 to 16777216"),
            (r#"{"tokens":"ids","size":4000000000}"#, "expected 1 to 16777216"),
            (r#"{"tokens":"ids","size":3,"entries":[]}"#, "unknown field"),
            (r#"{"tokens":"letters","entries":["a"]}"#, "unknown variant"),
        ] {
            let error = serde_json::from_str::<Vocab>(json).unwrap_err().to_string();
            assert!(error.contains(reason), "{json}: {error}");
        }
    }
}
