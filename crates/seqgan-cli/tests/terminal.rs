//! Every command on a terminal, which `script` makes: no colour against NO_COLOR, no bar against --quiet.

use std::process::{Command, Stdio};

use crate::cli::COMMANDS;
use crate::support::{Ended, Scratch, and, tiny_compare, tiny_oracle, tiny_train};

/// A call of every command that ends well; the run `run` is there.
fn calls() -> Vec<Vec<String>> {
    let words = |line: &str| line.split(' ').map(String::from).collect::<Vec<_>>();
    vec![
        and(&tiny_oracle(), &["--out", "OUT"]),
        and(&tiny_train("sentences.txt"), &["--out", "OUT"]),
        and(&tiny_compare(), &["--methods", "mle-tuned,seqgan", "--seeds", "2", "--out", "OUT"]),
        words("sample run -n 20000"),
        words("score run sentences.txt"),
        words("evaluate run --test sentences.txt --trained-metrics"),
        words("report run"),
        words("inspect run"),
        words("schema"),
        words("completions bash"),
        words("man"),
    ]
}

#[test]
fn every_command_honours_no_color_and_quiet() {
    if Command::new("script").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
        eprintln!("SKIPPED: there is no `script` here to make a terminal");
        return;
    }
    let scratch = Scratch::with_run();
    assert_eq!(calls().len(), COMMANDS.len());
    for (n, call) in calls().into_iter().enumerate() {
        assert!(COMMANDS.contains(&call[0].as_str()));
        for quiet in [false, true] {
            let out = format!("out-{n}-{quiet}");
            let words = call.iter().map(|word| if word == "OUT" { &out } else { word });
            let quoted: String = words.map(|word| format!(" '{word}'")).collect();
            let line =
                format!("'{}'{quoted}{}", env!("CARGO_BIN_EXE_seqgan"), if quiet { " -q" } else { "" });
            let mut command = Command::new("script");
            command.args(["-qec", &line, "/dev/null"]).env("NO_COLOR", "1").env("TERM", "xterm");
            command.current_dir(scratch.path(".")).stdin(Stdio::null());
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
            let shown = Ended::of(command.spawn().unwrap()).expect_fine().stdout;
            let mut codes = shown.split("\x1b[").skip(1);
            let coloured = codes.any(|code| {
                code.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';').starts_with('m')
            });
            assert!(!coloured, "{line}\n{shown:?}");
            assert!(!quiet || !shown.contains('\x1b'), "{line}\n{shown:?}");
        }
    }
}
