//! Small published sets, in the folder that the variable SEQGAN_DATA names. Every set has a train.txt and a test.txt
//! with one sequence a line.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::Scratch;

/// A file of a set. Without the variable the test is skipped; a file that is missing all the same is a failure.
fn file(set: &str, name: &str) -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("SEQGAN_DATA").filter(|value| !value.is_empty()) else {
        eprintln!("SKIPPED: {set}: SEQGAN_DATA does not name the folder of the data sets");
        return None;
    };
    let path = PathBuf::from(folder).join(set).join(name);
    assert!(path.is_file(), "SEQGAN_DATA is set, but there is no {}", path.display());
    Some(path)
}

/// Trains on a set of characters with the smoke preset, samples and evaluates.
fn smoke(set: &str, fixed_length: Option<usize>) {
    let (Some(train), Some(test)) = (file(set, "train.txt"), file(set, "test.txt")) else { return };
    let scratch = Scratch::new();
    let (train, test) = (train.to_str().unwrap(), test.to_str().unwrap());
    scratch.run(["train", "--preset", "smoke", "--data", train, "--out", "run", "-q"]).expect_fine();

    let known: BTreeSet<char> = fs::read_to_string(train).unwrap().chars().collect();
    let samples = scratch.output(&["sample", "run", "-n", "500"]);
    assert_eq!(samples.lines().count(), 500);
    let foreign: BTreeSet<char> = samples.chars().filter(|c| !known.contains(c)).collect();
    assert!(foreign.is_empty(), "{set}: {foreign:?} in the samples");
    let lengths: BTreeSet<_> = samples.lines().map(|line| line.chars().count()).collect();
    match fixed_length {
        Some(length) => assert_eq!(lengths, BTreeSet::from([length]), "{set}"),
        None => assert!(lengths.len() > 5 && !lengths.contains(&0), "{set}: {lengths:?}"),
    }

    // Self-BLEU of as many samples as the test file has is slow; a hundred are enough to see numbers.
    let json = scratch.output(&["evaluate", "run", "--test", test, "-n", "100", "--json"]);
    let card: Value = serde_json::from_str(&json).unwrap();
    for card in [&card, &card["real"]] {
        for (name, value) in card.as_object().unwrap().iter().filter(|(_, value)| value.get("mean").is_some())
        {
            assert!(value["mean"].as_f64().is_some_and(f64::is_finite), "{set}: {name}: {value}");
            assert!(value["stderr"].as_f64().is_some_and(f64::is_finite), "{set}: {name}: {value}");
        }
    }
    // Worse than any token of the vocabulary at random would be no training at all.
    let nll = card["nll_test"]["mean"].as_f64().unwrap();
    assert!(nll > 0.0 && nll < (known.len() as f64).ln(), "{set}: nll_test {nll}");
}

#[test]
fn windows_of_dna() {
    smoke("dna_splice", Some(60));
}

#[test]
fn peptides() {
    smoke("peptide_amp", None);
}

#[test]
fn chinese_poems() {
    smoke("chinese_poems", Some(20));
}
