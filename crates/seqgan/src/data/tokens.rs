//! How a line is cut into tokens, and how tokens become a line again.

use std::fmt;
use std::str::{CharIndices, FromStr, SplitWhitespace};

use serde::{Deserialize, Serialize};

use super::smiles::first_token;
use crate::{Error, Result};

/// What one token of a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tokens {
    /// What stands between Unicode white space.
    #[default]
    Words,
    /// Every Unicode scalar value, spaces too.
    Chars,
    /// Integers from 0, separated by white space.
    Ids,
    /// Atoms and bonds of a SMILES string: bracket atoms, two-letter elements and ring closures are one token.
    Smiles,
    /// What a `tokenizer.json` says: byte-pair encoding, most often. It takes a [`Subwords`](super::Subwords) to cut.
    Bpe,
}

impl Tokens {
    /// All kinds, in the order of the documentation.
    pub const ALL: [Tokens; 5] = [Tokens::Words, Tokens::Chars, Tokens::Ids, Tokens::Smiles, Tokens::Bpe];

    /// The name used in settings and files.
    pub fn name(self) -> &'static str {
        match self {
            Tokens::Words => "words",
            Tokens::Chars => "chars",
            Tokens::Ids => "ids",
            Tokens::Smiles => "smiles",
            Tokens::Bpe => "bpe",
        }
    }

    /// A line of help.
    pub fn description(self) -> &'static str {
        match self {
            Tokens::Words => "Split at white space",
            Tokens::Chars => "One token a character",
            Tokens::Ids => "Whole numbers, split at white space",
            Tokens::Smiles => "Atoms, bonds, rings and branches of a molecule",
            Tokens::Bpe => "Subwords, as the file tokenizer.json says",
        }
    }

    /// What stands between two tokens when they are written as a line; subwords are written by their tokenizer.
    pub(super) fn separator(self) -> &'static str {
        match self {
            Tokens::Words | Tokens::Ids => " ",
            Tokens::Chars | Tokens::Smiles | Tokens::Bpe => "",
        }
    }

    /// The tokens of `line`, whose end of line has been removed already.
    ///
    /// Panics for [`Tokens::Bpe`], which a tokenizer cuts.
    pub fn split(self, line: &str) -> SplitTokens<'_> {
        match self {
            Tokens::Words | Tokens::Ids => SplitTokens(Pieces::Words(line.split_whitespace())),
            Tokens::Chars => SplitTokens(Pieces::Chars { line, rest: line.char_indices() }),
            Tokens::Smiles => SplitTokens(Pieces::Smiles(line)),
            Tokens::Bpe => panic!("subwords are cut by their tokenizer"),
        }
    }
}

impl fmt::Display for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Tokens {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| Error::Config {
            key: "data.tokens".into(),
            value: format!("\"{}\"", name.escape_debug()),
            expected: "\"words\", \"chars\", \"ids\", \"smiles\" or \"bpe\"".into(),
            source_place: None,
            hint: Some("words for text with spaces, chars for poems or peptides, smiles for molecules, ids for integers".into()),
        })
    }
}

/// The tokens of one line, in order; made by [`Tokens::split`].
#[derive(Debug, Clone)]
pub struct SplitTokens<'a>(Pieces<'a>);

#[derive(Debug, Clone)]
enum Pieces<'a> {
    Words(SplitWhitespace<'a>),
    Chars { line: &'a str, rest: CharIndices<'a> },
    Smiles(&'a str),
}

impl<'a> Iterator for SplitTokens<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        match &mut self.0 {
            Pieces::Words(words) => words.next(),
            Pieces::Chars { line, rest } => {
                let line = *line;
                rest.next().map(|(start, c)| &line[start..start + c.len_utf8()])
            }
            Pieces::Smiles("") => None,
            Pieces::Smiles(rest) => {
                let (token, behind) = rest.split_at(first_token(rest));
                *rest = behind;
                Some(token)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(kind: Tokens, line: &str) -> Vec<&str> {
        kind.split(line).collect()
    }

    #[test]
    fn words_end_at_any_unicode_white_space() {
        // U+3000 is the ideographic space, U+00A0 the one that does not break.
        assert_eq!(split(Tokens::Words, "  a\tbc\u{3000}d\u{a0}e "), ["a", "bc", "d", "e"]);
        assert_eq!(split(Tokens::Ids, " 3  14 "), ["3", "14"]);
        assert!(split(Tokens::Words, " \t ").is_empty());
    }

    #[test]
    fn chars_are_scalar_values_of_one_to_four_bytes() {
        assert_eq!(split(Tokens::Chars, "a é秦🎵"), ["a", " ", "é", "秦", "🎵"]);
        assert!(split(Tokens::Chars, "").is_empty());
    }

    #[test]
    fn names_are_the_same_in_settings_text_and_json() {
        for kind in Tokens::ALL {
            assert_eq!(kind.to_string().parse::<Tokens>().unwrap(), kind);
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{kind}\""));
        }
        let error = "letters".parse::<Tokens>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "`data.tokens` is \"letters\", expected \"words\", \"chars\", \"ids\", \"smiles\" or \"bpe\""
        );
        assert!(error.is_usage() && error.hint().unwrap().contains("smiles for molecules"));
    }
}
