//! `cargo xtask check`: everything that CI runs, cheapest first, up to the first failure.

use anyhow::{Context, Result, bail, ensure};
use seqgan::config::{Method, Preset};
use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// What a step could not do here, and why; nothing if it did all.
pub(crate) type Skipped = Option<String>;

/// A step's name and what it does in the repository.
type Step = (&'static str, fn(&Path) -> Result<Skipped>);

const STEPS: [Step; 14] = [
    ("format", |root| all(cargo(root, &["fmt", "--all", "--check"], &[]))),
    ("layers", |root| all(crate::layers::check(root))),
    ("unsafe code", |root| all(crate::safety::check(root))),
    ("settings page", |root| all(crate::docs::check(root))),
    ("book", |root| all(crate::book::check(root))),
    ("supply", crate::supply::check),
    ("lints", |root| {
        let clippy = ["clippy", "--locked", "--workspace", "--all-targets", "--", "--deny", "warnings"];
        all(cargo(root, &clippy, &[]))
    }),
    ("lints with subwords", |root| {
        let packages = ["--package", "seqgan", "--package", "seqgan-cli", "--features", "seqgan-cli/bpe"];
        let clippy = [&["clippy", "--locked"][..], &packages, &["--all-targets", "--", "--deny", "warnings"]];
        all(cargo(root, &clippy.concat(), &[]))
    }),
    ("minimum Rust version", crate::minimum_rust::check),
    // The program has no documentation of its own, and its pages would overwrite those of the library of the same name.
    ("documentation", |root| {
        let doc = ["doc", "--locked", "--no-deps", "--package", "seqgan"];
        all(cargo(root, &doc, &[("RUSTDOCFLAGS", "--deny warnings")]))
    }),
    ("tests", |root| all(cargo(root, &["test", "--locked", "--workspace"], &[]))),
    // The feature adds code and changes none, so that what does not touch it need not run again.
    ("tests with subwords", |root| {
        let packages = ["--package", "seqgan", "--package", "seqgan-cli", "--features", "seqgan-cli/bpe"];
        let tests = ["--lib", "--test", "cli", "subwords"];
        all(cargo(root, &[&["test", "--locked"][..], &packages, &tests].concat(), &[]))
    }),
    ("release build", |root| {
        all(cargo(root, &["build", "--locked", "--release", "--package", "seqgan-cli"], &[]))
    }),
    ("smoke run", |root| all(smoke_run(root))),
];

/// A step that skips nothing.
fn all(done: Result<()>) -> Result<Skipped> {
    done.map(|()| None)
}

/// Runs the steps in the repository.
pub fn run(root: &Path) -> Result<()> {
    let start = Instant::now();
    let skipped = run_steps(root, &STEPS)?;
    println!("check: all {} steps passed in {:.0} s", STEPS.len(), start.elapsed().as_secs_f64());
    // Once more, where the last lines are all that is read.
    skipped.iter().for_each(|what| println!("check: SKIPPED {what}"));
    Ok(())
}

/// Runs the steps up to the first failure; tells what they skipped.
fn run_steps(root: &Path, steps: &[Step]) -> Result<Vec<String>> {
    let mut skipped = Vec::new();
    for (i, (name, step)) in steps.iter().enumerate() {
        println!("check {}/{}: {name}", i + 1, steps.len());
        let start = Instant::now();
        let left_out =
            step(root).with_context(|| format!("step {} of {}, {name}, failed", i + 1, steps.len()))?;
        left_out.iter().for_each(|what| println!("SKIPPED {what}"));
        skipped.extend(left_out);
        println!("check {}/{}: {name} passed in {:.1} s", i + 1, steps.len(), start.elapsed().as_secs_f64());
    }
    Ok(skipped)
}

/// The Cargo that runs this tool.
pub(crate) fn cargo_command(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    command.current_dir(root).stdin(Stdio::null());
    command
}

pub(crate) fn cargo(root: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Result<()> {
    let mut command = cargo_command(root);
    command.args(arguments).envs(variables.iter().copied());
    let status = command.status().context("cannot start cargo")?;
    ensure!(status.success(), "`cargo {}` ended with {status}", arguments.join(" "));
    Ok(())
}

/// The real program, start to end on the smallest preset, in a folder that is removed again.
fn smoke_run(root: &Path) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    let mut command = cargo_command(root);
    command.args(["run", "--locked", "--quiet", "--release", "--package", "seqgan-cli", "--"]);
    command.args(["oracle", "--preset", "smoke", "--quiet", "--out"]).arg(&run);
    let output = command.stderr(Stdio::inherit()).output().context("cannot start cargo")?;
    ensure!(output.status.success(), "`seqgan oracle --preset smoke` ended with {}", output.status);
    let table = String::from_utf8(output.stdout).context("the table is not UTF-8")?;
    print!("{table}");
    check_table(&table, &Preset::Smoke.config().methods)?;
    let summary = run.join("summary.json");
    ensure!(summary.is_file(), "the run left no summary.json");
    Ok(())
}

/// The table has the columns of the oracle task and a row of numbers for each method.
fn check_table(table: &str, methods: &[Method]) -> Result<()> {
    let mut lines = table.lines();
    let heading = lines.next().unwrap_or_default();
    for column in ["method", "nll_oracle", "nll_test", "entropy"] {
        ensure!(heading.contains(column), "the table has no column `{column}`");
    }
    for method in methods {
        let row = table.lines().find(|line| line.split_whitespace().next() == Some(method.name()));
        let Some(row) = row else { bail!("the table has no row `{method}`") };
        let numbers =
            row.split_whitespace().filter(|cell| cell.parse::<f64>().is_ok_and(f64::is_finite)).count();
        ensure!(numbers >= 3, "the row `{method}` holds {numbers} finite numbers, expected 3 or more: {row}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_failure_stops_and_is_named() {
        let steps: [Step; 3] =
            [("a", |_| Ok(None)), ("b", |_| bail!("cause")), ("c", |_| panic!("ran behind a failure"))];
        let error = run_steps(Path::new("."), &steps).unwrap_err();
        assert_eq!(format!("{error:#}"), "step 2 of 3, b, failed: cause");
    }

    #[test]
    fn what_was_skipped_is_told() {
        let steps: [Step; 2] = [("a", |_| Ok(Some("a part".into()))), ("b", |_| Ok(None))];
        assert_eq!(run_steps(Path::new("."), &steps).unwrap(), ["a part"]);
    }

    #[test]
    fn a_command_that_fails_is_an_error() {
        let error = cargo(&crate::root(), &["no-such-command"], &[]).unwrap_err().to_string();
        assert!(error.starts_with("`cargo no-such-command` ended with exit status: "), "{error}");
    }

    #[test]
    fn tables_without_a_row_or_with_nan_are_refused() {
        let methods = [Method::RANDOM, Method::SEQGAN];
        let table = "method  nll_oracle  nll_test  entropy\nrandom  9.1  8.5  8.5\nseqgan  7.1  7.5  7.6\n";
        check_table(table, &methods).unwrap();
        for (from, to, expected) in [
            ("seqgan  7", "other  7", "no row `seqgan`"),
            ("7.1", "NaN", "holds 2 finite numbers"),
            ("entropy", "", "no column `entropy`"),
        ] {
            let error = check_table(&table.replace(from, to), &methods).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
