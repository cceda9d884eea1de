//! What stderr can show: bars and colour on a terminal, plain text elsewhere.

use std::env;
use std::io::{self, IsTerminal};

/// Whether stderr is a terminal that can redraw a line.
pub fn stderr_is_interactive() -> bool {
    io::stderr().is_terminal() && env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Whether messages on stderr may be coloured; the variable `NO_COLOR`, set to anything, forbids it.
pub fn stderr_has_colour() -> bool {
    stderr_is_interactive() && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// A word made to stand out, if colour is allowed.
pub fn emphasise(word: &str, style: Style, colour: bool) -> String {
    if !colour {
        return word.to_owned();
    }
    let code = match style {
        Style::Error => "1;31",
        Style::Hint => "1;36",
    };
    format!("\x1b[{code}m{word}\x1b[0m")
}

/// What a word announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// A failure.
    Error,
    /// Advice.
    Hint,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_only_where_it_is_allowed() {
        assert_eq!(emphasise("error", Style::Error, false), "error");
        assert_eq!(emphasise("hint", Style::Hint, true), "\x1b[1;36mhint\x1b[0m");
    }
}
