//! The MIDI files of a folder.

use crate::config::FileFormat;
use crate::{Error, Result};
use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// What a folder holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::data) struct Found {
    /// MIDI files of the folder and of those in it, by their paths. A file that cannot be read is among them: its
    /// reader tells so.
    pub(in crate::data) files: Vec<PathBuf>,
    /// Files with the name of a MIDI file that were left out because the name begins with a dot.
    pub(in crate::data) num_hidden: usize,
}

/// The MIDI files of a folder and of all folders in it, as their names tell. Files and folders whose names begin with a
/// dot are left out, and so are folders `__MACOSX`, where archives keep attributes of files. A folder that several links
/// lead to is read once.
///
/// # Errors
///
/// A folder that cannot be read.
pub(in crate::data) fn files(folder: &Path) -> Result<Found> {
    let mut folders = Folders::default();
    let mut found = Found::default();
    folders.push(folder)?;
    while let Some(folder) = folders.unread.pop() {
        for entry in entries(&folder)? {
            match Kind::of(&entry) {
                Kind::Folder => folders.push(&entry)?,
                Kind::Midi => found.files.push(entry),
                Kind::HiddenMidi => found.num_hidden += 1,
                Kind::Other => {}
            }
        }
    }
    // Paths compare name by name, so the files of a flat folder stand by their names.
    found.files.sort();
    Ok(found)
}

/// Whether a folder or one of those in it holds a MIDI file. Folders that cannot be read are skipped.
pub fn holds_midi(folder: &Path) -> bool {
    let mut folders = Folders::default();
    // What is no folder has no entries.
    let _ = folders.push(folder);
    while let Some(folder) = folders.unread.pop() {
        for entry in entries(&folder).unwrap_or_default() {
            match Kind::of(&entry) {
                Kind::Midi => return true,
                Kind::Folder => _ = folders.push(&entry),
                Kind::HiddenMidi | Kind::Other => {}
            }
        }
    }
    false
}

/// The folders of a tree, each of them once.
#[derive(Default)]
struct Folders {
    unread: Vec<PathBuf>,
    /// Their real paths, and those of the folders read: links can lead in circles.
    seen: HashSet<PathBuf>,
}

impl Folders {
    fn push(&mut self, folder: &Path) -> Result<()> {
        let real = fs::canonicalize(folder).map_err(Error::io("read", folder))?;
        if self.seen.insert(real) {
            self.unread.push(folder.into());
        }
        Ok(())
    }
}

/// By name, so that what is found does not depend on the file system.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(Error::io("read", folder))?;
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<Vec<_>>>()
        .map_err(Error::io("read", folder))?;
    paths.sort();
    Ok(paths)
}

/// What an entry of a folder is to its reader.
enum Kind {
    Folder,
    Midi,
    HiddenMidi,
    Other,
}

impl Kind {
    fn of(path: &Path) -> Self {
        let name = path.file_name().unwrap_or_default();
        let is_hidden = name.as_encoded_bytes().starts_with(b".");
        let is_midi = FileFormat::of_name(path) == Some(FileFormat::Midi);
        match fs::metadata(path) {
            Ok(facts) if facts.is_dir() && !is_hidden && name != OsStr::new("__MACOSX") => Self::Folder,
            Ok(facts) if !facts.is_file() => Self::Other,
            // A link that leads nowhere is a file that cannot be read.
            _ if !is_midi => Self::Other,
            _ if is_hidden => Self::HiddenMidi,
            _ => Self::Midi,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        folder
    }

    /// The paths below the folder, and the number of hidden files.
    fn found(folder: &tempfile::TempDir) -> (Vec<String>, usize) {
        let found = files(folder.path()).unwrap();
        let below = |path: &PathBuf| path.strip_prefix(folder.path()).unwrap().to_str().unwrap().to_owned();
        (found.files.iter().map(below).collect(), found.num_hidden)
    }

    #[test]
    fn files_of_all_folders_by_name() {
        let folder = folder(&[
            "b.mid",
            "a10.mid",
            "a2.MIDI",
            "notes.txt",
            "a/z.mid",
            "a/b/c/d.mid",
            "a-/y.mid",
            "c/x.txt",
        ]);
        // Of each folder by name; a folder stands where its name does.
        let expected = ["a/b/c/d.mid", "a/z.mid", "a-/y.mid", "a10.mid", "a2.MIDI", "b.mid"];
        assert_eq!(found(&folder), (expected.map(String::from).into(), 0));
        assert!(holds_midi(folder.path()) && holds_midi(&folder.path().join("a/b")));
        assert!(!holds_midi(&folder.path().join("c")));
        assert!(!holds_midi(&folder.path().join("b.mid")) && !holds_midi(&folder.path().join("none")));
    }

    #[test]
    fn hidden_files_and_folders_are_left_out() {
        let hidden = ["._a.mid", ".b.mid", ".DS_Store", ".git/c.mid", "__MACOSX/d.mid", "x/__MACOSX/y/e.mid"];
        assert_eq!(found(&folder(&hidden)), (vec![], 2));
        assert!(!holds_midi(folder(&hidden).path()));
        // The folder that was asked for may have any name.
        let folder = folder(&[".tunes/a.mid"]);
        assert!(!holds_midi(folder.path()) && holds_midi(&folder.path().join(".tunes")));
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error() {
        let folder = folder(&["a.mid"]);
        let error = files(&folder.path().join("none")).unwrap_err().to_string();
        assert!(error.contains("none"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_once() {
        use std::os::unix::fs::symlink;
        let here = folder(&["a/one.mid"]);
        let other = folder(&["two.mid"]);
        symlink(here.path(), here.path().join("a/circle")).unwrap();
        symlink(other.path(), here.path().join("x")).unwrap();
        symlink(other.path(), here.path().join("y")).unwrap();
        symlink(other.path().join("two.mid"), here.path().join("z.mid")).unwrap();
        // A link to nowhere is a file that cannot be read; its reader tells so.
        symlink("nowhere", here.path().join("zz.mid")).unwrap();
        let expected = ["a/one.mid", "x/two.mid", "z.mid", "zz.mid"];
        assert_eq!(found(&here), (expected.map(String::from).into(), 0));
        symlink(here.path(), other.path().join("back")).unwrap();
        assert_eq!(files(other.path()).unwrap().files.len(), 4);
    }
}
