//! `cargo xtask versus-pytorch`: the bench and a PyTorch program of the same shapes, in turn.
//!
//! Times of one machine drift by more than the programs differ, so only runs that stand side by side are compared:
//! a pair is one process of each, and the result is the median of the pairs' ratios. Who begins changes from pair to
//! pair, so that a steady drift favours nobody.

use crate::check::cargo_command;
use crate::statistics::Spread;
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const BASELINE: &str = "benchmarks/pytorch_baseline.py";
const BENCH: &str = "phases";

/// What is timed.
#[derive(Debug, PartialEq, Eq)]
pub struct Options {
    python: PathBuf,
    phases: Vec<String>,
    pairs: usize,
    threads: usize,
    repeat: usize,
}

impl Options {
    /// Reads the arguments behind the command.
    pub fn parse(arguments: &[&str]) -> Result<Self> {
        let phases = ["product", "mle", "sample", "dtrain", "reward", "reward-bf16", "pg"];
        let mut options = Self {
            python: PathBuf::new(),
            phases: phases.map(String::from).to_vec(),
            pairs: 5,
            threads: 2,
            repeat: 1,
        };
        for pair in arguments.chunks(2) {
            let &[name, value] = pair else { bail!("{} needs a value", pair[0]) };
            let number = || match value.parse() {
                Ok(n) if n > 0 => Ok(n),
                _ => bail!("{name} is `{value}`, expected a number from 1"),
            };
            match name {
                "--python" => options.python = value.into(),
                "--phases" => options.phases = value.split(',').map(String::from).collect(),
                "--pairs" => options.pairs = number()?,
                "--threads" => options.threads = number()?,
                "--repeat" => options.repeat = number()?,
                _ => bail!("unknown option {name}"),
            }
        }
        ensure!(options.python != Path::new(""), "--python is missing");
        Ok(options)
    }
}

/// One of the two programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    PyTorch,
    Ours,
}

/// The seconds of a phase, pair by pair.
#[derive(Debug, Default)]
struct Pairs {
    pytorch: Vec<f64>,
    ours: Vec<f64>,
}

/// Times the phases and prints a table; the raw lines go to `versus-pytorch.jsonl` in the target folder.
pub fn run(root: &Path, options: &Options) -> Result<()> {
    warn_if_busy();
    let bench = build(root)?;
    // <target>/release/deps/phases-0123456789abcdef
    let target = bench.ancestors().nth(3).context("the bench lies in no target folder")?;
    let path = target.join("versus-pytorch.jsonl");
    let mut log = File::options().create(true).append(true).open(&path)?;
    let mut table = HEADING.to_string();
    for phase in &options.phases {
        let mut pairs = Pairs::default();
        for pair in 0..options.pairs {
            for side in order(pair) {
                let line = measure(root, &bench, side, phase, options)?;
                let seconds = median_seconds(&line)?;
                eprintln!("{phase}, pair {} of {}: {side:?} {seconds:.4} s", pair + 1, options.pairs);
                writeln!(log, "{}", json!({ "side": format!("{side:?}"), "pair": pair + 1, "line": line }))?;
                match side {
                    Side::PyTorch => pairs.pytorch.push(seconds),
                    Side::Ours => pairs.ours.push(seconds),
                }
            }
        }
        table += &row(phase, &pairs);
    }
    print!("{table}");
    eprintln!("every run: {}", fs::canonicalize(&path).unwrap_or(path).display());
    Ok(())
}

/// PyTorch's threads wait by spinning, so another program's load slows it far more than it slows us.
fn warn_if_busy() {
    let loads = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    if let Some(load) = loads.split(' ').next().and_then(|load| load.parse::<f64>().ok()).filter(|&l| l > 0.5)
    {
        eprintln!("warning: the load was {load} in the last minute; on a busy machine PyTorch loses most");
    }
}

/// Builds the bench and returns the executable.
fn build(root: &Path) -> Result<PathBuf> {
    let mut command = cargo_command(root);
    command.args(["bench", "--locked", "--package", "seqgan", "--bench", BENCH, "--no-run"]);
    command.arg("--message-format=json");
    let output = command.stderr(Stdio::inherit()).output().context("cannot start cargo")?;
    ensure!(output.status.success(), "building the bench ended with {}", output.status);
    executable(&String::from_utf8(output.stdout).context("cargo's messages are not UTF-8")?)
}

/// The bench among Cargo's messages, one JSON object a line.
fn executable(messages: &str) -> Result<PathBuf> {
    let path = |message: Value| -> Option<PathBuf> {
        let built = message["reason"] == "compiler-artifact" && message["target"]["name"] == BENCH;
        message["executable"].as_str().filter(|_| built).map(PathBuf::from)
    };
    messages
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .find_map(path)
        .context("cargo tells no executable of the bench")
}

/// Who runs first in a pair.
fn order(pair: usize) -> [Side; 2] {
    if pair.is_multiple_of(2) { [Side::PyTorch, Side::Ours] } else { [Side::Ours, Side::PyTorch] }
}

/// One process; what it printed.
fn measure(root: &Path, bench: &Path, side: Side, phase: &str, options: &Options) -> Result<Value> {
    let mut command = match side {
        Side::PyTorch => Command::new(&options.python),
        Side::Ours => Command::new(bench),
    };
    command.current_dir(root).arg(match side {
        Side::PyTorch => BASELINE,
        Side::Ours => "--bench", // as Cargo calls benches
    });
    // What we do in a lower precision the baseline does in f32.
    let phase = match side {
        Side::PyTorch => phase.strip_suffix("-bf16").unwrap_or(phase),
        Side::Ours => phase,
    };
    command.args(["--phase", phase, "--repeat", &options.repeat.to_string()]);
    command.args(["--threads", &options.threads.to_string()]).stdin(Stdio::null());
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stderr(Stdio::inherit()).output().with_context(|| format!("cannot start {name}"))?;
    ensure!(output.status.success(), "{name} ended with {} in phase {phase}", output.status);
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(text.trim()).with_context(|| format!("{name} printed no JSON line, but: {text}"))
}

/// The median of the line's `seconds`.
fn median_seconds(line: &Value) -> Result<f64> {
    let seconds = line["seconds"].as_array().map(Vec::as_slice).unwrap_or_default();
    let seconds: Option<Vec<f64>> = seconds.iter().map(|s| s.as_f64().filter(|&s| s > 0.0)).collect();
    match seconds {
        Some(seconds) if !seconds.is_empty() => Ok(Spread::of(seconds).median),
        _ => bail!("no `seconds` above zero in {line}"),
    }
}

const HEADING: &str = "\
| phase | PyTorch, s | ours, s | PyTorch / ours | least to most | pairs |
|---|---|---|---|---|---|
";

/// A row of the table: medians of each side, and of the pairs' ratios.
fn row(phase: &str, pairs: &Pairs) -> String {
    let median = |seconds: &[f64]| Spread::of(seconds.iter().copied()).median;
    let (pytorch, ours) = (median(&pairs.pytorch), median(&pairs.ours));
    let ratios = pairs.pytorch.iter().zip(&pairs.ours).map(|(pytorch, ours)| pytorch / ours);
    let Spread { median, least, most } = Spread::of(ratios);
    let mut row = String::new();
    let n = pairs.ours.len();
    let _ =
        writeln!(row, "| {phase} | {pytorch:.4} | {ours:.4} | {median:.2} | {least:.2} to {most:.2} | {n} |");
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_have_defaults_and_refuse_what_they_do_not_know() {
        let options = Options::parse(&["--python", "py", "--phases", "pg,mle", "--pairs", "3"]).unwrap();
        assert_eq!(options.phases, ["pg", "mle"]);
        assert_eq!((options.pairs, options.threads, options.repeat), (3, 2, 1));
        for (arguments, expected) in [
            (&["--pairs", "3"][..], "--python is missing"),
            (&["--python"], "--python needs a value"),
            (&["--python", "py", "--pairs", "0"], "--pairs is `0`, expected a number from 1"),
            (&["--speed", "3"], "unknown option --speed"),
        ] {
            assert_eq!(Options::parse(arguments).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn the_executable_is_the_bench_and_not_what_was_built_on_the_way() {
        let messages = r#"
            {"reason":"compiler-artifact","target":{"name":"seqgan"},"executable":null}
            {"reason":"compiler-artifact","target":{"name":"build-script-build"},"executable":"/t/build"}
            not JSON
            {"reason":"compiler-artifact","target":{"name":"phases"},"executable":"/t/release/deps/phases-1"}
            {"reason":"build-finished","success":true}"#;
        assert_eq!(executable(messages).unwrap(), Path::new("/t/release/deps/phases-1"));
        assert!(executable("").is_err());
    }

    #[test]
    fn seconds_are_read_from_lines_of_both_programs() {
        let ours = json!({ "phase": "pg", "threads": 2, "seconds": [0.3, 0.1, 0.2], "gflop": 1.2 });
        let pytorch = json!({ "phase": "pg", "torch": "2", "warmup": 9.0, "seconds": [0.5] });
        assert_eq!(median_seconds(&ours).unwrap(), 0.2);
        assert_eq!(median_seconds(&pytorch).unwrap(), 0.5);
        for wrong in [json!({}), json!({ "seconds": [] }), json!({ "seconds": [1.0, null] })] {
            assert!(median_seconds(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn ratios_are_of_pairs_and_not_of_medians() {
        // The machine slowed down for the second pair. Ratios 2, 2, 4; the ratio of the medians would be 4 / 1.
        let pairs = Pairs { pytorch: vec![2.0, 6.0, 4.0], ours: vec![1.0, 3.0, 1.0] };
        assert_eq!(row("pg", &pairs), "| pg | 4.0000 | 1.0000 | 2.00 | 2.00 to 4.00 | 3 |\n");
    }

    #[test]
    fn both_begin_equally_often() {
        assert_eq!(order(0), [Side::PyTorch, Side::Ours]);
        assert_eq!(order(1), [Side::Ours, Side::PyTorch]);
    }
}
