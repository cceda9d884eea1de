//! One error type. Facts stand in fields, so that a front end can print field, value, range and hint.
//!
//! A hint names what to set or to call as a caller of the library knows it, in backticks: settings (`data.tokens = "words"`),
//! fields of [`Experiment`](crate::experiment::Experiment) (`out`, `resume = true`) and functions (`experiment::run`). A front
//! end replaces these by its own words.

use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The library's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that can go wrong without being a fault of this library.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused a file operation.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// What was tried, as a verb: "read", "write", "create".
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's own reason.
        source: std::io::Error,
    },
    /// A data file holds something that cannot be used.
    #[error("{}: {message}", place(path, *line))]
    Data {
        /// The data file.
        path: PathBuf,
        /// Line, from 1, when one line is to blame.
        line: Option<usize>,
        /// What was found and what was expected.
        message: String,
        /// What the user can do about it.
        hint: Option<String>,
    },
    /// A setting is unknown or out of range.
    #[error("`{key}` is {value}, expected {expected}{}", origin(source_place))]
    Config {
        /// Dotted key, as in the configuration file.
        key: String,
        /// The value as given.
        value: String,
        /// The allowed range.
        expected: String,
        /// File and line, or the option, that gave it.
        source_place: Option<String>,
        /// What the user can do about it.
        hint: Option<String>,
    },
    /// A configuration file or option that cannot be read at all, or an unknown key.
    #[error("{message}{}", origin(source_place))]
    ConfigSyntax {
        /// What is wrong.
        message: String,
        /// File and line, or the option.
        source_place: Option<String>,
        /// What the user can do about it.
        hint: Option<String>,
    },
    /// A file of weights or a checkpoint is damaged, of another version or of another shape.
    #[error("{}: {message}", path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What was found and what was expected.
        message: String,
        /// What the user can do about it.
        hint: Option<String>,
    },
    /// A run folder cannot be used as asked.
    #[error("{}: {message}", path.display())]
    Run {
        /// The run folder.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
        /// What the user can do about it.
        hint: Option<String>,
    },
    /// The program that gives the reward cannot be started, died, hung, or answered rubbish.
    #[error("reward program `{command}`: {message}")]
    Program {
        /// The program and its arguments.
        command: String,
        /// What happened, with what the program itself said about it.
        message: String,
        /// What the user can do about it.
        hint: Option<String>,
    },
    /// Training made a number that is not finite.
    #[error("{place} became {value} at step {step}")]
    NotFinite {
        /// Which loss, gradient or reward.
        place: &'static str,
        /// NaN or an infinity.
        value: f64,
        /// Update in which it happened.
        step: u64,
    },
    /// The caller asked to stop (an interrupt); the state has been saved.
    #[error("stopped on request; the state is saved")]
    Interrupted,
}

impl Error {
    /// What the user can do about it, if anything is known; names in backticks are settings, fields and functions.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Error::Data { hint, .. }
            | Error::Config { hint, .. }
            | Error::ConfigSyntax { hint, .. }
            | Error::Checkpoint { hint, .. }
            | Error::Run { hint, .. }
            | Error::Program { hint, .. } => hint.as_deref(),
            Error::NotFinite { .. } => Some(
                "lower the learning rate of this phase, or lower `clip_norm`; the step has changed nothing, and the state \
                 before it is saved",
            ),
            Error::Io { source, .. } => match source.kind() {
                ErrorKind::NotFound => Some("check the spelling of the path"),
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Some(
                    "make room; a run that was stopped by it goes on with `resume = true` from its last checkpoint",
                ),
                ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => {
                    Some("see to it that the place can be written, or name another")
                }
                ErrorKind::IsADirectory => Some("name a file, not a folder"),
                _ => None,
            },
            Error::Interrupted => None,
        }
    }

    /// Whether the command was called wrongly (exit status 2) rather than failed (exit status 1).
    pub fn is_usage(&self) -> bool {
        matches!(self, Error::Config { .. } | Error::ConfigSyntax { .. })
    }

    /// Wraps a failed file operation; `action` is a verb such as "read".
    pub fn io(action: &'static str, path: impl AsRef<Path>) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.as_ref().to_path_buf();
        move |source| Error::Io { action, path, source }
    }
}

fn place(path: &Path, line: Option<usize>) -> impl fmt::Display {
    match line {
        Some(line) => format!("{}, line {line}", path.display()),
        None => path.display().to_string(),
    }
}

fn origin(place: &Option<String>) -> impl fmt::Display {
    place.as_ref().map_or(String::new(), |p| format!(" ({p})"))
}
