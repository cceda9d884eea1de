//! Many runs of the same methods: over seeds, oracles and settings, and what they say together.
//!
//! Each run is an ordinary one in a folder of its own, so a study that is stopped goes on where each of its runs was,
//! and asking for more seeds adds runs to those that are there.

mod jobs;
mod over_runs;
mod significance;
mod summary;

pub use summary::{RunRecord, SampleTest, StudyComparison, StudyPoint, StudyRow, StudySummary, Test};

use crate::Result;
use crate::config::{CheckedConfig, Preset, Provenance};
use crate::experiment::{Experiment, Kind, check, read_task, run};
use crate::run::StudyFolder;
use crate::task::Task;
use crate::train::{Event, Observer};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Which settings a run has that others of the study have not, by key.
pub type Variant = BTreeMap<String, String>;

/// One run of a study.
#[derive(Debug, Clone)]
pub struct StudyRun {
    /// Number of the oracle, from 1; 0 for a file.
    pub oracle: u64,
    /// The run's seed.
    pub seed: u64,
    /// What is special about its settings.
    pub variant: Variant,
    /// All its settings.
    pub config: CheckedConfig,
}

impl StudyRun {
    /// Its folder in the study's, such as "runs/oracle1-seed2", with the variant's values behind.
    fn folder(&self) -> String {
        let mut name = match self.oracle {
            0 => format!("seed{}", self.seed),
            oracle => format!("oracle{oracle}-seed{}", self.seed),
        };
        for (key, value) in &self.variant {
            let short = key.rsplit('.').next().unwrap_or(key);
            let plain: String = value.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
            name.push_str(&format!("-{short}_{plain}"));
        }
        name
    }
}

/// Runs to be made and compared.
pub struct Study {
    /// Oracle or file.
    pub kind: Kind,
    /// The preset of all runs.
    pub preset: Preset,
    /// What is run; the same methods in each.
    pub runs: Vec<StudyRun>,
    /// The study's folder; without it a new one under `runs/`.
    pub out: Option<PathBuf>,
    /// Go on with the study in `out`, if there is one.
    pub resume: bool,
    /// Runs made at the same time, which share the threads. The results do not depend on it.
    pub jobs: usize,
}

impl Study {
    /// Whether runs differ in more than the seed, and so may have models in common.
    fn has_variants(&self) -> bool {
        self.runs.iter().any(|run| run.variant != self.runs[0].variant)
    }

    /// What a folder is named after where none is given.
    fn stem(&self) -> String {
        let seed = self.runs.first().map_or(1, |run| run.seed);
        format!("compare-{}-{seed}", self.preset)
    }
}

/// Makes the runs, or what is left of them. Returns the study's folder and its results.
pub fn run_study(study: &Study, observer: &dyn Observer) -> Result<(PathBuf, StudySummary)> {
    let folder = StudyFolder::open(study.out.as_deref(), study.resume, &study.stem())?;
    let text = format!("folder of all runs: {}", folder.path().display());
    observer.on(&Event::Note(&text))?;
    if let Some(warning) = folder.warning() {
        observer.on(&Event::Note(warning))?;
    }
    let made = jobs::run_all(study.runs.len(), study.jobs, observer, |index, observer| {
        one(study, &study.runs[index], folder.path(), observer)
    })?;
    let summary = StudySummary::of(study, made);
    folder.write_json("summary.json", &summary)?;
    Ok((folder.path().to_path_buf(), summary))
}

/// Makes one run in its folder.
fn one(study: &Study, run_of: &StudyRun, folder: &Path, observer: &dyn Observer) -> Result<RunRecord> {
    let name = format!("runs/{}", run_of.folder());
    let mut config = run_of.config.clone().into_inner();
    let task = match study.kind {
        Kind::Oracle => Task::oracle(&config.oracle, config.seed)?,
        Kind::Train => read_task(&config)?,
    };
    task.resolve(&mut config);
    let experiment = Experiment {
        kind: study.kind,
        preset: study.preset.to_string(),
        config: check(config, &Provenance::default())?,
        task,
        out: Some(folder.join(&name)),
        resume: true,
        models: study.has_variants().then(|| folder.join("models")),
    };
    let (_, summary) = run(&experiment, observer)?;
    let StudyRun { oracle, seed, variant, .. } = run_of.clone();
    Ok(RunRecord { folder: name, oracle, seed, variant, summary })
}
