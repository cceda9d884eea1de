//! Files in configs/ are settings, programs in examples/rewards/ are rewards, and the commands in docs/tutorials/ run
//! as they stand there, at small scale on stand-ins for their data.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use seqgan::config::{Config, Layers, Preset, Provenance, validate};
use seqgan::data::to_midi;

use crate::support::{Ended, Scratch, TINY, and, tiny_train};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The names of the files of a folder of the repository that end so.
fn names(folder: &str, end: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(folder)).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|n| n.ends_with(end))
        .collect();
    names.sort();
    names
}

/// A file of configs/ under `quick`.
fn settings(name: &str) -> Config {
    let defaults = toml::Table::try_from(Preset::Quick.config()).unwrap();
    let mut layers = Layers::new(defaults);
    layers.text(&read(&format!("configs/{name}")), name).unwrap();
    let (config, provenance): (Config, Provenance) =
        layers.finish().unwrap_or_else(|error| panic!("{name}: {error}"));
    validate(&config, &provenance).unwrap_or_else(|error| panic!("{name}: {error}"));
    config
}

#[test]
fn every_configuration_is_accepted_and_says_why() {
    let files = names("configs", ".toml");
    assert!(files.len() >= 5, "{files:?}");
    for name in files {
        let config = settings(&name);
        assert!(!config.data.path.is_empty(), "{name} names its data");
        // A comment stands above each key, or above the keys that it is about.
        let text = read(&format!("configs/{name}"));
        assert!(text.starts_with("# "), "{name} says what it is for");
        for section in text.split("\n\n").filter(|part| part.contains(" = ")) {
            assert!(section.contains("# "), "{name}: nothing is said about\n{section}");
        }
    }
}

/// Python, or a line that says that the test is skipped.
fn python() -> bool {
    let there = Command::new("python3").args(["-c", "import sqlite3"]).stderr(Stdio::null()).status();
    let there = there.is_ok_and(|status| status.success());
    if !there {
        eprintln!("SKIPPED: there is no python3 here that has sqlite3");
    }
    there
}

/// What a program of examples/rewards/ answers to sequences.
fn answers(program: &str, sequences: &[&str]) -> Vec<f64> {
    let lines: String =
        sequences.iter().map(|text| serde_json::json!({ "sequence": text }).to_string() + "\n").collect();
    let ended = answer_lines(program, &lines, &[]).expect_fine();
    ended.stdout.lines().map(|line| line.parse().unwrap()).collect()
}

/// How a program of examples/rewards/ ends after these lines.
fn answer_lines(program: &str, lines: &str, environment: &[(&str, &Path)]) -> Ended {
    let mut child = Command::new("python3")
        .arg(root().join("examples/rewards").join(program))
        .envs(environment.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), lines.as_bytes()).unwrap();
    Ended::of(child)
}

/// RDKit as far as validity.py asks it: what has a C is a molecule.
const RDKIT: &str = "
class RDLogger:
    DisableLog = staticmethod(lambda name: None)
class Molecule:
    GetNumAtoms = lambda self: 1
class Chem:
    MolFromSmiles = staticmethod(lambda smiles: Molecule() if 'C' in smiles else None)
";

#[test]
fn reward_programs_read_any_line_that_has_a_sequence() {
    if !python() {
        return;
    }
    let scratch = Scratch::new();
    for (name, text) in [("__init__.py", RDKIT), ("Chem.py", "class QED: pass\n")] {
        fs::create_dir_all(scratch.path("rdkit")).unwrap();
        scratch.write(&format!("rdkit/{name}"), text);
    }
    let place = scratch.path("");
    let environment = [("PYTHONPATH", &*place)];
    for (program, sequence, score) in [
        ("balanced.py", "C1CC1", "1.0\n"),
        ("firewall.py", "' or 1=1 --", "0.2\n"),
        ("validity.py", "CO", "1.0\n"),
    ] {
        let text = serde_json::Value::from(sequence);
        for line in [
            sequence.to_string(),
            format!("{sequence}\r"),
            text.to_string(),
            format!("{{\"sequence\": {text}}}"),
            format!("{{\"label\": \"b\", \"sequence\": {text}}}"),
            format!("{{\"smiles\": {text}, \"log_prob\": -3.5}}"),
        ] {
            let ended = answer_lines(program, &format!("{line}\n"), &environment).expect_fine();
            assert_eq!(ended.stdout, score, "{program}: {line}");
        }
        // An answer for every line, also for those that are JSON by chance.
        let odd = "\n12\n[]\nnull\nnan\n{\n".to_string() + &"[".repeat(100_000) + "\n";
        let ended = answer_lines(program, &odd, &environment).expect_fine();
        assert_eq!(ended.stdout.lines().count(), 7, "{program}: {}", ended.stdout);
        for line in ["{\"smiles\": \"CC\", \"name\": \"x\"}", "{\"n\": 5}"] {
            let ended = answer_lines(program, &format!("{line}\n"), &environment);
            assert_eq!((ended.status, &*ended.stdout), (Some(1), ""), "{program}: {line}");
            let message = &ended.stderr;
            assert!(message.lines().count() == 1 && message.contains("Name it `sequence`"), "{message}");
        }
    }
}

#[test]
fn samples_go_to_reward_programs_whatever_their_column_is_called() {
    if !python() {
        return;
    }
    let scratch = Scratch::new();
    let rows: String = (0..60).map(|i| format!("{i},C{}O\n", "C".repeat(i % 5))).collect();
    scratch.write("molecules.csv", format!("id,smiles\n{rows}"));
    let arguments = tiny_train("molecules.csv");
    scratch.run(and(&arguments, &["--field", "smiles", "--out", "run", "-q"])).expect_fine();
    for more in [&["--format", "jsonl"][..], &["--format", "jsonl", "--score"], &["--format", "text"]] {
        let samples = scratch.run([&["sample", "run", "-n", "20"], more].concat()).expect_fine().stdout;
        assert!(more[1] == "text" || samples.starts_with("{\"smiles\":"), "{samples}");
        let scores = answer_lines("balanced.py", &samples, &[]).expect_fine().stdout;
        assert_eq!(scores.lines().count(), 20, "{scores}");
        assert!(scores.contains("1.0"), "{scores}");
    }
}

#[test]
fn molecules_are_balanced_or_not() {
    if !python() {
        return;
    }
    let good = ["C", "c1ccccc1O", "CC(=O)O", "C[C@H](N)C(=O)[O-]", "C%12CC%12", "C1CC2CC1C2", "F/C=C/F"];
    assert_eq!(answers("balanced.py", &good), [1.0; 7]);
    let bad = ["", "C(", "C)", "C()C", "c1ccccc", "C==C", "C=", "(C)", "1CC1", "C[NH", "C(=)C"];
    assert_eq!(answers("balanced.py", &bad), [0.0; 11], "{bad:?}");
}

#[test]
fn payloads_work_pass_or_do_neither() {
    if !python() {
        return;
    }
    let payloads = ["x' or name>'a", "' or 1=1 --", "ann", "zed", "' or", "'; drop table users --", "\0"];
    assert_eq!(answers("firewall.py", &payloads), [1.0, 0.2, 0.0, 0.0, 0.0, 0.0, 0.0]);
}

/// A folder with configs/, examples/ and something small under each name that the tutorials use.
fn stand_ins() -> Scratch {
    let scratch = Scratch::new();
    for folder in ["configs", "examples", "examples/rewards", "chinese_poems", "smiles_qm9", "nottingham"] {
        fs::create_dir(scratch.path(folder)).unwrap();
    }
    for (folder, end) in [("configs", ".toml"), ("examples", ".py"), ("examples/rewards", ".py")] {
        for name in names(folder, end) {
            scratch.write(&format!("{folder}/{name}"), read(&format!("{folder}/{name}")));
        }
    }
    for (part, first) in [("train", 0), ("test", 200)] {
        let lines =
            |line: &dyn Fn(usize) -> String| (first..first + 200).map(|i| line(i) + "\n").collect::<String>();
        let pick = |list: &str, i: usize| list.chars().nth(i % list.chars().count()).unwrap();
        let poem = |i: usize| {
            (0..20)
                .map(|t| pick("春眠不觉晓处处闻啼鸟夜来风雨声明月", i * (t + 1) + i / 7))
                .collect::<String>()
        };
        scratch.write(&format!("chinese_poems/{part}.txt"), lines(&poem));
        let parts = ["C", "CC", "c1ccccc1", "C(=O)O", "N", "O", "C1CC1", "F"];
        let molecule = |i: usize| format!("{}C{}{}", parts[i % 8], parts[i / 8 % 8], parts[i / 3 % 5]);
        scratch.write(&format!("smiles_qm9/{part}.txt"), lines(&molecule));
        let residue = |i: usize, t: usize| pick("GLWSKIAEVFPRDHMNQTY", i * (t + 2) + t * t + i / 5);
        let peptide =
            |i: usize| format!(">{i}\n{}", (0..10 + i % 25).map(|t| residue(i, t)).collect::<String>());
        scratch.write(if part == "train" { "peptides.fasta" } else { "held-out.fasta" }, lines(&peptide));
        fs::create_dir_all(scratch.path(&format!("nottingham/midi/{part}"))).unwrap();
        for i in first..first + 30 {
            let tune: Vec<u32> = (0..70).map(|t| 30 + ((t * (1 + i % 3) + i) % 12) as u32).collect();
            scratch.write(&format!("nottingham/midi/{part}/{i:03}.mid"), to_midi(&tune, 0.4));
        }
    }
    let mut payloads = String::new();
    for i in 0..200 {
        let (start, truth) = (["x", "ann", "1", ""][i % 4], ["1=1", "2>1", "not 0", "name>'a'"][i / 4 % 4]);
        writeln!(payloads, "{start}' or {truth}{}", [" --", "--", " or '1'='2"][i / 16 % 3]).unwrap();
    }
    scratch.write("payloads.txt", payloads);
    scratch
}

/// The commands of a page: lines of its blocks marked `sh` that begin with `seqgan`, continued ones joined.
fn commands(page: &str) -> Vec<Vec<String>> {
    let mut commands = Vec::new();
    for block in page.split("```sh\n").skip(1) {
        let block = block.split("```").next().unwrap().replace("\\\n", " ");
        commands.extend(block.lines().filter(|line| line.starts_with("seqgan ")).map(words));
    }
    commands
}

/// A line as a shell cuts it, as far as quotes go; what stands behind a # is a remark.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in line.chars() {
        match (c, quote) {
            (c, Some(q)) if c == q => quote = None,
            ('\'' | '"', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            ('#', None) if word.is_none() => break,
            (c, None) if c.is_whitespace() => words.extend(word.take()),
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    assert!(quote.is_none(), "{line}");
    words.extend(word);
    words
}

/// Every command of the page, in order; training with tiny settings behind its own.
fn run_page(name: &str, instead: &[&str]) {
    let scratch = stand_ins();
    let commands = commands(&read(&format!("docs/tutorials/{name}.md")));
    let expected = format!("configs/{name}.toml");
    assert_eq!(
        commands[0][1..3],
        ["train".to_owned(), expected],
        "the page begins with its file of settings"
    );
    for command in &commands {
        let mut arguments = command[1..].to_vec();
        if arguments[0] == "train" {
            let settings = TINY.iter().chain(&["data.max_sequences=0"]).chain(instead);
            arguments.extend(settings.flat_map(|setting| ["--set".to_owned(), setting.to_string()]));
            arguments.extend(["--preset".to_owned(), "smoke".to_owned()]);
        }
        let ended = scratch.run(&arguments);
        assert_eq!(ended.status, Some(0), "{command:?}\n{}", ended.stderr);
    }
}

#[test]
fn poems() {
    run_page("poems", &[]);
}

#[test]
fn molecules() {
    let reward = "reward=[{kind=\"program\", name=\"validity\", command=[\"python3\", \"examples/rewards/balanced.py\"], \
                  search=false}, {kind=\"unique\", search=false}]";
    if python() {
        run_page("molecules", &[reward]);
    }
}

#[test]
fn peptides() {
    run_page("peptides", &[]);
}

#[test]
fn melodies() {
    run_page("melodies", &[]);
}

#[test]
fn payloads() {
    if python() {
        run_page("payloads", &[]);
    }
}

#[test]
fn every_tutorial_is_run() {
    assert_eq!(
        names("docs/tutorials", ".md"),
        ["melodies.md", "molecules.md", "payloads.md", "peptides.md", "poems.md"]
    );
}

#[test]
fn lines_are_cut_as_a_shell_cuts_them() {
    let page = "```sh\npip install x\nseqgan train a.toml \\\n    --set 'b=[\"c d\"]' # remark\n```\n```\nseqgan no\n```\n";
    assert_eq!(commands(page), [["seqgan", "train", "a.toml", "--set", "b=[\"c d\"]"].map(String::from)]);
}
