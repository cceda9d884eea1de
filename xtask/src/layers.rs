//! `cargo xtask layers`: data flows one way.
//!
//! Reads every path of the library that begins at the crate's root (`crate::x`, or enough `super::`), in imports
//! and in expressions, and refuses those that point to the right. Tests obey the same order.

use crate::rust_text::{Piece, pieces};
use anyhow::{Context, Result, bail};
use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// The stages in the order of the flow. A stage uses itself, stages before it, and the foundation.
const STAGES: [&str; 8] = ["data", "generator", "rollout", "reward", "update", "metrics", "report", "train"];

/// What every stage may use. The foundation uses no stage.
const FOUNDATION: [&str; 10] =
    ["checkpoint", "config", "error", "fault", "kernel", "ngram", "nn", "rng", "run", "token"];

/// Arrows that point to the left and are refused all the same.
const REFUSED: [(&str, &[&str], &str); 2] = [
    ("metrics", &["reward", "update"], "metrics measure; they neither judge nor change what they measure"),
    ("report", &["generator", "rollout", "reward", "update"], "reports know metric records, not models"),
];

/// A place where the order is broken.
#[derive(Debug, PartialEq, Eq)]
struct Fault {
    file: PathBuf,
    line: usize,
    message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.message)
    }
}

/// Checks the library of the repository in `root`.
pub fn check(root: &Path) -> Result<()> {
    let source = Path::new("crates/seqgan/src");
    let faults = faults(&root.join(source))?;
    for fault in &faults {
        eprintln!("{}/{fault}", source.display());
    }
    match faults.len() {
        0 => Ok(()),
        n => bail!("{n} wrong arrow{}; the order is {}", if n == 1 { "" } else { "s" }, STAGES.join(" -> ")),
    }
}

/// All faults of the library whose `lib.rs` lies in `source`, by file and line.
fn faults(source: &Path) -> Result<Vec<Fault>> {
    let mut files = Vec::new();
    collect(source, Path::new(""), &mut files)?;
    files.sort();
    let library = read(&source.join("lib.rs"))?;
    let reexports = reexports(&pieces(&library));
    let mut faults = Vec::new();
    for file in files.into_iter().filter(|file| file != Path::new("lib.rs")) {
        let module = module_path(&file);
        let text = read(&source.join(&file))?;
        let from = module[0].as_str();
        let mut fault = |line, message| faults.push(Fault { file: file.clone(), line, message });
        if !is_known(from) {
            fault(1, format!("`{from}` has no place in the order yet; give it one in xtask/src/layers.rs"));
            continue;
        }
        for arrow in arrows(&pieces(&text), &module) {
            let to = reexports.get(&arrow.to).unwrap_or(&arrow.to);
            if let Some(reason) = objection(from, to) {
                fault(arrow.line, reason);
            }
        }
    }
    Ok(faults)
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Adds the Rust files below `source/folder`, as paths relative to `source`.
fn collect(source: &Path, folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let path = source.join(folder);
    for entry in std::fs::read_dir(&path).with_context(|| format!("cannot read {}", path.display()))? {
        let entry = entry?;
        let name = folder.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            collect(source, &name, files)?;
        } else if name.extension().is_some_and(|extension| extension == "rs") {
            files.push(name);
        }
    }
    Ok(())
}

/// The module of a file: `data/mod.rs` is `data`, `data/text.rs` is `data::text`.
fn module_path(file: &Path) -> Vec<String> {
    let path = file.with_extension("");
    let mut names: Vec<String> = path.iter().map(|name| name.to_string_lossy().into_owned()).collect();
    if names.len() > 1 && names.last().is_some_and(|name| name == "mod") {
        names.pop();
    }
    names
}

fn is_known(module: &str) -> bool {
    STAGES.contains(&module) || FOUNDATION.contains(&module)
}

/// Why `from` may not use `to`; nothing if it may.
fn objection(from: &str, to: &str) -> Option<String> {
    let stage = |module: &str| STAGES.iter().position(|stage| *stage == module);
    if to == "*" {
        return Some(format!("`{from}` imports everything by `crate::*`; name what it needs"));
    }
    if !is_known(to) {
        return Some(format!(
            "`crate::{to}` is neither a module with a place in the order nor re-exported by lib.rs"
        ));
    }
    match (stage(from), stage(to)) {
        (None, Some(_)) => Some(format!("`{from}` is foundation and uses the stage `{to}`")),
        (Some(a), Some(b)) if b > a => Some(format!("`{from}` uses `{to}`, which stands to its right")),
        _ => {
            let (_, _, reason) = REFUSED.iter().find(|(a, b, _)| *a == from && b.contains(&to))?;
            Some(format!("`{from}` uses `{to}`: {reason}"))
        }
    }
}

/// A path that begins at the root; `to` is its first name, `*` for all of them.
struct Arrow {
    to: String,
    line: usize,
}

/// The arrows of a file that holds `module`.
fn arrows(pieces: &[Piece], module: &[String]) -> Vec<Arrow> {
    let mut arrows = Vec::new();
    let mut here = module.to_vec();
    let (mut depth, mut inline) = (0, Vec::new());
    for (i, piece) in pieces.iter().enumerate() {
        if piece.is('{') {
            depth += 1;
            if let Some(name) = name_of_module(pieces, i) {
                inline.push(depth);
                here.push(name.to_owned());
            }
        } else if piece.is('}') {
            if inline.last() == Some(&depth) {
                inline.pop();
                here.pop();
            }
            depth -= 1;
        }
        let begins = i == 0 || !pieces[i - 1].is_separator();
        if begins && pieces.get(i + 1).is_some_and(Piece::is_separator) {
            match piece.name() {
                Some("crate") => follow(pieces, i + 2, &[], &mut arrows),
                Some("super") => follow(pieces, i, &here, &mut arrows),
                _ => {}
            }
        }
    }
    arrows
}

/// The name of the module that the brace at `i` opens, if it opens one.
fn name_of_module(pieces: &[Piece], i: usize) -> Option<&str> {
    let keyword = pieces.get(i.checked_sub(2)?)?;
    pieces[i - 1].name().filter(|_| keyword.name() == Some("mod"))
}

/// Follows the path, or the group of paths, that stands at `i` in the module `base`, up to a name in the root.
fn follow(pieces: &[Piece], i: usize, base: &[String], arrows: &mut Vec<Arrow>) {
    let Some(piece) = pieces.get(i) else { return };
    let separated = pieces.get(i + 1).is_some_and(Piece::is_separator);
    if piece.is('{') {
        let mut depth = 0;
        for (j, piece) in pieces.iter().enumerate().skip(i) {
            if depth == 1 && (pieces[j - 1].is('{') || pieces[j - 1].is(',')) && !piece.is('}') {
                follow(pieces, j, base, arrows);
            }
            depth += usize::from(piece.is('{'));
            depth -= usize::from(piece.is('}'));
            if depth == 0 {
                return;
            }
        }
    } else if piece.name() == Some("super") && separated {
        follow(pieces, i + 2, &base[..base.len().saturating_sub(1)], arrows);
    } else if base.is_empty() && (piece.is('*') || piece.name().is_some_and(|name| name != "self")) {
        arrows.push(Arrow { to: piece.name().unwrap_or("*").to_owned(), line: piece.line });
    }
}

/// Which module each name comes from that lib.rs re-exports with `pub use`.
fn reexports(pieces: &[Piece]) -> HashMap<String, String> {
    let mut result = HashMap::new();
    for (i, _) in pieces.iter().enumerate().filter(|(_, piece)| piece.name() == Some("use")) {
        let path = || pieces[i + 1..].iter().take_while(|piece| !piece.is(';'));
        let Some(module) = path().find_map(|piece| piece.name().filter(|&name| name != "crate")) else {
            continue;
        };
        let last = path().count();
        for (j, piece) in path().enumerate() {
            let next = &pieces[i + 2 + j];
            let is_leaf = j + 1 == last || next.is(',') || next.is('}');
            if let Some(name) = piece.name().filter(|_| is_leaf) {
                result.insert(name.to_owned(), module.to_owned());
            }
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIBRARY: &str = "pub mod data;\npub use error::{Error, Result};\npub use train::run as start;\n";

    /// The faults of a library of these files, one a line.
    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files.iter().chain([&("lib.rs", LIBRARY)]) {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        faults(folder.path()).unwrap().iter().map(Fault::to_string).collect()
    }

    #[test]
    fn arrows_to_the_left_and_to_the_foundation_are_fine() {
        let reward = "//! As crate::train does.\nuse crate::{Error, data::Batches, rng::{Purpose, Streams}};\n\
                      use super::reward::Reward;\nconst T: &str = \"crate::train\";\n\
                      pub(crate) fn f() -> crate::generator::Policy { super::rollout::g(crate::reward::h) }\n";
        let everything = "use crate::{data, generator, metrics, report, reward, rollout, update};\n";
        assert_eq!(found(&[("reward.rs", reward), ("train/mod.rs", everything)]), [""; 0]);
    }

    #[test]
    fn a_wrong_arrow_is_found_with_file_and_line() {
        let text = "//! Text.\n\nuse std::fs;\nuse crate::reward::Reward;\n";
        assert_eq!(
            found(&[("data/text.rs", text)]),
            ["data/text.rs:4: `data` uses `reward`, which stands to its right"]
        );
    }

    #[test]
    fn every_way_to_write_an_arrow_is_found() {
        let right = "`rollout` uses `train`, which stands to its right";
        for (line, text) in [
            (1, "use crate::train::run;"),
            (2, "use crate::{\n    train};"),
            (1, "use crate::{rng::{self, Streams}, train::{run}};"),
            (1, "fn f() { crate::train::run(crate::rng::x) }"),
            (1, "use super::super::train::run;"),
            (1, "use super::super::{Error, train};"),
            (1, "use super::{super::train::run, other};"),
            (2, "mod tests { fn f() { if a { b } }\nuse super::super::super::train::run; }"),
            (1, "mod tests { } use super::super::train::run;"),
            (1, "fn f() -> crate::start {}"),
            (1, "fn f<'a>(x: &'a u8) { 'x'; crate::train::f() }"),
        ] {
            assert_eq!(found(&[("rollout/a.rs", text)]), [format!("rollout/a.rs:{line}: {right}")], "{text}");
        }
        // One `super` less stays inside the stage.
        for text in ["use super::train;", "mod tests { use super::super::train; }"] {
            assert_eq!(found(&[("rollout/a.rs", text)]), [""; 0], "{text}");
        }
    }

    #[test]
    fn the_foundation_uses_no_stage() {
        assert_eq!(
            found(&[("config/settings.rs", "use crate::update::Schedule;"), ("rng.rs", "use crate::token;")]),
            ["config/settings.rs:1: `config` is foundation and uses the stage `update`"]
        );
    }

    #[test]
    fn metrics_and_reports_may_not_use_all_that_stands_to_their_left() {
        let faults = found(&[
            ("metrics/a.rs", "use crate::{data, reward};"),
            ("report/b.rs", "use crate::generator;"),
        ]);
        assert_eq!(faults.len(), 2);
        assert!(
            faults[0].starts_with("metrics/a.rs:1: `metrics` uses `reward`: metrics measure"),
            "{faults:?}"
        );
        assert!(
            faults[1].starts_with("report/b.rs:1: `report` uses `generator`: reports know"),
            "{faults:?}"
        );
    }

    #[test]
    fn nothing_escapes_the_order() {
        let faults = found(&[("data.rs", "use crate::*;\nuse crate::Reward;"), ("utils.rs", "")]);
        assert_eq!(faults.len(), 3, "{faults:?}");
        assert!(faults[0].contains("data.rs:1: `data` imports everything"), "{faults:?}");
        assert!(faults[1].contains("data.rs:2: `crate::Reward` is neither"), "{faults:?}");
        assert!(faults[2].contains("utils.rs:1: `utils` has no place in the order"), "{faults:?}");
    }

    #[test]
    fn this_library_obeys() {
        check(&crate::root()).unwrap();
    }
}
