//! A place where the library does not obey.

use std::fmt;
use std::path::{Path, PathBuf};

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    file: PathBuf,
    line: usize,
    message: String,
}

impl Fault {
    /// A fault in a line of a file.
    pub fn new(file: &Path, line: usize, message: impl Into<String>) -> Self {
        Self { file: file.to_path_buf(), line, message: message.into() }
    }

    /// The same fault when the path of its file begins in `folder`.
    pub fn below(self, folder: &Path) -> Self {
        Self { file: folder.join(self.file), ..self }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.message)
    }
}
