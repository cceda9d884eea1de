//! How a command ends: what is said on stderr, and the exit status.

use std::io::{self, Write};
use std::process::ExitCode;

use crate::interrupt::Interrupt;
use crate::terminal::{self, Style};

/// The command was called wrongly in a way that the parser cannot see (exit status 2).
#[derive(Debug)]
pub struct UsageError {
    /// What is wrong; lower case, no final stop.
    pub message: String,
    /// What the user can do about it.
    pub hint: Option<String>,
}

impl UsageError {
    /// With a hint.
    pub fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: Some(hint.into()) }
    }
}

impl std::fmt::Display for UsageError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for UsageError {}

/// Prints a result on stdout. A reader that has gone away is an error that [`finish`] takes for a good end.
pub fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// Says something on stderr that is no result.
pub fn tell(text: &str) {
    // If stderr is closed nobody listens, and that is no reason to fail.
    let _ = writeln!(io::stderr(), "{text}");
}

/// Lets a panic, which is always a bug of this program, say so, and what to do.
pub fn explain_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let label = |text, style| terminal::emphasise(text, style, terminal::stderr_has_colour());
        let place = panic.location().map_or(String::new(), |place| format!(" ({place})"));
        let payload = panic.payload();
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let what = text.or(payload.downcast_ref::<&str>().copied()).unwrap_or("no message");
        let _ = writeln!(
            io::stderr(),
            "{}: a bug in seqgan {}: {what}{place}\n\n{}: report it with the command that shows it; a run that was \
             interrupted by it goes on with --resume",
            label("error", Style::Error),
            env!("CARGO_PKG_VERSION"),
            label("hint", Style::Hint),
        );
        if std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0") {
            let _ = writeln!(io::stderr(), "\n{}", std::backtrace::Backtrace::force_capture());
        }
    }));
}

/// Says what went wrong, if anything, and chooses the exit status.
pub fn finish(result: anyhow::Result<()>, interrupt: &Interrupt) -> ExitCode {
    let Err(error) = result else { return ExitCode::SUCCESS };
    if reader_has_gone(&error) {
        return ExitCode::SUCCESS;
    }
    let text = render(&error, terminal::stderr_has_colour());
    // If stderr is closed too, only the exit status is left to tell.
    let _ = io::stderr().write_all(text.as_bytes());
    ExitCode::from(status(&error, interrupt))
}

/// Prints what the parser has to say: help and version on stdout, wrong usage on stderr.
pub fn finish_parsing(error: &clap::Error) -> ExitCode {
    match error.print() {
        Err(failure) if failure.kind() != io::ErrorKind::BrokenPipe => ExitCode::FAILURE,
        _ => ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2)),
    }
}

fn status(error: &anyhow::Error, interrupt: &Interrupt) -> u8 {
    match library_error(error) {
        Some(seqgan::Error::Interrupted) => interrupt.exit_status().unwrap_or(1),
        Some(error) if error.is_usage() => 2,
        _ if error.downcast_ref::<UsageError>().is_some() => 2,
        _ => 1,
    }
}

fn render(error: &anyhow::Error, colour: bool) -> String {
    let label = terminal::emphasise("error", Style::Error, colour);
    let mut text = format!("{label}: {}\n", message(error));
    if let Some(hint) = hint(error) {
        let label = terminal::emphasise("hint", Style::Hint, colour);
        text.push_str(&format!("\n{label}: {hint}\n"));
    }
    text
}

/// The chain of causes on one line. An error that already ends with its cause does not say it twice.
fn message(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.ends_with(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

fn hint(error: &anyhow::Error) -> Option<String> {
    match (library_error(error), error.downcast_ref::<UsageError>()) {
        (Some(seqgan::Error::Interrupted), _) => {
            Some("to go on, give the same command with --out and --resume".into())
        }
        // It asks which key of a file was meant.
        (Some(error @ seqgan::Error::ConfigSyntax { .. }), _) => error.hint().map(String::from),
        (Some(error), _) => error.hint().map(in_flags),
        (None, Some(error)) => error.hint.clone(),
        (None, None) => None,
    }
}

/// The words of this program for what the library's hints name.
const WORDS: [(&str, &str); 17] = [
    ("out", "--out"),
    ("preset", "--preset"),
    ("resume", "--resume"),
    ("experiment::run", "`seqgan oracle` or `seqgan train`"),
    ("data.field", "--field"),
    ("data.format", "--format"),
    ("data.group_by", "--group-by"),
    ("data.label", "--label"),
    ("data.midi_channel", "--channel"),
    ("data.midi_track", "--track"),
    ("data.order_by", "--order-by"),
    ("data.separator", "--separator"),
    ("data.skip_bad", "--skip-bad"),
    ("data.tokenizer", "--tokenizer"),
    ("data.tokens", "--tokens"),
    ("generator.init_from", "--init-from"),
    ("generator.init_method", "--init-method"),
];

/// A hint of the library with `key` or `key = value` in backticks replaced by this program's words, where it has any.
fn in_flags(hint: &str) -> String {
    let quoted = |(i, part): (usize, &str)| match i % 2 {
        0 => part.to_owned(),
        _ => in_words(part).unwrap_or_else(|| format!("`{part}`")),
    };
    hint.split('`').enumerate().map(quoted).collect()
}

fn in_words(part: &str) -> Option<String> {
    let (key, value) = part.split_once(" = ").unwrap_or((part, "true"));
    let (_, words) = WORDS.iter().find(|(name, _)| *name == key)?;
    Some(match value {
        "true" => (*words).to_owned(),
        value => format!("{words} {}", value.trim_matches('"')),
    })
}

fn library_error(error: &anyhow::Error) -> Option<&seqgan::Error> {
    error.downcast_ref::<seqgan::Error>()
}

/// Whether stdout's reader left, as `head` does. A failure of a named file comes as the library's error instead.
fn reader_has_gone(error: &anyhow::Error) -> bool {
    library_error(error).is_none()
        && error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    fn config_error() -> seqgan::Error {
        seqgan::Error::Config {
            key: "train.num_rollouts".to_owned(),
            value: "0".to_owned(),
            expected: "1 to 1024".to_owned(),
            source_place: Some("configs/text.toml, line 14".to_owned()),
            hint: Some("use 16 as in configs/paper.toml".to_owned()),
        }
    }

    #[test]
    fn an_error_names_key_value_range_and_hint() {
        let expected = "error: `train.num_rollouts` is 0, expected 1 to 1024 (configs/text.toml, line 14)\n\n\
                        hint: use 16 as in configs/paper.toml\n";
        let error = anyhow::Error::new(config_error());
        assert_eq!(render(&error, false), expected);
        assert_eq!(status(&error, &Interrupt::default()), 2);
    }

    #[test]
    fn a_hint_names_flags_where_there_are_any() {
        let hint =
            "use `data.tokens = \"words\"`, another `out` or `resume = true`, or raise `data.max_length`";
        assert_eq!(
            in_flags(hint),
            "use --tokens words, another --out or --resume, or raise `data.max_length`"
        );
        let error = seqgan::Error::Run {
            path: "a".into(),
            message: "no run folder".into(),
            hint: Some("give a folder that `experiment::run` made".into()),
        };
        let text = render(&anyhow::Error::new(error), false);
        assert!(
            text.ends_with("hint: give a folder that `seqgan oracle` or `seqgan train` made\n"),
            "{text}"
        );
    }

    #[test]
    fn context_stands_before_the_cause_and_keeps_its_hint() {
        let error = Err::<(), _>(config_error()).context("cannot start").unwrap_err();
        let text = render(&error, false);
        assert!(text.starts_with("error: cannot start: `train.num_rollouts` is 0"), "{text}");
        assert!(text.ends_with("hint: use 16 as in configs/paper.toml\n"), "{text}");
        assert_eq!(status(&error, &Interrupt::default()), 2);
    }

    #[test]
    fn a_cause_is_said_once() {
        let failure = io::Error::other("bad sector");
        let error = anyhow::Error::new(seqgan::Error::io("read", "a.txt")(failure));
        assert_eq!(render(&error, false), "error: cannot read a.txt: bad sector\n");
        assert_eq!(status(&error, &Interrupt::default()), 1);
    }

    #[test]
    fn wrong_usage_is_status_two() {
        let hint = Some("give --out".to_owned());
        let error = anyhow::Error::new(UsageError { message: "no folder".to_owned(), hint });
        assert_eq!(render(&error, false), "error: no folder\n\nhint: give --out\n");
        assert_eq!(status(&error, &Interrupt::default()), 2);
    }

    #[test]
    fn an_interrupt_without_a_signal_is_a_failure() {
        let error = anyhow::Error::new(seqgan::Error::Interrupted);
        assert!(render(&error, false).contains("--resume"));
        assert_eq!(status(&error, &Interrupt::default()), 1);
    }

    #[test]
    fn only_stdout_may_lose_its_reader() {
        let broken = || io::Error::from(io::ErrorKind::BrokenPipe);
        assert!(reader_has_gone(&anyhow::Error::new(broken())));
        assert!(reader_has_gone(&anyhow::Error::new(broken()).context("cannot print")));
        assert!(!reader_has_gone(&anyhow::Error::new(seqgan::Error::io("write", "fifo")(broken()))));
        assert!(!reader_has_gone(&anyhow::anyhow!("else")));
    }
}
