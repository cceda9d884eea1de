//! Melodies: a MIDI file, or those of a folder by name.

use super::record::{Format, Record};
use crate::config::RestHandling;
use crate::data::midi::{self, MidiSelection};
use crate::data::options::MidiOptions;
use crate::data::source::FileDigest;
use crate::{Error, Result};
use std::cell::RefCell;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// The files, each a sequence of numbers.
pub(super) struct Melodies {
    files: std::vec::IntoIter<PathBuf>,
    options: MidiOptions,
    digest: Rc<RefCell<FileDigest>>,
}

impl Melodies {
    pub(super) fn open(path: &Path, options: MidiOptions) -> Result<Self> {
        let files = match path.is_dir() {
            false => vec![path.to_path_buf()],
            true => midi::files(path)?.files,
        };
        if files.is_empty() {
            return Err(bad(
                path,
                "the folder holds no .mid or .midi file",
                "folders in it are read too; names that begin with a dot are left out",
            ));
        }
        Ok(Self { files: files.into_iter(), options, digest: Rc::default() })
    }

    /// Of all files one behind the other.
    pub(super) fn digest(&self) -> Rc<RefCell<FileDigest>> {
        Rc::clone(&self.digest)
    }
}

impl Format for Melodies {
    fn next(&mut self, record: &mut Record) -> Result<bool> {
        let Some(path) = self.files.next() else { return Ok(false) };
        let bytes = std::fs::read(&path).map_err(Error::io("read", &path))?;
        self.digest.borrow_mut().update(&bytes);
        let hint = "leave the file out, or convert it with a notation program";
        let melody = midi::from_midi(&bytes, self.options.step_secs, &MidiSelection::default());
        let mut numbers = melody.map_err(|message| bad(&path, &message, hint))?.numbers;
        if self.options.rests == RestHandling::Fill {
            midi::fill_rests(&mut numbers);
        }
        record.text.clear();
        for number in numbers {
            write!(record.text, "{number} ").expect("a string takes everything");
        }
        record.file = Some(path);
        Ok(true)
    }
}

fn bad(path: &Path, message: &str, hint: &str) -> Error {
    Error::Data { path: path.into(), line: None, message: message.into(), hint: Some(hint.into()) }
}
