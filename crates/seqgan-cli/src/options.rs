//! From arguments to checked settings: defaults, preset, file, options, `--set`, in this order.

use std::path::Path;

use seqgan::config::{Config, Layers, Preset, Provenance, validate};
use seqgan::run::RunFolder;
use seqgan::train::Task;

use crate::args::{self, OracleArgs, RunArgs, TrainArgs};
use crate::messages::UsageError;

/// Settings and task of `seqgan oracle`.
pub fn oracle(args: &OracleArgs) -> anyhow::Result<(Preset, Config, Task)> {
    check_folder(&args.run)?;
    let preset = preset(&args.run);
    let mut layers = layers(preset.config());
    if let Some(path) = &args.oracle_params {
        layers.option("oracle.params", path.display().to_string(), "--oracle-params")?;
    }
    let mut config = finish(&mut layers, &args.run)?;
    let task = Task::oracle(&config.oracle, config.seed)?;
    // A file of parameters brings its own sizes; the resolved settings tell the truth.
    config.oracle.vocab_size = task.vocab_size();
    if let Some(oracle) = &task.oracle {
        let shape = oracle.shape();
        (config.oracle.embedding_dim, config.oracle.hidden_dim) = (shape.embedding_dim, shape.hidden_dim);
    }
    Ok((preset, config, task))
}

/// Settings and task of `seqgan train`. The file is read first, because the presets' numbers of steps follow
/// from its size.
pub fn train(args: &TrainArgs) -> anyhow::Result<(Preset, Config, Task)> {
    check_folder(&args.run)?;
    let preset = preset(&args.run);
    let resolve = |defaults: Config| -> anyhow::Result<Config> {
        let mut layers = layers(defaults);
        if let Some(path) = &args.config {
            layers.file(path)?;
        }
        if let Some(path) = &args.data {
            layers.option("data.path", path.display().to_string(), "--data")?;
        }
        if let Some(path) = &args.test {
            layers.option("data.test", path.display().to_string(), "--test")?;
        }
        if let Some(format) = args.format {
            layers.option("data.format", format.name(), "--format")?;
        }
        if let Some(tokens) = args.tokens {
            layers.option("data.tokens", tokens.name(), "--tokens")?;
        }
        finish(&mut layers, &args.run)
    };
    let first = resolve(preset.config())?;
    if first.data.path.is_empty() {
        return Err(UsageError {
            message: "no data: `data.path` is empty".into(),
            hint: Some("set `data.path` in the configuration file, or give --data FILE".into()),
        }
        .into());
    }
    check_format(Path::new(&first.data.path), &first.data.format)?;
    let task = Task::file(&first.data)?;
    let config = resolve(preset.config_for_file(task.size()))?;
    Ok((preset, config, task))
}

/// Makes the pool of worker threads; results do not depend on their number.
pub fn use_threads(threads: Option<usize>) -> anyhow::Result<()> {
    rayon::ThreadPoolBuilder::new().num_threads(threads.unwrap_or(0)).build_global()?;
    Ok(())
}

/// Refuses a folder that cannot become this run's before any work is done.
fn check_folder(args: &RunArgs) -> seqgan::Result<()> {
    match &args.out {
        Some(path) if !(args.resume && path.is_dir()) => RunFolder::check_new(path),
        _ => Ok(()),
    }
}

/// Refuses files that are no text of one sequence a line, unless the format was named.
fn check_format(path: &Path, format: &str) -> anyhow::Result<()> {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    let other = ["csv", "tsv", "json", "jsonl", "fasta", "fa", "mid", "midi", "gz", "zst"];
    if format == "auto" && other.contains(&extension.as_str()) {
        return Err(UsageError {
            message: format!("{}: files of the kind .{extension} are not read yet", path.display()),
            hint: Some(
                "convert it to text with one sequence a line, or say --format text if it is that".into(),
            ),
        }
        .into());
    }
    Ok(())
}

fn preset(args: &RunArgs) -> Preset {
    match args.preset {
        None | Some(args::Preset::Quick) => Preset::Quick,
        Some(args::Preset::Paper) => Preset::Paper,
        Some(args::Preset::Smoke) => Preset::Smoke,
    }
}

fn layers(defaults: Config) -> Layers {
    Layers::new(toml::Table::try_from(defaults).expect("settings are plain data"))
}

fn finish(layers: &mut Layers, args: &RunArgs) -> anyhow::Result<Config> {
    if let Some(seed) = args.seed {
        layers.option("seed", i64::try_from(seed).expect("the parser's range"), "--seed")?;
    }
    for assignment in &args.set {
        layers.set(assignment)?;
    }
    let (config, provenance): (Config, Provenance) = layers.finish()?;
    validate(&config, &provenance)?;
    Ok(config)
}
