//! Integers of a file of ids, with the reason why one is refused.

use std::num::IntErrorKind;

use super::rows::TokenError;
use super::vocab::Vocab;
use crate::TokenId;

/// What a file alone may ask for: a network's width follows from it, and a line of a few bytes can hold any number. As
/// many as `data.vocab_size` may say.
const MOST_OF_A_FILE: u32 = 1 << 20;

/// Where the limit of the ids comes from.
#[derive(Debug, Clone, Copy)]
pub(super) enum IdRange {
    /// None is set.
    Any,
    /// The setting `data.vocab_size`.
    Setting(u32),
    /// The vocabulary of the training data.
    Vocabulary(u32),
}

impl IdRange {
    fn size(self) -> u32 {
        match self {
            IdRange::Any => MOST_OF_A_FILE,
            IdRange::Setting(size) | IdRange::Vocabulary(size) => size,
        }
    }

    /// The token id of an integer of the file.
    pub(super) fn parse(self, token: &str) -> Result<TokenId, TokenError> {
        match token.parse::<u64>() {
            Ok(id) if id < u64::from(self.size()) => Ok(id as TokenId + Vocab::NUM_SPECIAL as TokenId),
            Ok(_) => Err(self.outside(token)),
            Err(error) if *error.kind() == IntErrorKind::PosOverflow => Err(self.outside(token)),
            Err(_) if is_negative(token) => {
                Err(self.complain(token, "is negative", "number the tokens from 0"))
            }
            Err(_) if token.chars().any(char::is_alphabetic) => {
                let hint = "for words use `data.tokens = \"words\"`, for single characters `data.tokens = \"chars\"`";
                Err(self.complain(token, "is not an integer", hint))
            }
            Err(_) => Err(self.complain(token, "is not an integer", "separate the ids by white space alone")),
        }
    }

    fn outside(self, token: &str) -> TokenError {
        let (what, hint) = match self {
            IdRange::Any => (
                "is larger than any vocabulary",
                "number the tokens from 0 without gaps, or use `data.tokens = \"words\"`",
            ),
            IdRange::Setting(_) => (
                "is outside `data.vocab_size`",
                "raise it, or set it to 0 for the largest id of the training data",
            ),
            IdRange::Vocabulary(_) => (
                "is outside the vocabulary",
                "set `data.vocab_size` so that it covers training and test data, and train again",
            ),
        };
        self.complain(token, what, hint)
    }

    fn complain(self, token: &str, what: &str, hint: &str) -> TokenError {
        let shown: String = token.chars().take(40).collect();
        let rest = if shown.len() < token.len() { "..." } else { "" };
        let last = self.size() - 1;
        TokenError {
            message: format!("{shown:?}{rest} {what}, expected an integer from 0 to {last}"),
            hint: hint.into(),
        }
    }
}

fn is_negative(token: &str) -> bool {
    token
        .strip_prefix('-')
        .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(range: IdRange, token: &str) -> (String, String) {
        let Err(TokenError { message, hint }) = range.parse(token) else { panic!("{token} was accepted") };
        (message, hint)
    }

    #[test]
    fn integers_below_the_size_are_shifted_by_two() {
        assert_eq!(IdRange::Vocabulary(9).parse("8").ok(), Some(10));
        assert_eq!(IdRange::Any.parse("1048575").ok(), Some(1_048_577));
        assert_eq!(IdRange::Setting(9).parse("0").ok(), Some(Vocab::NUM_SPECIAL as u32));
    }

    #[test]
    fn every_refusal_names_the_token_the_range_and_a_way_out() {
        let range = IdRange::Vocabulary(89);
        let (message, hint) = refused(range, "89");
        assert_eq!(message, "\"89\" is outside the vocabulary, expected an integer from 0 to 88");
        assert!(hint.contains("data.vocab_size"));
        let (message, hint) = refused(IdRange::Setting(5), "5");
        assert_eq!(message, "\"5\" is outside `data.vocab_size`, expected an integer from 0 to 4");
        assert!(hint.contains("raise it"));
        for token in ["1048576", "4000000000", "99999999999999999999999999"] {
            let (message, hint) = refused(IdRange::Any, token);
            assert!(message.contains("larger than any vocabulary, expected an integer from 0 to 1048575"));
            assert!(hint.contains("without gaps"));
        }
        assert!(refused(range, "-3").0.starts_with("\"-3\" is negative, expected"));
        let (message, hint) = refused(range, "cat");
        assert!(message.starts_with("\"cat\" is not an integer, expected"));
        assert!(hint.contains("data.tokens = \"words\"") && hint.contains("data.tokens = \"chars\""));
        assert!(refused(range, "1,2").1.contains("white space"));
        assert!(refused(range, "-").0.contains("not an integer"));
        // 40 characters are shown of a long one.
        assert!(refused(range, &"x".repeat(1000)).0.starts_with(&format!("\"{}\"...", "x".repeat(40))));
    }
}
