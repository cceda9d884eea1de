//! Much work in one process: memory and open files stay where they were.
//!
//! `SEQGAN_LOAD=50 cargo test -p seqgan-cli load -- --nocapture` does 50 times as much: ten million sequences, and twenty thousand
//! rounds.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::{Scratch, and, and_set, tiny_oracle, tiny_train};

/// Memory that may come and go without being a leak, in KiB.
const SLACK: u64 = 4096;

fn load() -> usize {
    std::env::var("SEQGAN_LOAD").map_or(1, |text| text.parse().expect("SEQGAN_LOAD is a number"))
}

/// Resident memory in KiB and open files of a process, as long as it lives.
fn held(pid: u32) -> Option<(u64, usize)> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let memory = line.split_whitespace().nth(1)?.parse().ok()?;
    Some((memory, fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count()))
}

/// Runs the program and looks at what it holds in the second quarter of its time and in the last: the most memory; and files that are
/// not only open while they are written, which a look may meet or miss.
fn stays_flat(scratch: &Scratch, arguments: &[String]) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_seqgan"))
        .args(arguments)
        .current_dir(scratch.path(""))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut seen = Vec::new();
    while child.try_wait().unwrap().is_none() {
        seen.extend(held(child.id()));
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(child.wait().unwrap().success());
    assert!(seen.len() >= 40, "over too soon to tell: {} looks", seen.len());
    let quarter = seen.len() / 4;
    let [early, late] = [&seen[quarter..2 * quarter], &seen[3 * quarter..]].map(|part| {
        (part.iter().map(|held| held.0).max().unwrap(), part.iter().map(|held| held.1).min().unwrap())
    });
    println!("KiB and files in the second quarter {early:?}, in the last {late:?}");
    assert!(late.0 <= early.0 + SLACK, "memory grows from {} to {} KiB", early.0, late.0);
    assert!(late.1 <= early.1, "{} open files, then {}", early.1, late.1);
}

#[test]
fn samples_are_streamed() {
    let scratch = Scratch::with_sentences();
    scratch.run(and(&tiny_train("sentences.txt"), &["--out", "run", "-q"])).expect_fine();
    let n = (200_000 * load()).to_string();
    stays_flat(&scratch, &["sample", "run", "-n", &n, "-q"].map(String::from));
}

#[test]
fn rounds_leave_nothing_behind() {
    let scratch = Scratch::new();
    let rounds = format!("adversarial.num_rounds={}", 400 * load());
    let settings = [
        r#"methods=["mle-tuned", "seqgan"]"#,
        "adversarial.base=mle-tuned",
        "adversarial.num_negatives=32",
        "adversarial.measure_every_rounds=10",
        "checkpoint.every_secs=0.05",
        "oracle.num_floor=200",
        &rounds,
    ];
    stays_flat(&scratch, &and(&and_set(&tiny_oracle(), &settings), &["--out", "run", "-q"]));
}
