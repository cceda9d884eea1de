//! `cargo xtask supply`: what this project is built from.
//!
//! `Cargo.lock` fits the manifests; every package comes from a registry and has a licence that `deny.toml` allows. That
//! needs Cargo alone. Where cargo-deny is installed, it checks the same once more, and that no package is there twice.
//! Known holes in packages (`cargo deny check advisories`) are told by a data base on the network, so that the answer
//! changes without a change here: that is no part of CI.

use crate::check::{Skipped, cargo, cargo_command};
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::path::Path;
use std::process::Stdio;

/// Checks the repository in `root`; tells what was skipped.
pub fn check(root: &Path) -> Result<Skipped> {
    let policy = Policy::read(root)?;
    let packages = packages(root)?;
    let faults: Vec<String> = packages.iter().filter_map(|package| policy.objection(package)).collect();
    faults.iter().for_each(|fault| eprintln!("{fault}"));
    ensure!(faults.is_empty(), "{} of {} packages are not as deny.toml asks", faults.len(), packages.len());
    println!("{} packages have sources and licences that deny.toml allows", packages.len());
    let mut version = cargo_command(root);
    version.args(["deny", "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
    if !version.status().is_ok_and(|status| status.success()) {
        let how = "`cargo install --locked cargo-deny` installs it";
        return Ok(Some(format!("duplicate packages: cargo-deny is not installed; {how}")));
    }
    cargo(root, &["deny", "--locked", "--offline", "check", "bans", "licenses", "sources"], &[])?;
    Ok(None)
}

/// What the checks need of a package.
struct Package {
    name: String,
    licence: Option<String>,
    /// Nothing for members of the workspace.
    source: Option<String>,
}

/// All packages in `Cargo.lock`, which must be there and fit the manifests.
fn packages(root: &Path) -> Result<Vec<Package>> {
    let mut command = cargo_command(root);
    command.args(["metadata", "--locked", "--format-version", "1"]).stderr(Stdio::inherit());
    let output = command.output().context("cannot start cargo")?;
    ensure!(output.status.success(), "`cargo metadata --locked` ended with {}", output.status);
    let metadata: Value = serde_json::from_slice(&output.stdout).context("cargo metadata is no JSON")?;
    let members = metadata["workspace_members"].as_array().context("no members of the workspace")?;
    let package = |package: &Value| {
        let text = |key: &str| package[key].as_str().map(String::from);
        // A package in a folder outside of the workspace has no source either.
        let folder = || (!members.contains(&package["id"])).then(|| "a folder".to_string());
        let name = format!("{} {}", package["name"].as_str()?, package["version"].as_str()?);
        Some(Package { name, licence: text("license"), source: text("source").or_else(folder) })
    };
    let packages = metadata["packages"].as_array().context("no packages")?;
    packages.iter().map(|p| package(p).context("a package without name or version")).collect()
}

/// The parts of `deny.toml` that are read here.
struct Policy {
    licences: Vec<String>,
    registries: Vec<String>,
}

impl Policy {
    fn read(root: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(root.join("deny.toml")).context("cannot read deny.toml")?;
        let table: toml::Table = text.parse().context("cannot parse deny.toml")?;
        let list = |section: &str, key: &str| -> Result<Vec<String>> {
            let values = table.get(section).and_then(|section| section.get(key)?.as_array());
            let values = values.with_context(|| format!("deny.toml has no list `{section}.{key}`"))?;
            Ok(values.iter().filter_map(|value| value.as_str().map(String::from)).collect())
        };
        Ok(Self { licences: list("licenses", "allow")?, registries: list("sources", "allow-registry")? })
    }

    /// Why a package is refused; nothing if it is not.
    fn objection(&self, package: &Package) -> Option<String> {
        if let Some(source) = &package.source {
            let url = source.strip_prefix("registry+");
            if !url.is_some_and(|url| self.registries.iter().any(|registry| registry == url)) {
                return Some(format!("{} comes from {source}, which deny.toml does not allow", package.name));
            }
        }
        let Some(licence) = &package.licence else {
            return Some(format!("{} names no licence", package.name));
        };
        match self.allows(licence) {
            Ok(true) => None,
            Ok(false) => {
                Some(format!("{} has the licence {licence}, which deny.toml does not allow", package.name))
            }
            Err(error) => Some(format!("{}: licence `{licence}`: {error}", package.name)),
        }
    }

    /// Whether the allowed licences satisfy an SPDX expression. `/` is the old way to write `OR`.
    fn allows(&self, expression: &str) -> Result<bool> {
        let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
        let words: Vec<&str> = spaced.split_whitespace().collect();
        let mut reader = Reader { words: &words, policy: self };
        let allowed = reader.either()?;
        ensure!(reader.words.is_empty(), "`{}` is not expected", reader.words[0]);
        Ok(allowed)
    }
}

/// Reads an SPDX expression from left to right.
struct Reader<'a> {
    words: &'a [&'a str],
    policy: &'a Policy,
}

impl Reader<'_> {
    fn next_is(&mut self, word: &str) -> bool {
        let is = self.words.first() == Some(&word);
        self.words = &self.words[usize::from(is)..];
        is
    }

    fn either(&mut self) -> Result<bool> {
        let mut allowed = self.both()?;
        while self.next_is("OR") {
            allowed |= self.both()?;
        }
        Ok(allowed)
    }

    fn both(&mut self) -> Result<bool> {
        let mut allowed = self.one()?;
        while self.next_is("AND") {
            allowed &= self.one()?;
        }
        Ok(allowed)
    }

    fn one(&mut self) -> Result<bool> {
        if self.next_is("(") {
            let allowed = self.either()?;
            ensure!(self.next_is(")"), "a bracket is not closed");
            return Ok(allowed);
        }
        let mut licence = self.name()?;
        if self.next_is("WITH") {
            licence = format!("{licence} WITH {}", self.name()?);
        }
        Ok(self.policy.licences.contains(&licence))
    }

    fn name(&mut self) -> Result<String> {
        let Some((name, rest)) = self.words.split_first() else { bail!("it ends too early") };
        ensure!(!["OR", "AND", "WITH", ")"].contains(name), "`{name}` is not expected");
        self.words = rest;
        Ok((*name).to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> Policy {
        let licences = ["MIT", "Zlib", "Apache-2.0 WITH LLVM-exception"].map(String::from).into();
        Policy { licences, registries: vec!["https://example.org/index".into()] }
    }

    #[test]
    fn expressions_are_read_as_spdx_says() {
        for (expression, expected) in [
            ("MIT", true),
            ("GPL-3.0", false),
            ("GPL-3.0 OR MIT", true),
            ("Unlicense/MIT", true),
            ("GPL-3.0 AND MIT", false),
            // AND binds more tightly than OR.
            ("MIT OR Zlib AND GPL-3.0", true),
            ("(MIT OR GPL-3.0) AND GPL-3.0", false),
            ("(MIT OR GPL-3.0) AND Zlib", true),
            ("Apache-2.0 WITH LLVM-exception", true),
            ("Apache-2.0", false),
            ("MIT WITH LLVM-exception", false),
        ] {
            assert_eq!(policy().allows(expression).unwrap(), expected, "{expression}");
        }
        for broken in ["", "MIT OR", "(MIT", "MIT Zlib", "MIT)", "OR MIT", "MIT WITH"] {
            assert!(policy().allows(broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn packages_from_elsewhere_and_without_a_licence_are_refused() {
        let objection = |source: Option<&str>, licence: Option<&str>| {
            let (source, licence) = (source.map(String::from), licence.map(String::from));
            policy().objection(&Package { name: "a 1.0.0".into(), licence, source }).unwrap_or_default()
        };
        assert_eq!(objection(None, Some("MIT")), "");
        assert_eq!(objection(Some("registry+https://example.org/index"), Some("MIT")), "");
        for source in ["git+https://example.org/index", "registry+https://example.com/index", "a folder"] {
            assert!(objection(Some(source), Some("MIT")).contains("comes from"), "{source}");
        }
        assert!(objection(None, None).contains("names no licence"));
        assert!(objection(None, Some("GPL-3.0")).contains("has the licence GPL-3.0"));
        assert!(objection(None, Some("MIT OR")).contains("ends too early"));
    }
}
