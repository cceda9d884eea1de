//! Subwords: text cut and put together as a `tokenizer.json` says (Hugging Face, the library tokenizers).
//!
//! The file stays what it is, and nothing is added to what it says: no special tokens around a sequence, no padding, no
//! truncation. A token is known by its spelling in the file. What the file's tokenizer cannot spell, it writes as an
//! unknown token of its own; here that is the empty spelling, which no vocabulary holds.

#[cfg_attr(not(feature = "bpe"), path = "absent.rs")]
mod engine;
mod writing;

use std::fmt;
use std::io::ErrorKind;
use std::path::Path;

use serde_json::Value;

use super::source::FileDigest;
use crate::{Error, Result};
use engine::Engine;
pub use writing::Writing;

/// The spelling that the model of a file without an unknown token is given for it.
const UNSPELLABLE: &str = "\0unknown";

/// A tokenizer, read from its file.
pub struct Subwords {
    engine: Engine,
    writing: std::result::Result<Writing, String>,
    /// The model's own unknown token.
    unknown: Option<String>,
    json: Vec<u8>,
    sha256: String,
}

impl Subwords {
    /// The tokenizer of a file. The error says what is wrong with it, or that the program was built without this part.
    pub fn read(path: &Path) -> Result<Self> {
        if !engine::PRESENT {
            return Err(Error::Config {
                key: "data.tokens".into(),
                value: "\"bpe\"".into(),
                expected: "another kind of tokens: this program was built without subwords".into(),
                source_place: None,
                hint: Some("build it with them: cargo build --release -p seqgan-cli --features bpe".into()),
            });
        }
        let fault = |message: String, hint: &str| Error::Data {
            path: path.into(),
            line: None,
            message,
            hint: Some(hint.into()),
        };
        if path.is_dir() {
            return Err(fault(
                "this is a folder, expected the file of `data.tokenizer`".into(),
                match path.join("tokenizer.json").is_file() {
                    true => "name the file tokenizer.json in it",
                    false => "name a file, such as tokenizer.json",
                },
            ));
        }
        let json = std::fs::read(path).map_err(|source| match source.kind() {
            ErrorKind::NotFound => fault(
                "there is no such file, expected the tokenizer.json of `data.tokenizer`".into(),
                "check the spelling; the path is relative to the current folder",
            ),
            _ => Error::io("read", path)(source),
        })?;
        Self::new(json).map_err(|message| {
            fault(
                format!("no tokenizer.json: {message}"),
                "`data.tokenizer` names a file that the library tokenizers saved, as models on Hugging Face have it",
            )
        })
    }

    /// The tokenizer of a file's bytes; the error says what is wrong with them.
    pub(crate) fn new(json: Vec<u8>) -> std::result::Result<Self, String> {
        let mut document: Value = serde_json::from_slice(&json).map_err(|error| error.to_string())?;
        if !document["model"]["vocab"].is_object() && !document["model"]["vocab"].is_array() {
            return Err("it holds no `model` with a `vocab`".into());
        }
        let writing = Writing::of(&document["decoder"]);
        refuse_chance(&document["model"])?;
        let unknown = unknown(&mut document["model"]);
        // A sequence stays as long as it is.
        (document["truncation"], document["padding"]) = (Value::Null, Value::Null);
        let mut digest = FileDigest::default();
        digest.update(&json);
        let (_, sha256) = digest.finish();
        Ok(Self { engine: Engine::new(&document)?, writing, unknown, json, sha256 })
    }

    /// The spellings of a text's tokens, in order; an empty one for what the tokenizer cannot spell.
    pub fn split(&self, text: &str) -> std::result::Result<Vec<String>, String> {
        let mut tokens = self.engine.split(text)?;
        tokens.iter_mut().filter(|token| self.unknown.as_ref() == Some(token)).for_each(String::clear);
        Ok(tokens)
    }

    /// The text of tokens, as the tokenizer's decoder writes it.
    pub fn join(&self, tokens: Vec<String>) -> std::result::Result<String, String> {
        self.engine.join(tokens)
    }

    /// Whether the tokenizer has a token of this spelling.
    pub fn knows(&self, token: &str) -> bool {
        self.unknown.as_deref() != Some(token) && self.engine.id(token).is_some()
    }

    /// How the texts of tokens make the text of a sequence; the error says why they do not simply.
    pub fn writing(&self) -> std::result::Result<Writing, &str> {
        self.writing.as_ref().copied().map_err(String::as_str)
    }

    /// The file's bytes.
    pub fn json(&self) -> &[u8] {
        &self.json
    }

    /// The SHA-256 of the file's bytes, in hexadecimal.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }
}

/// A model that cuts a text by chance would make other data of the same file each time.
fn refuse_chance(model: &Value) -> std::result::Result<(), String> {
    match ["dropout", "alpha"].into_iter().find(|key| model[key].as_f64().is_some_and(|share| share != 0.0)) {
        Some(key) => Err(format!(
            "`model.{key}` is {}, expected null: by chance, the same text would be cut in another way each time",
            model[key]
        )),
        None => Ok(()),
    }
}

/// The spelling of the model's unknown token. A model of pairs that has none would pass over what it cannot spell; it
/// is given one, behind its other tokens.
fn unknown(model: &mut Value) -> Option<String> {
    if let Some(token) = model["unk_token"].as_str() {
        return Some(token.into());
    }
    if let Some(index) = model["unk_id"].as_u64() {
        return model["vocab"][index as usize][0].as_str().map(String::from);
    }
    if !model["merges"].is_array() {
        return None;
    }
    let vocab = model["vocab"].as_object_mut()?;
    let behind = vocab.values().filter_map(Value::as_u64).max().map_or(0, |last| last + 1);
    vocab.insert(UNSPELLABLE.into(), behind.into());
    model["unk_token"] = UNSPELLABLE.into();
    Some(UNSPELLABLE.into())
}

/// Equal files are equal tokenizers.
impl PartialEq for Subwords {
    fn eq(&self, other: &Self) -> bool {
        self.sha256 == other.sha256
    }
}

impl Eq for Subwords {}

impl fmt::Debug for Subwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subwords").field("sha256", &self.sha256).finish_non_exhaustive()
    }
}

#[cfg(all(test, feature = "bpe"))]
mod tests;
