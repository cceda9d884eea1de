//! Training knows generators and reward models by their traits, and names no kind of network.

use super::fault::Fault;
use super::library::Library;
use crate::rust_source::identifiers;
use std::collections::BTreeSet;

/// The folder that names no kind of network.
const FOLDER: &str = "train";

/// What the names of a kind of network hold.
const KINDS: [&str; 2] = ["Lstm", "Transformer"];

/// The first place in each file of training for each name of a kind of network.
pub fn faults(library: &Library) -> Vec<Fault> {
    let mut faults = Vec::new();
    for file in library.files.iter().filter(|file| file.module.first().is_some_and(|name| name == FOLDER)) {
        let mut seen = BTreeSet::new();
        for (name, line) in identifiers(file.tokens.clone()) {
            if KINDS.iter().any(|kind| name.contains(kind)) && seen.insert(name.clone()) {
                let message =
                    format!("`{name}` is a kind of network; `{FOLDER}/` knows networks by their traits");
                faults.push(Fault::new(&file.path, line, message));
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{library, printed};
    use super::*;

    #[test]
    fn training_names_no_network_not_even_in_tests() {
        let (_folder, library) = library(&[
            (
                "train/a.rs",
                "//! LstmPolicy\n/// [`LstmPolicy`]\nfn f() { v![x::LstmGenerator::new(\"Lstm\")] }\n// Lstm",
            ),
            ("train.rs", "#[cfg(test)]\nmod tests {\n    use x::LstmPolicy;\n    type T = LstmPolicy; }"),
            ("generator.rs", "struct LstmPolicy;"),
        ]);
        let message =
            |name| format!("`{name}` is a kind of network; `train/` knows networks by their traits");
        assert_eq!(
            printed(&faults(&library)),
            [
                format!("train/a.rs:3: {}", message("LstmGenerator")),
                format!("train.rs:3: {}", message("LstmPolicy")),
            ]
        );
    }
}
