//! What a file or folder holds, a sequence a record: lines of a text file, or MIDI files.

use super::lines::Lines;
use super::midi;
use super::options::{FileFormat, ReadOptions, Rests};
use crate::{Error, Result};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::path::{Path, PathBuf};

/// Records with their numbers, from 1, each as a line of text.
pub(super) enum Records {
    Lines(Lines<File>),
    Melodies(Melodies),
}

impl Records {
    pub(super) fn open(path: &Path, options: &ReadOptions) -> Result<Self> {
        Ok(match options.format {
            FileFormat::Text => Self::Lines(Lines::open(path, options.max_line_bytes)?),
            FileFormat::Midi { step_secs, rests } => Self::Melodies(Melodies::open(path, step_secs, rests)?),
        })
    }

    /// The next record.
    pub(super) fn next(&mut self) -> Result<Option<(usize, &str)>> {
        match self {
            Self::Lines(lines) => lines.next(),
            Self::Melodies(melodies) => melodies.next(),
        }
    }

    /// Number of records read.
    pub(super) fn count(&self) -> usize {
        match self {
            Self::Lines(lines) => lines.count(),
            Self::Melodies(melodies) => melodies.read,
        }
    }

    /// Size and SHA-256, in hexadecimal, of what was read; call it behind the last record.
    pub(super) fn into_digest(self) -> (u64, String) {
        match self {
            Self::Lines(lines) => lines.into_digest(),
            Self::Melodies(melodies) => {
                let digest = melodies.hash.finalize();
                (melodies.bytes, digest.iter().map(|byte| format!("{byte:02x}")).collect())
            }
        }
    }
}

/// A MIDI file, or those of a folder by name.
pub(super) struct Melodies {
    files: Vec<PathBuf>,
    read: usize,
    step_secs: f64,
    rests: Rests,
    text: String,
    bytes: u64,
    hash: Sha256,
}

impl Melodies {
    fn open(path: &Path, step_secs: f64, rests: Rests) -> Result<Self> {
        let files = match path.is_dir() {
            false => vec![path.to_path_buf()],
            true => midi_files(path)?,
        };
        if files.is_empty() {
            return Err(bad(path, "the folder holds no .mid or .midi file", "folders in it are not read"));
        }
        let (text, hash) = (String::new(), Sha256::new());
        Ok(Self { files, read: 0, step_secs, rests, text, bytes: 0, hash })
    }

    fn next(&mut self) -> Result<Option<(usize, &str)>> {
        let Some(path) = self.files.get(self.read) else { return Ok(None) };
        let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
        self.hash.update(&bytes);
        self.bytes += bytes.len() as u64;
        let hint = "leave the file out, or convert it with a notation program";
        let mut melody = midi::melody(&bytes, self.step_secs).map_err(|message| bad(path, &message, hint))?;
        if self.rests == Rests::Fill {
            midi::fill_rests(&mut melody);
        }
        self.text = melody.iter().map(u32::to_string).collect::<Vec<_>>().join(" ");
        self.read += 1;
        Ok(Some((self.read, &self.text)))
    }
}

/// Whether a name is that of a MIDI file.
pub fn is_midi(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    matches!(extension.as_str(), "mid" | "midi")
}

/// Whether a folder holds a MIDI file.
pub fn holds_midi(folder: &Path) -> bool {
    midi_files(folder).is_ok_and(|files| !files.is_empty())
}

fn midi_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(Error::io("read", folder))? {
        let path = entry.map_err(Error::io("read", folder))?.path();
        if is_midi(&path) && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn bad(path: &Path, message: &str, hint: &str) -> Error {
    Error::Data { path: path.into(), line: None, message: message.into(), hint: Some(hint.into()) }
}
