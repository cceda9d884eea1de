//! Where a new folder may be created, and how a folder of runs is recognised.

use crate::{Error, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// The file that a folder of compared runs has and no other folder.
pub(super) const STUDY_MARK: &str = "compare.json";

/// Refuses a path that exists, or where no folder can be created.
pub(super) fn check_new(path: &Path) -> Result<()> {
    let refused =
        |message: String, hint: &str| Error::Run { path: path.into(), message, hint: Some(hint.into()) };
    if path.exists() {
        let hint = "give another `out`, or `resume = true` to go on with this run";
        return Err(refused("exists already; nothing is overwritten".into(), hint));
    }
    match path.ancestors().skip(1).find(|ancestor| ancestor.exists()) {
        Some(place) if !place.is_dir() => {
            Err(refused(format!("cannot be made: {} is no folder", place.display()), "give another `out`"))
        }
        _ => Ok(()),
    }
}

/// Creates the folder `parent/<stem>`, or `parent/<stem>-<n>` with the first free n from 2. `create_dir` decides who gets
/// a name, so that two runs started together do not share one.
pub(super) fn free_folder(parent: &Path, stem: &str) -> Result<PathBuf> {
    fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
    for n in 1.. {
        let name = if n == 1 { stem.to_string() } else { format!("{stem}-{n}") };
        let path = parent.join(name);
        match fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(Error::io("create", path)(e)),
        }
    }
    unreachable!("there is always a larger number")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_taken_gets_a_number() {
        let base = tempfile::tempdir().unwrap();
        let first = free_folder(base.path(), "x").unwrap();
        let second = free_folder(base.path(), "x").unwrap();
        assert!(first.ends_with("x") && second.ends_with("x-2"));
        assert!(check_new(&first).is_err() && check_new(&base.path().join("y")).is_ok());
    }
}
