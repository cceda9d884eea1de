//! One batch on one process: its scores, or why there are none.

use super::process::{Event, GRACE, Process};
use super::protocol::{self, Answer, NoScore, shown_sequence};
use std::io;
use std::time::{Duration, Instant};

/// How often a wait is looked at from outside.
const GLANCE: Duration = Duration::from_millis(250);

/// How long a silent program may take to answer once its input is closed.
const LAST_CHANCE: Duration = Duration::from_millis(500);

/// Why a batch has no scores.
#[derive(Debug)]
pub(super) struct Failure {
    /// What happened.
    pub(super) message: String,
    /// What the user can do about it.
    pub(super) hint: Option<String>,
    /// Whether another process may do better: it died or hung, and was not wrong.
    pub(super) is_bad_luck: bool,
    /// Whether nobody wants the scores any more.
    pub(super) is_interrupt: bool,
}

impl Failure {
    /// The user has asked to stop.
    pub(super) fn interrupted() -> Self {
        Self { message: "stopped".into(), hint: None, is_bad_luck: false, is_interrupt: true }
    }

    /// The program cannot be run at all.
    pub(super) fn cannot_start(command: &[String], reason: &io::Error) -> Self {
        let name = command.first().map_or("", String::as_str);
        let message = format!("cannot start `{name}`: {reason}");
        let hint = "check the spelling; is it in PATH, and executable?";
        Self { message, hint: Some(hint.into()), is_bad_luck: false, is_interrupt: false }
    }

    fn wrong(message: String, hint: &str) -> Self {
        Self { message, hint: Some(hint.into()), is_bad_luck: false, is_interrupt: false }
    }

    fn no_score(answer: NoScore, sequence: &str) -> Self {
        let NoScore { shown, why, hint } = answer;
        Self::wrong(format!("answered {shown} to the sequence {}: {why}", shown_sequence(sequence)), hint)
    }

    fn surplus(answer: Answer) -> Self {
        let line = answer.map_or_else(|no| no.shown, |score| score.to_string());
        let hint = "its standard output must hold one line for each line of its input, and nothing else; messages belong \
                    on standard error, in Python print(.., file=sys.stderr)";
        Self::wrong(format!("answered more lines than it was asked: {line}"), hint)
    }

    /// It answered when its input was closed, and not before.
    pub(super) fn answers_at_the_end(answer: Answer) -> Self {
        let cause =
            "answers only when its input ends: it does not flush its output, or reads to the end first";
        let hint = "it must answer each line before the next one comes: in Python, for line in sys.stdin: and print(.., \
                    flush=True), or python3 -u; for other programs, stdbuf -oL may help";
        match answer {
            Ok(_) => Self::wrong(cause.into(), hint),
            Err(NoScore { shown, why, .. }) => {
                Self::wrong(format!("{cause}; and its answer is {shown}: {why}"), hint)
            }
        }
    }

    fn died(process: &mut Process, progress: &str) -> Self {
        let how = match process.end() {
            Some(status) => format!("died ({status})"),
            None => "closed its input or output, and was killed".into(),
        };
        let message = format!("{how} after {progress}; {}", process.last_words());
        let hint = "run it by hand and give it the line {\"sequence\":\"...\"}";
        Self { message, hint: Some(hint.into()), is_bad_luck: true, is_interrupt: false }
    }

    fn hung(process: &mut Process, progress: &str, timeout: Duration) -> Self {
        process.kill();
        let secs = timeout.as_secs_f64();
        let message = format!("hung: {progress} within {secs} s; it was killed; {}", process.last_words());
        let hint = "flush after every line, e.g. print(.., flush=True); or raise the time limit, `reward.timeout_secs`";
        Self { message, hint: Some(hint.into()), is_bad_luck: true, is_interrupt: false }
    }
}

/// The scores of `batch`, in order. After a failure the process must not be used again: answers may be under way.
/// `waiting` is called again and again while no answer is there yet, and may end the wait.
pub(super) fn ask(
    process: &mut Process,
    batch: &[String],
    timeout: Duration,
    waiting: &mut dyn FnMut() -> Result<(), Failure>,
) -> Result<Vec<f64>, Failure> {
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
        let now = Instant::now();
        match process.next_event(deadline.min(now + GLANCE)) {
            Some(Event::Answer(Ok(score))) => {
                scores.push(score);
                if !process.has_answered {
                    // Until here it was starting, and large libraries take long to load.
                    process.has_answered = true;
                    deadline = Instant::now() + timeout;
                }
            }
            Some(Event::Answer(Err(answer))) => return Err(Failure::no_score(answer, &batch[scores.len()])),
            // What it said before is still read: it may tell more than that a pipe broke.
            Some(Event::InputBroken) => {
                input_broken = true;
                deadline = deadline.min(Instant::now() + GRACE);
            }
            Some(Event::OutputEnded) => return Err(Failure::died(process, &progress(scores.len()))),
            None if Instant::now() < deadline => {
                if scores.is_empty() {
                    waiting()?;
                }
            }
            None if input_broken => return Err(Failure::died(process, &progress(scores.len()))),
            None => return Err(silent(process, &progress(scores.len()), timeout)),
        }
    }
    Ok(scores)
}

/// Why nothing came within the time: closing the input may bring out what a program holds back. One that has answered
/// before is not asked: it flushes, and an answer that comes now is a late one.
fn silent(process: &mut Process, progress: &str, timeout: Duration) -> Failure {
    if process.has_answered {
        return Failure::hung(process, progress, timeout);
    }
    process.close_input();
    match process.next_event(Instant::now() + LAST_CHANCE) {
        Some(Event::Answer(answer)) => Failure::answers_at_the_end(answer),
        _ => Failure::hung(process, progress, timeout),
    }
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
