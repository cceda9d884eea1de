//! Where a quotation mark of a table opens and is not closed.
//!
//! The reader of tables takes an open field to the end of the file without a word. This follows the same rules beside it.

/// Follows the bytes of a table: in which part of a field they are.
#[derive(Debug)]
pub(super) struct Quotes {
    separator: u8,
    place: Place,
    line: usize,
    /// Line in which the last field in quotes began.
    opened: usize,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Place {
    /// Before the first byte of a field.
    Start,
    /// In a field, or behind the part of it that stands in quotes.
    Plain,
    /// Between quotes.
    Quoted,
    /// Behind a quotation mark within quotes: the end of them, or half of a double one.
    Mark,
}

impl Quotes {
    pub(super) fn new(separator: u8) -> Self {
        Self { separator, place: Place::Start, line: 1, opened: 0 }
    }

    /// Goes on with these bytes.
    pub(super) fn pass(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.line += usize::from(byte == b'\n');
            self.place = match (self.place, byte) {
                (Place::Quoted, b'"') => Place::Mark,
                (Place::Quoted, _) => Place::Quoted,
                (Place::Mark, b'"') => Place::Quoted,
                (_, b'\n' | b'\r') => Place::Start,
                (_, byte) if byte == self.separator => Place::Start,
                (Place::Start, b'"') => {
                    self.opened = self.line;
                    Place::Quoted
                }
                // A byte order mark before the first field.
                (Place::Start, 0xef | 0xbb | 0xbf) if self.line == 1 => Place::Start,
                _ => Place::Plain,
            };
        }
    }

    /// The line, from 1, of the quotation mark that is open.
    pub(super) fn open_since(&self) -> Option<usize> {
        (self.place == Place::Quoted).then_some(self.opened)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(text: &str) -> Option<usize> {
        let mut quotes = Quotes::new(b',');
        // In pieces, as a reader gives them.
        text.as_bytes().chunks(3).for_each(|bytes| quotes.pass(bytes));
        quotes.open_since()
    }

    #[test]
    fn a_mark_that_is_not_closed_is_known_by_its_line() {
        assert_eq!(open("a,b\n\"x\",\"y\"\n"), None);
        assert_eq!(open("a,b\n1,\"x\ny\n"), Some(2));
        assert_eq!(open("a\n\"x\"\"\ny\n"), Some(2));
        assert_eq!(open("a\n\"x\"\"\"\ny\n"), None);
        // Within a field that does not begin with it, a mark is a character: 5" pipe.
        assert_eq!(open("a\n5\" pipe\n x \"y\n"), None);
        assert_eq!(open("\u{feff}\"a\n"), Some(1));
    }
}
