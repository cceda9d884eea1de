//! `cargo xtask fuzz`: fuzzing of everything that reads files, a target at a time (docs/reliability.md).

use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// Of each target, unless told otherwise.
const MINUTES: u64 = 60;

/// Memory of a target's process in MiB, and of one allocation.
const MOST_MEMORY: u64 = 1024;
const MOST_ALLOCATED: u64 = 512;
/// Seconds for one input.
const MOST_SECONDS: u64 = 10;
/// Bytes of an input: a page or so shows what a long file would.
const MOST_BYTES: u64 = 4096;

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub struct Options {
    minutes: u64,
    /// All of them where it is empty.
    targets: Vec<String>,
}

impl Options {
    /// Reads the arguments behind `fuzz`.
    pub fn parse(arguments: &[&str]) -> Result<Self> {
        let mut options = Self { minutes: MINUTES, targets: Vec::new() };
        let mut rest = arguments.iter();
        while let Some(&argument) = rest.next() {
            match argument {
                "--minutes" => {
                    let value = rest.next().context("--minutes needs a value")?;
                    options.minutes = value.parse().with_context(|| format!("--minutes {value}"))?;
                    ensure!(options.minutes > 0, "--minutes 0, expected 1 or more");
                }
                _ if argument.starts_with('-') => bail!("unknown option {argument}"),
                target => options.targets.push(target.to_string()),
            }
        }
        Ok(options)
    }
}

/// Builds and runs the targets. What they find that is new lies in `target/fuzz/`, so that the next run goes on there.
pub fn run(root: &Path, options: &Options) -> Result<()> {
    let all = targets(root)?;
    for target in &options.targets {
        ensure!(all.contains(target), "no target {target}, expected one of {}", all.join(", "));
    }
    let asked = if options.targets.is_empty() { &all } else { &options.targets };
    for target in asked {
        println!("fuzz: {target}, {} minutes", options.minutes);
        let found = root.join("target/fuzz").join(target);
        fs::create_dir_all(&found).with_context(|| format!("cannot make {}", found.display()))?;
        run_target(root, target, &found, options.minutes)?;
    }
    Ok(())
}

/// The programs in `fuzz/fuzz_targets`.
fn targets(root: &Path) -> Result<Vec<String>> {
    let folder = root.join("fuzz/fuzz_targets");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        names.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}

fn run_target(root: &Path, target: &str, found: &Path, minutes: u64) -> Result<()> {
    // Through rustup, because the Cargo that runs this tool is another one.
    let mut command = Command::new("rustup");
    command.current_dir(root).stdin(Stdio::null());
    command.args(["run", "nightly", "cargo", "fuzz", "run", target]).arg(found);
    command.arg(root.join("fuzz/corpus").join(target));
    command.arg("--");
    command.arg(format!("-max_total_time={}", 60 * minutes));
    command.arg(format!("-rss_limit_mb={MOST_MEMORY}"));
    command.arg(format!("-malloc_limit_mb={MOST_ALLOCATED}"));
    command.arg(format!("-timeout={MOST_SECONDS}"));
    command.arg(format!("-max_len={MOST_BYTES}"));
    command.args(["-print_final_stats=1", "-use_value_profile=1"]);
    let status = command.status().context("cannot start rustup")?;
    ensure!(
        status.success(),
        "{target} ended with {status}; the file it was given lies in fuzz/artifacts/{target}"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_all_or_those_named() {
        let parse = |arguments: &[&str]| Options::parse(arguments);
        assert_eq!(parse(&[]).unwrap(), Options { minutes: 60, targets: Vec::new() });
        let both = Options { minutes: 5, targets: vec!["data".into(), "midi".into()] };
        assert_eq!(parse(&["data", "--minutes", "5", "midi"]).unwrap(), both);
        for wrong in [&["--minutes"][..], &["--minutes", "x"], &["--minutes", "0"], &["--hours", "1"]] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
        let unknown = Options { minutes: 1, targets: vec!["none".into()] };
        let error = run(&crate::root(), &unknown).unwrap_err().to_string();
        assert!(error.contains("no target none, expected one of answers, config"), "{error}");
    }
}
