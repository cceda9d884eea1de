//! `cargo xtask sanitize`: the unsafe code under two tools that see what a test cannot.
//!
//! Miri interprets the tests of the kernels and stops at any undefined behaviour: memory that is not there or not
//! initialised, two mutable references to one place, data races. It knows portable code, AVX2, and of AVX-512 enough for
//! some kernels. AddressSanitizer runs the same tests, and the tests of numbers with every instruction set, on the CPU itself,
//! AVX-512 and AVX512-BF16 included, and stops at an access outside of an allocation. Both need a nightly toolchain.

use crate::rustup;
use anyhow::{Context, Result, bail, ensure};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The toolchain with both tools.
const TOOLCHAIN: &str = "nightly";

/// A run of tests under a tool.
struct Stage {
    name: &'static str,
    /// Behind `cargo`.
    tool: &'static [&'static str],
    /// Target features and other flags for the compiler.
    flags: &'static str,
    /// Which tests.
    tests: &'static [&'static str],
    /// Without the architecture there is nothing to run.
    x86_only: bool,
}

/// Two threads, so that tasks run at a time; no random rounding, which the tests that compare bits would see. Threads of
/// rayon outlive the tests, and its dependency crossbeam-epoch 0.9 keeps the rules of Tree Borrows alone, not those of
/// Stacked Borrows.
const MIRI_FLAGS: &str =
    "-Zmiri-num-cpus=2 -Zmiri-deterministic-floats -Zmiri-ignore-leaks -Zmiri-tree-borrows";

const KERNELS: &[&str] = &["--lib", "kernel::"];

/// Those that need no instruction of AVX-512 which Miri lacks (maximum, rounding, comparison).
const AVX512_KERNELS: &[&str] = &[
    "--lib",
    "--",
    "kernel::packed",
    "kernel::product",
    "kernel::simd",
    "kernel::transpose",
    "kernel::update",
];

const STAGES: [Stage; 5] = [
    Stage { name: "miri-portable", tool: &["miri", "test"], flags: "", tests: KERNELS, x86_only: false },
    Stage {
        name: "miri-avx2",
        tool: &["miri", "test"],
        flags: "-Ctarget-feature=+avx2,+fma",
        tests: KERNELS,
        x86_only: true,
    },
    Stage {
        name: "miri-avx512",
        tool: &["miri", "test"],
        flags: "-Ctarget-feature=+avx2,+fma,+avx512f,+avx512dq",
        tests: AVX512_KERNELS,
        x86_only: true,
    },
    Stage {
        name: "address-kernels",
        tool: &["test"],
        flags: "-Zsanitizer=address",
        tests: KERNELS,
        x86_only: false,
    },
    Stage {
        name: "address-instruction-sets",
        tool: &["test"],
        flags: "-Zsanitizer=address",
        tests: &["--test", "main", "instruction_sets::"],
        x86_only: false,
    },
];

/// Runs the stages whose names begin with `which`, all for an empty one.
pub fn run(root: &Path, which: &str) -> Result<()> {
    let stages: Vec<&Stage> = STAGES.iter().filter(|stage| stage.name.starts_with(which)).collect();
    if stages.is_empty() {
        bail!("no stage `{which}`; there are {}", STAGES.map(|stage| stage.name).join(", "));
    }
    let mut skipped = Vec::new();
    for stage in &stages {
        println!("sanitize: {}", stage.name);
        match stage.obstacle(root) {
            Some(why) => skipped.push(format!("{}: {why}", stage.name)),
            None => stage.run(root)?,
        }
    }
    println!("sanitize: {} of {} stages passed", stages.len() - skipped.len(), stages.len());
    skipped.iter().for_each(|what| println!("sanitize: SKIPPED {what}"));
    Ok(())
}

impl Stage {
    /// Why it cannot run here.
    fn obstacle(&self, root: &Path) -> Option<String> {
        if self.x86_only && !cfg!(target_arch = "x86_64") {
            return Some("needs an x86-64 CPU".into());
        }
        if !rustup::has(root, TOOLCHAIN, &["cargo"]) {
            return Some(format!("`rustup toolchain install {TOOLCHAIN}` installs what it needs"));
        }
        if self.tool[0] == "miri" && !rustup::has(root, TOOLCHAIN, &["cargo", "miri"]) {
            return Some(format!("`rustup +{TOOLCHAIN} component add miri rust-src` installs what it needs"));
        }
        None
    }

    fn run(&self, root: &Path) -> Result<()> {
        let host = host(root)?;
        let mut command = rustup::program_of(root, TOOLCHAIN, &["cargo"]);
        command.args(self.tool).args(["--locked", "--package", "seqgan", "--target", &host]);
        // Flags of their own would have each stage throw away what the others and `cargo test` built.
        let kind = self.name.strip_suffix("-instruction-sets").or(self.name.strip_suffix("-kernels"));
        command.arg("--target-dir").arg(target_folder(root).join("sanitize").join(kind.unwrap_or(self.name)));
        command.args(self.tests).env("RUSTFLAGS", self.flags).env("MIRIFLAGS", MIRI_FLAGS);
        command.env_remove("SEQGAN_SIMD");
        let start = Instant::now();
        let status = command.status().context("cannot start rustup")?;
        ensure!(status.success(), "{} ended with {status}", self.name);
        println!("sanitize: {} passed in {:.0} s", self.name, start.elapsed().as_secs_f64());
        Ok(())
    }
}

/// What this machine is called. Named as the target, it keeps the flags away from build scripts and macros.
fn host(root: &Path) -> Result<String> {
    let output =
        rustup::program_of(root, TOOLCHAIN, &["rustc", "-vV"]).output().context("cannot start rustup")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc does not tell its host")?.to_string())
}

/// Where Cargo builds.
fn target_folder(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_stage_is_refused() {
        let error = run(Path::new("."), "thread").unwrap_err().to_string();
        assert!(error.starts_with("no stage `thread`; there are miri-portable, "), "{error}");
    }
}
