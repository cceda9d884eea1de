//! FASTA: a line that begins with `>`, then the sequence on as many lines as it needs.

use super::lines::Lines;
use super::record::{Format, Record};
use crate::data::source::Source;
use crate::{Error, Result};
use std::path::{Path, PathBuf};

/// Most bytes of a record: a chromosome to be cut into windows is one.
const MOST_BYTES: usize = 1 << 30;

/// Sequences without the white space in them; headings are passed over.
pub(super) struct Fasta {
    path: PathBuf,
    lines: Lines<Source>,
    /// The heading of the record that comes next.
    heading: Option<usize>,
}

impl Fasta {
    pub(super) fn new(path: &Path, lines: Lines<Source>) -> Self {
        Self { path: path.into(), lines, heading: None }
    }
}

impl Format for Fasta {
    fn next(&mut self, record: &mut Record) -> Result<bool> {
        record.text.clear();
        record.line = self.heading.take();
        while let Some((number, line)) = self.lines.next()? {
            if line.starts_with('>') {
                if record.line.is_some() {
                    self.heading = Some(number);
                    return Ok(true);
                }
                record.line = Some(number);
            } else if record.line.is_some() {
                record.text.extend(line.chars().filter(|c| !c.is_whitespace()));
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
                    hint: Some("say `data.format = \"text\"` if the file holds one sequence a line".into()),
                });
            }
        }
        Ok(record.line.is_some())
    }
}
