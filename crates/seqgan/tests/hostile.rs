//! Files that others may have written: the fuzz targets, run over the files that fuzzing has found or that were written
//! by hand. Whatever panicked or hung once lies among them. docs/reliability.md says how to look for more.

#[path = "../../../fuzz/src/lib.rs"]
mod targets;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Runs a target over its files; each takes seconds at most, whatever it holds.
fn replay(name: &str) {
    const MOST: Duration = Duration::from_secs(60);
    let (_, read) = targets::TARGETS.iter().find(|(other, _)| *other == name).expect("a target");
    let files = files(&fuzz().join("corpus").join(name));
    assert!(!files.is_empty());
    for file in files {
        let start = Instant::now();
        print!("{}: ", file.display()); // shown with a panic
        println!("{}", if read(&std::fs::read(&file).unwrap()) { "read" } else { "refused" });
        assert!(start.elapsed() < MOST, "{} took {:?}", file.display(), start.elapsed());
    }
}

#[test]
fn answers() {
    replay("answers");
}

#[test]
fn config() {
    replay("config");
}

#[test]
fn constraint() {
    replay("constraint");
}

#[test]
fn data() {
    replay("data");
}

#[test]
fn sniff() {
    replay("sniff");
}

#[test]
fn midi() {
    replay("midi");
}

#[test]
fn model() {
    replay("model");
}

#[test]
fn oracle() {
    replay("oracle");
}

#[test]
fn run() {
    replay("run");
}

/// Files that readers take for good: behind the doors that a damaged file never passes, too, a target does its work.
const GOOD: [(&str, &[&str]); 9] = [
    ("answers", &["numbers"]),
    ("config", &["inline", "reward", "sections", "set", "tutorial"]),
    ("constraint", &["chars", "classes", "fixed", "powers", "smiles", "words"]),
    (
        "data",
        &[
            "csv",
            "csv-gz",
            "csv-label",
            "csv-zst",
            "fasta",
            "fasta-gz",
            "fasta-zst",
            "ids",
            "ids-gz",
            "ids-zst",
            "jsonl",
            "jsonl-gz",
            "jsonl-ids",
            "jsonl-label",
            "jsonl-zst",
            "mark",
            "smiles",
            "smiles-gz",
            "smiles-zst",
            "subset",
            "text-chars",
            "text-gz",
            "text-gz-two",
            "text-words",
            "text-zst",
            "truncate",
            "tsv",
            "tsv-gz",
            "tsv-zst",
            "window",
            "zst-window",
        ],
    ),
    (
        "midi",
        &["drums-first", "many-steps", "melody", "second-press", "sysex", "timecode", "tracks", "window"],
    ),
    (
        "model",
        &[
            "generator",
            "generator-fixed",
            "generator-labels",
            "generator-length-2048",
            "discriminator",
            "state",
        ],
    ),
    ("oracle", &["small", "zeros"]),
    (
        "run",
        &["labels", "metrics", "report", "report-compare", "report-huge", "settings", "vocab", "vocab-ids"],
    ),
    (
        "sniff",
        &[
            "bom-inside",
            "comments",
            "cr",
            "cx-smi",
            "empty-smi",
            "glued",
            "heading-smi",
            "headings",
            "log",
            "log-jsonl",
            "log-labels",
            "missing",
            "quote-tsv",
            "ragged",
            "sep-line",
            "separators",
            "table",
        ],
    ),
];

#[test]
fn good_files_are_taken() {
    let mut refused = Vec::new();
    for (target, names) in GOOD {
        let (_, read) = targets::TARGETS.iter().find(|(name, _)| *name == target).expect("a target");
        for name in names {
            let bytes = std::fs::read(fuzz().join("corpus").join(target).join(name)).unwrap();
            if !read(&bytes) {
                refused.push(format!("{target}/{name}"));
            }
        }
    }
    assert_eq!(refused, [""; 0]);
}

/// The list of targets, the programs that cargo-fuzz builds and the folders of files are the same, and the files small.
#[test]
fn every_target_has_a_program_and_files() {
    let names: BTreeSet<String> = targets::TARGETS.iter().map(|(name, _)| name.to_string()).collect();
    let stems = |folder: &str| -> BTreeSet<String> {
        files(&fuzz().join(folder)).iter().map(|p| p.file_stem().unwrap().to_string_lossy().into()).collect()
    };
    assert_eq!(stems("fuzz_targets"), names);
    assert_eq!(stems("corpus"), names);
    let sizes = names.iter().flat_map(|name| files(&fuzz().join("corpus").join(name)));
    let bytes: u64 = sizes.map(|file| file.metadata().unwrap().len()).sum();
    assert!(bytes < 300_000, "{bytes} bytes");
}
