//! Tables: columns between commas, semicolons, bars (RFC 4180, quotes allowed) or tabs (no quotes).

use super::quotes::Quotes;
use super::record::{Columns, Facts, Format, Record, listed};
use crate::data::report::{count, grouped, shortened};
use crate::data::source::Source;
use crate::data::table_shape;
use crate::{Error, Result};
use csv::{ErrorKind, Reader, ReaderBuilder, StringRecord};
use std::cell::{Cell, RefCell};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Columns of a table, whose first line names the columns unless the column is asked for by its number.
pub(super) struct Table {
    path: PathBuf,
    reader: Reader<Bounded>,
    quotes: Option<Rc<RefCell<Quotes>>>,
    separator: u8,
    max_row_bytes: usize,
    first_row: StringRecord,
    /// Whether the first row names the columns.
    has_heading: bool,
    field: usize,
    label: Option<usize>,
    group: Option<usize>,
    order: Option<usize>,
    row: StringRecord,
    /// The line, from 1, in which it begins.
    row_line: usize,
    /// Byte order marks at the beginning of other rows than the first: of files that were joined.
    marks: usize,
    /// A character between what may be columns, where none was said and the table has one column.
    unused_separator: Option<char>,
    /// Whether `row` was read, to look at the columns, and not yet given out.
    pending: bool,
    line_end: LineEnd,
    rows_read: usize,
    /// Lines before the table.
    lines_before: usize,
    repeated_headings: usize,
    /// Fields that stand in quotes where quotes mean nothing.
    quoted_fields: usize,
    /// Where the first row has a field of several lines, how many, and the number of such rows.
    long_fields: Option<(usize, usize, usize)>,
}

/// How a table is read.
pub(super) struct Shape<'a> {
    pub(super) columns: Columns<'a>,
    /// What stands between columns by the format's name.
    pub(super) usual: u8,
    /// Whether fields may stand in double quotes.
    pub(super) quoting: bool,
    /// What stands between columns, where that is known.
    pub(super) separator: Option<u8>,
    pub(super) max_row_bytes: usize,
}

impl Table {
    pub(super) fn new(path: &Path, mut source: Source, shape: &Shape<'_>) -> Result<Self> {
        let declared = table_shape::declared(source.head());
        let line_end = LineEnd::of(source.head().bytes);
        if declared.is_some() {
            source.skip_first_line();
        }
        let head = source.head();
        let separator = shape.separator.or(declared);
        let separator = separator.unwrap_or_else(|| table_shape::separator(head, shape.usual, shape.quoting));
        let has_heading = table_shape::has_heading(head, separator, shape.quoting);
        let unused_separator = match shape.separator.or(declared) {
            None => table_shape::unused_separator(head, separator, shape.quoting),
            Some(_) => None,
        };
        let quoting = shape.quoting;
        let quotes = quoting.then(|| Rc::new(RefCell::new(Quotes::new(separator))));
        let mut builder = ReaderBuilder::new();
        builder
            .buffer_capacity(BUFFER)
            .delimiter(separator)
            .has_headers(false)
            .quoting(quoting)
            .flexible(true);
        let mut table = Self {
            path: path.into(),
            reader: builder.from_reader(Bounded {
                source,
                left: Cell::new(0),
                quotes: quotes.clone(),
                read: 0,
                last: 0,
            }),
            quotes,
            separator,
            max_row_bytes: shape.max_row_bytes,
            first_row: StringRecord::new(),
            has_heading: false,
            field: 0,
            label: None,
            group: None,
            order: None,
            row: StringRecord::new(),
            row_line: 1,
            marks: 0,
            unused_separator,
            pending: false,
            line_end,
            rows_read: 0,
            lines_before: usize::from(declared.is_some()),
            repeated_headings: 0,
            quoted_fields: 0,
            long_fields: None,
        };
        if table.read_row()? {
            table.choose(&shape.columns, has_heading)?;
        }
        Ok(table)
    }

    /// Finds the columns in the first row, which may be known to be a heading.
    fn choose(&mut self, columns: &Columns<'_>, has_heading: bool) -> Result<()> {
        if let Some(separator) = self.unused_separator {
            let message = format!("one column, {:?}; is {separator:?} the separator?", &self.row[0]);
            let hint = "say `data.separator = \"C\"` with the character between columns, the comma if there is one column; what stands above the names of the columns must go";
            return Err(wrong(&self.path, message, hint));
        }
        let (path, row) = (&self.path, &self.row);
        let other = |name: Option<&str>| name.map(|name| find(path, row, name)).transpose();
        let [label, group, order] = [other(columns.label)?, other(columns.group)?, other(columns.order)?];
        let taken: Vec<usize> = [label, group, order].iter().flatten().map(|column| column.index).collect();
        let by_number = [label, group, order].iter().flatten().any(|column| column.by_number);
        // Of two columns, one of which is the label, the other is the sequence.
        let left: Vec<usize> = (0..row.len()).filter(|index| !taken.contains(index)).collect();
        let field = match (columns.field, left.as_slice()) {
            (Some(name), _) => find(path, row, name)?,
            (None, &[index]) => Column { index, by_number },
            (None, _) => {
                let names = listed(row.iter().collect::<Vec<_>>().into_iter());
                let message = format!("the table has the columns {names}; which one holds the sequences?");
                let hint = match row.len() {
                    1 => "say `data.field = \"NAME\"`",
                    _ => {
                        "say `data.field = \"NAME\"`, or `data.field = \"N\"` for a table without headings; if it is no table, `data.format = \"text\"`"
                    }
                };
                return Err(wrong(path, message, hint));
            }
        };
        self.field = field.index;
        [self.label, self.group, self.order] =
            [label, group, order].map(|column| column.map(|column| column.index));
        self.pending = field.by_number && !has_heading;
        self.first_row = row.clone();
        self.has_heading = !self.pending;
        Ok(())
    }

    /// Reads the next row; `false` behind the last.
    fn read_row(&mut self) -> Result<bool> {
        let line = self.line_of(self.reader.position());
        self.rows_read += 1;
        // What is read beyond a row belongs to the next ones, and is at most a buffer.
        self.reader.get_ref().left.set(self.max_row_bytes.saturating_add(BUFFER));
        match self.reader.read_record(&mut self.row) {
            Ok(_) if self.row.as_slice().len() > self.max_row_bytes => Err(self.too_long(line)),
            Ok(false) => self.check_end().map(|()| false),
            Ok(true) => {
                self.row_line = self.line_of_row();
                self.remove_mark();
                Ok(true)
            }
            Err(error) => match error.kind() {
                ErrorKind::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                    Err(self.too_long(line))
                }
                _ => Err(fault(&self.path, error.position().map(|place| self.line_of(place)), error)),
            },
        }
    }

    /// The line, from 1, in which the row that was read begins. The crate tells where it ended, and blank lines may stand before
    /// the row.
    fn line_of_row(&self) -> usize {
        let (end, source) = (self.reader.position(), self.reader.get_ref());
        let inner = self.row.as_slice().bytes().filter(|&byte| byte == b'\n').count();
        let is_open = end.byte() == source.read && source.last != b'\n';
        let counted = match self.line_end {
            LineEnd::Feed => (end.line() as usize).saturating_sub(inner + usize::from(!is_open)),
            LineEnd::ReturnAndFeed => (end.line() as usize).saturating_sub(inner),
            LineEnd::Return => self.rows_read,
        };
        counted.max(1) + self.lines_before
    }

    /// Removes a byte order mark from the first cell.
    fn remove_mark(&mut self) {
        if !self.row.get(0).is_some_and(|cell| cell.starts_with('\u{feff}')) {
            return;
        }
        self.marks += 1;
        let cells = self.row.iter().enumerate();
        self.row =
            cells.map(|(i, cell)| if i == 0 { cell.trim_start_matches('\u{feff}') } else { cell }).collect();
    }

    /// The line, from 1, in which a row begins. The crate counts line feeds up to the end of the row before, so the line feed of
    /// a CR LF is not yet counted, and a carriage return alone never is.
    fn line_of(&self, place: &csv::Position) -> usize {
        let counted = match self.line_end {
            LineEnd::Feed => place.line() as usize,
            LineEnd::ReturnAndFeed => place.line() as usize + usize::from(place.byte() > 0),
            LineEnd::Return => self.rows_read.max(1),
        };
        counted + self.lines_before
    }

    /// Refuses a quotation mark that is open at the end of the file: what follows it was taken for one field.
    fn check_end(&self) -> Result<()> {
        let open = self.quotes.as_ref().and_then(|quotes| quotes.borrow().open_since());
        match open {
            None => Ok(()),
            Some(line) => Err(Error::Data {
                path: self.path.clone(),
                line: Some(line + self.lines_before),
                message: "a quotation mark opens here and is not closed: the rest of the file is one field"
                    .into(),
                hint: Some("close it; within a field in quotes a mark is written twice".into()),
            }),
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

    /// Whether the row is the heading once more, as in tables that were joined.
    fn is_heading_again(&self) -> bool {
        self.has_heading && self.row == self.first_row
    }
}

/// Bytes that the crate reads ahead.
const BUFFER: usize = 1 << 13;

/// Gives so many bytes per row: a field whose quotation mark is never closed must not be collected in memory.
struct Bounded {
    source: Source,
    left: Cell<usize>,
    quotes: Option<Rc<RefCell<Quotes>>>,
    /// Bytes read, and the last one.
    read: u64,
    last: u8,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.source.read(buffer)?;
        match self.left.get().checked_sub(n) {
            Some(left) => self.left.set(left),
            None => return Err(io::ErrorKind::FileTooLarge.into()),
        }
        self.read += n as u64;
        self.last = buffer[..n].last().copied().unwrap_or(self.last);
        if let Some(quotes) = &self.quotes {
            quotes.borrow_mut().pass(&buffer[..n]);
        }
        Ok(n)
    }
}

/// How the lines of a file end.
#[derive(Debug, Clone, Copy, PartialEq)]
enum LineEnd {
    Feed,
    ReturnAndFeed,
    Return,
}

impl LineEnd {
    /// That of the first line.
    fn of(head: &[u8]) -> Self {
        match head.iter().position(|byte| matches!(byte, b'\n' | b'\r')).map(|end| &head[end..]) {
            Some([b'\r', b'\n', ..]) => Self::ReturnAndFeed,
            Some([b'\r', ..]) => Self::Return,
            _ => Self::Feed,
        }
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
    let named: Vec<usize> = (0..row.len()).filter(|&i| row.get(i) == Some(name)).collect();
    // Headings are often written with a blank behind the separator, or in other case.
    let nearly = || {
        let alike =
            |&i: &usize| row.get(i).is_some_and(|column| column.trim().eq_ignore_ascii_case(name.trim()));
        let found: Vec<usize> = (0..row.len()).filter(alike).collect();
        if let [index] = found[..] { Some(index) } else { None }
    };
    match (&named[..], number) {
        (&[index], _) => Ok(Column { index, by_number: false }),
        ([_, _, ..], _) => {
            let message = format!("{} columns are called {name:?}", named.len());
            Err(wrong(path, message, "give each column a name of its own in the first line"))
        }
        ([], Some(number)) if number <= row.len() => Ok(Column { index: number - 1, by_number: true }),
        ([], Some(number)) => {
            let message = format!("no column {number}; the table has {}", row.len());
            Err(wrong(path, message, "columns are counted from 1"))
        }
        ([], None) => nearly().map(|index| Column { index, by_number: false }).ok_or_else(|| {
            let names = listed(row.iter().collect::<Vec<_>>().into_iter());
            let message = format!("no column {name:?}; the table has {names}");
            let hint = match row.len() {
                1 => "are the columns separated by another character? then say `data.separator = \"C\"`",
                _ => "the first line must name the columns; in a table without headings give the column's number",
            };
            wrong(path, message, hint)
        }),
    }
}

fn wrong(path: &Path, message: String, hint: &str) -> Error {
    Error::Data { path: path.into(), line: Some(1), message, hint: Some(hint.into()) }
}

impl Format for Table {
    fn next(&mut self, record: &mut Record) -> Result<bool> {
        if !std::mem::take(&mut self.pending) {
            loop {
                if !self.read_row()? {
                    return Ok(false);
                }
                if !self.is_heading_again() {
                    break;
                }
                self.repeated_headings += 1;
            }
        }
        let line = self.row_line;
        record.begin(Some(line));
        if let Some(message) = self.wrong_row() {
            record.fault = Some(Error::Data {
                path: self.path.clone(),
                line: Some(line),
                message,
                hint: Some(self.hint_of_columns().into()),
            });
            return Ok(true);
        }
        let cell = |column: Option<usize>| column.and_then(|column| self.row.get(column)).unwrap_or_default();
        record.text.push_str(cell(Some(self.field)));
        record.label.push_str(cell(self.label));
        record.group.push_str(cell(self.group));
        record.order.push_str(cell(self.order));
        let is_quoted = |cell: &str| cell.len() > 1 && cell.starts_with('"') && cell.ends_with('"');
        self.quoted_fields += usize::from(self.quotes.is_none() && is_quoted(cell(Some(self.field))));
        let lines = self.row.iter().map(|cell| cell.lines().count()).max().unwrap_or(0);
        if lines > 1 {
            let (first, most, number) = self.long_fields.unwrap_or((line, 0, 0));
            self.long_fields = Some((first, most.max(lines), number + 1));
        }
        Ok(true)
    }

    fn facts(&self) -> Facts {
        let first = self.first_row.get(self.field).unwrap_or_default();
        let field = if self.has_heading { first.into() } else { (self.field + 1).to_string() };
        let mut remarks = Vec::new();
        if !self.has_heading && !self.first_row.is_empty() {
            remarks.push(format!("no headings: the first row, {:?}, is a sequence", shortened(first)));
        }
        if self.repeated_headings > 0 {
            remarks.push(format!("{} skipped", count(self.repeated_headings, "repeated heading")));
        }
        if self.quoted_fields > 0 {
            let fields = count(self.quoted_fields, "field");
            remarks.push(format!("quotes kept around {fields}: `data.format = \"csv\"` removes them"));
        }
        if self.marks > 0 {
            remarks.push(format!("{} removed", count(self.marks, "byte order mark")));
        }
        if let Some((line, most, number)) = self.long_fields {
            remarks.push(format!(
                "{} of several lines, up to {most}, the first at line {line}: is a quotation mark missing?",
                count(number, "field")
            ));
        }
        let separator = Some(char::from(self.separator));
        Facts {
            separator,
            field: Some(field),
            num_columns: self.first_row.len(),
            remarks,
            ..Facts::default()
        }
    }
}

impl Table {
    /// What is wrong with the row, if anything is.
    fn wrong_row(&self) -> Option<String> {
        let expected = self.first_row.len();
        if self.row.len() != expected {
            let columns = count(self.row.len(), "column");
            return Some(format!("{columns}, expected {expected} as in the first line"));
        }
        self.row.as_slice().contains('\0').then(|| "the row holds a byte 0, expected text".into())
    }

    fn hint_of_columns(&self) -> &'static str {
        if self.quotes.is_none() {
            "a field cannot hold a tab or a line break; `data.format = \"csv\"` reads fields in double quotes"
        } else if self.first_row.len() == 1 {
            "a field that holds the separator must stand in double quotes; if a line is a sequence, `data.format = \"text\"`"
        } else if self.first_row.len() + 1 == self.row.len() {
            "a field that holds the separator must stand in double quotes; a column of row names needs a heading"
        } else {
            "a field that holds the separator or a line break must stand in double quotes"
        }
    }
}

fn fault(path: &Path, line: Option<usize>, error: csv::Error) -> Error {
    let (message, hint) = match error.into_kind() {
        ErrorKind::Io(source) => return Error::io("read", path)(source),
        ErrorKind::Utf8 { err, .. } => (
            format!("no UTF-8 text: {err}"),
            "save the file as UTF-8, for example with `iconv -f ENCODING -t UTF-8`, where ENCODING is its own: WINDOWS-1252, GB18030, ..",
        ),
        other => (format!("no table: {other:?}"), "is it the format that the name says?"),
    };
    Error::Data { path: path.into(), line, message, hint: Some(hint.into()) }
}
