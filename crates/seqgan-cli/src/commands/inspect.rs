//! `seqgan inspect`: shows what a run folder holds.

use seqgan::config::Method;
use seqgan::saved::SavedRun;
use serde_json::Value;

use crate::args::InspectArgs;
use crate::{messages, outcome};

/// Runs the command.
pub fn run(args: &InspectArgs) -> anyhow::Result<()> {
    let run = SavedRun::open(&args.run)?;
    let (folder, config) = (run.folder(), run.config());
    let description: Value = folder.read_json("run.json")?;
    let mut text = String::new();
    let mut line = |name: &str, value: String| text.push_str(&format!("{name:<12}{value}\n"));
    let plain = |v: &Value| v.as_str().map_or_else(|| v.to_string(), String::from);
    let fact = |key: &str| plain(&description[key]);
    line(
        "run",
        format!("{} {}, seed {}, version {}", fact("command"), fact("preset"), config.seed, fact("version")),
    );
    let data =
        if config.data.path.is_empty() { "the synthetic task".into() } else { config.data.path.clone() };
    line("data", data);
    line(
        "sequences",
        format!(
            "{} to train, {} to validate; vocabulary {}, length up to {}",
            fact("train_sequences"),
            fact("validation_sequences"),
            fact("vocab_size"),
            fact("max_length")
        ),
    );
    line("state", state(&run)?);
    let models = run.methods()?;
    line("models", if models.is_empty() { "none yet".into() } else { Method::list(&models) });
    for (method, kept) in run.checkpoints()? {
        let by = config.checkpoint.keep_by.name();
        line("kept", format!("{method}, round {}: {by} {:.4}", kept.round, kept.value));
    }
    if let Some(summary) = run.summary()? {
        text.push('\n');
        text.push_str(&outcome::render(&summary));
    }
    messages::print(&text)?;
    Ok(())
}

/// Where the run stands.
fn state(run: &SavedRun) -> anyhow::Result<String> {
    if let Some(summary) = run.summary()? {
        return Ok(format!("finished after {:.0} s of work", summary.seconds));
    }
    let log = std::fs::read_to_string(run.folder().file("metrics.jsonl")).unwrap_or_default();
    let last = log.lines().rev().find_map(|line| serde_json::from_str::<Value>(line).ok());
    Ok(match last {
        Some(record) => {
            let phase = record["phase"].as_str().unwrap_or("?");
            format!("unfinished; last measured: {phase} {}", record["step"])
        }
        None => "unfinished; nothing measured yet".into(),
    })
}
