//! FASTA: a line that begins with `>`, then the sequence on as many lines as it needs.

use super::lines::Lines;
use super::record::{Facts, Format, Record};
use crate::data::report::count;
use crate::data::source::Source;
use crate::{Error, Result};
use std::path::{Path, PathBuf};

/// Most bytes of a record: a chromosome to be cut into windows is one.
const MOST_BYTES: usize = 1 << 30;

/// Sequences of letters, with `*` for a stop and `-` and `.` for gaps. Headings, comments (lines that begin with `;`, `#` or `!`), white
/// space and the numbers of residues, as GenBank writes them, are skipped.
pub(super) struct Fasta {
    path: PathBuf,
    lines: Lines<Source>,
    /// The heading of the record that comes next.
    heading: Option<usize>,
    seen: Seen,
}

/// What the reader has skipped, and records that hold something unusual.
#[derive(Default)]
struct Seen {
    comments: usize,
    numbers: usize,
    upper_case: usize,
    lower_case: usize,
    gaps: usize,
    stops: usize,
}

impl Fasta {
    pub(super) fn new(path: &Path, lines: Lines<Source>) -> Self {
        Self { path: path.into(), lines, heading: None, seen: Seen::default() }
    }
}

impl Format for Fasta {
    fn next(&mut self, record: &mut Record) -> Result<bool> {
        record.begin(self.heading.take());
        while let Some((number, line)) = self.lines.next()? {
            if line.starts_with([';', '#', '!']) {
                self.seen.comments += 1;
            } else if line.starts_with('>') {
                if record.line.is_some() {
                    self.heading = Some(number);
                    break;
                }
                record.line = Some(number);
            } else if record.line.is_some() {
                if let Err(wrong) = add_residues(line, &mut record.text, &mut self.seen) {
                    record.fault.get_or_insert(Error::Data {
                        path: self.path.clone(),
                        line: Some(number),
                        message: format!("{wrong:?} is no residue, expected letters, * or -"),
                        hint: Some("is the line a heading without \">\", or a comment without \";\"?".into()),
                    });
                }
                if record.text.len() > MOST_BYTES {
                    return Err(Error::Data {
                        path: self.path.clone(),
                        line: record.line,
                        message: "the record is longer than 1 GiB".into(),
                        hint: Some("cut it into several, each below a heading".into()),
                    });
                }
            } else if !line.trim().is_empty() {
                return Err(Error::Data {
                    path: self.path.clone(),
                    line: Some(number),
                    message: "the file begins without a heading, expected a line that starts with \">\""
                        .into(),
                    hint: Some("say `data.format = \"text\"` if the file holds one sequence per line".into()),
                });
            }
        }
        self.seen.look_at(&record.text);
        Ok(record.line.is_some())
    }

    fn facts(&self) -> Facts {
        let Seen { comments, numbers, upper_case, lower_case, gaps, stops } = self.seen;
        let mut remarks = Vec::new();
        let mut say = |number: usize, text: String| {
            if number > 0 {
                remarks.push(text);
            }
        };
        say(comments, format!("{} skipped", count(comments, "comment line")));
        say(numbers, format!("residue numbers skipped in {}", count(numbers, "line")));
        if upper_case > 0 {
            say(
                lower_case,
                format!("lower-case letters (soft masks) kept in {}", count(lower_case, "record")),
            );
        }
        say(gaps, format!("gaps (- or .) kept in {}", count(gaps, "record")));
        say(stops, format!("stops (*) kept in {}", count(stops, "record")));
        remarks.extend(self.lines.remarks());
        Facts { remarks, ..Facts::default() }
    }
}

impl Seen {
    fn look_at(&mut self, text: &str) {
        let holds = |wanted: fn(u8) -> bool| usize::from(text.bytes().any(wanted));
        self.upper_case += holds(|b| b.is_ascii_uppercase());
        self.lower_case += holds(|b| b.is_ascii_lowercase());
        self.gaps += holds(|b| matches!(b, b'-' | b'.'));
        self.stops += holds(|b| b == b'*');
    }
}

/// Appends the residues of a line; the error is the first character that is none.
fn add_residues(line: &str, text: &mut String, seen: &mut Seen) -> Result<(), char> {
    let mut has_numbers = false;
    for c in line.chars() {
        match c {
            'A'..='Z' | 'a'..='z' | '*' | '-' | '.' => text.push(c),
            '0'..='9' => has_numbers = true,
            c if c.is_whitespace() => {}
            c => return Err(c),
        }
    }
    seen.numbers += usize::from(has_numbers);
    Ok(())
}
