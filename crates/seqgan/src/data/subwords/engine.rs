//! The library tokenizers: the only place that knows it.

use serde_json::Value;
use tokenizers::{Decoder, Tokenizer};

/// Whether this part was built.
pub(super) const PRESENT: bool = true;

/// A tokenizer of the library.
pub(super) struct Engine(Tokenizer);

impl Engine {
    /// The tokenizer that a file's document describes.
    pub(super) fn new(document: &Value) -> Result<Self, String> {
        let tokenizer: Tokenizer = document.to_string().parse().map_err(text)?;
        let mut ids: Vec<(u32, String)> =
            tokenizer.get_vocab(true).into_iter().map(|(token, id)| (id, token)).collect();
        ids.sort_unstable();
        match ids.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            Some(pair) => Err(format!("{:?} and {:?} have the same id, {}", pair[0].1, pair[1].1, pair[0].0)),
            None => Ok(Self(tokenizer)),
        }
    }

    pub(super) fn split(&self, line: &str) -> Result<Vec<String>, String> {
        let encoding = self.0.encode_fast(line, false).map_err(text)?;
        let spelling = |&id: &u32| self.0.id_to_token(id).expect("an id that the tokenizer gave");
        Ok(encoding.get_ids().iter().map(spelling).collect())
    }

    pub(super) fn join(&self, tokens: Vec<String>) -> Result<String, String> {
        match self.0.get_decoder() {
            Some(decoder) => decoder.decode(tokens).map_err(text),
            None => Ok(tokens.join(" ")),
        }
    }

    /// The id that the file gives a token.
    pub(super) fn id(&self, token: &str) -> Option<u32> {
        self.0.token_to_id(token)
    }
}

fn text(error: tokenizers::Error) -> String {
    error.to_string()
}
