//! One record, and what the formats of files have in common.

use crate::Result;
use std::path::PathBuf;

/// One sequence before it is split into tokens.
#[derive(Debug, Default)]
pub(in crate::data) struct Record {
    pub(in crate::data) text: String,
    /// Its label, where labels were asked for.
    pub(in crate::data) label: String,
    /// Where it begins, from 1, in a file of many.
    pub(in crate::data) line: Option<usize>,
    /// The file, where each record has its own.
    pub(in crate::data) file: Option<PathBuf>,
}

/// Reads the records of one format.
pub(super) trait Format {
    /// Fills `record` with the next one; `false` behind the last.
    fn next(&mut self, record: &mut Record) -> Result<bool>;
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
