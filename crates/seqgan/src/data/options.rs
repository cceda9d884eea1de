//! How a file of sequences is read.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::midi::MidiSelection;
use super::subwords::Subwords;
use super::tokens::Tokens;
use crate::{Error, Result};

/// What to do with a line of more than `max_length` tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LongSequences {
    /// Leave the line out and count it.
    #[default]
    Drop,
    /// Keep its beginning and count it.
    Truncate,
}

impl fmt::Display for LongSequences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            LongSequences::Drop => "drop",
            LongSequences::Truncate => "truncate",
        })
    }
}

impl FromStr for LongSequences {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        [Self::Drop, Self::Truncate].into_iter().find(|long| long.to_string() == name).ok_or_else(|| {
            Error::Config {
                key: "data.long_sequences".into(),
                value: format!("\"{}\"", name.escape_debug()),
                expected: "\"drop\" or \"truncate\"".into(),
                source_place: None,
                hint: None,
            }
        })
    }
}

pub use crate::config::{FileFormat, RestHandling};

/// How melodies are read; their tokens are [`Tokens::Ids`].
#[derive(Debug, Clone, PartialEq)]
pub struct MidiOptions {
    /// Seconds of a step.
    pub step_secs: f64,
    /// What becomes of rests.
    pub rests: RestHandling,
    /// Which notes are the melody.
    pub selection: MidiSelection,
}

impl Default for MidiOptions {
    /// The paper's step; rests stay.
    fn default() -> Self {
        Self { step_secs: 0.4, rests: RestHandling::Keep, selection: MidiSelection::default() }
    }
}

/// How a file is read.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadOptions {
    /// What it is.
    pub format: FileFormat,
    /// How the format was known, for the report: "by its name".
    pub format_reason: String,
    /// What stands between the columns of a table; none: what gives every row as many columns.
    pub separator: Option<u8>,
    /// The column or member that names the sequence to which a row belongs; none: a row is a sequence.
    pub group_by: Option<String>,
    /// The column or member by which the rows of a sequence are sorted; none: the order of the file.
    pub order_by: Option<String>,
    /// Whether records that cannot be read are dropped and counted, rather than an error.
    pub skip_bad: bool,
    /// The column of a table, by name or by number from 1, or the member of JSON objects; none: the only one.
    pub field: Option<String>,
    /// The column or member that holds a sequence's label; none: sequences have no labels.
    pub label: Option<String>,
    /// Whether what is no molecule by the grammar of SMILES is dropped. Samples of a model may be none.
    pub only_molecules: bool,
    /// For [`FileFormat::Midi`].
    pub midi: MidiOptions,
    /// Sequences are cut into windows of so many tokens that do not overlap, and a rest below is dropped; 0: not.
    pub window: usize,
    /// What one token of a sequence is.
    pub tokens: Tokens,
    /// Why, for the report: "usual for the format".
    pub tokens_reason: String,
    /// For [`Tokens::Bpe`]: what cuts a training file. Further files are cut by the vocabulary's own.
    pub tokenizer: Option<Arc<Subwords>>,
    /// Most tokens of a sequence; 0: as many as the longest line holds.
    pub max_length: usize,
    /// What happens to longer lines.
    pub long: LongSequences,
    /// Most sequences: of more, so many are kept by chance, the same ones each time; 0: no limit.
    pub max_sequences: usize,
    /// Most bytes of a line, its end not counted.
    pub max_line_bytes: usize,
    /// Whether a line without tokens is an empty sequence rather than left out.
    pub keep_empty: bool,
    /// Rarer words or characters become unknown.
    pub min_count: u64,
    /// Most words or characters in the vocabulary, the most frequent ones; 0: no limit.
    pub max_vocab: usize,
    /// For [`Tokens::Ids`]: ids are below this number; 0: the largest id of the training data is the last.
    pub vocab_size: u32,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            format: FileFormat::Text,
            format_reason: String::new(),
            separator: None,
            group_by: None,
            order_by: None,
            skip_bad: false,
            field: None,
            label: None,
            only_molecules: false,
            midi: MidiOptions::default(),
            window: 0,
            tokens: Tokens::Words,
            tokens_reason: String::new(),
            tokenizer: None,
            max_length: 0,
            long: LongSequences::Drop,
            max_sequences: 0,
            max_line_bytes: 1 << 20,
            keep_empty: false,
            min_count: 1,
            max_vocab: 0,
            vocab_size: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_in_settings_text_and_json() {
        for long in [LongSequences::Drop, LongSequences::Truncate] {
            assert_eq!(long.to_string().parse::<LongSequences>().unwrap(), long);
            assert_eq!(serde_json::to_string(&long).unwrap(), format!("\"{long}\""));
        }
        let error = "cut".parse::<LongSequences>().unwrap_err();
        assert_eq!(error.to_string(), "`data.long_sequences` is \"cut\", expected \"drop\" or \"truncate\"");
    }
}
