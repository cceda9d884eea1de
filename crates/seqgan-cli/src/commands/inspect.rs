//! `seqgan inspect`: shows what a run folder holds.

use seqgan::config::KeepBy;
use seqgan::saved::{ModelChoice, ModelInfo, SavedRun};
use serde_json::Value;

use crate::args::InspectArgs;
use crate::table::{Align, Table};
use crate::{choice, messages, outcome};

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
    let models = run.models()?;
    if models.is_empty() {
        line("models", "none yet".into());
    } else {
        let choice = run.choose(None, None).ok();
        if let Some(choice) = &choice {
            line("model", choice::model(choice));
            choice::reason(choice).into_iter().chain(choice::better(choice)).for_each(|text| line("", text));
        }
        text.push('\n');
        text.push_str(&table_of_models(&models, choice.as_ref(), config.checkpoint.keep_by));
    }
    if let Some(summary) = run.summary()? {
        text.push('\n');
        text.push_str(&outcome::render(&summary));
    }
    messages::print(&text)?;
    Ok(())
}

/// The saved models, each with the options that select it; a star marks the one that needs none.
fn table_of_models(models: &[ModelInfo], choice: Option<&ModelChoice>, keep_by: KeepBy) -> String {
    let kept_by = format!("{} in training", keep_by.name());
    // The likelihood itself stands in its own column, of all validation sequences.
    let has_other = keep_by != KeepBy::NllValidation && models.iter().any(|info| info.checkpoint.is_some());
    let mut columns = vec![
        ("  --method", Align::Left),
        ("--round", Align::Right),
        (KeepBy::NllValidation.name(), Align::Right),
    ];
    columns.extend(has_other.then_some((kept_by.as_str(), Align::Right)));
    let mut table = Table::new(&columns);
    for info in models {
        let mark = if choice.is_some_and(|choice| choice.model == *info) { "*" } else { " " };
        let none = || "-".to_string();
        let mut cells = vec![
            format!("{mark} {}", info.method),
            info.round().map_or_else(none, |round| round.to_string()),
            choice::nll(info).unwrap_or_else(none),
        ];
        let value = || info.checkpoint.map_or_else(none, |checkpoint| format!("{:.4}", checkpoint.value));
        cells.extend(has_other.then(value));
        table.row(cells);
    }
    format!("{}* is used without these options\n", table.render())
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
