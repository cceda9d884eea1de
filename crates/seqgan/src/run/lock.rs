//! One process at a time works in a run folder.

use crate::{Error, Result, fault};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::Path;

/// The right to change a run folder, until it is dropped.
///
/// An advisory lock of the system on a file of the folder. It goes with the process that holds it, however that ends, so
/// a file that is left behind locks nobody out.
///
/// Some file systems, such as many network file systems, have no locks, or fail to take one. A lock guards against a
/// mistake alone, so work goes on without one, and [`RunLock::warning`] is for the user.
#[derive(Debug)]
pub struct RunLock {
    _file: File,
    warning: Option<String>,
}

impl RunLock {
    /// The file's name.
    pub const FILE: &str = "lock";

    /// Takes the lock of the folder of a run or of a study, or names the process that has it.
    pub fn take(folder: impl AsRef<Path>) -> Result<Self> {
        let folder = folder.as_ref();
        let path = folder.join(RunLock::FILE);
        let open = || OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path);
        let mut file = fault::lock_file().and_then(|()| open()).map_err(|error| no_file(folder, &error))?;
        match fault::lock().map_err(TryLockError::Error).and_then(|()| file.try_lock()) {
            Ok(()) => {
                // For people alone; nothing depends on it.
                let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
                Ok(Self { _file: file, warning: None })
            }
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _ = file.read_to_string(&mut holder);
                let by = match holder.trim() {
                    "" => String::new(),
                    pid => format!(" (process {pid})"),
                };
                Err(Error::Run {
                    path: folder.into(),
                    message: format!("another run is at work here{by}"),
                    hint: Some("wait until it has ended, stop it, or give another `out`".into()),
                })
            }
            Err(TryLockError::Error(error)) => {
                let warning = format!(
                    "warning: {} cannot be locked ({error}); the work goes on, but two programs in this folder are not \
                     noticed",
                    folder.display()
                );
                Ok(Self { _file: file, warning: Some(warning) })
            }
        }
    }

    /// What the user should know, where there is no lock in truth.
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }
}

fn no_file(folder: &Path, error: &std::io::Error) -> Error {
    Error::Run {
        path: folder.into(),
        message: format!("cannot make or open the file `{}` in it: {error}", RunLock::FILE),
        hint: Some(
            "see to it that files can be written there and there is room, or give another `out`, on a disk of this machine"
                .into(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_and_a_file_left_behind_is_nothing() {
        let base = tempfile::tempdir().unwrap();
        let folder = base.path();
        let lock = RunLock::take(folder).unwrap();
        let error = RunLock::take(folder).unwrap_err().to_string();
        let process = format!("another run is at work here (process {})", std::process::id());
        assert!(error.contains(&process), "{error}");
        drop(lock);
        assert!(folder.join(RunLock::FILE).is_file());
        RunLock::take(folder).unwrap();
    }
}
