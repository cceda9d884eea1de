//! Names of the field: no definition has a retired name of the glossary.

use super::definitions::{Definition, Kind, definitions};
use super::fault::Fault;
use super::glossary::{RETIRED, Retired};
use super::library::SourceFile;
use super::words::{contains, words};
use crate::rust_source::{files_below, read};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use toml::de::{DeTable, DeValue};

/// The folders of a crate whose names are checked.
const FOLDERS: [&str; 3] = ["src", "examples", "benches"];

/// All definitions and settings of the repository in `root` with a retired name.
pub fn faults(root: &Path) -> Result<Vec<Fault>> {
    let glossary = Glossary::new(RETIRED);
    let mut faults = Vec::new();
    for folder in source_folders(root)? {
        for path in files_below(&root.join(&folder))? {
            let path = folder.join(path);
            let file =
                SourceFile::read(root, &path).with_context(|| format!("cannot parse {}", path.display()))?;
            let named =
                definitions(&file.syntax, &file.module).into_iter().chain(name_of_file(&folder, &path));
            faults.extend(glossary.faults(&path, named));
        }
    }
    for path in settings(root)? {
        let keys =
            keys(&read(&root.join(&path))?).with_context(|| format!("cannot parse {}", path.display()))?;
        faults.extend(glossary.faults(&path, keys));
    }
    Ok(faults)
}

/// `crates/*/src` and its like, relative to `root`, as far as they are there.
fn source_folders(root: &Path) -> Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for name in names_in(&root.join("crates"))? {
        let crate_folder = Path::new("crates").join(name);
        folders.extend(FOLDERS.map(|folder| crate_folder.join(folder)));
    }
    folders.retain(|folder| root.join(folder).is_dir());
    Ok(folders)
}

/// `configs/*.toml`, relative to `root`.
fn settings(root: &Path) -> Result<Vec<PathBuf>> {
    let mut files: Vec<_> =
        names_in(&root.join("configs"))?.into_iter().map(|name| Path::new("configs").join(name)).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
    Ok(files)
}

/// The names in a folder, sorted.
fn names_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut names = entries.map(|entry| Ok(entry?.file_name().into())).collect::<Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

/// The name of a file below a crate's folder, as that of a module; `mod.rs` and `main.rs` have that of their folder.
fn name_of_file(folder: &Path, path: &Path) -> Option<Definition> {
    let mut path = path.strip_prefix(folder).ok()?.with_extension("");
    if ["mod", "main", "lib"].iter().any(|name| path.ends_with(name)) {
        path.pop();
    }
    let name = path.file_name()?.to_string_lossy().into_owned();
    Some(Definition { module: Vec::new(), name, kind: Kind::Module, line: 1, is_public: true })
}

/// The keys of a configuration file.
fn keys(text: &str) -> Result<Vec<Definition>> {
    let mut found = Vec::new();
    add_keys(DeTable::parse(text)?.get_ref(), text, &mut found);
    Ok(found)
}

fn add_keys(table: &DeTable<'_>, text: &str, found: &mut Vec<Definition>) {
    for (key, value) in table {
        let line = 1 + text[..key.span().start].matches('\n').count();
        let name = key.get_ref().to_string();
        found.push(Definition { module: Vec::new(), name, kind: Kind::Key, line, is_public: true });
        add_keys_of(value.get_ref(), text, found);
    }
}

fn add_keys_of(value: &DeValue<'_>, text: &str, found: &mut Vec<Definition>) {
    match value {
        DeValue::Table(table) => add_keys(table, text, found),
        DeValue::Array(values) => values.iter().for_each(|value| add_keys_of(value.get_ref(), text, found)),
        _ => {}
    }
}

/// The retired names as words.
struct Glossary {
    entries: Vec<(Vec<String>, &'static Retired)>,
}

impl Glossary {
    fn new(retired: &'static [Retired]) -> Self {
        let names = |entry: &'static Retired| entry.names.iter().map(move |name| (words(name), entry));
        Self { entries: retired.iter().flat_map(names).collect() }
    }

    /// The faults of a file with these names. What is in a file of its own has its name there.
    fn faults<'a>(
        &'a self,
        path: &'a Path,
        named: impl IntoIterator<Item = Definition> + 'a,
    ) -> impl Iterator<Item = Fault> + 'a {
        let named = named.into_iter().filter(|definition| definition.kind != Kind::FileModule);
        named.filter_map(move |definition| {
            let message = self.objection(&definition.name, definition.kind)?;
            Some(Fault::new(path, definition.line, message))
        })
    }

    /// Why something of this kind may not have the name; nothing if it may.
    fn objection(&self, name: &str, kind: Kind) -> Option<String> {
        let words = words(name);
        let fits = |part: &[String], entry: &Retired| {
            let found = if entry.place.is_whole() { words == part } else { contains(&words, part) };
            entry.place.holds(kind) && found
        };
        let (part, entry) = self.entries.iter().find(|(part, entry)| fits(part, entry))?;
        let is = if words == *part {
            "is retired".into()
        } else {
            format!("holds the retired `{}`", part.join("_"))
        };
        Some(format!("`{name}` {is}: say {}", entry.standard))
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{folder, printed};
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let mut all = vec![("crates/a/Cargo.toml", ""), ("configs/README.md", "")];
        all.extend(files);
        printed(&faults(folder(&all).path()).unwrap())
    }

    #[test]
    fn a_retired_name_is_found_with_the_name_to_say() {
        let text = "//! Text.\n\npub struct Judge { judge_accuracy: f32 }\nfn train_judge() {}";
        assert_eq!(
            found(&[("crates/a/src/train/x.rs", text)]),
            [
                "crates/a/src/train/x.rs:3: `Judge` is retired: say reward model, or discriminator where it is one",
                "crates/a/src/train/x.rs:3: `judge_accuracy` is retired: say `discriminator_accuracy`",
                "crates/a/src/train/x.rs:4: `train_judge` holds the retired `judge`: say reward model, or \
                 discriminator where it is one",
            ]
        );
    }

    #[test]
    fn every_definition_is_looked_at_and_no_use() {
        for text in [
            "struct JudgeX;",
            "trait Judge {}",
            "enum A { JudgeB }",
            "fn f() { fn judge() {} }",
            "impl A { fn judge() {} }",
            "trait A { fn the_judge(); }",
            "struct A { judge: u8 }",
            "mod judge {}",
            "const JUDGE: u8 = 0;",
            "static JUDGES: u8 = 0;",
            "type Judge = u8;",
            "use a::B as Judge;",
            "macro_rules! judge { () => {} }",
            "#[test] fn a_judge_learns() {}",
        ] {
            assert_eq!(found(&[("crates/a/src/lib.rs", text)]).len(), 1, "{text}");
        }
        for text in [
            "use a::Judge; fn f(judge: Judge) { let judge = judge(\"judge\"); }",
            "mod judge;",
            "/// A judge.\nstruct A<Judge>(Judge);",
            "impl Judge for A { fn judge() {} }",
            "fn prejudge() {}",
        ] {
            assert_eq!(found(&[("crates/a/src/lib.rs", text)]), [""; 0], "{text}");
        }
    }

    #[test]
    fn english_words_are_refused_where_they_name_a_type_or_a_module() {
        for text in ["struct First;", "trait Update {}", "mod values {}"] {
            assert_eq!(found(&[("crates/a/src/lib.rs", text)]).len(), 1, "{text}");
        }
        for text in [
            "fn first() {}",
            "struct A { update: u8 }",
            "struct FirstToken;",
            "enum A { First }",
            "const VALUES: u8 = 0;",
        ] {
            assert_eq!(found(&[("crates/a/src/lib.rs", text)]), [""; 0], "{text}");
        }
    }

    #[test]
    fn sentences_of_tests_may_be_english() {
        assert_eq!(found(&[("crates/a/src/lib.rs", "fn best_worth() {}")]).len(), 1);
        assert_eq!(found(&[("crates/a/src/lib.rs", "#[test] fn the_best_is_worth_it() {}")]), [""; 0]);
    }

    #[test]
    fn files_of_all_folders_have_names() {
        let files = ["src/judge.rs", "src/values/mod.rs", "examples/judge.rs", "benches/judge/main.rs"];
        let paths = files.map(|file| format!("crates/a/{file}"));
        let faults = found(&paths.each_ref().map(|path| (path.as_str(), "")));
        assert_eq!(faults.len(), 4, "{faults:?}");
        assert!(faults[1].starts_with("crates/a/src/values/mod.rs:1: `values` is retired"), "{faults:?}");
        assert_eq!(found(&[("crates/a/tests/judge.rs", "struct Judge;")]), [""; 0]);
    }

    #[test]
    fn keys_of_settings_are_names() {
        let text =
            "seed = 1\n\n[judge]\nx = { needs_worth = true }\n[[reward]]\nkind = \"judge\"\nreal_value = 1\n";
        let lines = ["3: `judge`", "4: `needs_worth`", "7: `real_value`"];
        let faults = found(&[("configs/a.toml", text), ("configs/b.txt", "judge = 1")]);
        assert_eq!(faults.len(), lines.len(), "{faults:?}");
        for (fault, line) in faults.iter().zip(lines) {
            assert!(fault.starts_with(&format!("configs/a.toml:{line} is retired: say ")), "{fault}");
        }
    }

    #[test]
    fn no_name_of_the_glossary_is_hidden_by_one_before_it() {
        let glossary = Glossary::new(RETIRED);
        for (part, entry) in &glossary.entries {
            let name = part.join("_");
            let objection = glossary.objection(&name, Kind::Type).unwrap();
            assert!(objection.ends_with(&format!("say {}", entry.standard)), "{objection}");
        }
    }
}
