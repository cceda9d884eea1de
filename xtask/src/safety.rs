//! `cargo xtask safety`: unsafe code stands in the kernels alone, and gives its reasons.
//!
//! The compiler refuses it elsewhere and Clippy asks every block, function and implementation for its reason; both can
//! be switched off by an attribute, in any file. This check knows the files that may, and that nobody may switch off
//! the reasons.

use crate::rust_source::{files_below, identifiers, read, tokens};
use anyhow::{Context, Result, bail, ensure};
use proc_macro2::TokenStream;
use std::path::Path;

/// The files with unsafe code, in `crates/seqgan/src/kernel`.
const FILES: [&str; 14] = [
    "adam.rs",
    "bf16/amx.rs",
    "bf16/detection.rs",
    "bf16/emulated.rs",
    "bf16/lines.rs",
    "bf16/product.rs",
    "bf16/tiles.rs",
    "cells.rs",
    "draw.rs",
    "gemm.rs",
    "math.rs",
    "simd.rs",
    "transpose.rs",
    "windows.rs",
];

/// Lints that every crate obeys and no file may name.
const REASONS: [&str; 3] = ["unsafe_op_in_unsafe_fn", "undocumented_unsafe_blocks", "missing_safety_doc"];

/// Checks the repository in `root`.
pub fn check(root: &Path) -> Result<()> {
    lints_are_on(root)?;
    let files = files_below(root)?;
    let kernel = Path::new("crates/seqgan/src/kernel");
    let mut faults = 0;
    for file in &files {
        let source = tokens(&read(&root.join(file))?).with_context(|| file.display().to_string())?;
        let listed = FILES.iter().any(|name| *file == kernel.join(name));
        for (line, fault) in faults_of(source, listed) {
            eprintln!("{}:{line}: {fault}", file.display());
            faults += 1;
        }
    }
    for name in FILES {
        ensure!(files.contains(&kernel.join(name)), "{name}, listed in xtask/src/safety.rs, does not exist");
    }
    match faults {
        0 => Ok(()),
        n => bail!(
            "{n} fault{} in unsafe code; xtask/src/safety.rs lists its files",
            if n == 1 { "" } else { "s" }
        ),
    }
}

/// Lines and faults of a source file, which may have unsafe code if it is `listed`.
fn faults_of(source: TokenStream, listed: bool) -> Vec<(usize, String)> {
    let mut faults = Vec::new();
    let mut found = false;
    for (name, line) in identifiers(source) {
        let name = name.as_str();
        found |= name == "unsafe";
        if !listed && ["unsafe", "unsafe_code"].contains(&name) {
            faults.push((line, format!("`{name}` in a file that is not one of the kernels")));
        }
        if REASONS.contains(&name) {
            faults.push((line, format!("`{name}` is decided in Cargo.toml, for all")));
        }
    }
    if listed && !found {
        faults.push((1, "listed as a file with unsafe code and has none".into()));
    }
    faults
}

/// The workspace denies unsafe code and unsafe code without reasons, and all members obey.
fn lints_are_on(root: &Path) -> Result<()> {
    let workspace = manifest(&root.join("Cargo.toml"))?;
    let lints = &workspace["workspace"]["lints"];
    for lint in ["unsafe_code"].iter().chain(&REASONS) {
        let level = ["rust", "clippy"].iter().find_map(|tool| lints[*tool].get(*lint)?.as_str());
        ensure!(level == Some("deny"), "Cargo.toml sets the lint `{lint}` to {level:?}, expected deny");
    }
    for member in workspace["workspace"]["members"].as_array().into_iter().flatten() {
        let path = root.join(member.as_str().unwrap_or_default()).join("Cargo.toml");
        let obeys = manifest(&path)?.get("lints").and_then(|lints| lints.get("workspace")?.as_bool());
        ensure!(obeys == Some(true), "{} has no `lints.workspace = true`", path.display());
    }
    Ok(())
}

fn manifest(path: &Path) -> Result<toml::Table> {
    read(path)?.parse().with_context(|| format!("cannot parse {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str, listed: bool) -> Vec<usize> {
        faults_of(tokens(text).unwrap(), listed).into_iter().map(|(line, _)| line).collect()
    }

    #[test]
    fn unsafe_code_is_refused_outside_of_the_listed_files() {
        let text = "// unsafe\nlet s = \"unsafe\";\nunsafe { f() }\n#[allow(unsafe_code)]\nunsafe impl Send for A {}";
        assert_eq!(lines(text, false), [3, 4, 5]);
        assert_eq!(lines(text, true), [0; 0]);
        assert_eq!(lines("#![expect(unsafe_code)]", false), [1]);
    }

    #[test]
    fn reasons_cannot_be_switched_off_and_the_list_cannot_grow_stale() {
        let text = "unsafe fn f() {}\n#[allow(clippy::undocumented_unsafe_blocks)]\nmod a {}";
        assert_eq!(lines(text, true), [2]);
        assert_eq!(lines("fn f() {}", true), [1]);
    }

    #[test]
    fn this_repository_passes() {
        check(&crate::root()).unwrap();
    }
}
