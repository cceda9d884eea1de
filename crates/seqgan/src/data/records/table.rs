//! Tables: comma-separated values (RFC 4180, quotes allowed) and tab-separated ones (no quotes).

use super::record::{Format, Record, listed};
use crate::data::report::grouped;
use crate::data::source::Source;
use crate::{Error, Result};
use csv::{ErrorKind, Reader, ReaderBuilder, StringRecord};
use std::cell::Cell;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// One column of a table, whose first line names the columns unless the column is asked for by its number.
pub(super) struct Table {
    path: PathBuf,
    reader: Reader<Bounded>,
    max_row_bytes: usize,
    column: usize,
    label: Option<usize>,
    row: StringRecord,
    /// Whether `row` was read, to look at the columns, and not yet given out.
    pending: bool,
}

impl Table {
    /// The columns are that of the sequence, and that of its label.
    pub(super) fn new(
        path: &Path,
        source: Source,
        delimiter: u8,
        [field, label]: [Option<&str>; 2],
        max_row_bytes: usize,
    ) -> Result<Self> {
        let mut builder = ReaderBuilder::new();
        builder.buffer_capacity(BUFFER).delimiter(delimiter).has_headers(false).quoting(delimiter == b',');
        let mut table = Self {
            path: path.into(),
            reader: builder.from_reader(Bounded { source, left: Cell::new(0) }),
            max_row_bytes,
            column: 0,
            label: None,
            row: StringRecord::new(),
            pending: false,
        };
        if !table.read_row()? {
            return Ok(table);
        }
        let row = &table.row;
        let label = label.map(|name| find(path, row, name)).transpose()?;
        // Of two columns, one of which is the label, the other is the sequence.
        let others: Vec<usize> =
            (0..row.len()).filter(|&i| label.is_none_or(|label| label.index != i)).collect();
        let column = match (field, others.as_slice()) {
            (Some(name), _) => find(path, row, name)?,
            (None, &[index]) => Column { index, by_number: label.is_some_and(|label| label.by_number) },
            (None, _) => {
                let names = listed(row.iter().collect::<Vec<_>>().into_iter());
                let message = format!("the table has the columns {names}; which one holds the sequences?");
                return Err(wrong(
                    path,
                    message,
                    "say `data.field = \"NAME\"`, or `data.field = \"N\"` for a table without headings",
                ));
            }
        };
        (table.column, table.label) = (column.index, label.map(|label| label.index));
        table.pending = column.by_number;
        Ok(table)
    }

    /// Reads the next row; `false` behind the last.
    fn read_row(&mut self) -> Result<bool> {
        let line = self.reader.position().line() as usize;
        // What is read beyond a row belongs to the next ones, and is at most a buffer.
        self.reader.get_ref().left.set(self.max_row_bytes.saturating_add(BUFFER));
        match self.reader.read_record(&mut self.row) {
            Ok(_) if self.row.as_slice().len() > self.max_row_bytes => Err(self.too_long(line)),
            Ok(more) => Ok(more),
            Err(error) => match error.kind() {
                ErrorKind::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                    Err(self.too_long(line))
                }
                _ => Err(fault(&self.path, error)),
            },
        }
    }

    fn too_long(&self, line: usize) -> Error {
        Error::Data {
            path: self.path.clone(),
            line: Some(line),
            message: format!("the row is longer than {} bytes", grouped(self.max_row_bytes as u64)),
            hint: Some("is a quotation mark open? if this is one row, raise `data.max_line_bytes`".into()),
        }
    }
}

/// Bytes that the crate reads ahead.
const BUFFER: usize = 1 << 13;

/// Gives so many bytes a row: a field whose quotation mark is never closed must not be collected in memory.
struct Bounded {
    source: Source,
    left: Cell<usize>,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.source.read(buffer)?;
        match self.left.get().checked_sub(n) {
            Some(left) => self.left.set(left),
            None => return Err(io::ErrorKind::FileTooLarge.into()),
        }
        Ok(n)
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
        if !std::mem::take(&mut self.pending) && !self.read_row()? {
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
