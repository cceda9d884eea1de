//! Circles of files: files that all use each other, directly or by way of others.

use super::fault::Fault;
use super::library::Library;
use super::names::{Names, Target};
use super::paths::paths;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

/// As many files may use each other in a circle.
const MOST_IN_A_CIRCLE: usize = 4;

/// The folder without any circle of files, but for its folders in `EXCEPTIONS`.
const WITHOUT_CIRCLES: &str = "train";

/// Folders of `train/` whose files may use each other as other files may, and why.
const EXCEPTIONS: [(&str, &str); 0] = [];

/// All circles of a library that are refused.
pub fn faults(library: &Library) -> Vec<Fault> {
    let exceptions: Vec<&str> = EXCEPTIONS.iter().map(|(folder, _)| *folder).collect();
    faults_but_in(&exceptions, library)
}

/// All circles that are refused where these folders of `train/` may have some.
fn faults_but_in(exceptions: &[&str], library: &Library) -> Vec<Fault> {
    let graph = Graph::of(library);
    let refused = |circle: &Circle| {
        let below = |folder: &str| circle.iter().all(|&file| library.files[file].path.starts_with(folder));
        let in_train = circle.iter().any(|&file| library.files[file].path.starts_with(WITHOUT_CIRCLES));
        let strict = in_train && !exceptions.iter().any(|folder| below(folder));
        let most = if strict { 1 } else { MOST_IN_A_CIRCLE };
        (circle.len() > most).then(|| graph.fault(circle, strict, library))
    };
    graph.circles().iter().filter_map(refused).collect()
}

/// The places of the files of a circle in the library.
type Circle = Vec<usize>;

/// What a file uses of another: names and the lines of their first use.
type Uses = BTreeMap<String, usize>;

/// Which file uses which, without tests.
struct Graph {
    /// For each file, the files whose items it names.
    arrows: Vec<BTreeMap<usize, Uses>>,
}

impl Graph {
    /// An arrow is a path to an item that another file defines. Handing a name on is none.
    fn of(library: &Library) -> Self {
        let paths: Vec<_> = library.files.iter().map(paths).collect();
        let names = Names::read(library, &paths);
        let mut arrows = vec![BTreeMap::<usize, Uses>::new(); library.files.len()];
        for (from, paths) in paths.iter().enumerate() {
            for path in paths.iter().filter(|path| !path.is_test && !path.is_handed_on()) {
                for target in names.resolve(&path.module, &path.names) {
                    if let Target::Item { file, name } = target
                        && file != from
                    {
                        arrows[from].entry(file).or_default().entry(name).or_insert(path.line);
                    }
                }
            }
        }
        Self { arrows }
    }

    /// The files that each file reaches by one arrow or more.
    fn reached(&self) -> Vec<BTreeSet<usize>> {
        let from = |start: usize| {
            let mut reached = BTreeSet::new();
            let mut open = vec![start];
            while let Some(file) = open.pop() {
                open.extend(self.arrows[file].keys().filter(|&&next| reached.insert(next)));
            }
            reached
        };
        (0..self.arrows.len()).map(from).collect()
    }

    /// The strongly connected components of two files or more, as large as they can be.
    fn circles(&self) -> Vec<Circle> {
        let reached = self.reached();
        let circle = |file: usize| -> Circle {
            reached[file].iter().copied().filter(|&other| reached[other].contains(&file)).collect()
        };
        let circles = (0..reached.len()).map(|file| (file, circle(file)));
        // Each circle is found from each of its files; that of the first one stays.
        circles
            .filter(|(file, circle)| circle.first() == Some(file) && circle.len() > 1)
            .map(|(_, circle)| circle)
            .collect()
    }

    /// Tells the files of a circle and what each of them uses of the others.
    fn fault(&self, circle: &Circle, strict: bool, library: &Library) -> Fault {
        let path = |file: usize| library.files[file].path.as_path();
        let limit = if strict {
            format!("{WITHOUT_CIRCLES}/ has no circle")
        } else {
            format!("a circle has {MOST_IN_A_CIRCLE} at most")
        };
        let mut text = format!("{} files use each other in a circle; {limit}", circle.len());
        for &from in circle {
            for (to, uses) in self.arrows[from].iter().filter(|(to, _)| circle.contains(to)) {
                let uses: Vec<_> = uses.iter().map(|(name, line)| format!("{name} (line {line})")).collect();
                let _ = write!(
                    text,
                    "\n    {} -> {}: {}",
                    path(from).display(),
                    path(*to).display(),
                    uses.join(", ")
                );
            }
        }
        Fault::new(circle.first().map_or(Path::new(""), |&file| path(file)), 1, text)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{library, printed};
    use super::*;

    /// The circles of a library of these files that are refused; `lib.rs` declares what lies beside it.
    fn found(exceptions: &[&str], files: &[(&str, &str)]) -> Vec<String> {
        let modules: BTreeSet<_> = files
            .iter()
            .filter_map(|(name, _)| name.split(['/', '.']).next())
            .map(|name| format!("pub mod {name};"))
            .collect();
        let root = modules.into_iter().collect::<String>();
        let mut all = vec![("lib.rs", root.as_str())];
        all.extend(files);
        let (_folder, library) = library(&all);
        printed(&faults_but_in(exceptions, &library))
    }

    /// A ring of `n` files; the first of them uses the second one, and so on.
    fn ring(n: usize) -> Vec<String> {
        let file = |i: usize| {
            let (name, next) = (["a", "b", "c", "d", "e"][i], ["a", "b", "c", "d", "e"][(i + 1) % n]);
            (
                format!("{name}.rs"),
                format!("pub struct {}; use crate::{next}::{};", name.to_uppercase(), next.to_uppercase()),
            )
        };
        let files: Vec<_> = (0..n).map(file).collect();
        let files: Vec<_> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        found(&[], &files)
    }

    #[test]
    fn four_files_may_use_each_other_and_five_may_not() {
        assert_eq!(ring(4), [""; 0]);
        assert_eq!(
            ring(5),
            ["a.rs:1: 5 files use each other in a circle; a circle has 4 at most\
              \n    a.rs -> b.rs: B (line 1)\n    b.rs -> c.rs: C (line 1)\n    c.rs -> d.rs: D (line 1)\
              \n    d.rs -> e.rs: E (line 1)\n    e.rs -> a.rs: A (line 1)"]
        );
    }

    #[test]
    fn train_has_no_circle_but_in_folders_that_are_listed() {
        let files = [
            ("train/mod.rs", "mod sub;"),
            ("train/sub/mod.rs", "mod a; mod b; pub use a::A; pub use b::B;"),
            ("train/sub/a.rs", "pub struct A;\nfn f() { super::B; }"),
            ("train/sub/b.rs", "use super::A;\npub struct B;"),
        ];
        assert_eq!(
            found(&[], &files),
            ["train/sub/a.rs:1: 2 files use each other in a circle; train/ has no circle\
              \n    train/sub/a.rs -> train/sub/b.rs: B (line 2)\n    train/sub/b.rs -> train/sub/a.rs: A (line 1)"]
        );
        assert_eq!(found(&["train/sub"], &files), [""; 0]);
        assert_eq!(found(&["train/other"], &files).len(), 1);
    }

    #[test]
    fn an_exception_holds_for_circles_that_stay_in_its_folder() {
        let files = [
            ("train/mod.rs", "mod sub; mod out;"),
            ("train/sub/mod.rs", "pub mod a;"),
            ("train/sub/a.rs", "pub fn a() { super::super::out::out() }"),
            ("train/out.rs", "pub fn out() { super::sub::a::a() }"),
        ];
        assert_eq!(found(&["train/sub"], &files).len(), 1);
    }

    #[test]
    fn every_way_to_use_an_item_is_an_arrow() {
        for text in [
            "use super::b::B;",
            "fn f(b: crate::train::b::B) {}",
            "use super::b; fn f() { b::B::new(); }",
            "use super::b::*;",
            "use super::B as Other;",
            "fn f() { use super::b::B; }",
            "fn f() { vec![super::B]; }",
            "use super::b; fn f() { assert!(true, \"{}\", b::B); }",
            "macro_rules! m { () => { $crate::train::b::B } }",
            "impl super::B {}",
            "mod inner { use super::super::B; }",
        ] {
            let files = [
                ("train/mod.rs", "pub mod a; pub mod b; pub use self::b::B;"),
                ("train/a.rs", &format!("pub struct A; {text}")),
                ("train/b.rs", "pub struct B; use super::a::A;"),
            ];
            assert_eq!(found(&[], &files).len(), 1, "{text}");
        }
    }

    #[test]
    fn tests_and_handing_names_on_make_no_arrow() {
        for text in [
            "pub use super::b::B;",
            "use super::b;",
            "#[cfg(test)] mod tests { use super::super::B; }",
            "#[cfg(test)] use super::B;",
            "#[test] fn t() { super::B; }",
            "#[cfg(test)] mod checks;",
            "mod tests;",
            "/// Like super::b::B.\nfn f() { println!(\"super::b::B\"); }",
        ] {
            let files = [
                ("train/mod.rs", "pub mod a; pub mod b; pub use self::b::B;"),
                ("train/a.rs", &format!("pub struct A; {text}")),
                ("train/a/checks.rs", "pub struct C; use crate::train::B;"),
                ("train/a/tests.rs", "pub struct C; use crate::train::B;"),
                ("train/b.rs", "pub struct B; use super::a::A;"),
            ];
            assert_eq!(found(&[], &files), [""; 0], "{text}");
        }
    }

    #[test]
    fn a_file_that_hands_names_on_and_has_code_of_its_own_is_in_no_circle_by_handing_on() {
        let files = [
            ("train/mod.rs", "mod a; pub use a::A; pub trait Stage {}"),
            ("train/a.rs", "pub struct A; impl super::Stage for A {}"),
        ];
        assert_eq!(found(&[], &files), [""; 0]);
        let files =
            [files[0], files[1], ("train/mod.rs", "mod a; pub use a::A; pub trait Stage { fn f(a: A); }")];
        assert_eq!(found(&[], &files).len(), 1);
    }
}
