//! Melodies: a MIDI file, or those of a folder by name.

use super::record::{Facts, Format, Record};
use crate::config::{FileFormat, RestHandling};
use crate::data::midi;
use crate::data::options::MidiOptions;
use crate::data::source::{FileDigest, Source, shown};
use crate::{Error, Result};
use std::cell::RefCell;
use std::fmt::Write;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// The files, each a sequence of numbers. A file that cannot be read is a record with a fault.
pub(super) struct Melodies {
    files: std::vec::IntoIter<PathBuf>,
    options: MidiOptions,
    digest: Rc<RefCell<FileDigest>>,
}

impl Melodies {
    pub(super) fn open(path: &Path, options: MidiOptions) -> Result<Self> {
        let files = match path.is_dir() {
            false => vec![path.to_path_buf()],
            true => midi_files(path)?,
        };
        if files.is_empty() {
            return Err(bad(path, "the folder holds no .mid or .midi file", "folders in it are not read"));
        }
        Ok(Self { files: files.into_iter(), options, digest: Rc::default() })
    }

    /// Of all files one behind the other.
    pub(super) fn digest(&self) -> Rc<RefCell<FileDigest>> {
        Rc::clone(&self.digest)
    }

    fn melody(&self, path: &Path) -> Result<Vec<u32>> {
        let mut bytes = Vec::new();
        let mut source = Source::counted(path, Rc::clone(&self.digest))?;
        source.read_to_end(&mut bytes).map_err(Error::io("read", path))?;
        let hint = "leave the file out, or convert it with a notation program";
        let mut melody =
            midi::melody(&bytes, self.options.step_secs).map_err(|message| bad(path, &message, hint))?;
        if self.options.rests == RestHandling::Fill {
            midi::fill_rests(&mut melody);
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
                for number in melody {
                    write!(record.text, "{number} ").expect("a string takes everything");
                }
            }
            Err(fault) => record.fault = Some(fault),
        }
        record.file = Some(shown(&path));
        Ok(true)
    }

    fn facts(&self) -> Facts {
        Facts::default()
    }
}

/// Whether a folder holds a MIDI file.
pub fn holds_midi(folder: &Path) -> bool {
    midi_files(folder).is_ok_and(|files| !files.is_empty())
}

fn midi_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(Error::io("read", folder))? {
        let path = entry.map_err(Error::io("read", folder))?.path();
        if FileFormat::of_name(&path) == Some(FileFormat::Midi) && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn bad(path: &Path, message: &str, hint: &str) -> Error {
    Error::Data { path: path.into(), line: None, message: message.into(), hint: Some(hint.into()) }
}
