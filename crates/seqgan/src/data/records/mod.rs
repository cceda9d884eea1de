//! What a file or folder holds, a sequence per record, in whichever format.

mod fasta;
mod groups;
mod json_lines;
mod lines;
mod melodies;
mod order;
mod quotes;
mod record;
mod smiles_lines;
mod table;

use super::options::{FileFormat, ReadOptions};
use super::smiles;
use super::sniff;
use super::source::{FileDigest, Source, shown};
use crate::{Error, Result};
use fasta::Fasta;
use groups::Groups;
use json_lines::JsonLines;
pub(super) use json_lines::parse_json;
use lines::Lines;
use melodies::Melodies;
use record::{Columns, Format};
pub(super) use record::{Facts, Record};
use smiles_lines::SmilesLines;
pub(super) use smiles_lines::names_molecules;
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use table::{Shape, Table};

/// The records of a file or folder, in order.
pub(super) struct Records {
    path: PathBuf,
    format: Box<dyn Format>,
    record: Record,
    count: usize,
    /// Whether what is no molecule is dropped.
    only_molecules: bool,
    digest: Rc<RefCell<FileDigest>>,
}

impl Records {
    pub(super) fn open(path: &Path, options: &ReadOptions) -> Result<Self> {
        check_columns(&shown(path), options)?;
        let (format, digest): (Box<dyn Format>, _) = match options.format {
            FileFormat::Midi => {
                let melodies = Melodies::open(path, options.midi.clone())?;
                let digest = melodies.digest();
                (Box::new(melodies), digest)
            }
            _ => {
                let source = Source::open(path)?;
                let digest = source.digest();
                (of_source(&shown(path), source, options)?, digest)
            }
        };
        let only_molecules = options.only_molecules;
        Ok(Self { path: shown(path), format, record: Record::default(), count: 0, only_molecules, digest })
    }

    /// The next record.
    pub(super) fn next(&mut self) -> Result<Option<&mut Record>> {
        let more = self.format.next(&mut self.record)?;
        let Record { text, dropped, fault, .. } = &mut self.record;
        if self.only_molecules && dropped.is_none() && fault.is_none() && !text.trim().is_empty() {
            *dropped = (!smiles::is_molecule(text.trim())).then_some("no molecule");
        }
        self.count += usize::from(more);
        Ok(more.then_some(&mut self.record))
    }

    /// A fault of the current record.
    pub(super) fn fault(&self, message: String, hint: &str) -> Error {
        let path = self.record.file.as_ref().unwrap_or(&self.path);
        Error::Data { path: path.clone(), line: self.record.line, message, hint: Some(hint.into()) }
    }

    /// The current record.
    pub(super) fn current(&self) -> &Record {
        &self.record
    }

    /// Number of records read.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// What there is to say of the file; call it behind the last record.
    pub(super) fn facts(&self) -> Facts {
        self.format.facts()
    }

    /// Size and SHA-256, in hexadecimal, of what was read; call it behind the last record.
    pub(super) fn into_digest(self) -> (u64, String) {
        self.digest.borrow().finish()
    }
}

/// Refuses labels and groups of a format that has no columns.
fn check_columns(path: &Path, options: &ReadOptions) -> Result<()> {
    let has_columns = options.format.has_columns();
    let asked = [(&options.label, "labels"), (&options.group_by, "groups of rows")];
    for (name, what) in asked {
        if let (Some(name), false) = (name, has_columns) {
            return Err(Error::Data {
                path: path.into(),
                line: None,
                message: format!("a file of the format {} has no {what} {name:?}", options.format.name()),
                hint: Some(format!("{what} stand in a column of a table, or in a member of JSON objects")),
            });
        }
    }
    Ok(())
}

fn of_source(path: &Path, source: Source, options: &ReadOptions) -> Result<Box<dyn Format>> {
    if let Some(foreign) = sniff::not_text(source.head()) {
        return Err(Error::Data {
            path: path.into(),
            line: None,
            message: format!("this is {}", foreign.what),
            hint: Some(foreign.hint),
        });
    }
    let columns = Columns {
        field: options.field.as_deref(),
        label: options.label.as_deref(),
        group: options.group_by.as_deref(),
        order: options.order_by.as_deref(),
    };
    let lines = |source| Lines::new(path, source, options.max_line_bytes);
    let table = |source, usual| {
        let shape = Shape {
            columns,
            usual,
            quoting: options.format == FileFormat::Csv,
            separator: options.separator,
            max_row_bytes: options.max_line_bytes,
        };
        Table::new(path, source, &shape)
    };
    let rows: Box<dyn Format> = match options.format {
        FileFormat::Csv => Box::new(table(source, b',')?),
        FileFormat::Tsv => Box::new(table(source, b'\t')?),
        FileFormat::Jsonl => Box::new(JsonLines::new(path, lines(source), &columns)),
        FileFormat::Fasta => Box::new(Fasta::new(path, lines(source))),
        FileFormat::Smiles => Box::new(SmilesLines::new(lines(source), options.only_molecules)),
        FileFormat::Text | FileFormat::Ids | FileFormat::Midi => Box::new(lines(source)),
    };
    Ok(match columns.group {
        Some(_) => Box::new(Groups::new(path, rows, columns.order.is_some())),
        None => rows,
    })
}

/// One sequence a line, as it stands.
impl Format for Lines<Source> {
    fn next(&mut self, record: &mut Record) -> Result<bool> {
        let Some((number, line)) = Lines::next(self)? else { return Ok(false) };
        record.begin(Some(number));
        record.text.push_str(line);
        Ok(true)
    }

    fn facts(&self) -> Facts {
        Facts { remarks: self.remarks(), ..Facts::default() }
    }
}

#[cfg(test)]
mod tests;
