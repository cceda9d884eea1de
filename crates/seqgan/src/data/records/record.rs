//! One record, and what the formats of files have in common.

use crate::{Error, Result};
use std::path::PathBuf;

/// One sequence before it is split into tokens, or what stands in its place.
#[derive(Debug, Default)]
pub(in crate::data) struct Record {
    pub(in crate::data) text: String,
    /// Its label, where labels were asked for.
    pub(in crate::data) label: String,
    /// The sequence to which it belongs, and its place there, where rows are grouped.
    pub(in crate::data) group: String,
    pub(super) order: String,
    /// Where it begins, from 1, in a file of many.
    pub(in crate::data) line: Option<usize>,
    /// The file, where each record has its own.
    pub(in crate::data) file: Option<PathBuf>,
    /// Whether the text is a list of tokens with blanks between them.
    pub(in crate::data) is_list: bool,
    /// Why it is no sequence and is left out, though the file is right: the record is counted.
    pub(in crate::data) dropped: Option<&'static str>,
    /// Why it cannot be read. The records behind it can be.
    pub(in crate::data) fault: Option<Error>,
}

impl Record {
    /// Empties it for the next record, which begins at `line`.
    pub(super) fn begin(&mut self, line: Option<usize>) {
        for text in [&mut self.text, &mut self.label, &mut self.group, &mut self.order] {
            text.clear();
        }
        self.line = line;
        self.file = None;
        self.is_list = false;
        self.dropped = None;
        self.fault = None;
    }
}

/// Reads the records of one format.
pub(super) trait Format {
    /// Fills `record` with the next one; `false` behind the last. An error ends the file; a record that cannot be read says
    /// so by its `fault`.
    fn next(&mut self, record: &mut Record) -> Result<bool>;

    /// What there is to say of the file, behind its last record.
    fn facts(&self) -> Facts {
        Facts::default()
    }
}

/// How a file was read, where its format leaves something open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::data) struct Facts {
    /// What stands between the columns of a table.
    pub(in crate::data) separator: Option<char>,
    /// The column or member that holds the sequences.
    pub(in crate::data) field: Option<String>,
    /// Columns of a table, or members of the first object.
    pub(in crate::data) num_columns: usize,
    /// Whether records are groups of rows.
    pub(in crate::data) is_grouped: bool,
    /// The track of a melody.
    pub(in crate::data) track: Option<String>,
    /// What was skipped or is unusual.
    pub(in crate::data) remarks: Vec<String>,
}

/// Names of columns or members that are asked for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Columns<'a> {
    pub(super) field: Option<&'a str>,
    pub(super) label: Option<&'a str>,
    pub(super) group: Option<&'a str>,
    pub(super) order: Option<&'a str>,
}

/// Names for a message: at most a dozen of them.
pub(super) fn listed<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    const MOST: usize = 12;
    let more = names.len().saturating_sub(MOST);
    let mut text = names.take(MOST).map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}
