//! Other toolchains than the one that runs this tool, by way of rustup.

use anyhow::{Context, Result, ensure};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Whether a program of a toolchain starts.
pub(crate) fn has(root: &Path, toolchain: &str, program: &[&str]) -> bool {
    let mut command = program_of(root, toolchain, program);
    command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// A program of a toolchain, such as `cargo`. rustup installs nothing on the way.
pub(crate) fn program_of(root: &Path, toolchain: &str, program: &[&str]) -> Command {
    let mut command = Command::new("rustup");
    command.arg("run").arg(toolchain).args(program);
    // Cargo, which runs this tool, has set its own compiler and folder.
    command.env_remove("CARGO").env_remove("RUSTC").env_remove("RUSTUP_TOOLCHAIN");
    command.current_dir(root).stdin(Stdio::null());
    command
}

/// Installs a toolchain, with cargo and rustc alone; gives up after `limit`.
pub(crate) fn install(toolchain: &str, limit: Duration) -> Result<()> {
    let mut command = Command::new("rustup");
    command.args(["toolchain", "install", toolchain, "--profile", "minimal", "--no-self-update"]);
    let mut child = command.stdin(Stdio::null()).spawn().context("cannot start rustup")?;
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            ensure!(status.success(), "rustup ended with {status}");
            return Ok(());
        }
        if start.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            anyhow::bail!("not installed within {} s", limit.as_secs());
        }
        sleep(Duration::from_millis(100));
    }
}
