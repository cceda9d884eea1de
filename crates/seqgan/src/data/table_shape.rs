//! The separator of a table, by its first rows: the one that gives every row as many columns.

use super::source::Head;
use csv::{ReaderBuilder, StringRecord};

/// What may stand between columns, unless a setting says another character. A quotation mark means nothing between tabs.
const SEPARATORS: [u8; 4] = [b',', b'\t', b';', b'|'];
/// Rows that are looked at.
const LOOKED_AT: usize = 200;
/// So many rows must agree before an unknown file is taken for a table.
const FEWEST_ROWS: usize = 5;

/// The first rows of a table under a separator.
struct FirstRows {
    cells: Vec<StringRecord>,
}

impl FirstRows {
    fn of(head: Head<'_>, separator: u8, quoting: bool) -> Self {
        let end = match head.is_whole {
            true => head.bytes.len(),
            false => head.bytes.iter().rposition(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(0),
        };
        let mut builder = ReaderBuilder::new();
        builder.delimiter(separator).quoting(quoting).has_headers(false).flexible(true);
        let mut reader = builder.from_reader(&head.bytes[..end]);
        Self { cells: reader.records().map_while(Result::ok).take(LOOKED_AT).collect() }
    }

    /// Several columns, as many in each row.
    fn agree(&self) -> bool {
        let first = self.cells.first().map_or(0, StringRecord::len);
        first > 1 && self.cells.iter().all(|row| row.len() == first)
    }
}

/// The separator of a table whose name says `usual`: another one where that one gives one column, or rows of different
/// numbers of them, and the other does not.
pub(super) fn separator(head: Head<'_>, usual: u8, quoting: bool) -> u8 {
    let agrees = |&separator: &u8| FirstRows::of(head, separator, quoting).agree();
    if agrees(&usual) {
        return usual;
    }
    SEPARATORS.into_iter().filter(|&other| other != usual).find(agrees).unwrap_or(usual)
}

/// The separator of a file that may be a table or not; none if it is none.
pub(super) fn of_unknown(head: Head<'_>) -> Option<u8> {
    SEPARATORS.into_iter().find(|&separator| {
        let rows = FirstRows::of(head, separator, separator != b'\t');
        rows.cells.len() >= FEWEST_ROWS && rows.agree()
    })
}

/// A separator that the heading of a table of one column holds, and most of its rows: it may be a table of several columns in
/// which some rows hold it once more.
pub(super) fn unused_separator(head: Head<'_>, separator: u8, quoting: bool) -> Option<char> {
    let rows = FirstRows::of(head, separator, quoting).cells;
    let [heading, rows @ ..] = rows.as_slice() else { return None };
    if heading.len() != 1 || rows.iter().any(|row| row.len() != 1) {
        return None;
    }
    let number = |row: &StringRecord, other: u8| row[0].bytes().filter(|&byte| byte == other).count();
    let most = |other: &u8| {
        let holding = rows.iter().filter(|row| number(row, *other) > 0).count();
        // Below a title nearly all rows hold it as often.
        let usual = rows.last().map_or(0, |row| number(row, *other));
        let alike = rows.iter().filter(|row| number(row, *other) == usual).count();
        let is_below_title = usual > 0 && rows.len() >= FEWEST_ROWS && 10 * alike >= 8 * rows.len();
        is_below_title || (number(heading, *other) > 0 && 2 * holding > rows.len())
    };
    // A comma stands in texts and their names as well.
    SEPARATORS.into_iter().filter(|&other| other != separator && other != b',').find(most).map(char::from)
}

/// Whether the first row surely names the columns: it holds a word above a column of numbers.
pub(super) fn has_heading(head: Head<'_>, separator: u8, quoting: bool) -> bool {
    let rows = FirstRows::of(head, separator, quoting).cells;
    let [heading, rows @ ..] = rows.as_slice() else { return false };
    let is_number = |cell: &str| cell.trim().parse::<f64>().is_ok_and(f64::is_finite);
    let above_numbers = |column: usize| rows.iter().all(|row| row.get(column).is_some_and(is_number));
    let is_word = |cell: &str| !cell.trim().is_empty() && !is_number(cell);
    rows.len() > 1
        && (0..heading.len()).any(|column| heading.get(column).is_some_and(is_word) && above_numbers(column))
}

/// What Excel writes before a table to name its separator: `sep=;`.
pub(super) fn declared(head: Head<'_>) -> Option<u8> {
    let bytes = head.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head.bytes);
    let line = bytes.split(|byte| matches!(byte, b'\n' | b'\r')).next()?;
    let line = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\"")).unwrap_or(line);
    match line {
        [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', separator] => Some(*separator),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, usual: u8) -> char {
        char::from(separator(Head { bytes: text.as_bytes(), is_whole: true }, usual, true))
    }

    #[test]
    fn the_separator_gives_every_row_as_many_columns() {
        assert_eq!(of("a,b\n1,2\n", b','), ',');
        assert_eq!(of("id;events\n1;login, view\n2;logout\n", b','), ';');
        assert_eq!(of("id;value\n1;2,5\n2;3,5\n", b','), ';');
        assert_eq!(of("id\tevents\n1\ta;b\n2\tc\n", b','), '\t');
        assert_eq!(of("a|b\n1|\"2|3\"\n", b','), '|');
        assert_eq!(of("a,b\n1,2\n", b'\t'), ',');
        // Quotes hide a separator; the usual one wins where both would do.
        assert_eq!(of("a;b\n\"x;y\";z\n", b','), ';');
        assert_eq!(of("a,b;c\n1,2;3\n", b','), ',');
        // One column, and text with commas in it.
        assert_eq!(of("text\nwell, then\nno\n", b','), ',');
        assert_eq!(of("", b','), ',');
    }

    #[test]
    fn a_separator_that_is_not_used_is_seen() {
        let of = |text: &str| unused_separator(Head { bytes: text.as_bytes(), is_whole: true }, b',', true);
        assert_eq!(of("id;text\n1;a; b\n2;c\n"), Some(';'));
        assert_eq!(of("text\na; b\nc\n"), None);
        assert_eq!(of("id;text,n\n1;a,2\n"), None);
    }

    #[test]
    fn a_word_above_numbers_is_a_heading() {
        let has = |text: &str| has_heading(Head { bytes: text.as_bytes(), is_whole: true }, b',', true);
        assert!(has("id,text\n1,a\n2,b\n") && has("text,score\na,0.5\nb,-1e3\n"));
        assert!(!has("1,a\n2,b\n") && !has("id,text\nx1,a\nx2,b\n") && !has("text\n") && !has(""));
    }

    #[test]
    fn excel_names_its_separator() {
        let of = |text: &str| declared(Head { bytes: text.as_bytes(), is_whole: true });
        assert_eq!(of("sep=;\na;b\n"), Some(b';'));
        assert_eq!(of("\u{feff}\"sep=\t\"\r\na\tb\n"), Some(b'\t'));
        assert_eq!(of("sep\na\n"), None);
    }
}
