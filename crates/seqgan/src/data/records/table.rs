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
    label: Option<usize>,
    row: StringRecord,
    /// Whether `row` was read, to look at the columns, and not yet given out.
    pending: bool,
}

impl Table {
    /// `columns`: that of the sequence, and that of its label.
    pub(super) fn new(
        path: &Path,
        source: Source,
        delimiter: u8,
        [field, label]: [Option<&str>; 2],
    ) -> Result<Self> {
        let mut builder = ReaderBuilder::new();
        builder.delimiter(delimiter).has_headers(false).quoting(delimiter == b',');
        let mut row = StringRecord::new();
        let mut reader = builder.from_reader(source);
        reader.read_record(&mut row).map_err(|error| fault(path, error))?;
        if row.is_empty() {
            return Ok(Self { path: path.into(), reader, column: 0, label: None, row, pending: false });
        }
        let label = label.map(|name| find(path, &row, name)).transpose()?;
        // Of two columns, one of which is the label, the other is the sequence.
        let others: Vec<usize> =
            (0..row.len()).filter(|&i| label.is_none_or(|label| label.index != i)).collect();
        let column = match (field, others.as_slice()) {
            (Some(name), _) => find(path, &row, name)?,
            (None, &[index]) => Column { index, by_number: label.is_some_and(|label| label.by_number) },
            (None, _) => {
                let names = listed(row.iter().collect::<Vec<_>>().into_iter());
                let message = format!("the table has the columns {names}; which one holds the sequences?");
                return Err(wrong(
                    path,
                    message,
                    "say --field NAME, or --field N for a table without headings",
                ));
            }
        };
        let label = label.map(|label| label.index);
        Ok(Self { path: path.into(), reader, column: column.index, label, row, pending: column.by_number })
    }
}

#[derive(Clone, Copy)]
struct Column {
    index: usize,
    /// Then the first line is a row like the others.
    by_number: bool,
}

fn find(path: &Path, row: &StringRecord, name: &str) -> Result<Column> {
    let number = name.parse::<usize>().ok().filter(|&n| n > 0);
    match (row.iter().position(|column| column == name), number) {
        (Some(index), _) => Ok(Column { index, by_number: false }),
        (None, Some(number)) if number <= row.len() => Ok(Column { index: number - 1, by_number: true }),
        (None, Some(number)) => {
            let message = format!("no column {number}; the table has {}", row.len());
            Err(wrong(path, message, "columns are counted from 1"))
        }
        (None, None) => {
            let names = listed(row.iter().collect::<Vec<_>>().into_iter());
            let message = format!("no column {name:?}; the table has {names}");
            Err(wrong(path, message, "the first line must name the columns; or give the column's number"))
        }
    }
}

fn wrong(path: &Path, message: String, hint: &str) -> Error {
    Error::Data { path: path.into(), line: Some(1), message, hint: Some(hint.into()) }
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
        if let Some(label) = self.label {
            record.label.clear();
            record.label.push_str(self.row.get(label).expect("all rows have as many columns"));
        }
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
