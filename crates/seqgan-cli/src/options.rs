//! From arguments to checked settings: defaults, preset, file, options, `--set`, in this order.

use std::path::{Path, PathBuf};

use seqgan::config::{Config, Layers, Method, Preset, Provenance, validate};
use seqgan::reward::registry;
use seqgan::run::RunFolder;
use seqgan::train::{Kind, Study, StudyRun, Task};

use crate::args::{self, CompareArgs, OracleArgs, ReadingArgs, RunArgs, TaskName, TrainArgs};
use crate::messages::UsageError;

/// Settings and task of `seqgan oracle`.
pub fn oracle(args: &OracleArgs) -> anyhow::Result<(Preset, Config, Task)> {
    check_folder(&args.run)?;
    let preset = preset(&args.run);
    let resolve = |defaults: Config| -> anyhow::Result<Config> {
        let mut layers = layers(defaults);
        synthetic(&mut layers, args.task, &args.oracle_params)?;
        finish(&mut layers, &args.run, &[])
    };
    // The defaults of sizes follow from the task.
    let mut config = resolve(preset.config_for_task(resolve(preset.config())?.oracle.task))?;
    let task = Task::oracle(&config.oracle, config.seed)?;
    task.resolve(&mut config);
    Ok((preset, config, task))
}

/// Settings and task of `seqgan train`. The file is read first, because the presets' numbers of steps follow
/// from its size.
pub fn train(args: &TrainArgs) -> anyhow::Result<(Preset, Config, Task)> {
    check_folder(&args.run)?;
    let preset = preset(&args.run);
    let TrainArgs { config, data, reading, .. } = args;
    let given = Given { config, data, reading };
    let resolve = |defaults: Config| -> anyhow::Result<Config> {
        let mut layers = layers(defaults);
        given.add_to(&mut layers)?;
        finish(&mut layers, &args.run, &[])
    };
    let first = resolve(preset.config())?;
    if first.data.path.is_empty() {
        return Err(UsageError::new(
            "no data: `data.path` is empty",
            "set `data.path` in the configuration file, or give --data FILE",
        )
        .into());
    }
    let task = Task::file(&first.data, &first.constraint)?;
    let config = resolve(preset.config_for_file(task.size()))?;
    Ok((preset, config, task))
}

/// What `train` and `compare` say of data alike.
struct Given<'a> {
    config: &'a Option<PathBuf>,
    data: &'a Option<PathBuf>,
    reading: &'a ReadingArgs,
}

impl Given<'_> {
    fn add_to(&self, layers: &mut Layers) -> seqgan::Result<()> {
        if let Some(path) = self.config {
            layers.file(path).map_err(|error| no_config(error, path))?;
        }
        if let Some(path) = self.data {
            layers.option("data.path", path.display().to_string(), "--data")?;
        }
        let ReadingArgs { test, format, field, label, tokens, tokenizer } = self.reading;
        if let Some(path) = test {
            layers.option("data.test", path.display().to_string(), "--test")?;
        }
        if let Some(format) = format {
            layers.option("data.format", format.name(), "--format")?;
        }
        if let Some(field) = field {
            layers.option("data.field", field.as_str(), "--field")?;
        }
        if let Some(label) = label {
            layers.option("data.label", label.as_str(), "--label")?;
        }
        if let Some(tokens) = tokens {
            layers.option("data.tokens", tokens.name(), "--tokens")?;
        }
        if let Some(path) = tokenizer {
            layers.option("data.tokenizer", path.display().to_string(), "--tokenizer")?;
        }
        Ok(())
    }
}

/// Whoever has a file of sequences gives it first where a configuration is expected.
fn no_config(mut error: seqgan::Error, path: &Path) -> seqgan::Error {
    if let seqgan::Error::ConfigSyntax { hint: hint @ None, .. } = &mut error
        && path.extension().is_none_or(|extension| extension != "toml")
    {
        *hint = Some(format!(
            "a configuration is TOML; to learn from a file of sequences: --data {}",
            path.display()
        ));
    }
    error
}

/// What `oracle` and `compare` say of synthetic tasks alike.
fn synthetic(layers: &mut Layers, task: Option<TaskName>, params: &Option<PathBuf>) -> seqgan::Result<()> {
    if let Some(task) = task {
        layers.option("oracle.task", task.name(), "--task")?;
    }
    if let Some(path) = params {
        layers.option("oracle.params", path.display().to_string(), "--oracle-params")?;
    }
    Ok(())
}

/// The runs of `seqgan compare`.
pub fn compare(args: &CompareArgs) -> anyhow::Result<Study> {
    if !args.run.resume {
        check_folder(&args.run)?;
    }
    let preset = preset(&args.run);
    let CompareArgs { config, data, reading, .. } = args;
    let given = Given { config, data, reading };
    let grid = grid(&args.vary)?;
    let resolve = |defaults: Config, variant: &[(String, String)]| -> anyhow::Result<Config> {
        // A mix is nothing by itself; where the settings tell one, `finish` adds its row. The others train several generators
        // besides, which is much to do for one who has not asked for it.
        let left_out = |m: &Method| {
            let costly = matches!(m, Method::MleEnsemble | Method::Distilled) || m.is_crossfit();
            costly || matches!(m, Method::Mixed | Method::Mixture)
        };
        let methods = match preset {
            Preset::Best => defaults.methods.clone(),
            _ => Method::ALL.into_iter().filter(|m| !left_out(m)).collect(),
        };
        let mut layers = layers(Config { methods, ..defaults });
        given.add_to(&mut layers)?;
        synthetic(&mut layers, args.task, &args.oracle_params)?;
        finish(&mut layers, &args.run, variant)
    };
    let first = resolve(preset.config(), &grid[0])?;
    let kind = if first.data.path.is_empty() { Kind::Oracle } else { Kind::Train };
    check_oracles(args.oracles, &first)?;
    let oracles = if kind == Kind::Oracle { 1..=args.oracles } else { 0..=0 };
    let mut runs = Vec::new();
    // A file is read once for all settings that read it alike.
    let mut size = None;
    for variant in &grid {
        let asked = resolve(preset.config(), variant)?;
        if asked.data.path.is_empty() != first.data.path.is_empty() {
            return Err(UsageError::new(
                "`--vary` mixes a file and a synthetic task",
                "compare them one after the other",
            )
            .into());
        }
        let defaults = match kind {
            Kind::Oracle => preset.config_for_task(asked.oracle.task),
            Kind::Train => {
                let (data, constraint) = (&asked.data, &asked.constraint);
                let known = size.take().filter(|(read, _)| *read == (data.clone(), constraint.clone()));
                let found = match known {
                    Some((_, found)) => found,
                    None => Task::file(data, constraint)?.size(),
                };
                size = Some(((data.clone(), constraint.clone()), found));
                preset.config_for_file(found)
            }
        };
        let resolved = resolve(defaults, variant)?;
        for oracle in oracles.clone() {
            for seed in first.seed..first.seed + args.seeds {
                let mut config = resolved.clone();
                config.seed = seed;
                // Its own seed, so that the runs of an oracle differ in data and weights, and not in the oracle.
                if kind == Kind::Oracle && config.oracle.seed == 0 {
                    config.oracle.seed = oracle;
                }
                runs.push(StudyRun { oracle, seed, variant: variant.iter().cloned().collect(), config });
            }
        }
    }
    let jobs = args.jobs.unwrap_or(rayon::current_num_threads());
    let RunArgs { out, resume, .. } = &args.run;
    Ok(Study { kind, preset, runs, out: out.clone(), resume: *resume, jobs })
}

/// Refuses more oracles where they would all be the same, and so be counted as evidence that is none.
fn check_oracles(oracles: u64, config: &Config) -> anyhow::Result<()> {
    let reason = match &config.oracle {
        _ if oracles == 1 => return Ok(()),
        _ if !config.data.path.is_empty() => "a file of sequences has no oracle".to_string(),
        oracle if oracle.task.has_rule() => {
            format!("the rule of the task {} is always the same", oracle.task.name())
        }
        oracle if !oracle.params.is_empty() => "the oracle's parameters are given".into(),
        oracle if oracle.seed != 0 => "the oracle's seed is given, `oracle.seed`".into(),
        _ => return Ok(()),
    };
    Err(UsageError::new(format!("`--oracles {oracles}`, but {reason}"), "`--seeds` makes more runs").into())
}

/// Every combination of the values of `--vary KEY=VALUE,VALUE`.
fn grid(options: &[String]) -> anyhow::Result<Vec<Vec<(String, String)>>> {
    let mut grid = vec![Vec::new()];
    for option in options {
        let parts = option.split_once('=').filter(|(key, values)| !key.is_empty() && !values.is_empty());
        let Some((key, values)) = parts else {
            return Err(UsageError::new(
                format!("`--vary {option}` is not of the form KEY=VALUE,VALUE"),
                "for example --vary adversarial.g_steps=1,10",
            )
            .into());
        };
        if key.trim() == "seed" {
            return Err(UsageError::new(
                "`--vary seed` would give runs that others have",
                "`--seeds` and `--seed` say which seeds runs have",
            )
            .into());
        }
        let with = |value: &str| {
            let pair = (key.trim().to_string(), value.trim().to_string());
            grid.iter().map(|set| set.iter().cloned().chain([pair.clone()]).collect()).collect::<Vec<_>>()
        };
        grid = values.split(',').flat_map(with).collect();
    }
    Ok(grid)
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

fn preset(args: &RunArgs) -> Preset {
    match args.preset {
        None | Some(args::Preset::Quick) => Preset::Quick,
        Some(args::Preset::Paper) => Preset::Paper,
        Some(args::Preset::Best) => Preset::Best,
        Some(args::Preset::Smoke) => Preset::Smoke,
    }
}

fn layers(defaults: Config) -> Layers {
    Layers::new(toml::Table::try_from(defaults).expect("settings are plain data"))
}

/// Adds what stands last and wins, and checks the whole.
fn finish(layers: &mut Layers, args: &RunArgs, variant: &[(String, String)]) -> anyhow::Result<Config> {
    if let Some(seed) = args.seed {
        layers.option("seed", i64::try_from(seed).expect("the parser's range"), "--seed")?;
    }
    if !args.methods.is_empty() {
        let names: Vec<&str> = args.methods.iter().map(|m| m.name()).collect();
        layers.option("methods", names, "--methods")?;
    }
    for assignment in &args.set {
        layers.set(assignment)?;
    }
    for (key, value) in variant {
        layers.assign(&format!("{key}={value}"), "--vary")?;
    }
    let (mut config, provenance): (Config, Provenance) = layers.finish()?;
    if !config.reward.is_empty() && provenance.origin("methods").is_none() {
        config.methods.push(Method::Mixed);
    }
    validate(&config, &provenance)?;
    registry::validate(&config.reward, &provenance)?;
    Ok(config)
}
