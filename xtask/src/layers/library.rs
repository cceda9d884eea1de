//! The files of the library and the modules that they hold.

use super::attributes::{is_test, path_of};
use crate::rust_source::{files_below, read, tokens};
use anyhow::{Context, Result};
use proc_macro2::TokenStream;
use std::path::{Path, PathBuf};
use syn::{File, Item};

/// A module by the names that lead to it from the root; the root is empty.
pub type ModulePath = Vec<String>;

/// All files of a library, by path.
pub struct Library {
    /// The files.
    pub files: Vec<SourceFile>,
}

/// A file and what it holds.
pub struct SourceFile {
    /// Its path below the folder of `lib.rs`.
    pub path: PathBuf,
    /// The module that it is.
    pub module: ModulePath,
    /// Whether it is compiled for tests alone.
    pub is_test: bool,
    /// All that it says.
    pub tokens: TokenStream,
    /// Its items.
    pub syntax: File,
}

impl Library {
    /// Reads the library whose `lib.rs` lies in `source`.
    pub fn read(source: &Path) -> Result<Self> {
        let file = |path: PathBuf| {
            SourceFile::read(source, &path).with_context(|| format!("cannot parse {}", path.display()))
        };
        let mut files: Vec<_> = files_below(source)?.into_iter().map(file).collect::<Result<_>>()?;
        name_modules_by_path_attributes(&mut files);
        mark_modules_of_tests(&mut files);
        Ok(Self { files })
    }
}

impl SourceFile {
    /// Reads the file at `path` below `source`.
    pub fn read(source: &Path, path: &Path) -> Result<Self> {
        let tokens = tokens(&read(&source.join(path))?)?;
        let syntax = syn::parse2(tokens.clone())
            .map_err(|error| anyhow::anyhow!("line {}: {error}", error.span().start().line))?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let is_test = name == "tests" || name.ends_with("_tests");
        Ok(Self { path: path.to_path_buf(), module: module_of(path), is_test, tokens, syntax })
    }
}

/// The module of a file: `lib.rs` is the root, `data/mod.rs` is `data`, `data/text.rs` is `data::text`.
fn module_of(path: &Path) -> ModulePath {
    let mut names: ModulePath =
        path.with_extension("").iter().map(|name| name.to_string_lossy().into_owned()).collect();
    if names == ["lib"] || names.last().is_some_and(|name| name == "mod") {
        names.pop();
    }
    names
}

/// A declaration `mod name;`: the module that it names, the file that an attribute gives it, whether it is for tests.
fn declarations(files: &[SourceFile]) -> Vec<(ModulePath, Option<PathBuf>, bool)> {
    let mut found = Vec::new();
    for file in files {
        for item in &file.syntax.items {
            let Item::Mod(declared) = item else { continue };
            let module = [&file.module[..], &[crate::rust_source::plain(&declared.ident)]].concat();
            let folder = file.path.parent().unwrap_or(Path::new(""));
            let path = path_of(&declared.attrs).map(|path| folder.join(path));
            found.push((module, path, is_test(&declared.attrs)));
        }
    }
    found
}

/// A file that `#[path = ...]` names is the module that is declared, not the one that its path suggests.
fn name_modules_by_path_attributes(files: &mut [SourceFile]) {
    for (module, path, _) in declarations(files) {
        if let Some(file) = files.iter_mut().find(|file| Some(&file.path) == path.as_ref()) {
            file.module = module;
        }
    }
}

/// What `#[cfg(test)] mod name;` declares is for tests, with all below it.
fn mark_modules_of_tests(files: &mut [SourceFile]) {
    for (module, _, is_test) in declarations(files) {
        let below = files.iter_mut().filter(|file| is_test && file.module.starts_with(&module));
        below.for_each(|file| file.is_test = true);
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::library;

    #[test]
    fn files_are_the_modules_that_are_declared() {
        let files = [
            ("data/mod.rs", "#[cfg(test)] #[path = \"odd.rs\"] mod checks; #[cfg(test)] mod more;"),
            ("data/text.rs", ""),
            ("data/odd.rs", ""),
            ("data/more/mod.rs", ""),
            ("data/more/one.rs", ""),
            ("data/text_tests.rs", ""),
        ];
        let (_folder, library) = library(&files);
        let found: Vec<_> = library.files.iter().map(|file| (file.module.join("::"), file.is_test)).collect();
        let expected = [
            ("data", false),
            ("data::more", true),
            ("data::more::one", true),
            ("data::checks", true),
            ("data::text", false),
            ("data::text_tests", true),
            ("", false),
        ];
        assert_eq!(found, expected.map(|(module, is_test)| (module.to_owned(), is_test)));
    }
}
