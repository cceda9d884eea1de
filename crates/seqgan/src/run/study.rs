//! The folder of runs that are compared.

use super::lock::RunLock;
use super::place::{STUDY_MARK as MARK, check_new, free_folder};
use crate::checkpoint::write_atomically;
use crate::{Error, Result};
use serde::Serialize;
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};

/// A folder that holds run folders.
#[derive(Debug)]
pub struct StudyFolder {
    path: PathBuf,
    lock: RunLock,
}

impl StudyFolder {
    /// Makes a new folder, `runs/<stem>[-n]` where none is asked for, or goes on in the one asked for.
    pub fn open(asked: Option<&Path>, resume: bool, stem: &str) -> Result<Self> {
        let is_new = !asked.is_some_and(|path| resume && path.is_dir());
        let path = match asked {
            Some(path) if !is_new => {
                if !path.join(MARK).is_file() && !is_empty(path)? {
                    return Err(Error::Run {
                        path: path.into(),
                        message: format!("no folder of a comparison: it has no {MARK}"),
                        hint: Some("give another `out`; nothing is overwritten".into()),
                    });
                }
                path.to_path_buf()
            }
            Some(path) => {
                check_new(path)?;
                path.to_path_buf()
            }
            None => free_folder(Path::new("runs"), stem)?,
        };
        fs::create_dir_all(&path).map_err(Error::io("create", &path))?;
        // First, so that a folder that was begun is known as one.
        if !path.join(MARK).is_file() {
            let mark = json!({ "command": "compare", "version": env!("CARGO_PKG_VERSION") });
            write_json(&path, MARK, &mark)?;
        }
        let lock = RunLock::take(&path).inspect_err(|_| {
            // A lock file says that another process is at work in the folder.
            if is_new && !path.join(RunLock::FILE).exists() {
                let _ = fs::remove_dir_all(&path);
            }
        })?;
        let folder = Self { path, lock };
        for part in ["runs", "models"] {
            let part = folder.path.join(part);
            fs::create_dir_all(&part).map_err(Error::io("create", &part))?;
        }
        Ok(folder)
    }

    /// Whether `path` is such a folder.
    pub fn is_one(path: &Path) -> bool {
        path.join(MARK).is_file()
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the user should know about its lock.
    pub fn warning(&self) -> Option<&str> {
        self.lock.warning()
    }

    /// Writes a JSON document into the folder, atomically.
    pub fn write_json(&self, name: &str, value: &impl Serialize) -> Result<()> {
        write_json(&self.path, name, value)
    }
}

fn write_json(folder: &Path, name: &str, value: &impl Serialize) -> Result<()> {
    let mut text = serde_json::to_string_pretty(value).expect("documents are plain data");
    text.push('\n');
    write_atomically(&folder.join(name), text.as_bytes())
}

/// Whether there is nothing but what a process that was killed here was writing.
fn is_empty(path: &Path) -> Result<bool> {
    let mut entries = fs::read_dir(path).map_err(Error::io("read", path))?;
    Ok(entries.all(|entry| entry.is_ok_and(|entry| entry.file_name() == *format!("{MARK}.tmp"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_folder_of_ones_own_is_gone_on_with() {
        let base = tempfile::tempdir().unwrap();
        let path = base.path().join("study");
        StudyFolder::open(Some(&path), false, "x").unwrap();
        assert!(StudyFolder::is_one(&path));
        StudyFolder::open(Some(&path), true, "x").unwrap();
        assert!(
            StudyFolder::open(Some(&path), false, "x").unwrap_err().to_string().contains("exists already")
        );
        let other = base.path().join("other");
        fs::create_dir(&other).unwrap();
        fs::write(other.join("letters.txt"), "mine").unwrap();
        assert!(StudyFolder::open(Some(&other), true, "x").is_err());
        assert!(!StudyFolder::is_one(&other) && fs::read_dir(&other).unwrap().count() == 1);
    }
}
