//! The paths that a file names: in imports, in code, and in the tokens of macros and attributes.

use super::attributes::{is_test, is_test_function, of_item, of_member};
use super::library::{ModulePath, SourceFile};
use crate::rust_source::plain;
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{ImplItem, Item, ItemMod, ItemUse, Macro, MetaList, UseTree, VisRestricted, Visibility};

/// A path and where it stands.
#[derive(Debug)]
pub struct NamedPath {
    /// The module around it.
    pub module: ModulePath,
    /// Its names; `*` is the last one of an import of everything.
    pub names: Vec<String>,
    /// Its line, from 1.
    pub line: usize,
    /// Whether it is compiled for tests alone.
    pub is_test: bool,
    /// What it is there for.
    pub role: Role,
}

/// What a path is there for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// It is used.
    Code,
    /// It is imported.
    Import {
        /// Its name in the module.
        name: String,
        /// Whether the module hands it on.
        is_public: bool,
    },
}

impl NamedPath {
    /// The path from the root, if it begins with `crate`, `self` or `super`.
    pub fn absolute(&self) -> Option<Vec<String>> {
        from_root(&self.names, &self.module)
    }

    /// Whether the path is imported, be it to be handed on or not.
    pub fn is_import(&self) -> bool {
        self.role != Role::Code
    }

    /// Whether the path is handed on and not used.
    pub fn is_handed_on(&self) -> bool {
        matches!(self.role, Role::Import { is_public: true, .. })
    }
}

/// The path from the root of a path in `module` that begins with `crate`, `self` or `super`.
pub fn from_root(names: &[String], module: &[String]) -> Option<Vec<String>> {
    let (base, mut rest) = match names.first()?.as_str() {
        "crate" => (&[][..], &names[1..]),
        "self" => (module, &names[1..]),
        "super" => (module, names),
        _ => return None,
    };
    let mut path = base.to_vec();
    while rest.first().is_some_and(|name| name == "super") {
        path.pop();
        rest = &rest[1..];
    }
    path.extend_from_slice(rest);
    Some(path)
}

/// All paths of a file.
pub fn paths(file: &SourceFile) -> Vec<NamedPath> {
    let mut reader = Reader { module: file.module.clone(), is_test: file.is_test, paths: Vec::new() };
    reader.visit_file(&file.syntax);
    reader.paths
}

struct Reader {
    module: ModulePath,
    is_test: bool,
    paths: Vec<NamedPath>,
}

impl Reader {
    fn add(&mut self, names: Vec<String>, line: usize, role: Role) {
        let (module, is_test) = (self.module.clone(), self.is_test);
        self.paths.push(NamedPath { module, names, line, is_test, role });
    }

    /// Reads what `read` reads as a part of tests if `is_test`.
    fn within(&mut self, is_test: bool, read: impl FnOnce(&mut Self)) {
        let before = self.is_test;
        self.is_test |= is_test;
        read(self);
        self.is_test = before;
    }

    /// Adds the paths of an import whose names so far are `names`.
    fn import(&mut self, tree: &UseTree, names: &[String], is_public: bool) {
        let role = |name: &str| Role::Import { name: name.to_owned(), is_public };
        match tree {
            UseTree::Path(path) => {
                self.import(&path.tree, &[names, &[plain(&path.ident)]].concat(), is_public);
            }
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.import(tree, names, is_public)),
            UseTree::Name(name) => {
                let last = plain(&name.ident);
                let names = if last == "self" { names.to_vec() } else { [names, &[last]].concat() };
                let bound = names.last().cloned().unwrap_or_default();
                self.add(names, name.ident.span().start().line, role(&bound));
            }
            UseTree::Rename(rename) => {
                let last = plain(&rename.ident);
                let names = if last == "self" { names.to_vec() } else { [names, &[last]].concat() };
                self.add(names, rename.ident.span().start().line, role(&plain(&rename.rename)));
            }
            UseTree::Glob(glob) => {
                let line = glob.star_token.spans[0].start().line;
                self.add([names, &["*".into()]].concat(), line, role("*"));
            }
        }
    }

    /// Adds the paths in tokens that are not parsed: names between `::`, and groups of them behind `prefix`.
    fn read_tokens(&mut self, tokens: TokenStream, prefix: &[String]) {
        let trees: Vec<TokenTree> = tokens.into_iter().collect();
        let mut prefix = prefix;
        let mut i = 0;
        while i < trees.len() {
            match &trees[i] {
                TokenTree::Ident(_) => {
                    i = self.read_path(&trees, i, prefix);
                    prefix = &[];
                    continue;
                }
                TokenTree::Group(group) => self.read_tokens(group.stream(), &[]),
                TokenTree::Punct(mark) if mark.as_char() == '*' && !prefix.is_empty() => {
                    i = self.read_path(&trees, i, prefix);
                    continue;
                }
                // A method, a field or a lifetime is no path.
                TokenTree::Punct(mark)
                    if ['.', '\''].contains(&mark.as_char()) && is_name(trees.get(i + 1)) =>
                {
                    i += 1;
                }
                _ => {}
            }
            i += 1;
        }
    }

    /// Reads the path that begins at `start` behind `prefix`; returns where it ends.
    fn read_path(&mut self, trees: &[TokenTree], start: usize, prefix: &[String]) -> usize {
        let line = trees[start].span().start().line;
        let mut names = prefix.to_vec();
        let mut i = start;
        loop {
            match trees.get(i) {
                Some(TokenTree::Ident(name)) => names.push(plain(name)),
                Some(TokenTree::Punct(mark)) if mark.as_char() == '*' => names.push("*".into()),
                Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                    for part in parts(group.stream()) {
                        self.read_tokens(part, &names);
                    }
                    return i + 1;
                }
                _ => break,
            }
            i += 1;
            if !(is_colon(trees.get(i)) && is_colon(trees.get(i + 1))) {
                break;
            }
            i += 2;
        }
        self.add_code(names, line);
        i
    }

    /// Adds a path of code, but for a value or a type that is `self`.
    fn add_code(&mut self, names: Vec<String>, line: usize) {
        if names != ["self"] && names.first().is_some_and(|name| name != "Self") {
            self.add(names, line, Role::Code);
        }
    }
}

fn is_name(tree: Option<&TokenTree>) -> bool {
    matches!(tree, Some(TokenTree::Ident(_)))
}

fn is_colon(tree: Option<&TokenTree>) -> bool {
    matches!(tree, Some(TokenTree::Punct(mark)) if mark.as_char() == ':')
}

/// The parts of a group between commas.
fn parts(tokens: TokenStream) -> Vec<TokenStream> {
    let mut parts = vec![TokenStream::new()];
    for tree in tokens {
        match &tree {
            TokenTree::Punct(mark) if mark.as_char() == ',' => parts.push(TokenStream::new()),
            _ => parts.last_mut().expect("there is one from the start").extend([tree]),
        }
    }
    parts
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes = of_item(item);
        let for_tests = is_test(attributes) || is_test_function(attributes);
        self.within(for_tests, |reader| visit::visit_item(reader, item));
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        self.within(is_test(of_member(item)), |reader| visit::visit_impl_item(reader, item));
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        self.module.push(plain(&item.ident));
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        if item.leading_colon.is_none() {
            self.import(&item.tree, &[], !matches!(item.vis, Visibility::Inherited));
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if let (None, Some(first)) = (path.leading_colon, path.segments.first()) {
            let names = path.segments.iter().map(|segment| plain(&segment.ident)).collect();
            self.add_code(names, first.ident.span().start().line);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, found: &'ast Macro) {
        visit::visit_macro(self, found);
        self.read_tokens(found.tokens.clone(), &[]);
    }

    fn visit_meta_list(&mut self, list: &'ast MetaList) {
        visit::visit_meta_list(self, list);
        self.read_tokens(list.tokens.clone(), &[]);
    }

    /// `pub(crate)` and `pub(super)` use nothing.
    fn visit_vis_restricted(&mut self, _: &'ast VisRestricted) {}
}

#[cfg(test)]
mod tests {
    use super::super::fixture::library;
    use super::*;

    /// The paths of `a/b.rs` with this text, those of tests with a question mark.
    fn found(text: &str) -> Vec<String> {
        let (_folder, library) = library(&[("a/b.rs", text)]);
        let shown = |path: NamedPath| {
            let role = match &path.role {
                Role::Code => String::new(),
                Role::Import { name, is_public } => {
                    format!(" {} {name}", if *is_public { "pub" } else { "use" })
                }
            };
            let test = if path.is_test { "?" } else { "" };
            format!("{}{test}{role}", path.names.join("::"))
        };
        paths(&library.files[0]).into_iter().map(shown).collect()
    }

    #[test]
    fn imports_are_flattened() {
        assert_eq!(
            found("use a::{self, b::{c, d as e}, super::f::*}; pub(crate) use g;\nuse ::h;"),
            ["a use a", "a::b::c use c", "a::b::d use e", "a::super::f::* use *", "g pub g"]
        );
    }

    #[test]
    fn macros_attributes_and_macro_rules_are_read() {
        assert_eq!(found("fn f() { v![x.y, 'z, crate::a::b(0)]; }"), ["v", "x", "crate::a::b"]);
        assert_eq!(
            found(
                "macro_rules! m { ($x:ty) => { use $crate::{a::{b as c, *}, d::<e>}; pub(crate) fn f() {} } }"
            )
            .join(" "),
            "macro_rules x ty use crate::a::b as c crate::a::* crate::d e pub crate fn f"
        );
        assert_eq!(found("#[derive(a::B)] struct S;"), ["derive", "a::B"]);
    }

    #[test]
    fn visibility_self_and_absolute_paths_are_no_paths() {
        assert_eq!(
            found("pub(super) fn f(self) -> ::std::X<a::B> { self.x; Self::y(); self::z }"),
            ["a::B", "self::z"]
        );
    }

    #[test]
    fn what_is_for_tests_is_marked() {
        assert_eq!(
            found(
                "use a; #[cfg(test)] mod tests { use b; } impl T { #[cfg(test)] fn f() { c } } #[test] fn g() { d }"
            ),
            ["a use a", "cfg?", "test?", "b? use b", "T", "cfg?", "test?", "c?", "test?", "d?"]
        );
    }

    #[test]
    fn paths_are_counted_from_the_module_around_them() {
        let (_folder, library) =
            library(&[("a/b.rs", "mod c {\nuse super::super::d; use self::e; use crate::f; }")]);
        let found: Vec<_> = paths(&library.files[0])
            .iter()
            .map(|path| (path.absolute().unwrap().join("::"), path.line))
            .collect();
        assert_eq!(found, [("a::d".into(), 2), ("a::b::c::e".into(), 2), ("f".to_owned(), 2)]);
    }
}
