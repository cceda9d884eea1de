//! One batch on one process: its scores, or why there are none.

use super::process::{Event, GRACE, Process};
use super::protocol::{self, Answer, shown_sequence};
use std::io;
use std::time::{Duration, Instant};

/// Why a batch has no scores.
#[derive(Debug)]
pub(super) struct Failure {
    /// What happened.
    pub(super) message: String,
    /// What the user can do about it.
    pub(super) hint: Option<String>,
    /// Whether another process may do better: it died or hung, and was not wrong.
    pub(super) is_bad_luck: bool,
}

impl Failure {
    /// The program cannot be run at all.
    pub(super) fn cannot_start(command: &[String], reason: &io::Error) -> Self {
        let name = command.first().map_or("", String::as_str);
        let message = format!("cannot start `{name}`: {reason}");
        let hint = "check the spelling; is it in PATH, and executable?";
        Self { message, hint: Some(hint.into()), is_bad_luck: false }
    }

    fn rubbish(message: String) -> Self {
        let hint = "its standard output must hold one number, or {\"score\": number}, a line for each line of its input, \
                    and nothing else";
        Self { message, hint: Some(hint.into()), is_bad_luck: false }
    }

    fn surplus(answer: Answer) -> Self {
        let line = answer.map_or_else(|line| line, |score| score.to_string());
        Self::rubbish(format!("answered more lines than it was asked: {line}"))
    }

    fn died(process: &mut Process, progress: &str) -> Self {
        let how = match process.end() {
            Some(status) => format!("died ({status})"),
            None => "closed its input or output, and was killed".into(),
        };
        let message = format!("{how} after {progress}; {}", process.last_words());
        let hint = "run it by hand and give it the line {\"sequence\":\"...\"}";
        Self { message, hint: Some(hint.into()), is_bad_luck: true }
    }

    fn hung(process: &mut Process, progress: &str, timeout: Duration) -> Self {
        process.kill();
        let secs = timeout.as_secs_f64();
        let message = format!("hung: {progress} within {secs} s; it was killed; {}", process.last_words());
        let hint = "flush after every line, e.g. print(.., flush=True); or raise the time limit";
        Self { message, hint: Some(hint.into()), is_bad_luck: true }
    }
}

/// The scores of `batch`, in order. After a failure the process must not be used again: answers may be under way.
pub(super) fn ask(process: &mut Process, batch: &[String], timeout: Duration) -> Result<Vec<f64>, Failure> {
    let progress = |answers: usize| format!("{answers} of {} answers", batch.len());
    match process.waiting_event() {
        Some(Event::Answer(answer)) => return Err(Failure::surplus(answer)),
        Some(Event::InputBroken | Event::OutputEnded) => return Err(Failure::died(process, &progress(0))),
        None => process.send(protocol::questions(batch)),
    }
    let mut deadline = Instant::now() + timeout;
    let mut input_broken = false;
    let mut scores = Vec::with_capacity(batch.len());
    while scores.len() < batch.len() {
        match process.next_event(deadline) {
            Some(Event::Answer(Ok(score))) => {
                scores.push(score);
                if !process.has_answered {
                    // Until here it was starting, and large libraries take long to load.
                    process.has_answered = true;
                    deadline = Instant::now() + timeout;
                }
            }
            Some(Event::Answer(Err(line))) => {
                let sequence = shown_sequence(&batch[scores.len()]);
                return Err(Failure::rubbish(format!("answered {line} to the sequence {sequence}")));
            }
            // What it said before is still read: it may tell more than that a pipe broke.
            Some(Event::InputBroken) => {
                input_broken = true;
                deadline = deadline.min(Instant::now() + GRACE);
            }
            Some(Event::OutputEnded) => return Err(Failure::died(process, &progress(scores.len()))),
            None if input_broken => return Err(Failure::died(process, &progress(scores.len()))),
            None => return Err(Failure::hung(process, &progress(scores.len()), timeout)),
        }
    }
    Ok(scores)
}

/// Ends a process that has answered everything, and finds what it says beyond.
pub(super) fn dismiss(mut process: Process) -> Result<(), Failure> {
    let deadline = process.close_input();
    while let Some(event) = process.next_event(deadline) {
        match event {
            Event::Answer(answer) => return Err(Failure::surplus(answer)),
            Event::OutputEnded => break,
            Event::InputBroken => {}
        }
    }
    Ok(())
}
