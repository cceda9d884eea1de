//! Melodies: a MIDI file, or those of a folder by name.

use super::record::{Facts, Format, Record};
use crate::config::RestHandling;
use crate::data::midi::{self, Melody};
use crate::data::options::MidiOptions;
use crate::data::report::count;
use crate::data::source::{FileDigest, Source, shown};
use crate::{Error, Result};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// The files, each a sequence of numbers. A file that cannot be read is a record with a fault.
pub(super) struct Melodies {
    files: std::vec::IntoIter<PathBuf>,
    options: MidiOptions,
    digest: Rc<RefCell<FileDigest>>,
    num_hidden: usize,
    num_unended_notes: usize,
    /// The track that was taken, as text, and the number of files of which it was.
    tracks: BTreeMap<String, usize>,
}

impl Melodies {
    pub(super) fn open(path: &Path, options: MidiOptions) -> Result<Self> {
        let found = match path.is_dir() {
            false => midi::Found { files: vec![path.to_path_buf()], num_hidden: 0 },
            true => midi::files(path)?,
        };
        if found.files.is_empty() {
            return Err(bad(
                path,
                "the folder holds no .mid or .midi file",
                "folders in it are read too; names that begin with a dot are left out",
            ));
        }
        Ok(Self {
            files: found.files.into_iter(),
            options,
            digest: Rc::default(),
            num_hidden: found.num_hidden,
            num_unended_notes: 0,
            tracks: BTreeMap::new(),
        })
    }

    /// Of all files one behind the other.
    pub(super) fn digest(&self) -> Rc<RefCell<FileDigest>> {
        Rc::clone(&self.digest)
    }

    fn melody(&self, path: &Path) -> Result<Melody> {
        let mut bytes = Vec::new();
        let mut source = Source::counted(path, Rc::clone(&self.digest))?;
        source.read_to_end(&mut bytes).map_err(Error::io("read", path))?;
        let hint = "leave the file out, or convert it with a notation program";
        let melody = midi::from_midi(&bytes, self.options.step_secs, &self.options.selection);
        let mut melody = melody.map_err(|message| bad(path, &message, hint))?;
        if self.options.rests == RestHandling::Fill {
            midi::fill_rests(&mut melody.numbers);
        }
        Ok(melody)
    }
}

impl Format for Melodies {
    fn next(&mut self, record: &mut Record) -> Result<bool> {
        let Some(path) = self.files.next() else { return Ok(false) };
        record.begin(None);
        match self.melody(&path) {
            Ok(melody) => {
                for number in melody.numbers {
                    write!(record.text, "{number} ").expect("a string takes everything");
                }
                self.num_unended_notes += melody.source.num_unended_notes;
                *self.tracks.entry(melody.source.to_string()).or_default() += 1;
            }
            Err(fault) => record.fault = Some(fault),
        }
        record.file = Some(shown(&path));
        Ok(true)
    }

    fn facts(&self) -> Facts {
        let mut tracks: Vec<(&String, &usize)> = self.tracks.iter().collect();
        tracks.sort_by_key(|(_, number)| std::cmp::Reverse(**number));
        let track = match tracks.as_slice() {
            [] => None,
            [(only, _)] => Some((*only).clone()),
            [(first, number), others @ ..] => Some(format!(
                "{first} in {}, others in {}",
                count(**number, "file"),
                others.iter().map(|(_, n)| **n).sum::<usize>()
            )),
        };
        let mut remarks = Vec::new();
        if self.num_hidden > 0 {
            remarks.push(format!("{} skipped", count(self.num_hidden, "hidden file")));
        }
        if self.num_unended_notes > 0 {
            remarks.push(format!("{} left out, as nothing ends them", count(self.num_unended_notes, "note")));
        }
        Facts { track, remarks, ..Facts::default() }
    }
}

fn bad(path: &Path, message: &str, hint: &str) -> Error {
    Error::Data { path: path.into(), line: None, message: message.into(), hint: Some(hint.into()) }
}
