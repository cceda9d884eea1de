//! SMILES strings as tokens: the usual rule for atoms.
//!
//! A bracket atom `[...]`, `Br`, `Cl`, a ring closure `%nn` or `%(n..)`, else one character (Schwaller et al., Chemical
//! Science 9, 2018, with the rest of the string kept rather than refused, so that joining tokens gives the string back).

mod grammar;

pub(super) use grammar::is_molecule;

/// The bytes of the first token of `text`, which must not be empty.
pub(super) fn first_token(text: &str) -> usize {
    let bytes = text.as_bytes();
    match bytes {
        // A second opening bracket before the closing one: the first is a character by itself.
        [b'[', rest @ ..] => match rest.iter().position(|&b| b == b'[' || b == b']') {
            Some(at) if rest[at] == b']' => at + 2,
            _ => 1,
        },
        [b'B', b'r', ..] | [b'C', b'l', ..] => 2,
        [b'%', a, b, ..] if a.is_ascii_digit() && b.is_ascii_digit() => 3,
        // Looks no further than the digits go: a line may hold nothing but opening brackets.
        [b'%', b'(', rest @ ..] => match rest.iter().position(|b| !b.is_ascii_digit()) {
            Some(digits @ 1..) if rest[digits] == b')' => digits + 3,
            _ => 1,
        },
        _ => text.chars().next().map_or(0, char::len_utf8),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(mut text: &str) -> Vec<&str> {
        let mut tokens = Vec::new();
        while !text.is_empty() {
            let (token, rest) = text.split_at(first_token(text));
            tokens.push(token);
            text = rest;
        }
        tokens
    }

    #[test]
    fn a_long_line_of_brackets_takes_no_longer_than_another() {
        for opening in ["%(", "%(1", "[", "[a"] {
            let text = opening.repeat((1 << 20) / opening.len());
            // With a search to the end of the line at each token this took more than a minute.
            assert!(tokens(&text).len() >= text.len() / 2, "{opening}");
            assert!(!is_molecule(&text));
        }
    }

    #[test]
    fn atoms_of_two_letters_brackets_and_ring_closures_are_one_token() {
        assert_eq!(tokens("C[C@@H](Br)Cl"), ["C", "[C@@H]", "(", "Br", ")", "Cl"]);
        assert_eq!(tokens("C%12CB%123%(104)1"), ["C", "%12", "C", "B", "%12", "3", "%(104)", "1"]);
        assert_eq!(tokens("c1ccccc1.[Na+]"), ["c", "1", "c", "c", "c", "c", "c", "1", ".", "[Na+]"]);
        // What is no SMILES is kept, character by character.
        assert_eq!(tokens("[C[N]%1%()[é"), ["[", "C", "[N]", "%", "1", "%", "(", ")", "[", "é"]);
    }
}
