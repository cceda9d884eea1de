//! A run, from its settings to its summary.

use super::estimate;
use super::files::RunFiles;
use super::folder::{open, update_paths, write_description};
use super::plan::{Stage, outline, parts, plan};
use super::settings::check_names;
use super::stages;
use crate::config::{CheckedConfig, Config, Method, Provenance};
use crate::measure::{Summary, measured};
use crate::reward::Watcher;
use crate::run::{RunFolder, RunLock};
use crate::task::Task;
use crate::token::SeqBatch;
use crate::train::{All, Completed, Context, Event, Observer, Saved, StageState, load_state, method};
use crate::{Error, Result};
use std::path::{Path, PathBuf};

/// Kind of task of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The synthetic task.
    Oracle,
    /// A file of sequences.
    Train,
}

impl Kind {
    /// Name of the command that starts such a run.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Oracle => "oracle",
            Kind::Train => "train",
        }
    }
}

/// A run to start or to resume.
pub struct Experiment {
    /// Kind of task: synthetic, or a file.
    pub kind: Kind,
    /// Name of the preset, for the summary.
    pub preset: String,
    /// Checked settings.
    pub config: CheckedConfig,
    /// Task: training data and, for the synthetic task, the oracle.
    pub task: Task,
    /// The run folder; by default a new folder under `runs/`.
    pub out: Option<PathBuf>,
    /// Whether to resume the run in `out`, if there is one.
    pub resume: bool,
    /// Folder of likelihood models that runs share. A model from a run with equal training is loaded instead of
    /// trained.
    pub models: Option<PathBuf>,
}

/// Carries out the run, or its remaining stages if it is resumed. Returns the run folder and the results.
///
/// # Errors
/// [`Error::Interrupted`] if the observer requests a stop; the state is saved, and the run can be resumed.
pub fn run(experiment: &Experiment, observer: &dyn Observer) -> Result<(RunFolder, Summary)> {
    let Experiment { config, task, .. } = experiment;
    check_names(config, &Provenance::default())?;
    let stages = plan(config)?;
    check_rewards(experiment, observer)?;
    let (folder, lock) = open(experiment)?;
    let note = |text: String| observer.on(&Event::Note(&text));
    if folder.is_finished() {
        // The state is left over if the run was killed after it wrote its summary.
        let _ = std::fs::remove_file(folder.state());
        update_paths(&folder, config)?;
        note(format!("{}: finished already", folder.path().display()))?;
        let summary = folder.read_json("summary.json")?;
        return Ok((folder, summary));
    }
    let lock = match lock {
        Some(lock) => lock,
        None => RunLock::take(&folder)?,
    };
    update_paths(&folder, config)?;
    let Saved { mut completed, stage: mut in_progress, elapsed_s, metrics_bytes } =
        saved(experiment, &folder, &stages)?;
    note(format!("run folder: {}", folder.path().display()))?;
    lock.warning().map_or(Ok(()), |warning| note(warning.into()))?;
    task.notes.iter().try_for_each(|text| note(text.clone()))?;
    for (name, batch) in [("validation", Some(&task.validation)), ("test", task.test.as_ref())] {
        let (all, measured) =
            (batch.map_or(0, SeqBatch::len), batch.map_or(0, |b| measured(config, b).len()));
        if measured < all {
            note(format!("likelihoods are measured on {measured} of {all} {name} sequences, evenly spaced"))?;
        }
    }
    let left = &stages[completed.stages..];
    note(estimate::describe(config, task, left)?)?;
    note(format!("to do: {}", outline(config, left)))?;
    let files = RunFiles::open(&folder, metrics_bytes)?;
    let observers: [&dyn Observer; 2] = [&files, observer];
    let observers = All(&observers);
    let mut context = Context::new(config, task, &folder, &observers, &files, elapsed_s);
    while let Some(&stage) = stages.get(completed.stages) {
        let cache = experiment.models.as_deref();
        stages::run(&mut context, cache, &mut completed, &mut in_progress, stage)?;
        completed.stages += 1;
        completed.parts.truncate(parts(config, &stages, completed.stages).len());
        context.save(&completed, in_progress.as_ref())?;
    }
    let elapsed_s = context.elapsed_s();
    let summary = summary(experiment, &completed, elapsed_s);
    write_description(&folder, experiment, Some(elapsed_s))?;
    folder.write_json("summary.json", &summary)?;
    // A finished run needs no saved state.
    let _ = std::fs::remove_file(folder.state());
    Ok((folder, summary))
}

/// Checks before any training that all rewards are available, such as those computed by programs. A finished run starts
/// no program.
fn check_rewards(experiment: &Experiment, observer: &dyn Observer) -> Result<()> {
    let is_over = |path: &Path| RunFolder::open(path).is_ok_and(|folder| folder.is_finished());
    if experiment.resume && experiment.out.as_deref().is_some_and(is_over) {
        return Ok(());
    }
    let Experiment { config, task, .. } = experiment;
    let methods = config.methods.iter().filter_map(|&name| method::adversarial(name));
    // An observer that cannot take a line fails at the next event as well.
    struct Waiting<'a>(&'a dyn Observer);
    impl Watcher for Waiting<'_> {
        fn tell(&self, text: &str) {
            let _ = self.0.on(&Event::Note(text));
        }

        fn should_stop(&self) -> bool {
            self.0.should_stop()
        }
    }
    let waiting = Waiting(observer);
    methods.into_iter().try_for_each(|method| method.check(config, task, &waiting))
}

/// Loads the saved state of the run, or creates the initial one.
fn saved(experiment: &Experiment, folder: &RunFolder, stages: &[Stage]) -> Result<Saved> {
    let Experiment { config, task, .. } = experiment;
    if !folder.state().is_file() {
        let (completed, stage) = (Completed::default(), StageState::Fresh);
        return Ok(Saved { completed, stage, elapsed_s: 0.0, metrics_bytes: 0 });
    }
    let saved = load_state(&folder.state(), config, task)?;
    check_models(config, folder, stages, &saved.completed)?;
    Ok(saved)
}

/// Checks that the state contains the model of every completed stage.
fn check_models(config: &Config, folder: &RunFolder, stages: &[Stage], completed: &Completed) -> Result<()> {
    let trained = |stage: &Stage| match stage {
        Stage::Likelihood(method) | Stage::Rounds(method) => Some(*method),
        Stage::Ensemble => Some(Method::MLE_ENSEMBLE),
        Stage::Member(_) | Stage::Fold(..) | Stage::RewardModel(_) | Stage::Measure => None,
    };
    let fault = |message| Error::Checkpoint {
        path: folder.state(),
        message,
        hint: Some("the state is damaged; start a new run".into()),
    };
    if completed.stages > stages.len() {
        return Err(fault(format!("{} stages are done of {}", completed.stages, stages.len())));
    }
    let expected = parts(config, stages, completed.stages);
    let found: Vec<Method> = completed.parts.iter().map(|part| part.method).collect();
    if found != expected {
        let (found, expected) = (Method::list(&found), Method::list(&expected));
        return Err(fault(format!("its parts are [{found}], expected [{expected}]")));
    }
    let done = &stages[..completed.stages];
    match done.iter().filter_map(trained).find(|method| !completed.finished.contains_key(method)) {
        Some(method) => Err(fault(format!("the model `{method}` is done, but not there"))),
        None => Ok(()),
    }
}

fn summary(experiment: &Experiment, completed: &Completed, elapsed_s: f64) -> Summary {
    let outcome = completed.outcome.clone();
    Summary {
        command: experiment.kind.name().into(),
        version: env!("CARGO_PKG_VERSION").into(),
        preset: experiment.preset.clone(),
        seed: experiment.config.seed,
        seconds: (elapsed_s * 10.0).round() / 10.0,
        oracle: outcome.oracle,
        methods: outcome.methods,
        notes: outcome.notes,
    }
}
