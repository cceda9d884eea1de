//! Progress on stderr: a bar on a terminal, plain lines elsewhere, nothing with `--quiet`.
//!
//! ```text
//! adversarial 120/200 | reward 0.512 | oracle nll 8.741 | 41 ms/step | eta 3 m 20 s
//! ```

use std::io::{self, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use seqgan::train::Event;

use crate::numbers::{duration, figure, time_a_step};
use crate::terminal;

/// Plain lines are not written more often than this.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// Shows one phase after the other.
pub struct Progress {
    display: Display,
    phase: Option<Phase>,
}

enum Display {
    Bar,
    Lines(Box<dyn Write + Send>),
    Quiet,
}

struct Phase {
    name: String,
    total: u64,
    done: u64,
    figures: String,
    pace: Pace,
    last_line: Instant,
    bar: ProgressBar,
}

impl Progress {
    /// Progress on stderr, in the form that suits it.
    pub fn on_stderr(quiet: bool) -> Self {
        let display = if quiet {
            Display::Quiet
        } else if terminal::stderr_is_interactive() {
            Display::Bar
        } else {
            Display::Lines(Box::new(io::stderr()))
        };
        Self { display, phase: None }
    }

    /// Shows what training reports.
    pub fn show(&mut self, event: &Event<'_>) {
        match *event {
            Event::Phase { name, done, total } => {
                self.phase(name, total);
                self.advance(done, &[]);
            }
            Event::Progress { done, figures } => self.advance(done, figures),
            Event::Note(text) => self.note(text),
            Event::Record(_) => {}
        }
    }

    /// Starts a phase of `total` steps, and ends the one before.
    pub fn phase(&mut self, name: &str, total: u64) {
        self.phase_at(name, total, Instant::now());
    }

    /// Tells how many steps of the phase are done, and the figures of the moment by name.
    ///
    /// The first call is where time begins to count, so a phase that is resumed starts with the steps it had; one that
    /// calls with 0 before its first step gets its pace one step earlier.
    pub fn advance(&mut self, done: u64, figures: &[(&str, f64)]) {
        self.advance_at(done, figures, Instant::now());
    }

    /// Shows a line of text above the bar.
    pub fn note(&mut self, text: &str) {
        match (&mut self.display, &self.phase) {
            (Display::Quiet, _) => {}
            (Display::Lines(out), _) => write_line(out, text),
            (Display::Bar, Some(phase)) => phase.bar.suspend(|| write_line(&mut io::stderr(), text)),
            (Display::Bar, None) => write_line(&mut io::stderr(), text),
        }
    }

    /// Ends the phase, if there is one, with a line that stays.
    pub fn finish(&mut self) {
        self.finish_at(Instant::now());
    }

    fn phase_at(&mut self, name: &str, total: u64, now: Instant) {
        self.finish_at(now);
        let bar = match &mut self.display {
            Display::Bar => new_bar(name, total),
            Display::Lines(out) => {
                write_line(out, &format!("{name}: {total} {}", if total == 1 { "step" } else { "steps" }));
                ProgressBar::hidden()
            }
            Display::Quiet => ProgressBar::hidden(),
        };
        self.phase = Some(Phase {
            name: name.to_owned(),
            total,
            done: 0,
            figures: String::new(),
            pace: Pace::new(now),
            last_line: now,
            bar,
        });
    }

    fn advance_at(&mut self, done: u64, figures: &[(&str, f64)], now: Instant) {
        let Some(phase) = &mut self.phase else { return };
        phase.done = done;
        phase.pace.observe(done, now);
        if !figures.is_empty() {
            phase.figures =
                figures.iter().map(|&(name, value)| format!(" | {name} {}", figure(value))).collect();
        }
        match &mut self.display {
            Display::Bar => {
                phase.bar.set_message(phase.state(&phase.time_left()));
                phase.bar.set_position(done);
            }
            Display::Lines(out) if now.duration_since(phase.last_line) >= LINE_INTERVAL => {
                phase.last_line = now;
                write_line(out, &format!("{} {}", phase.name, phase.state(&phase.time_left())));
            }
            Display::Lines(_) | Display::Quiet => {}
        }
    }

    fn finish_at(&mut self, now: Instant) {
        let Some(phase) = self.phase.take() else { return };
        let took = format!(" | took {}", duration(now.duration_since(phase.pace.started)));
        let line = format!("{} {}", phase.name, phase.state(&took));
        match &mut self.display {
            Display::Bar => {
                phase.bar.finish_and_clear();
                write_line(&mut io::stderr(), &line);
            }
            Display::Lines(out) => write_line(out, &line),
            Display::Quiet => {}
        }
    }
}

impl Drop for Progress {
    /// An error ends a phase without its last line: the bar goes, so that the message stands alone.
    fn drop(&mut self) {
        if let Some(phase) = &self.phase {
            phase.bar.finish_and_clear();
        }
    }
}

impl Phase {
    /// Everything behind the name: `120/200 | reward 0.512 | 41 ms/step` and the given end.
    fn state(&self, end: &str) -> String {
        let pace = self.pace.time_a_step().map(|time| format!(" | {}", time_a_step(time)));
        format!("{}/{}{}{}{end}", self.done, self.total, self.figures, pace.unwrap_or_default())
    }

    fn time_left(&self) -> String {
        let left = self.total.saturating_sub(self.done);
        self.pace.time_a_step().map_or(String::new(), |time| {
            // In floats, because a huge product must not panic.
            let time = Duration::try_from_secs_f64(time.as_secs_f64() * left as f64).unwrap_or(Duration::MAX);
            format!(" | eta {}", duration(time))
        })
    }
}

/// The mean time of the steps that were made in this process; those before a resume took none of its time.
struct Pace {
    started: Instant,
    first: Option<(u64, Instant)>,
    last: (u64, Instant),
}

impl Pace {
    fn new(now: Instant) -> Self {
        Self { started: now, first: None, last: (0, now) }
    }

    fn observe(&mut self, done: u64, now: Instant) {
        self.first.get_or_insert((done, now));
        self.last = (done, now);
    }

    fn time_a_step(&self) -> Option<Duration> {
        let (first_done, first_time) = self.first?;
        let (last_done, last_time) = self.last;
        let steps = last_done.checked_sub(first_done).filter(|&steps| steps > 0)?;
        Some(last_time.duration_since(first_time).div_f64(steps as f64))
    }
}

fn new_bar(name: &str, total: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
    // The words come first and the bar takes what is left of the line: on a narrow terminal the time left matters
    // more. The template is a constant: should it ever be wrong, indicatif's own bar does.
    if let Ok(style) = ProgressStyle::with_template("{prefix} {msg} {wide_bar}") {
        bar.set_style(style.progress_chars("=>."));
    }
    bar.set_prefix(name.to_owned());
    bar.set_message(format!("0/{total}"));
    bar
}

/// Progress is a courtesy: that nobody can read it is no reason to stop.
fn write_line(out: &mut dyn Write, text: &str) {
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Sink {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    fn lines() -> (Progress, Sink, Instant) {
        let sink = Sink::default();
        let progress = Progress { display: Display::Lines(Box::new(sink.clone())), phase: None };
        (progress, sink, Instant::now())
    }

    fn after(start: Instant, milliseconds: u64) -> Instant {
        start + Duration::from_millis(milliseconds)
    }

    #[test]
    fn a_phase_has_a_first_line_few_between_and_a_last_one() {
        let (mut progress, sink, start) = lines();
        progress.phase_at("adversarial", 600, start);
        progress.advance_at(0, &[], start);
        for step in 1..=600 {
            let figures = [("reward", 0.5123), ("oracle nll", 8.7412)];
            progress.advance_at(step, &figures, after(start, step * 41));
        }
        progress.finish_at(after(start, 600 * 41));
        let expected = "\
adversarial: 600 steps
adversarial 244/600 | reward 0.512 | oracle nll 8.741 | 41 ms/step | eta 15 s
adversarial 488/600 | reward 0.512 | oracle nll 8.741 | 41 ms/step | eta 5 s
adversarial 600/600 | reward 0.512 | oracle nll 8.741 | 41 ms/step | took 25 s
";
        assert_eq!(sink.text(), expected);
    }

    #[test]
    fn a_resumed_phase_counts_only_its_own_steps() {
        let (mut progress, sink, start) = lines();
        progress.phase_at("adversarial", 200, start);
        progress.advance_at(100, &[], after(start, 5_000));
        progress.advance_at(101, &[], after(start, 15_000));
        assert!(
            sink.text().ends_with("adversarial 101/200 | 10.0 s/step | eta 16 m 30 s\n"),
            "{}",
            sink.text()
        );
    }

    #[test]
    fn without_two_observations_there_is_no_pace() {
        let (mut progress, sink, start) = lines();
        progress.phase_at("pretraining", 1, start);
        progress.advance_at(1, &[("loss", f64::NAN)], after(start, 20_000));
        let expected = "pretraining: 1 step\npretraining 1/1 | loss nan\n";
        assert_eq!(sink.text(), expected);
    }

    #[test]
    fn a_new_phase_ends_the_last_and_notes_stand_between() {
        let (mut progress, sink, start) = lines();
        progress.phase_at("one", 2, start);
        progress.note("a note");
        progress.phase_at("two", 3, after(start, 1_000));
        let expected = "one: 2 steps\na note\none 0/2 | took 1 s\ntwo: 3 steps\n";
        assert_eq!(sink.text(), expected);
    }

    #[test]
    fn quiet_progress_survives_any_order_of_calls() {
        let mut progress = Progress::on_stderr(true);
        progress.advance(3, &[]);
        progress.note("nobody sees this");
        progress.phase("x", 0);
        progress.advance(u64::MAX, &[]);
        progress.advance(0, &[]);
        progress.finish();
        progress.finish();
    }
}
