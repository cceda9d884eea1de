//! Small libraries in temporary folders, for the tests of these checks.

use super::fault::Fault;
use super::library::Library;
use std::path::Path;
use tempfile::TempDir;

/// A library of these files and of an empty `lib.rs` if none is among them.
pub fn library(files: &[(&str, &str)]) -> (TempDir, Library) {
    let folder = folder(files);
    if !files.iter().any(|(name, _)| *name == "lib.rs") {
        std::fs::write(folder.path().join("lib.rs"), "").unwrap();
    }
    let library = Library::read(folder.path()).unwrap();
    (folder, library)
}

/// A folder of these files.
pub fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new(""))).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

/// Faults as they are printed.
pub fn printed(faults: &[Fault]) -> Vec<String> {
    faults.iter().map(Fault::to_string).collect()
}
