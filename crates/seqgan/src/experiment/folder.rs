//! Opens the folder of a run, and writes its description.

use super::run::Experiment;
use super::same_run;
use crate::checkpoint::write_atomically;
use crate::config::CheckedConfig;
use crate::run::{RunFolder, RunLock};
use crate::{Error, Result};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

/// Opens or creates the run folder, with description and settings. A new folder is locked.
pub(super) fn open(experiment: &Experiment) -> Result<(RunFolder, Option<RunLock>)> {
    let Experiment { kind, preset, config, task, out, resume, .. } = experiment;
    if let Some(path) = out.as_deref().filter(|path| *resume && path.join("config.toml").is_file()) {
        let folder = RunFolder::open(path)?;
        let before: Value = folder.read_json("run.json")?;
        same_run::check(&folder, &before, config, task)
            .map_err(|error| named_preset(error, before["preset"].as_str(), preset))?;
        return Ok((folder, None));
    }
    if let Some(path) = out.as_deref().filter(|path| *resume && path.is_dir()) {
        RunFolder::clear_unstarted(path)?;
    }
    let stem = format!("{}-{preset}-{}", kind.name(), config.seed);
    let folder = RunFolder::create(out.as_deref(), &stem)?;
    let lock = RunLock::take(&folder).inspect_err(|_| {
        // Nothing is in it yet, and nobody could go on with it; but a lock file says that another process is at work.
        if !folder.path().join(RunLock::FILE).exists() {
            let _ = std::fs::remove_dir_all(folder.path());
        }
    })?;
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
    // config.toml is written last: its presence marks a complete folder.
    folder.write_config(config)?;
    Ok((folder, Some(lock)))
}

/// Writes the settings anew where a resume names other places of the same files, because later commands read the files
/// there. The folder must be locked.
pub(super) fn update_paths(folder: &RunFolder, config: &CheckedConfig) -> Result<()> {
    let before = folder.read_config()?;
    let now = same_run::with_paths_of(&before, config);
    if now == before { Ok(()) } else { folder.write_config(&now) }
}

/// Adds a hint to an error about different settings if the preset differs, which explains the error to the user.
fn named_preset(mut error: Error, before: Option<&str>, now: &str) -> Error {
    if let (Error::Config { hint, .. }, Some(before)) = (&mut error, before.filter(|before| *before != now)) {
        *hint = Some(format!("the run was started with `preset = \"{before}\"`; resume it with the same"));
    }
    error
}

/// Writes run.json, with all data that may differ between runs with equal results. `elapsed_s` is given at the end of
/// the run.
pub(super) fn write_description(
    folder: &RunFolder,
    experiment: &Experiment,
    elapsed_s: Option<f64>,
) -> Result<()> {
    let started = match elapsed_s {
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
        // None, where training sequences stand in for them.
        "validation_sequences": experiment.task.reading["validation"].as_u64().unwrap_or(experiment.task.validation.len() as u64),
        "vocab_size": experiment.task.vocab_size(),
        "max_length": experiment.task.max_length(),
        "data": experiment.task.description,
        "reading": experiment.task.reading,
    });
    if let Some(elapsed_s) = elapsed_s {
        document["seconds"] = json!(elapsed_s);
        document["peak_memory_bytes"] = json!(peak_memory());
    }
    folder.write_json("run.json", &document)
}

/// Peak resident memory of this process in bytes, if the system reports it.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1024)
}
