//! The Rust files of a folder, and the identifiers in them.

use anyhow::{Context, Result, anyhow};
use proc_macro2::{TokenStream, TokenTree};
use std::path::{Path, PathBuf};

/// The Rust files below a folder, as sorted paths relative to it, without hidden folders and what Cargo built.
pub fn files_below(root: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    collect(root, Path::new(""), &mut files)?;
    files.sort();
    Ok(files)
}

/// Adds the Rust files below `root/folder`.
fn collect(root: &Path, folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let path = root.join(folder);
    for entry in std::fs::read_dir(&path).with_context(|| format!("cannot read {}", path.display()))? {
        let entry = entry?;
        let name = folder.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            if !hidden && entry.file_name() != "target" {
                collect(root, &name, files)?;
            }
        } else if name.extension().is_some_and(|extension| extension == "rs") {
            files.push(name);
        }
    }
    Ok(())
}

/// The text of a file.
pub fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// The tokens of Rust source.
pub fn tokens(text: &str) -> Result<TokenStream> {
    text.parse().map_err(|error: proc_macro2::LexError| {
        anyhow!("line {}: the source is no Rust: {error}", error.span().start().line)
    })
}

/// All identifiers, keywords and lifetimes of a source with their lines, also inside macros and attributes.
pub fn identifiers(tokens: TokenStream) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    for tree in tokens {
        match tree {
            TokenTree::Ident(name) => found.push((plain(&name), name.span().start().line)),
            TokenTree::Group(group) => found.extend(identifiers(group.stream())),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
    found
}

/// An identifier without the `r#` that makes a keyword a name.
pub fn plain(name: &proc_macro2::Ident) -> String {
    let name = name.to_string();
    name.strip_prefix("r#").map(String::from).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_have_lines_and_comments_have_none() {
        let source = "// a\n/* b\n*/ fn c<'d>() {\n    let r#type = \"e\nf\"; vec![g::h]; }\n/// i\n#[allow(j)]\nstruct K;";
        let found = identifiers(tokens(source).unwrap());
        let names: Vec<_> = found.iter().map(|(name, line)| (name.as_str(), *line)).collect();
        let expected = [
            ("fn", 3),
            ("c", 3),
            ("d", 3),
            ("let", 4),
            ("type", 4),
            ("vec", 5),
            ("g", 5),
            ("h", 5),
            ("doc", 6),
            ("allow", 7),
            ("j", 7),
            ("struct", 8),
            ("K", 8),
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn files_are_sorted_and_hidden_folders_and_builds_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.rs", "a/c.rs", "a/d.txt", "target/e.rs", ".git/f.rs"] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        assert_eq!(files_below(folder.path()).unwrap(), [Path::new("a/c.rs"), Path::new("b.rs")]);
    }

    #[test]
    fn source_that_is_no_rust_is_an_error_with_its_line() {
        let error = tokens("fn a() {}\nfn b( {").unwrap_err().to_string();
        assert!(error.starts_with("line "), "{error}");
    }
}
