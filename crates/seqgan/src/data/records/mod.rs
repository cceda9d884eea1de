//! What a file or folder holds, a sequence a record, in whichever format.

mod fasta;
mod json_lines;
mod lines;
mod melodies;
mod record;
mod smiles_lines;
mod table;

use super::options::{FileFormat, ReadOptions};
use super::source::{FileDigest, Source};
use crate::{Error, Result};
use fasta::Fasta;
use json_lines::JsonLines;
use lines::Lines;
use melodies::Melodies;
use record::Format;
pub(super) use record::Record;
use smiles_lines::SmilesLines;
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use table::Table;

/// The records of a file or folder, in order.
pub(super) struct Records {
    path: PathBuf,
    format: Box<dyn Format>,
    record: Record,
    count: usize,
    digest: Rc<RefCell<FileDigest>>,
}

impl Records {
    pub(super) fn open(path: &Path, options: &ReadOptions) -> Result<Self> {
        let (format, digest): (Box<dyn Format>, _) = match options.format {
            FileFormat::Midi if options.label.is_none() => {
                let melodies = Melodies::open(path, options.midi)?;
                let digest = melodies.digest();
                (Box::new(melodies), digest)
            }
            _ => {
                let source = Source::open(path)?;
                let digest = source.digest();
                (of_source(path, source, options)?, digest)
            }
        };
        Ok(Self { path: path.into(), format, record: Record::default(), count: 0, digest })
    }

    /// The next record.
    pub(super) fn next(&mut self) -> Result<Option<&Record>> {
        let more = self.format.next(&mut self.record)?;
        self.count += usize::from(more);
        Ok(more.then_some(&self.record))
    }

    /// A fault of the current record.
    pub(super) fn fault(&self, message: String, hint: &str) -> Error {
        let path = self.record.file.as_ref().unwrap_or(&self.path);
        Error::Data { path: path.clone(), line: self.record.line, message, hint: Some(hint.into()) }
    }

    /// The current record's line.
    pub(super) fn line(&self) -> Option<usize> {
        self.record.line
    }

    /// Number of records read.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Size and SHA-256, in hexadecimal, of what was read; call it behind the last record.
    pub(super) fn into_digest(self) -> (u64, String) {
        self.digest.borrow().finish()
    }
}

fn of_source(path: &Path, source: Source, options: &ReadOptions) -> Result<Box<dyn Format>> {
    let label = options.label.as_deref();
    let has_columns = matches!(options.format, FileFormat::Csv | FileFormat::Tsv | FileFormat::Jsonl);
    if let (Some(label), false) = (label, has_columns) {
        return Err(Error::Data {
            path: path.into(),
            line: None,
            message: format!("a file of the format {} has no labels {label:?}", options.format.name()),
            hint: Some("labels stand in a column of a table, or in a member of JSON objects".into()),
        });
    }
    let field = options.field.as_deref();
    let lines = |source| Lines::new(path, source, options.max_line_bytes);
    Ok(match options.format {
        FileFormat::Csv => Box::new(Table::new(path, source, b',', [field, label], options.max_line_bytes)?),
        FileFormat::Tsv => Box::new(Table::new(path, source, b'\t', [field, label], options.max_line_bytes)?),
        FileFormat::Jsonl => Box::new(JsonLines::new(path, lines(source), field, label)),
        FileFormat::Fasta => Box::new(Fasta::new(path, lines(source))),
        FileFormat::Smiles => Box::new(SmilesLines::new(lines(source))),
        FileFormat::Text | FileFormat::Ids | FileFormat::Midi => Box::new(lines(source)),
    })
}

/// One sequence a line, as it stands.
impl Format for Lines<Source> {
    fn next(&mut self, record: &mut Record) -> Result<bool> {
        let Some((number, line)) = Lines::next(self)? else { return Ok(false) };
        record.text.clear();
        record.text.push_str(line);
        record.line = Some(number);
        Ok(true)
    }
}

#[cfg(test)]
mod tests;
