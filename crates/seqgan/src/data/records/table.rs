//! Tables: comma-separated values (RFC 4180, quotes allowed) and tab-separated ones (no quotes).

use super::{Format, Record, listed};
use crate::data::source::Source;
use crate::{Error, Result};
use csv::{ErrorKind, Reader, ReaderBuilder, StringRecord};
use std::path::{Path, PathBuf};

/// One column of a table, whose first line names the columns unless the column is asked for by its number.
pub(super) struct Table {
    path: PathBuf,
    reader: Reader<Source>,
    column: usize,
    row: StringRecord,
    /// Whether `row` was read, to look at the columns, and not yet given out.
    pending: bool,
}

impl Table {
    pub(super) fn new(path: &Path, source: Source, delimiter: u8, field: Option<&str>) -> Result<Self> {
        let mut builder = ReaderBuilder::new();
        builder.delimiter(delimiter).has_headers(false).quoting(delimiter == b',');
        let mut row = StringRecord::new();
        let mut reader = builder.from_reader(source);
        reader.read_record(&mut row).map_err(|error| fault(path, error))?;
        let names = || listed(row.iter().collect::<Vec<_>>().into_iter());
        let wrong = |message, hint: &str| Error::Data {
            path: path.into(),
            line: Some(1),
            message,
            hint: Some(hint.into()),
        };
        let number = field.and_then(|field| field.parse::<usize>().ok()).filter(|&n| n > 0);
        let (column, pending) = match (field, number) {
            _ if row.is_empty() => (0, false),
            (None, _) if row.len() == 1 => (0, false),
            (None, _) => {
                let message =
                    format!("the table has the columns {}; which one holds the sequences?", names());
                return Err(wrong(message, "say --field NAME, or --field N for a table without headings"));
            }
            (Some(name), number) => match (row.iter().position(|column| column == name), number) {
                (Some(column), _) => (column, false),
                (None, Some(number)) if number <= row.len() => (number - 1, true),
                (None, Some(number)) => {
                    let message = format!("no column {number}; the table has {}", row.len());
                    return Err(wrong(message, "columns are counted from 1"));
                }
                (None, None) => {
                    let message = format!("no column {name:?}; the table has {}", names());
                    return Err(wrong(
                        message,
                        "the first line must name the columns; or give the column's number",
                    ));
                }
            },
        };
        Ok(Self { path: path.into(), reader, column, row, pending })
    }
}

impl Format for Table {
    fn next(&mut self, record: &mut Record) -> Result<bool> {
        if !std::mem::take(&mut self.pending)
            && !self.reader.read_record(&mut self.row).map_err(|error| fault(&self.path, error))?
        {
            return Ok(false);
        }
        record.text.clear();
        record.text.push_str(self.row.get(self.column).expect("all rows have as many columns"));
        record.line = self.row.position().map(|position| position.line() as usize);
        Ok(true)
    }
}

fn fault(path: &Path, error: csv::Error) -> Error {
    let line = error.position().map(|position| position.line() as usize);
    let (message, hint) = match error.into_kind() {
        ErrorKind::Io(source) => return Error::io("read", path)(source),
        ErrorKind::UnequalLengths { expected_len, len, .. } => (
            format!("{len} columns, expected {expected_len} as in the first line"),
            "a field that holds the separator or a line break must stand in double quotes",
        ),
        ErrorKind::Utf8 { err, .. } => (format!("no UTF-8 text: {err}"), "save the file as UTF-8"),
        other => (format!("no table: {other:?}"), "is it the format that the name says?"),
    };
    Error::Data { path: path.into(), line, message, hint: Some(hint.into()) }
}
