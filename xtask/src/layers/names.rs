//! What a path means: the file that defines the item at its end, behind imports and names that are handed on.

use super::definitions::{Kind, definitions};
use super::library::{Library, ModulePath};
use super::paths::{NamedPath, Role, from_root};
use std::collections::HashMap;

/// What a path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// An item.
    Item {
        /// The place of its file in the library.
        file: usize,
        /// Its name.
        name: String,
    },
    /// A module.
    Module(ModulePath),
}

/// The names of all modules of a library.
pub struct Names {
    modules: HashMap<ModulePath, Module>,
}

/// The names of a module.
#[derive(Default)]
struct Module {
    /// What each name may mean: a type, a value and a module may have one name.
    names: HashMap<String, Vec<Binding>>,
    /// The imports of everything.
    globs: Vec<Glob>,
}

struct Binding {
    meaning: Meaning,
    is_public: bool,
}

enum Meaning {
    Target(Target),
    /// The path that an import names.
    Import(Vec<String>),
}

struct Glob {
    path: Vec<String>,
    is_public: bool,
}

/// Imports that are being followed, by module and path: one that is met again leads nowhere.
type Followed = Vec<(ModulePath, Vec<String>)>;

impl Names {
    /// Reads the names of a library with the paths of each of its files.
    pub fn read(library: &Library, paths: &[Vec<NamedPath>]) -> Self {
        let mut names = Self { modules: HashMap::new() };
        for (i, file) in library.files.iter().enumerate() {
            names.modules.entry(file.module.clone()).or_default();
            names.add_definitions(library, i);
        }
        for path in paths.iter().flatten() {
            names.add_import(path);
        }
        names
    }

    fn add_definitions(&mut self, library: &Library, i: usize) {
        let file = &library.files[i];
        for definition in definitions(&file.syntax, &file.module) {
            let target = match definition.kind {
                Kind::Module | Kind::FileModule => {
                    let module = [&definition.module[..], std::slice::from_ref(&definition.name)].concat();
                    Target::Module(module)
                }
                kind if kind.is_item() => Target::Item { file: i, name: definition.name.clone() },
                _ => continue,
            };
            let binding = Binding { meaning: Meaning::Target(target), is_public: definition.is_public };
            let module = self.modules.entry(definition.module).or_default();
            module.names.entry(definition.name).or_default().push(binding);
        }
    }

    fn add_import(&mut self, path: &NamedPath) {
        let Role::Import { name, is_public } = &path.role else { return };
        let is_public = *is_public;
        let module = self.modules.entry(path.module.clone()).or_default();
        if let Some(path) = path.names.strip_suffix(&["*".to_owned()]) {
            module.globs.push(Glob { path: path.to_vec(), is_public });
        } else {
            let binding = Binding { meaning: Meaning::Import(path.names.clone()), is_public };
            module.names.entry(name.clone()).or_default().push(binding);
        }
    }

    /// What a path in `module` leads to: nothing in this library, or one or more things of one name.
    pub fn resolve(&self, module: &[String], path: &[String]) -> Vec<Target> {
        match path.strip_suffix(&["*".to_owned()]) {
            Some(path) => self.everything(module, path, &mut Followed::new()),
            None => self.follow(module, path, &mut Followed::new()),
        }
    }

    fn follow(&self, module: &[String], path: &[String], followed: &mut Followed) -> Vec<Target> {
        if let Some(names) = from_root(path, module) {
            return self.descend(vec![Target::Module(Vec::new())], &names, followed);
        }
        let Some((first, rest)) = path.split_first() else { return Vec::new() };
        let targets = self.look_up(module, first, followed);
        self.descend(targets, rest, followed)
    }

    /// Follows names from modules on. What stands behind a type belongs to it; a function that has the name of a module
    /// has nothing behind it.
    fn descend(&self, targets: Vec<Target>, names: &[String], followed: &mut Followed) -> Vec<Target> {
        names.iter().fold(targets, |targets, name| {
            let has_module = targets.iter().any(|target| matches!(target, Target::Module(_)));
            let step = |target| match target {
                Target::Module(module) => self.look_up(&module, name, followed),
                item if !has_module => vec![item],
                _ => Vec::new(),
            };
            targets.into_iter().flat_map(step).collect()
        })
    }

    /// What a name of a module means: its own definitions and imports, else what its imports of everything bring.
    fn look_up(&self, module: &[String], name: &str, followed: &mut Followed) -> Vec<Target> {
        let Some(names) = self.modules.get(module) else { return Vec::new() };
        let mut found = Vec::new();
        for binding in names.names.get(name).into_iter().flatten() {
            match &binding.meaning {
                Meaning::Target(target) => found.push(target.clone()),
                Meaning::Import(path) => found.extend(self.follow_once(module, path, followed)),
            }
        }
        if names.names.contains_key(name) {
            return found;
        }
        for glob in &names.globs {
            for target in self.follow_once(module, &glob.path, followed) {
                let Target::Module(from) = target else { continue };
                if self.is_seen(&from, name, module) {
                    found.extend(self.follow_once(&from, &["self".to_owned(), name.to_owned()], followed));
                }
            }
        }
        found
    }

    /// Follows an import, unless it is being followed already.
    fn follow_once(&self, module: &[String], path: &[String], followed: &mut Followed) -> Vec<Target> {
        let import = (module.to_vec(), path.to_vec());
        if followed.contains(&import) {
            return Vec::new();
        }
        followed.push(import);
        let found = self.follow(module, path, followed);
        followed.pop();
        found
    }

    /// All that an import of everything brings into `module`.
    fn everything(&self, module: &[String], path: &[String], followed: &mut Followed) -> Vec<Target> {
        let mut found = Vec::new();
        for target in self.follow_once(module, path, followed) {
            let Target::Module(from) = &target else {
                found.push(target);
                continue;
            };
            let Some(names) = self.modules.get(from) else { continue };
            for name in names.names.keys().filter(|name| self.is_seen(from, name, module)) {
                found.extend(self.look_up(from, name, followed));
            }
        }
        found
    }

    /// Whether `viewer` sees a name of a module by importing everything: what is private is seen from below.
    fn is_seen(&self, module: &[String], name: &str, viewer: &[String]) -> bool {
        let Some(names) = self.modules.get(module) else { return false };
        let handed_on = || names.globs.iter().any(|glob| glob.is_public);
        let is_public = names.names.get(name).map(|all| all.iter().any(|binding| binding.is_public));
        viewer.starts_with(module) || is_public.unwrap_or_else(handed_on)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::library;
    use super::super::paths::paths;
    use super::*;

    /// What a path in `module` leads to in a library of these files.
    fn found(files: &[(&str, &str)], module: &[&str], path: &str) -> Vec<String> {
        let (_folder, library) = library(files);
        let paths: Vec<_> = library.files.iter().map(paths).collect();
        let names = Names::read(&library, &paths);
        let owned = |names: &[&str]| names.iter().map(|name| name.to_string()).collect::<Vec<_>>();
        let targets = names.resolve(&owned(module), &owned(&path.split("::").collect::<Vec<_>>()));
        let mut shown: Vec<_> = targets
            .iter()
            .map(|target| match target {
                Target::Item { file, name } => format!("{} {name}", library.files[*file].path.display()),
                Target::Module(module) => module.join("::"),
            })
            .collect();
        shown.sort();
        shown.dedup();
        shown
    }

    const FILES: [(&str, &str); 4] = [
        ("lib.rs", "pub mod a; mod b; pub use a::Handed;"),
        (
            "a/mod.rs",
            "mod c; pub use c::{Deep as Handed, both}; pub use c::*; pub mod both { pub struct In; } fn own() {}",
        ),
        ("a/c.rs", "pub struct Deep; pub fn both() {} enum Private {} pub enum Open { One }"),
        ("b.rs", "use crate::a::{self, Handed as Mine}; use super::a as other; mod e { use super::*; }"),
    ];

    #[test]
    fn names_are_followed_to_the_file_that_defines_them() {
        for (module, path, expected) in [
            (&["b"][..], "crate::Handed", &["a/c.rs Deep"][..]),
            (&["b"], "Mine", &["a/c.rs Deep"]),
            (&["b"], "Mine::new", &["a/c.rs Deep"]),
            (&["b"], "a::Open::One", &["a/c.rs Open"]),
            (&["b"], "other::own", &["a/mod.rs own"]),
            (&["a", "c"], "super::super::b", &["b"]),
            (&["a", "c"], "self::Open", &["a/c.rs Open"]),
            (&["b", "e"], "Mine", &["a/c.rs Deep"]),
            (&["b"], "std::fs", &[]),
            (&["b"], "Vec", &[]),
            (&["b"], "crate::a::Nothing", &[]),
        ] {
            assert_eq!(found(&FILES, module, path), expected, "{module:?} {path}");
        }
    }

    #[test]
    fn a_name_may_mean_a_module_and_a_function() {
        assert_eq!(found(&FILES, &["b"], "a::both"), ["a/c.rs both", "a::both"]);
        assert_eq!(found(&FILES, &["b"], "a::both::In"), ["a/mod.rs In"]);
        let same = [("lib.rs", "mod f; pub use f::f; mod g;"), ("f.rs", "pub fn f() {}"), ("g.rs", "")];
        assert_eq!(found(&same, &["g"], "crate::f"), ["f", "f.rs f"]);
    }

    #[test]
    fn importing_everything_brings_what_is_public() {
        assert_eq!(found(&FILES, &["b"], "crate::a::c::*"), ["a/c.rs Deep", "a/c.rs Open", "a/c.rs both"]);
        assert_eq!(found(&FILES, &["a", "c", "tests"], "super::super::c::*").len(), 4);
        assert_eq!(found(&FILES, &["b"], "crate::a::Private"), [""; 0]);
    }

    #[test]
    fn imports_in_a_circle_lead_nowhere() {
        let files = [
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "pub use crate::b::*; pub use crate::b::x;"),
            ("b.rs", "pub use crate::a::*; pub use crate::a::x;"),
        ];
        assert_eq!(found(&files, &["a"], "x"), [""; 0]);
        assert_eq!(found(&files, &["a"], "y"), [""; 0]);
        assert_eq!(found(&files, &["a"], "crate::b::*"), [""; 0]);
    }
}
