//! Writing a file so that a reader sees the old content or the new, whatever happens in between.

use crate::{Error, Result, fault};
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

/// Writes a temporary sibling, flushes it to the disk and renames it over `path`; the folder is flushed too, so
/// that the rename itself survives a crash.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".tmp");
    let temporary = path.with_file_name(name);
    let result = write_through(&temporary, bytes)
        .and_then(|()| fault::place())
        .and_then(|()| fs::rename(&temporary, path));
    if let Err(source) = result {
        // Nothing half-written stays behind; the first error is the one to tell.
        let _ = fs::remove_file(&temporary);
        return Err(Error::Io { action: "write", path: path.to_path_buf(), source });
    }
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fault::place().map_err(Error::io("flush", folder))?;
    File::open(folder).and_then(|f| f.sync_all()).map_err(Error::io("flush", folder))
}

fn write_through(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = File::create(path)?;
    fault::place()?;
    let (first, second) = bytes.split_at(bytes.len() / 2);
    file.write_all(first)?;
    fault::place()?;
    file.write_all(second)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::write_atomically;

    #[test]
    fn replaces_a_file_and_leaves_nothing_behind_when_it_fails() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write_atomically(&path, b"one").unwrap();
        write_atomically(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        // A folder cannot be replaced by a file.
        std::fs::create_dir(folder.path().join("b")).unwrap();
        assert!(write_atomically(&folder.path().join("b"), b"x").is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
