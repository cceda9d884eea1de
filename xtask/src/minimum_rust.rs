//! `cargo xtask minimum-rust`: everything compiles with the oldest Rust that `Cargo.toml` promises.

use crate::check::Skipped;
use crate::rustup;
use anyhow::{Context, Result, ensure};
use std::path::Path;
use std::time::Duration;

/// How long rustup may take to install it.
const LIMIT: Duration = Duration::from_secs(60);

/// Checks the repository in `root`; tells what was skipped.
pub fn check(root: &Path) -> Result<Skipped> {
    let version = promised(&std::fs::read_to_string(root.join("Cargo.toml"))?)?;
    if !rustup::has(root, &version, &["cargo"])
        && let Err(error) = rustup::install(&version, LIMIT)
    {
        return Ok(Some(format!("the minimum Rust version, {version}: {error:#}")));
    }
    let mut command = rustup::program_of(root, &version, &["cargo", "check"]);
    let status = command.args(["--locked", "--workspace", "--all-targets"]).status()?;
    ensure!(status.success(), "`cargo +{version} check` ended with {status}");
    Ok(None)
}

/// The `rust-version` of the workspace.
fn promised(manifest: &str) -> Result<String> {
    let manifest: toml::Table = manifest.parse().context("cannot parse Cargo.toml")?;
    let package = manifest.get("workspace").and_then(|workspace| workspace.get("package"));
    let version = package.and_then(|package| package.get("rust-version")?.as_str());
    Ok(version.context("Cargo.toml has no `workspace.package.rust-version`")?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_that_of_the_workspace() {
        assert_eq!(promised("[workspace.package]\nrust-version = \"1.2\"").unwrap(), "1.2");
        assert!(promised("[package]\nrust-version = \"1.2\"").is_err());
    }
}
