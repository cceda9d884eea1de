//! One run from its settings to its summary.

use super::adversarial::{pretrain_judge, rounds};
use super::crossfit::train_fold;
use super::ensemble::{blank, put_together, train_member};
use super::evaluation::evaluate;
use super::event::Observer;
use super::judge::Judge;
use super::mix;
use super::models;
use super::plan::{Stage, num_parts, outline, plan};
use super::pretrain::{Model, Teacher, likelihood_settings, maximum_likelihood};
use super::session::Session;
use super::state::State;
use super::summary::Summary;
use super::task::Task;
use crate::checkpoint::write_atomically;
use crate::config::{Config, Method};
use crate::run::{RunFolder, RunLock};
use crate::{Error, Result};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// What kind of run it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The synthetic task.
    Oracle,
    /// A file of sequences.
    Train,
}

impl Kind {
    /// The command's name.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Oracle => "oracle",
            Kind::Train => "train",
        }
    }
}

/// A run to be made.
pub struct Experiment {
    /// Oracle or file.
    pub kind: Kind,
    /// Name of the preset, for the summary.
    pub preset: String,
    /// Checked settings.
    pub config: Config,
    /// What is to be learned.
    pub task: Task,
    /// The run folder; without it a new one under `runs/`.
    pub out: Option<PathBuf>,
    /// Go on with the run in `out`, if there is one.
    pub resume: bool,
    /// A folder of likelihood models that runs share: one that another run has trained alike is taken from there.
    pub models: Option<PathBuf>,
}

/// Makes the run, or what is left of it. Returns its folder and its results.
pub fn run(experiment: &Experiment, observer: &dyn Observer) -> Result<(RunFolder, Summary)> {
    let Experiment { kind, preset, config, task, .. } = experiment;
    let stages = plan(config)?;
    // Nothing is started for a run that is over.
    let is_over = |path: &Path| RunFolder::open(path).is_ok_and(|folder| folder.is_finished());
    let is_over = experiment.resume && experiment.out.as_deref().is_some_and(is_over);
    if config.methods.contains(&Method::Mixed) && !is_over {
        mix::build(config, task)?.check(&task.train)?;
    }
    let (folder, lock) = open(experiment)?;
    if folder.is_finished() {
        // Of a run that was killed between its summary and its end.
        let _ = std::fs::remove_file(folder.state());
        observer.note(&format!("{}: finished already", folder.path().display()));
        let summary = folder.read_json("summary.json")?;
        return Ok((folder, summary));
    }
    let _lock = match lock {
        Some(lock) => lock,
        None => RunLock::take(&folder)?,
    };
    let mut state = match folder.state().is_file() {
        false => State::default(),
        true => {
            let blank = |method| blank(config, task, method);
            let judge = |method| Judge::new(method, config, task);
            let state = State::load(&folder.state(), &blank, &judge, config.rollout.delay)?;
            check_models(config, &folder, &stages, &state)?;
            state
        }
    };
    observer.note(&format!("run folder: {}", folder.path().display()));
    task.notes.iter().for_each(|note| observer.note(note));
    let mut session = Session::new(experiment, &folder, observer, state.position.metrics_bytes)?;
    observer.note(&format!("to do: {}", outline(config, &stages[state.position.stage..])));
    while let Some(&stage) = stages.get(state.position.stage) {
        match stage {
            Stage::Likelihood(method) => {
                let settings = likelihood_settings(config, method);
                let of = |method| &state.finished[&method];
                let teacher = (method == Method::Distilled)
                    .then(|| Teacher::new(config, of(Method::MleEnsemble).clone(), of(Method::MleTuned)));
                let model = Model { method, name: method.name(), seed: config.seed, teacher };
                let generator = maximum_likelihood(&mut session, &mut state, model, &settings, &task.train)?;
                state.finished.insert(method, generator);
                models::save_generator(&folder, method, &state.finished[&method])?;
            }
            Stage::Member(member) => train_member(&mut session, &mut state, member)?,
            Stage::Ensemble => {
                put_together(&mut state);
                models::save_generator(&folder, Method::MleEnsemble, &state.finished[&Method::MleEnsemble])?;
            }
            Stage::Fold(fold, member) => train_fold(&mut session, &mut state, fold, member)?,
            Stage::Judge(method) => {
                pretrain_judge(&mut session, &mut state, method)?;
                save_judge(&folder, &state, method.is_crossfit())?;
            }
            Stage::Rounds(method) => {
                rounds(&mut session, &mut state, method)?;
                models::save_generator(&folder, method, &state.finished[&method])?;
                save_judge(&folder, &state, !method.is_crossfit())?;
                state.adversary = None;
            }
            Stage::Measure => evaluate(&mut session, &mut state)?,
        }
        state.position.stage += 1;
        state.parts.truncate(num_parts(config, &stages, state.position.stage));
        session.save(&mut state)?;
    }
    let summary = Summary {
        command: kind.name().into(),
        version: env!("CARGO_PKG_VERSION").into(),
        preset: preset.clone(),
        seed: config.seed,
        seconds: (state.position.elapsed_s * 10.0).round() / 10.0,
        oracle: state.outcome.oracle.clone(),
        methods: state.outcome.methods.clone(),
        notes: state.outcome.notes.clone(),
    };
    write_description(&folder, experiment, Some(&state))?;
    folder.write_json("summary.json", &summary)?;
    // The state is for going on, and there is nothing left to go on with.
    let _ = std::fs::remove_file(folder.state());
    Ok((folder, summary))
}

/// Writes the judge in training, if this is the `time`: a cross-fitted one as it was before the rounds, against the model that
/// they begin with; any other as the rounds leave it.
fn save_judge(folder: &RunFolder, state: &State, time: bool) -> Result<()> {
    match &state.adversary {
        Some(adversary) if time => models::save_judge(folder, &adversary.judge),
        _ => Ok(()),
    }
}

/// Refuses a state that lacks the model of a stage that it says is done.
fn check_models(config: &Config, folder: &RunFolder, stages: &[Stage], state: &State) -> Result<()> {
    let made = |stage: &Stage| match stage {
        Stage::Likelihood(method) | Stage::Rounds(method) => Some(*method),
        Stage::Ensemble => Some(Method::MleEnsemble),
        Stage::Member(_) | Stage::Fold(..) | Stage::Judge(_) | Stage::Measure => None,
    };
    let fault = |message| Error::Checkpoint {
        path: folder.state(),
        message,
        hint: Some("the state is damaged; start a new run".into()),
    };
    if state.position.stage > stages.len() {
        return Err(fault(format!("{} stages are done of {}", state.position.stage, stages.len())));
    }
    let parts = num_parts(config, stages, state.position.stage);
    if state.parts.len() != parts {
        return Err(fault(format!("{} parts of a model are there, expected {parts}", state.parts.len())));
    }
    let done = &stages[..state.position.stage];
    match done.iter().filter_map(made).find(|m| !state.finished.contains_key(m)) {
        Some(method) => Err(fault(format!("the model `{method}` is done, but not there"))),
        None => Ok(()),
    }
}

/// The folder to work in, described, with the settings that the run has or will have; locked if it is new.
fn open(experiment: &Experiment) -> Result<(RunFolder, Option<RunLock>)> {
    let Experiment { kind, preset, config, task, out, resume, .. } = experiment;
    if let Some(path) = out.as_deref().filter(|path| *resume && path.join("config.toml").is_file()) {
        let folder = RunFolder::open(path)?;
        let before: Value = folder.read_json("run.json")?;
        let same = folder.check_same_config(config);
        same.map_err(|error| named_preset(error, before["preset"].as_str(), preset))?;
        if before["data"]["tokenizer"] != task.description["tokenizer"] {
            return Err(Error::Run {
                path: path.into(),
                message: "the tokenizer has changed since the run was started".into(),
                hint: Some(
                    "the run's own one is tokenizer.json in its folder; put it back, or start a new run"
                        .into(),
                ),
            });
        }
        if before["data"] != task.description {
            return Err(Error::Run {
                path: path.into(),
                message: "the data have changed since the run was started".into(),
                hint: Some("resume with the file as it was, or start a new run with another --out".into()),
            });
        }
        return Ok((folder, None));
    }
    if let Some(path) = out.as_deref().filter(|path| *resume && path.is_dir()) {
        RunFolder::clear_unstarted(path)?;
    }
    let stem = format!("{}-{preset}-{}", kind.name(), config.seed);
    let folder = RunFolder::create(out.as_deref(), &stem)?;
    let lock = RunLock::take(&folder)?;
    if let Some(vocab) = &task.vocab {
        folder.write_json("vocab.json", vocab)?;
        if let Some(tokenizer) = vocab.tokenizer() {
            write_atomically(&folder.file("tokenizer.json"), tokenizer.json())?;
        }
    }
    if !task.labels.is_empty() {
        folder.write_json("labels.json", &task.labels)?;
    }
    write_description(&folder, experiment, None)?;
    // Last, because its presence says that the folder is complete.
    folder.write_config(config)?;
    Ok((folder, Some(lock)))
}

/// Another preset is the reason that a user can see for settings that differ.
fn named_preset(mut error: Error, before: Option<&str>, now: &str) -> Error {
    if let (Error::Config { hint, .. }, Some(before)) = (&mut error, before.filter(|before| *before != now)) {
        *hint = Some(format!("the run was started with --preset {before}; resume it with the same"));
    }
    error
}

/// run.json: what may differ between two runs with equal results.
fn write_description(folder: &RunFolder, experiment: &Experiment, ended: Option<&State>) -> Result<()> {
    let started = match ended {
        None => SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
        Some(_) => folder.started()?,
    };
    let mut document = json!({
        "command": experiment.kind.name(),
        "preset": experiment.preset,
        "version": env!("CARGO_PKG_VERSION"),
        "commit": option_env!("SEQGAN_COMMIT").unwrap_or("unknown"),
        "host": std::fs::read_to_string("/etc/hostname").map(|h| h.trim().to_string()).unwrap_or_default(),
        "started": started,
        "threads": rayon::current_num_threads(),
        "instructions": format!("{:?}", crate::kernel::simd::level()),
        "num_rounds": experiment.config.adversarial.num_rounds,
        "num_generator_updates": experiment.config.adversarial.num_rounds * experiment.config.adversarial.g_steps,
        "train_sequences": experiment.task.train.len(),
        "validation_sequences": experiment.task.validation.len(),
        "vocab_size": experiment.task.vocab_size(),
        "max_length": experiment.task.max_length(),
        "data": experiment.task.description,
    });
    if let Some(state) = ended {
        document["seconds"] = json!(state.position.elapsed_s);
        document["peak_memory_bytes"] = json!(peak_memory());
    }
    folder.write_json("run.json", &document)
}

/// Most memory this process has held, where the system tells.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1024)
}
