//! Files of every format: learnt from, sampled as the same format, and read again.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

use crate::support::{Scratch, and, tiny_train};

/// 120 small molecules, not all different.
fn molecules() -> Vec<String> {
    let parts = ["C", "CC", "c1ccccc1", "C(=O)O", "Cl", "[nH]", "C%12CC%12", "Br"];
    (0..120).map(|i| format!("{}N{}", parts[i % 8], parts[i / 8 % 8])).collect()
}

fn packed(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// Learns from `name`, samples into a file of the same kind, and measures that file against the data.
fn there_and_back(name: &str, content: &[u8], options: &[&str], sampled: &str) -> String {
    let scratch = Scratch::new();
    scratch.write(name, content);
    scratch.run(and(&tiny_train(name), &[options, &["--out", "run", "-q"]].concat())).expect_fine();
    scratch.output(&["sample", "run", "-n", "40", "--out", sampled]);
    let field: &[&str] = if options.contains(&"--field") { &["--field", "smiles"] } else { &[] };
    let tokens: &[&str] = if options.contains(&"--tokens") { &["--tokens", "smiles"] } else { &[] };
    let measure =
        [&["evaluate", "--samples", sampled, "--test", name, "--train", name, "--json"], field, tokens]
            .concat();
    let card: Value = serde_json::from_str(&scratch.output(&measure)).unwrap();
    assert_eq!(card["facts"]["num_samples"], 40);
    // The samples are made of the data's tokens; were one format read otherwise, nothing would agree.
    assert!(card["bleu_2"]["mean"].as_f64().unwrap() > 0.1, "{card}");
    scratch.read(sampled)
}

#[test]
fn tables_json_lines_molecules_and_genes_there_and_back() {
    let molecules = molecules();
    let column = |separator: &str| {
        let rows = molecules.iter().enumerate().map(|(i, m)| format!("{i}{separator}{m}\n"));
        format!("id{separator}smiles\n") + &rows.collect::<String>()
    };
    let text = there_and_back(
        "m.csv.gz",
        &packed(&column(",")),
        &["--field", "smiles", "--tokens", "smiles"],
        "new.csv",
    );
    assert!(text.starts_with("smiles\n") && text.lines().count() == 41, "{text}");
    there_and_back("m.tsv", column("\t").as_bytes(), &["--field", "smiles", "--tokens", "smiles"], "new.tsv");

    let objects: String = molecules.iter().map(|m| json!({"smiles": m, "n": 1}).to_string() + "\n").collect();
    let text = there_and_back("m.jsonl", objects.as_bytes(), &[], "new.jsonl");
    // Without --field the name of the only string is not known to the run.
    assert!(text.lines().all(|line| line.starts_with("{\"sequence\":\"")), "{text}");

    let named: String = molecules.iter().map(|m| format!("{m} name of it\n")).collect();
    let text = there_and_back("m.smi", named.as_bytes(), &[], "new.smi");
    assert!(text.lines().all(|line| !line.contains(' ')), "{text}");

    let genes =
        |i: usize| (0..70).map(|k| ["A", "C", "G", "T"][(k * (i % 5 + 1) + i) % 4]).collect::<String>();
    let fasta: String =
        (0..60).map(|i| format!(">g{i}\n{}\n{}\n", &genes(i)[..40], &genes(i)[40..])).collect();
    let text = there_and_back("g.fa", fasta.as_bytes(), &[], "new.fa");
    assert!(text.starts_with(">1\n") && text.lines().all(|line| line.len() <= 60), "{text}");
}

#[test]
fn another_format_may_be_asked_for() {
    let scratch = Scratch::new();
    scratch.write("m.smi", molecules().join("\n"));
    scratch.run(and(&tiny_train("m.smi"), &["--out", "run", "-q"])).expect_fine();
    let plain = scratch.output(&["sample", "run", "-n", "5"]);
    let lines = scratch.output(&["sample", "run", "-n", "5", "--format", "jsonl"]);
    for (plain, line) in plain.lines().zip(lines.lines()) {
        assert_eq!(serde_json::from_str::<Value>(line).unwrap(), json!({ "sequence": plain }));
    }
    let parts = ["error: a sequence holds ", "which is no residue of FASTA"];
    scratch.refuses(1, &["sample", "run", "-n", "50", "--format", "fasta"], &parts);
    scratch.write("g.txt", (0..60).map(|i| format!("ACGT{}\n", &"GATTACA"[i % 7..])).collect::<String>());
    scratch.run(and(&tiny_train("g.txt"), &["--out", "genes", "-q"])).expect_fine();
    let fasta = scratch.output(&["sample", "genes", "-n", "5", "--format", "fasta"]);
    assert_eq!(fasta.matches('>').count(), 5);
    let words = Scratch::with_run();
    let parts =
        ["fasta is written of characters, and the run's tokens are words", "hint: leave --format out"];
    words.refuses(2, &["sample", "run", "--format", "fasta"], &parts);
}

/// A part of a large file, as much as was asked for, the same one each time.
#[test]
fn a_part_of_a_large_file() {
    let scratch = Scratch::new();
    let text: String = (0..5_000).map(|i| format!("{} {} {}\n", i % 17, i % 13, i % 11)).collect();
    scratch.write("a.txt", text);
    let ended = scratch.run(and(&tiny_train("a.txt"), &["--set", "data.max_sequences=200", "--out", "run"]));
    let ended = ended.expect_fine();
    assert!(ended.stderr.contains("5,000 lines, 200 kept"), "{}", ended.stderr);
    assert!(ended.stderr.contains("4,800 further sequences left out by chance"), "{}", ended.stderr);
}
