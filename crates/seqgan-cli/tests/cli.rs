//! Runs the real program.

use std::io::Read;
use std::process::{Command, Output, Stdio};

pub const COMMANDS: [&str; 11] = [
    "oracle",
    "train",
    "compare",
    "sample",
    "evaluate",
    "report",
    "inspect",
    "schema",
    "score",
    "completions",
    "man",
];

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seqgan"));
    command.stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    program().args(arguments).output().expect("the program starts")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("the program prints UTF-8")
}

#[test]
fn version_is_printed_on_stdout() {
    let output = run(&["--version"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stdout), format!("seqgan {}\n", env!("CARGO_PKG_VERSION")));
    assert!(output.stderr.is_empty());
}

#[test]
fn help_names_every_command_and_fits_a_screen() {
    let output = run(&["--help"]);
    assert_eq!(output.status.code(), Some(0));
    let help = text(&output.stdout);
    for command in COMMANDS {
        assert!(help.contains(&format!("\n  {command} ")), "{command} is missing in:\n{help}");
    }
    assert!(help.lines().count() <= 30, "too long:\n{help}");
}

#[test]
fn every_command_has_help_with_examples() {
    for command in COMMANDS {
        let output = run(&[command, "--help"]);
        assert_eq!(output.status.code(), Some(0), "{command}");
        let help = text(&output.stdout);
        assert!(help.contains("Usage: seqgan "), "{help}");
        assert!(help.contains(&format!("Examples:\n  seqgan {command} ")), "{help}");
        assert!(!help.lines().next().unwrap_or_default().contains('`'), "no description:\n{help}");
    }
}

#[test]
fn help_of_a_command_states_its_options() {
    let expected: [(&str, &[&str]); 6] = [
        (
            "oracle",
            &["--preset", "--oracle-params", "--seed", "--threads", "--out", "--resume", "--set", "--quiet"],
        ),
        (
            "train",
            &[
                "--preset",
                "--data",
                "--format",
                "--tokens",
                "--seed",
                "--threads",
                "--out",
                "--resume",
                "--set",
            ],
        ),
        ("sample", &["-n, --num", "--temperature", "--format", "--out", "--seed", "--threads"]),
        (
            "evaluate",
            &["--samples", "--tokens", "--train", "--test", "-n, --num", "--temperature", "--json", "--seed"],
        ),
        ("report", &["<RUN>...", "--out"]),
        ("inspect", &["<RUN>"]),
    ];
    for (command, options) in expected {
        let output = run(&[command, "-h"]);
        let help = text(&output.stdout);
        for option in options {
            assert!(help.contains(option), "{option} is missing in:\n{help}");
        }
    }
}

#[test]
fn wrong_usage_is_status_two_on_stderr() {
    for arguments in [
        &["oracle", "--no-such-option"][..],
        &["no-such-command"],
        &["train"],
        &["oracle", "--preset", "huge"],
        &["sample", "run", "--temperature", "0"],
        &[],
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_typing_error_gets_a_suggestion_without_colour() {
    let output = run(&["oracle", "--sead", "1"]);
    let message = text(&output.stderr);
    assert!(message.contains("--seed"), "{message}");
    assert!(!message.contains('\x1b'), "{message}");
}

/// A reader such as `head` may leave before anything is printed.
#[test]
fn a_reader_that_leaves_is_no_failure() {
    let mut child = program().arg("--help").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut message = String::new();
    child.stderr.take().unwrap().read_to_string(&mut message).unwrap();
    assert_eq!((child.wait().unwrap().code(), message.as_str()), (Some(0), ""));
}
