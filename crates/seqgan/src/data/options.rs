//! How a file of sequences is read.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

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

pub use crate::config::Rests;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum FileFormat {
    /// Text of one sequence a line.
    #[default]
    Text,
    /// A MIDI file, or a folder of them, a melody each; tokens are [`Tokens::Ids`].
    Midi {
        /// Seconds of a step.
        step_secs: f64,
        /// What becomes of rests.
        rests: Rests,
    },
}

/// How a file is read.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadOptions {
    /// What it is.
    pub format: FileFormat,
    /// Sequences are cut into windows of so many tokens that do not overlap, and a rest below is dropped; 0: not.
    pub window: usize,
    /// What one token of a line is.
    pub tokens: Tokens,
    /// Most tokens of a sequence; 0: as many as the longest line holds.
    pub max_length: usize,
    /// What happens to longer lines.
    pub long: LongSequences,
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
            window: 0,
            tokens: Tokens::Words,
            max_length: 0,
            long: LongSequences::Drop,
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
