//! Saved measurements, and how new ones compare.

use super::machine::Machine;
use super::record::Record;
use super::statistics::Spread;
use serde::{Deserialize, Serialize};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// The file `bench-baselines/NAME.json` in Cargo's target folder.
#[derive(Debug, Serialize, Deserialize)]
pub struct Saved {
    /// Where they were measured.
    pub machine: Machine,
    /// One a phase.
    pub records: Vec<Record>,
}

impl Saved {
    /// Writes the file and returns its path.
    pub fn write(&self, name: &str) -> Result<PathBuf, String> {
        let path = path(name)?;
        fs::create_dir_all(path.parent().expect("it lies in a folder")).map_err(|e| e.to_string())?;
        let text = serde_json::to_string_pretty(self).expect("plain data");
        fs::write(&path, text + "\n").map_err(|e| format!("cannot write {}: {e}", path.display()))?;
        Ok(path)
    }

    /// Reads the file.
    pub fn read(name: &str) -> Result<Self, String> {
        let path = path(name)?;
        let fault = |e: &dyn std::fmt::Display| {
            format!("cannot read {}: {e}; `--save {name}` writes it", path.display())
        };
        let text = fs::read_to_string(&path).map_err(|e| fault(&e))?;
        let saved: Self = serde_json::from_str(&text).map_err(|e| fault(&e))?;
        if saved.records.is_empty() || saved.records.iter().any(|record| record.seconds.is_empty()) {
            return Err(fault(&"no measurements"));
        }
        Ok(saved)
    }

    /// A table of `now` against these, with warnings above it. The ratio is the median of all ratios of a saved run to
    /// one of now, beside the least and the most of them.
    pub fn compare(&self, machine: &Machine, now: &[Record]) -> String {
        let mut text = String::new();
        for difference in self.machine.differences(machine) {
            let _ = writeln!(text, "warning: {difference}; the ratios say nothing about the program");
        }
        text.push_str("| phase | saved, s | now, s | saved / now | least to most |\n|---|---|---|---|---|\n");
        for now in now {
            let Some(old) = self.records.iter().find(|old| old.phase == now.phase) else {
                let _ = writeln!(text, "| {} | - | {:.4} | not saved | |", now.phase, now.median);
                continue;
            };
            if old.scale != now.scale {
                let _ = writeln!(text, "| {} | other sizes | {:.4} | | |", now.phase, now.median);
                continue;
            }
            let ratios = old.seconds.iter().flat_map(|old| now.seconds.iter().map(move |now| old / now));
            let Spread { median, least, most } = Spread::of(ratios);
            let (old, new) = (old.median, now.median);
            let _ = writeln!(
                text,
                "| {} | {old:.4} | {new:.4} | {median:.2} | {least:.2} to {most:.2} |",
                now.phase
            );
        }
        text
    }
}

fn path(name: &str) -> Result<PathBuf, String> {
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) {
        return Err(format!("`{name}` is no name for a file, expected letters, digits, `-`, `_` and `.`"));
    }
    // Cargo tells benches a folder inside the target folder, wherever that is.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a folder of the target folder");
    Ok(target.join("bench-baselines").join(format!("{name}.json")))
}
