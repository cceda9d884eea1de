//! Any program as a reward: it reads sequences as lines of JSON and answers each by one score in a line, so that a
//! chemistry toolkit, a web application firewall or a simulator can steer training.
//!
//! The program's side, in Python:
//!
//! ```python
//! import json, sys
//! for line in sys.stdin:
//!     print(len(json.loads(line)["sequence"]), flush=True)
//! ```
//!
//! An answer is a finite number, as JSON or C write one, bare or as a JSON string, or an object with such a number as
//! `score`, whose further keys are ignored. Everything else on the program's standard output is an error, an empty line
//! too. Its standard error is free: the last lines are shown
//! when it dies. It ends when its input ends.
//!
//! Answers carry no name, so one too many would shift all that follow. [`Program::check`] finds a program that does so
//! always: it asks once, closes the input, and reads to the end of the output. Later, a line that lies there before a
//! batch is handed over is an error as well.

mod last_words;
mod pool;
mod process;
mod protocol;
mod score;
mod silence;
#[cfg(test)]
mod tests;
mod worker;

use crate::error::{Error, Result};
use crate::reward::Watcher;
use pool::Pool;
pub use protocol::{Answer, NoScore, next_answer};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use worker::Failure;

/// How the program is run.
#[derive(Debug, Clone, PartialEq)]
pub struct ProgramSettings {
    /// The program, looked for in `PATH`, and its arguments; no shell comes between.
    pub command: Vec<String>,
    /// Processes that share the work; at least one is used.
    pub num_processes: usize,
    /// Most sequences that are handed to a process before its answers are awaited; at least one.
    pub batch_size: usize,
    /// Seconds a process may take for a batch, and, once more, for its first answer after the start.
    pub timeout_secs: f64,
    /// How often a process is started again after it died or hung, in a row, for the same batch, before giving up.
    pub max_restarts: usize,
}

impl ProgramSettings {
    /// The time limit; what is no duration (NaN, an infinity) limits nothing.
    fn timeout(&self) -> Duration {
        const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
        Duration::try_from_secs_f64(self.timeout_secs).unwrap_or(YEAR).min(YEAR)
    }
}

/// A program that scores sequences. Its processes start with the first use and end when this is dropped.
#[derive(Debug)]
pub struct Program {
    settings: ProgramSettings,
    pool: Mutex<Pool>,
}

impl Program {
    /// Starts nothing yet.
    pub fn new(settings: ProgramSettings) -> Self {
        let pool = Mutex::new(Pool::new(settings.num_processes.max(1)));
        Self { settings, pool }
    }

    /// Starts the processes and scores one sequence, so that a wrong command is found before the long run.
    ///
    /// The sequence goes to a process of its own, whose input is then closed: exactly one line must have come when its
    /// output ends (or two seconds later, if the program ignores the end of its input). The others start only then.
    ///
    /// A program that is silent for ten seconds, or half its time limit if that is shorter, gets a line through `watcher`
    /// that says why programs are.
    pub fn check(&self, example: &str, watcher: &dyn Watcher) -> Result<()> {
        self.with_pool(|pool| pool.check(&self.settings, example, watcher))
    }

    /// A finite score for each text, in order; the result does not depend on the number of processes, the batch size
    /// or restarts, as long as the program's answer depends on the sequence alone. Calls from several threads take
    /// turns.
    pub fn score(&self, texts: &[String]) -> Result<Vec<f64>> {
        self.with_pool(|pool| pool.score(&self.settings, texts))
    }

    fn with_pool<T>(&self, work: impl FnOnce(&mut Pool) -> Result<T, Failure>) -> Result<T> {
        // A panic leaves no half-answered process in the pool, which therefore is as good as before.
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        work(&mut pool).map_err(|failure| match failure.is_interrupt {
            true => Error::Interrupted,
            false => Error::Program {
                command: self.settings.command.join(" "),
                message: failure.message,
                hint: failure.hint,
            },
        })
    }
}
