//! A folder of a run or of a comparison, with all that is read from it.

use super::log;
use super::records::{Method, OracleReference, Record, RunEntry, Summary};
use super::settings::{self, Setting};
use crate::{Error, Result};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

/// Samples of a file that are kept.
const NUM_SAMPLES: usize = 10;

/// What the page shows of a folder.
#[derive(Debug)]
pub(super) struct Folder {
    /// Its name without the folders it lies in.
    pub name: String,
    /// summary.json; nothing while a run is unfinished.
    pub summary: Option<Summary>,
    /// The runs of a comparison, or the run itself.
    pub runs: Vec<Run>,
}

/// One run.
#[derive(Debug, Clone, Default)]
pub(super) struct Run {
    /// What tells it from the other runs of the folder; empty for a run by itself.
    pub label: String,
    /// The settings that a grid of settings gave it, as text.
    pub variant: Option<String>,
    /// Its own rows.
    pub methods: Vec<Method>,
    /// metrics.jsonl.
    pub log: Vec<Record>,
    /// config.toml.
    pub settings: Vec<Setting>,
    /// run.json.
    pub description: Value,
    /// Sequences: real ones first, then a method each; of these the one of `model` first.
    pub samples: Vec<Samples>,
    /// The folder.
    pub path: PathBuf,
    /// The model that is used without a name.
    pub model: Option<ModelInUse>,
}

/// The model of a run that is used without a name. This module knows no models: who does says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelInUse {
    /// Its method.
    pub method: String,
    /// Its round; none for the model at the end of training.
    pub round: Option<usize>,
    /// What it is and why it is used: "seqgan, round 4: nll_validation 0.7421, the best of 5 single models".
    pub sentence: String,
}

/// The first sequences of a file of samples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Samples {
    /// The method, or "real".
    pub name: String,
    /// A sequence a line.
    pub lines: Vec<String>,
}

impl Folder {
    /// Reads all files.
    pub fn read(path: &Path) -> Result<Self> {
        let file = path.join("summary.json");
        let summary: Option<Summary> = file.is_file().then(|| read_json(&file)).transpose()?;
        if summary.is_none() && !path.join("config.toml").is_file() {
            return Err(Error::Run {
                path: path.into(),
                message: "no run folder: it has neither summary.json nor config.toml".into(),
                hint: Some("give a folder that `seqgan oracle`, `train` or `compare` made".into()),
            });
        }
        let runs = match &summary {
            Some(summary) if !summary.runs.is_empty() => summary
                .runs
                .iter()
                .map(|entry| Run::of_entry(path, entry, &summary.preset))
                .collect::<Result<_>>()?,
            _ => {
                vec![Run { methods: methods(summary.as_ref()), ..Run::read(path, preset(summary.as_ref()))? }]
            }
        };
        let absolute = fs::canonicalize(path).unwrap_or_else(|_| path.into());
        let name =
            absolute.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into());
        Ok(Self { name, summary, runs })
    }

    /// The rows to be shown.
    pub fn methods(&self) -> &[Method] {
        self.summary.as_ref().map_or(&[], |summary| &summary.methods)
    }

    /// A row by name.
    pub fn method(&self, name: &str) -> Option<&Method> {
        self.methods().iter().find(|method| method.name == name)
    }

    /// Entropy and uniform likelihood of the oracle of a synthetic task.
    pub fn oracle(&self) -> Option<&OracleReference> {
        self.summary.as_ref()?.oracle.as_ref()
    }

    /// The run whose samples are shown: the first that has any.
    pub fn sampled_run(&self) -> Option<&Run> {
        self.runs.iter().find(|run| !run.samples.is_empty())
    }

    /// The run whose model is told: that of the samples, or the only one.
    pub fn run_in_use(&mut self) -> Option<&mut Run> {
        let is_alone = !self.is_comparison();
        self.runs.iter_mut().find(|run| is_alone || !run.samples.is_empty())
    }

    /// Whether its numbers are means over runs.
    pub fn is_comparison(&self) -> bool {
        self.summary.as_ref().is_some_and(|summary| !summary.runs.is_empty())
    }

    /// Whether the true distribution is known.
    pub fn has_oracle(&self) -> bool {
        let is_synthetic =
            |run: &Run| run.description["data"]["task"].as_str().is_some_and(|task| task != "file");
        self.oracle().is_some() || self.runs.iter().any(is_synthetic)
    }
}

impl Run {
    fn of_entry(base: &Path, entry: &RunEntry, preset: &str) -> Result<Self> {
        let folder = entry.folder.as_ref().map(|folder| base.join(folder));
        let read = match folder.filter(|folder| folder.is_dir()) {
            Some(folder) => Self::read(&folder, Some(preset))?,
            None => Self::default(),
        };
        let numbered = |name: &str, n: Option<u64>| n.map(|n| format!("{name} {n}"));
        let parts = [numbered("oracle", entry.oracle), numbered("seed", entry.seed)];
        let mut label = parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
        let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), String::from);
        let short = |key: &str| key.rsplit('.').next().unwrap_or(key).to_string();
        let settings = entry.variant.iter().map(|(key, value)| format!("{} {}", short(key), plain(value)));
        let variant = Some(settings.collect::<Vec<_>>().join(", ")).filter(|v| !v.is_empty());
        if label.is_empty() {
            label = entry.folder.clone().unwrap_or_default();
        }
        Ok(Self { label, variant, methods: entry.methods.clone(), ..read })
    }

    /// Label and variant: what tells it from all others.
    pub fn name(&self) -> String {
        let parts = [Some(&self.label), self.variant.as_ref()].into_iter().flatten();
        parts.filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(", ")
    }

    /// Tells which model is used without a name. Its samples come first after the real ones.
    pub fn set_model(&mut self, model: Option<ModelInUse>) {
        if let Some(model) = &model {
            self.samples.sort_by_key(|samples| (samples.name != "real", samples.name != model.method));
        }
        self.model = model;
    }

    /// All but its label and rows.
    fn read(path: &Path, preset: Option<&str>) -> Result<Self> {
        let file = path.join("run.json");
        let description: Value = file.is_file().then(|| read_json(&file)).transpose()?.unwrap_or(Value::Null);
        let preset = preset.or(description["preset"].as_str()).unwrap_or_default();
        Ok(Self {
            log: log::read(&path.join("metrics.jsonl"))?,
            settings: settings::read(&path.join("config.toml"), preset)?,
            samples: samples(&path.join("samples"))?,
            description,
            path: path.into(),
            ..Self::default()
        })
    }
}

fn preset(summary: Option<&Summary>) -> Option<&str> {
    summary.map(|summary| summary.preset.as_str())
}

fn methods(summary: Option<&Summary>) -> Vec<Method> {
    summary.map(|summary| summary.methods.clone()).unwrap_or_default()
}

fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T> {
    let text = fs::read_to_string(path).map_err(Error::io("read", path))?;
    serde_json::from_str(&text).map_err(|e| Error::Run {
        path: path.into(),
        message: format!("unreadable: {e}"),
        hint: Some("the file is damaged; restore it from a copy or train again".into()),
    })
}

/// The beginnings of all sample files of text, real sequences first, then by name.
fn samples(folder: &Path) -> Result<Vec<Samples>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).map_err(Error::io("read", folder))? {
        let path = entry.map_err(Error::io("read", folder))?.path();
        if path.extension().is_none_or(|extension| extension != "txt") {
            continue;
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let file = fs::File::open(&path).map_err(Error::io("read", &path))?;
        let lines = BufReader::new(file).lines().take(NUM_SAMPLES).collect::<std::io::Result<_>>();
        all.push(Samples { name, lines: lines.map_err(Error::io("read", &path))? });
    }
    all.sort_by_key(|samples| (samples.name != "real", samples.name.clone()));
    Ok(all)
}
