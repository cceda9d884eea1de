//! The silence before a program's first answer: what is said about it, and whether only the end of the input ends it.
//!
//! Most programs that never answer do not flush their output, or read their input to its end first. Both show at once
//! when the input ends, so a second process is asked and its input closed, while the first one is still waited for. It is a
//! second one because the first may only be slow to load, and must not lose its input for that. A program that loads
//! for long has answered before the second one can; until then it needs its memory twice.

use super::ProgramSettings;
use super::process::{Event, GRACE, Process};
use super::protocol;
use super::worker::Failure;
use crate::reward::Watcher;
use std::time::{Duration, Instant};

/// Longest silence without a word to the user.
const PATIENCE: Duration = Duration::from_secs(10);

/// Watches the first process wait.
pub(super) struct Silence<'a> {
    settings: &'a ProgramSettings,
    example: &'a str,
    watcher: &'a dyn Watcher,
    end_of_patience: Instant,
    was_reported: bool,
    /// Asked the same; its input is closed.
    second: Option<Process>,
    /// When the second process answered, and what.
    second_answer: Option<(Instant, protocol::Answer)>,
}

impl<'a> Silence<'a> {
    pub(super) fn new(settings: &'a ProgramSettings, example: &'a str, watcher: &'a dyn Watcher) -> Self {
        let patience = PATIENCE.min(settings.timeout() / 2);
        let end_of_patience = Instant::now() + patience;
        Self {
            settings,
            example,
            watcher,
            end_of_patience,
            was_reported: false,
            second: None,
            second_answer: None,
        }
    }

    /// Called again and again while no answer is there. A failure ends the wait.
    pub(super) fn goes_on(&mut self) -> Result<(), Failure> {
        if self.watcher.should_stop() {
            return Err(Failure::interrupted());
        }
        if Instant::now() < self.end_of_patience {
            return Ok(());
        }
        if !self.was_reported {
            self.was_reported = true;
            self.watcher.tell(&self.note());
            self.second = self.ask_another();
        }
        match &self.second_answer {
            None => self.look_at_second(),
            // If something held both up, the first answer comes in this time, too.
            Some((when, answer)) if when.elapsed() >= GRACE => {
                return Err(Failure::answers_at_the_end(answer.clone()));
            }
            Some(_) => {}
        }
        Ok(())
    }

    fn note(&self) -> String {
        format!(
            "reward program `{}`: no answer yet; it may still be loading, not flush its output (in Python: print(.., \
             flush=True), or python3 -u), or read its input to the end before it answers; waiting for up to {} s",
            self.settings.command.join(" "),
            self.settings.timeout().as_secs_f64(),
        )
    }

    /// None where it cannot be started, which the first process could.
    fn ask_another(&self) -> Option<Process> {
        let mut process = Process::start(&self.settings.command).ok()?;
        process.send(protocol::questions(&[self.example.to_owned()]));
        process.close_input();
        Some(process)
    }

    fn look_at_second(&mut self) {
        match self.second.as_ref().and_then(Process::waiting_event) {
            Some(Event::Answer(answer)) => self.second_answer = Some((Instant::now(), answer)),
            // It dies perhaps because it is the second one, which says nothing about the first.
            Some(Event::InputBroken | Event::OutputEnded) => self.second = None,
            None => {}
        }
    }
}
