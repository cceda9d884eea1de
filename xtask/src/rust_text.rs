//! Rust source as a list of names and marks, without comments, strings and characters. Enough to read paths.

/// One piece of source and its line, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// What it is.
    pub kind: Kind,
    /// Where it stands.
    pub line: usize,
}

/// The kinds of pieces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// An identifier, a keyword or a number.
    Name(String),
    /// `::`
    PathSeparator,
    /// Any other visible character.
    Mark(char),
}

impl Piece {
    /// The name, if it is one.
    pub fn name(&self) -> Option<&str> {
        if let Kind::Name(name) = &self.kind { Some(name) } else { None }
    }

    /// Whether it is this mark.
    pub fn is(&self, mark: char) -> bool {
        self.kind == Kind::Mark(mark)
    }

    /// Whether it is `::`.
    pub fn is_separator(&self) -> bool {
        self.kind == Kind::PathSeparator
    }
}

/// Cuts source into pieces.
pub fn pieces(text: &str) -> Vec<Piece> {
    let mut reader = Reader { chars: text.chars().collect(), at: 0, line: 1 };
    let mut pieces = Vec::new();
    while let Some(c) = reader.peek(0) {
        let line = reader.line;
        let kind = match c {
            '/' if reader.peek(1) == Some('/') => {
                reader.skip_while(|c| c != '\n');
                continue;
            }
            '/' if reader.peek(1) == Some('*') => {
                reader.skip_block_comment();
                continue;
            }
            '"' => {
                reader.skip_string();
                continue;
            }
            '\'' => {
                reader.skip_character_or_lifetime();
                continue;
            }
            ':' if reader.peek(1) == Some(':') => {
                reader.skip(2);
                Kind::PathSeparator
            }
            c if is_name(c) => match reader.name() {
                Some(name) => Kind::Name(name),
                None => continue,
            },
            c => {
                reader.skip(1);
                if c.is_whitespace() {
                    continue;
                }
                Kind::Mark(c)
            }
        };
        pieces.push(Piece { kind, line });
    }
    pieces
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

struct Reader {
    chars: Vec<char>,
    at: usize,
    line: usize,
}

impl Reader {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn skip(&mut self, n: usize) {
        for _ in 0..n {
            self.line += usize::from(self.peek(0) == Some('\n'));
            self.at += 1;
        }
    }

    fn skip_while(&mut self, condition: impl Fn(char) -> bool) {
        while self.peek(0).is_some_and(&condition) {
            self.skip(1);
        }
    }

    /// Block comments nest.
    fn skip_block_comment(&mut self) {
        let mut depth = 0;
        loop {
            match (self.peek(0), self.peek(1)) {
                (Some('/'), Some('*')) => {
                    depth += 1;
                    self.skip(2);
                }
                (Some('*'), Some('/')) => {
                    depth -= 1;
                    self.skip(2);
                }
                (None, _) => return,
                _ => self.skip(1),
            }
            if depth == 0 {
                return;
            }
        }
    }

    fn skip_string(&mut self) {
        self.skip(1);
        while let Some(c) = self.peek(0) {
            self.skip(if c == '\\' { 2 } else { 1 });
            if c == '"' {
                return;
            }
        }
    }

    /// Behind `r`: as many `#` as stand here, a quote, anything, a quote and as many `#`.
    fn skip_raw_string(&mut self) {
        let mut hashes = 0;
        while self.peek(0) == Some('#') {
            hashes += 1;
            self.skip(1);
        }
        self.skip(1);
        while let Some(c) = self.peek(0) {
            self.skip(1);
            if c == '"' && (0..hashes).all(|i| self.peek(i) == Some('#')) {
                return self.skip(hashes);
            }
        }
    }

    fn skip_character_or_lifetime(&mut self) {
        let escaped = self.peek(1) == Some('\\');
        if escaped || self.peek(2) == Some('\'') {
            // The quote, perhaps a backslash, and one character that may itself be a quote.
            self.skip(if escaped { 3 } else { 2 });
            self.skip_while(|c| c != '\'');
            self.skip(1);
        } else {
            self.skip(1);
            self.skip_while(is_name);
        }
    }

    /// A name, or nothing when it was the first letters of a string such as `r#"..."#`, `b"..."`, `b'x'`.
    fn name(&mut self) -> Option<String> {
        let start = self.at;
        self.skip_while(is_name);
        let name: String = self.chars[start..self.at].iter().collect();
        let raw = matches!(name.as_str(), "r" | "br" | "cr");
        match self.peek(0) {
            Some('#') if name == "r" && self.peek(1).is_some_and(is_name) => {
                self.skip(1);
                self.name()
            }
            Some('"' | '#') if raw => {
                self.skip_raw_string();
                None
            }
            Some('"') if matches!(name.as_str(), "b" | "c") => {
                self.skip_string();
                None
            }
            Some('\'') if name == "b" => {
                self.skip_character_or_lifetime();
                None
            }
            _ => Some(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        pieces(text).iter().filter_map(|piece| piece.name().map(String::from)).collect()
    }

    #[test]
    fn comments_strings_and_characters_are_left_out() {
        assert_eq!(names("a // b\n/* c /* d */ e */ f /// g"), ["a", "f"]);
        assert_eq!(names(r##"a "b \" c" d r#"e " f"# g b"h" i br"j" k"##), ["a", "d", "g", "i", "k"]);
        assert_eq!(
            names(r"a 'b' c '\'' d '\u{41}' e <'static> f b'x' g '\\' h"),
            ["a", "c", "d", "e", "f", "g", "h"]
        );
        assert_eq!(names("r#type x"), ["type", "x"]);
    }

    #[test]
    fn lines_are_counted_through_everything() {
        let text = "a\n\"x\ny\"\n/*\n*/ b\n// z\nr\"\n\" c::d";
        let found: Vec<_> = pieces(text).into_iter().map(|piece| (piece.kind, piece.line)).collect();
        let name = |name: &str| Kind::Name(name.into());
        assert_eq!(
            found,
            [(name("a"), 1), (name("b"), 5), (name("c"), 8), (Kind::PathSeparator, 8), (name("d"), 8)]
        );
    }
}
