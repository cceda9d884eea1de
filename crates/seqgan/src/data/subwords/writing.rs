//! What bytes a token stands for in the text of a sequence, where that does not depend on its neighbours.

use serde_json::Value;

/// How the texts of tokens make the text of a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writing {
    /// One behind the other, each character of a spelling a byte (the decoder `ByteLevel`).
    Bytes,
    /// One behind the other, as they are spelled (the decoder `Fuse`).
    Spellings,
    /// As they are spelled, a blank between two of them (no decoder).
    Spaced,
}

impl Writing {
    /// As a file's decoder writes; the error names a decoder that looks at more than one token.
    pub(super) fn of(decoder: &Value) -> Result<Self, String> {
        match decoder["type"].as_str() {
            Some("ByteLevel") => Ok(Self::Bytes),
            Some("Fuse") => Ok(Self::Spellings),
            None if decoder.is_null() => Ok(Self::Spaced),
            name => Err(format!(
                "the tokenizer's decoder {} does not just write one token behind the other",
                name.unwrap_or("without a type")
            )),
        }
    }

    /// What stands between two tokens.
    pub fn separator(self) -> &'static str {
        match self {
            Self::Bytes | Self::Spellings => "",
            Self::Spaced => " ",
        }
    }

    /// What a token writes. Of [`Writing::Bytes`] it may be a part of a character.
    pub fn bytes(self, token: &str) -> Vec<u8> {
        // A spelling with other characters in it is an added token, and stands for itself.
        let bytes = || token.chars().map(byte).collect::<Option<Vec<u8>>>();
        match self {
            Self::Bytes => bytes().unwrap_or_else(|| token.into()),
            Self::Spellings | Self::Spaced => token.into(),
        }
    }
}

/// The byte that a character of a byte-level spelling stands for: the printable ones of Latin-1 for themselves, and the
/// n-th of the others is U+0100 + n (Radford et al., "Language Models are Unsupervised Multitask Learners", 2019).
fn byte(c: char) -> Option<u8> {
    let itself = |b: &u8| matches!(b, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    match u32::from(c) {
        code @ 0..=0xff => Some(code as u8).filter(itself),
        code => (0..=0xff).filter(|b| !itself(b)).nth(code.checked_sub(0x100)? as usize),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_level_spellings_by_hand() {
        // A blank is the 33rd byte without a character of its own, behind 0 to 31: U+0120. é is C3 A9 in UTF-8.
        assert_eq!(Writing::Bytes.bytes("Ġthe"), b" the");
        assert_eq!(Writing::Bytes.bytes("Ã©"), "é".as_bytes());
        assert_eq!(Writing::Bytes.bytes("Ċ"), b"\n");
        // Every byte has a character.
        let mut all: Vec<u8> = (0..0x200).filter_map(|code| byte(char::from_u32(code)?)).collect();
        all.sort_unstable();
        assert_eq!(all, (0..=255).collect::<Vec<u8>>());
        // No byte stands behind U+0143, and none for a blank itself.
        assert_eq!(Writing::Bytes.bytes("<a b>"), b"<a b>");
        assert_eq!(Writing::Spellings.bytes("Ġ"), "Ġ".as_bytes());
    }
}
