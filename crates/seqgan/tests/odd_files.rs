//! Odd files: each is read to the sequences that are meant, or refused with the reason. The files and the threads that they
//! follow stand in testdata/odd_files/cases.toml.

use seqgan::config::{Config, DataConfig};
use seqgan::data::{read_options, read_training};
use serde::Deserialize;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

#[derive(Deserialize)]
struct Cases {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    file: String,
    /// The project and the number of the thread.
    thread: String,
    /// Settings of `[data]`.
    #[serde(default)]
    settings: toml::Table,
    refused: Option<String>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/odd_files")
}

fn cases() -> Vec<Case> {
    let text = std::fs::read_to_string(folder().join("cases.toml")).unwrap();
    toml::from_str::<Cases>(&text).unwrap().case
}

impl Case {
    /// The sequences as text, or the message.
    fn read(&self) -> Result<Vec<String>, String> {
        let path = folder().join("inputs").join(&self.file);
        let mut settings = toml::Table::try_from(Config::default().data).unwrap();
        settings.extend(self.settings.clone());
        settings.insert("path".into(), path.display().to_string().into());
        let config: DataConfig = settings.try_into().unwrap();
        let options = read_options(&config, &path).map_err(|error| error.to_string())?;
        let text = read_training(&path, &options).map_err(|error| error.to_string())?;
        assert_eq!(text.report.kept, text.sequences.len());
        Ok(text.sequences.rows().map(|row| text.vocab.decode(row)).collect())
    }

    /// The sequences that are meant. Those of words have single blanks.
    fn expected(&self, tokens_are_words: bool) -> Vec<String> {
        let number = self.file.split('-').next().unwrap();
        let text = std::fs::read_to_string(folder().join(format!("expected/{number}.jsonl"))).unwrap();
        let line = |line| match serde_json::from_str(line).unwrap() {
            serde_json::Value::Array(numbers) => {
                numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
            }
            value if tokens_are_words => {
                value.as_str().unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
            }
            value => value.as_str().unwrap().into(),
        };
        text.lines().map(line).collect()
    }
}

#[test]
fn odd_files_are_read_right_or_refused_with_the_reason() {
    let mut wrong = Vec::new();
    for case in cases() {
        let found = case.read();
        let is_right = match (&found, &case.refused) {
            (Ok(rows), None) => {
                // Of words the blanks between them are not kept; characters are.
                let words = rows.iter().any(|row| row.contains(' '))
                    && case.settings.get("tokens") != Some(&"chars".into());
                let mut expected = case.expected(words);
                let mut rows = rows.clone();
                if case.settings.contains_key("group_by") {
                    rows.sort();
                    expected.sort();
                }
                rows == expected
            }
            (Err(message), Some(words)) => message.contains(words.as_str()),
            _ => false,
        };
        if !is_right {
            wrong.push(format!("{} {:?} ({}): {found:?}", case.file, case.settings, case.thread));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The readers of Python's csv, pandas, Biopython, RDKit and pretty_midi, asked for the same files. `SEQGAN_PEERS` names a Python
/// that has these packages.
#[test]
fn the_readers_that_people_use_agree() {
    let test = "the_readers_that_people_use_agree";
    let skip = |why: &str| {
        // Past the capture of the output; an unwritable standard error is no reason to fail.
        let _ = writeln!(std::io::stderr(), "\nSKIPPED: {test}: {why}\n");
    };
    let Some(python) = std::env::var_os("SEQGAN_PEERS") else {
        return skip("SEQGAN_PEERS names no Python with biopython, pandas, rdkit and pretty_midi");
    };
    let jobs: Vec<serde_json::Value> = cases()
        .iter()
        .filter(|case| case.refused.is_none())
        .map(|case| {
            let file = folder().join("inputs").join(&case.file);
            serde_json::json!({ "file": file, "settings": case.settings, "sequences": case.read().unwrap() })
        })
        .collect();
    let mut command = Command::new(python);
    command.arg(folder().join("peers.py")).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("the Python of SEQGAN_PEERS");
    child.stdin.take().unwrap().write_all(serde_json::to_string(&jobs).unwrap().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let report = String::from_utf8_lossy(&output.stdout);
    println!("{report}");
    match output.status.code() {
        Some(3) => skip(report.trim()),
        status => assert_eq!(status, Some(0), "{report}"),
    }
}
