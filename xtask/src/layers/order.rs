//! The order of the modules: each uses itself and those before it.

use super::fault::Fault;
use super::library::Library;
use super::paths::{NamedPath, Role, paths};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// The modules of the library from the ground up. A module uses itself and modules before it; tests do so, too.
pub const FLOORS: &[&str] = &[
    "fault",
    "error",
    "token",
    "rng",
    "kernel",
    "nn",
    "ngram",
    "space",
    "config",
    "checkpoint",
    "run",
    "data",
    "generator",
    "rollout",
    "discriminator",
    "reward",
    "credit",
    "optim",
    "metrics",
    "report",
    "task",
    "measure",
    "train",
    "evaluate",
    "saved",
    "experiment",
    "study",
];

/// Arrows to an earlier module that are refused all the same.
pub const REFUSED: &[Refused] = &[
    Refused {
        from: "metrics",
        to: &["reward", "credit", "optim"],
        reason: "metrics measure; they neither reward nor change what they measure",
    },
    Refused {
        from: "report",
        to: &["generator", "rollout", "discriminator", "reward", "credit", "optim"],
        reason: "reports know metric records and no models",
    },
];

/// Modules that one module may not use though they stand before it.
pub struct Refused {
    /// The module.
    pub from: &'static str,
    /// What it may not use.
    pub to: &'static [&'static str],
    /// Why.
    pub reason: &'static str,
}

/// The order and its exceptions.
pub struct Order<'a> {
    /// The modules from the ground up.
    pub floors: &'a [&'a str],
    /// The exceptions.
    pub refused: &'a [Refused],
}

/// All faults of a library's order. A module without a place is one fault, and not one for each arrow to it.
pub fn faults(library: &Library, order: &Order<'_>) -> Vec<Fault> {
    let mut faults = order.faults_of_list(library);
    let reexports = reexports(library);
    let modules = modules(library);
    let is_unplaced = |name: &str| modules.contains_key(name) && order.place(name).is_none();
    for file in &library.files {
        let Some(from) = file.module.first().filter(|module| order.place(module).is_some()) else { continue };
        for arrow in paths(file).iter().filter_map(arrow) {
            let to = reexports.get(&arrow.to).unwrap_or(&arrow.to);
            if !is_unplaced(to)
                && let Some(reason) = order.objection(from, to)
            {
                faults.push(Fault::new(&file.path, arrow.line, reason));
            }
        }
    }
    faults.dedup();
    faults
}

/// The modules of the root with the first file of each.
fn modules(library: &Library) -> BTreeMap<&str, &Path> {
    let mut modules = BTreeMap::new();
    for file in &library.files {
        if let Some(module) = file.module.first() {
            modules.entry(module.as_str()).or_insert(file.path.as_path());
        }
    }
    modules
}

/// A path to a module of the root; `to` is that module, or a name that lib.rs hands on, or `*` for all of them.
struct Arrow {
    to: String,
    line: usize,
}

/// The arrow of a path, if it begins at the root.
fn arrow(path: &NamedPath) -> Option<Arrow> {
    let names = path.absolute()?;
    let to = match names.into_iter().next() {
        Some(name) => name,
        None if path.is_import() => "*".into(),
        None => return None,
    };
    Some(Arrow { to, line: path.line })
}

/// Which module each name comes from that lib.rs hands on.
fn reexports(library: &Library) -> HashMap<String, String> {
    let root = library.files.iter().filter(|file| file.module.is_empty());
    let handed_on = root.flat_map(paths).filter_map(|path| {
        let Role::Import { name, is_public: true } = &path.role else { return None };
        let names = path.absolute().unwrap_or_else(|| path.names.clone());
        Some((name.clone(), names.first()?.clone()))
    });
    handed_on.collect()
}

impl Order<'_> {
    fn place(&self, module: &str) -> Option<usize> {
        self.floors.iter().position(|floor| *floor == module)
    }

    /// Modules that have no place, at the first of their files, and places that have no module.
    fn faults_of_list(&self, library: &Library) -> Vec<Fault> {
        let modules = modules(library);
        let mut faults = Vec::new();
        for (module, file) in modules.iter().filter(|(module, _)| self.place(module).is_none()) {
            let message = "has no place in the order yet; give it one in FLOORS of xtask/src/layers/order.rs";
            faults.push(Fault::new(file, 1, format!("`{module}` {message}")));
        }
        for floor in self.floors.iter().filter(|floor| !modules.contains_key(**floor)) {
            let message =
                "is no module and has a place in the order; take it out of xtask/src/layers/order.rs";
            faults.push(Fault::new(Path::new("lib.rs"), 1, format!("`{floor}` {message}")));
        }
        faults
    }

    /// Why `from`, which has a place, may not use `to`; nothing if it may.
    fn objection(&self, from: &str, to: &str) -> Option<String> {
        if to == "*" {
            return Some(format!("`{from}` imports everything by `crate::*`; name what it needs"));
        }
        let Some(place) = self.place(to) else {
            return Some(format!(
                "`crate::{to}` is neither a module with a place in the order nor handed on by lib.rs"
            ));
        };
        if self.place(from).is_some_and(|own| own < place) {
            return Some(format!("`{from}` uses `{to}`, which stands after it in the order"));
        }
        let refused = self.refused.iter().find(|refused| refused.from == from && refused.to.contains(&to))?;
        Some(format!("`{from}` uses `{to}`: {}", refused.reason))
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{library, printed};
    use super::*;

    const ORDER: Order<'_> = Order {
        floors: &["error", "rng", "data", "reward", "rollout", "metrics", "train"],
        refused: &[Refused { from: "metrics", to: &["reward"], reason: "metrics measure" }],
    };

    /// The faults of a library of these files; the modules of the order that are not among them are empty.
    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let root = "pub mod data;\npub use error::{Error, Result};\npub use crate::train::run as start;\n";
        let missing = |floor: &&&str| !files.iter().any(|(name, _)| name.starts_with(**floor));
        let names: Vec<_> = ORDER.floors.iter().filter(missing).map(|floor| format!("{floor}.rs")).collect();
        let mut all = vec![("lib.rs", root)];
        all.extend(names.iter().map(|name| (name.as_str(), "")));
        all.extend(files);
        let (_folder, library) = library(&all);
        printed(&faults(&library, &ORDER))
    }

    #[test]
    fn arrows_to_modules_before_are_fine() {
        let reward = "//! As crate::train does.\nuse crate::{Error, data::Batches, rng::{Purpose, Streams}};\n\
                      use super::reward::Reward;\nconst T: &str = \"crate::train\";\n\
                      pub(crate) fn f() -> crate::data::Rows { self::g(crate::reward::h) }\n";
        let everything = "use crate::{data, error, metrics, reward, rng, rollout};\n";
        assert_eq!(found(&[("reward.rs", reward), ("train/mod.rs", everything)]), [""; 0]);
    }

    #[test]
    fn a_wrong_arrow_is_found_with_file_and_line() {
        let text = "//! Text.\n\nuse std::fs;\nuse crate::reward::Reward;\n";
        let expected = "data/text.rs:4: `data` uses `reward`, which stands after it in the order";
        assert_eq!(found(&[("data/text.rs", text)]), [expected]);
        let expected = "error.rs:1: `error` uses `rng`, which stands after it in the order";
        assert_eq!(found(&[("error.rs", "use crate::rng::Streams;")]), [expected]);
    }

    #[test]
    fn every_way_to_write_an_arrow_is_found() {
        let wrong = "`rollout` uses `train`, which stands after it in the order";
        for (line, text) in [
            (1, "use crate::train::run;"),
            (2, "use crate::{\n    train};"),
            (1, "use crate::{rng::{self, Streams}, train::{run, start}};"),
            (1, "fn f() { crate::train::run(crate::rng::x) }"),
            (1, "use super::super::train::run;"),
            (1, "use super::super::{Error, train};"),
            (1, "use super::{super::train::run, other};"),
            (2, "mod tests { fn f() { if a { b } }\nuse super::super::super::train::run; }"),
            (1, "mod tests { } use super::super::train::run;"),
            (1, "fn f() -> crate::start {}"),
            (1, "fn f<'a>(x: &'a u8) { 'x'; crate::train::f() }"),
            (1, "fn f() { vec![crate::train::f()] }"),
            (2, "fn f() { assert!(a > 1,\nsuper::super::train::f()) }"),
            (1, "macro_rules! m { () => { $crate::train::f() } }"),
            (1, "#[cfg(test)] mod tests { use crate::train::f; }"),
        ] {
            assert_eq!(found(&[("rollout/a.rs", text)]), [format!("rollout/a.rs:{line}: {wrong}")], "{text}");
        }
        // One `super` less stays inside the module.
        for text in ["use super::train;", "mod tests { use super::super::train; }"] {
            assert_eq!(found(&[("rollout/a.rs", text)]), [""; 0], "{text}");
        }
    }

    #[test]
    fn some_arrows_to_modules_before_are_refused() {
        assert_eq!(
            found(&[("metrics/a.rs", "use crate::{data, reward};")]),
            ["metrics/a.rs:1: `metrics` uses `reward`: metrics measure"]
        );
    }

    #[test]
    fn nothing_escapes_the_order() {
        let faults = found(&[("data.rs", "use crate::*;\nuse crate::Reward;\nuse crate as c;")]);
        assert_eq!(faults.len(), 3, "{faults:?}");
        assert!(faults[0].contains("data.rs:1: `data` imports everything"), "{faults:?}");
        assert!(faults[1].contains("data.rs:2: `crate::Reward` is neither"), "{faults:?}");
        assert!(faults[2].contains("data.rs:3: `data` imports everything"), "{faults:?}");
    }

    #[test]
    fn the_list_holds_all_modules_and_no_other() {
        let train = ("train.rs", "use crate::utils::{f, g};");
        let faults = found(&[("utils/a.rs", "use crate::train::f;"), ("utils/b.rs", ""), train]);
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(
            faults[0].starts_with("utils/a.rs:1: `utils` has no place in the order yet; give"),
            "{faults:?}"
        );
        let (_folder, library) = library(&[("data.rs", "")]);
        let order = Order { floors: &["data", "old"], refused: &[] };
        let faults = printed(&super::faults(&library, &order));
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].starts_with("lib.rs:1: `old` is no module and has a place"), "{faults:?}");
    }

    #[test]
    fn refused_arrows_have_places() {
        for refused in REFUSED {
            let names = refused.to.iter().chain([&refused.from]);
            names.for_each(|name| assert!(FLOORS.contains(name), "{name}"));
        }
    }
}
