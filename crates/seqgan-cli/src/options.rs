//! From arguments to settings: defaults, preset, file, options, `--set`, in this order.

use std::path::{Path, PathBuf};

use seqgan::config::{CheckedConfig, Config, DataSize, Method, Preset, Provenance, path_setting};
use seqgan::experiment::{Experiment, Kind, Settings, check, read_task};
use seqgan::run::RunFolder;
use seqgan::study::{Study, StudyRun};
use seqgan::train::method::{self, Kind as MethodKind, RewardTraining};

use crate::args::{self, CompareArgs, InitialArgs, OracleArgs, ReadingArgs, RunArgs, TaskName, TrainArgs};
use crate::messages::UsageError;

/// The run of `seqgan oracle`.
pub fn oracle(args: &OracleArgs) -> anyhow::Result<Experiment> {
    check_folder(&args.run)?;
    let mut settings = new_settings(&args.run)?;
    synthetic(&mut settings, args.task, &args.oracle_params)?;
    add_run(&mut settings, &args.run)?;
    experiment(&settings, &args.run)
}

/// The run of `seqgan train`.
pub fn train(args: &TrainArgs) -> anyhow::Result<Experiment> {
    check_folder(&args.run)?;
    let mut settings = new_settings(&args.run)?;
    data(&mut settings, &args.config, &args.data, &args.reading)?;
    initial(&mut settings, &args.initial)?;
    add_run(&mut settings, &args.run)?;
    if settings.before_data()?.data.path.is_empty() {
        return Err(UsageError::new(
            "no data: `data.path` is empty",
            "set `data.path` in the configuration file, or give --data FILE",
        )
        .into());
    }
    experiment(&settings, &args.run)
}

fn experiment(settings: &Settings, args: &RunArgs) -> anyhow::Result<Experiment> {
    Ok(Experiment { out: args.out.clone(), resume: args.resume, ..settings.experiment()? })
}

/// A file of sequences where a configuration is expected is a common slip.
fn no_configuration(mut error: seqgan::Error, path: &Path) -> seqgan::Error {
    if let seqgan::Error::ConfigSyntax { hint: hint @ None, .. } = &mut error
        && path.extension().is_none_or(|extension| extension != "toml")
    {
        let path = path.display();
        *hint = Some(format!("a configuration is TOML; to learn from a file of sequences: --data {path}"));
    }
    error
}

/// Adds what `train` and `compare` say of data alike.
fn data(
    settings: &mut Settings,
    config: &Option<PathBuf>,
    data: &Option<PathBuf>,
    reading: &ReadingArgs,
) -> seqgan::Result<()> {
    if let Some(path) = config {
        settings.file(path).map_err(|error| no_configuration(error, path))?;
    }
    let text = |path: &PathBuf| path_setting(path);
    let ReadingArgs { test, format, field, label, tokens, tokenizer, .. } = reading;
    let ReadingArgs { separator, group_by, order_by, skip_bad, track, channel, .. } = reading;
    let options = [
        ("data.path", data.as_ref().map(text), "--data"),
        ("data.test", test.as_ref().map(text), "--test"),
        ("data.format", format.map(|format| format.name().into()), "--format"),
        ("data.field", field.clone(), "--field"),
        ("data.label", label.clone(), "--label"),
        ("data.tokens", tokens.map(|tokens| tokens.name().into()), "--tokens"),
        ("data.tokenizer", tokenizer.as_ref().map(text), "--tokenizer"),
    ];
    let of_tables = [
        ("data.separator", separator.clone(), "--separator"),
        ("data.group_by", group_by.clone(), "--group-by"),
        ("data.order_by", order_by.clone(), "--order-by"),
        ("data.midi_track", track.clone(), "--track"),
    ];
    for (key, value, option) in options.into_iter().chain(of_tables) {
        if let Some(value) = value {
            settings.option(key, value, option)?;
        }
    }
    if let Some(channel) = channel {
        settings.option("data.midi_channel", i64::from(*channel), "--channel")?;
    }
    if *skip_bad {
        settings.option("data.skip_bad", true, "--skip-bad")?;
    }
    Ok(())
}

/// Adds what `train` and `compare` say of the model that training goes on from.
fn initial(settings: &mut Settings, args: &InitialArgs) -> seqgan::Result<()> {
    if let Some(path) = &args.init_from {
        settings.option("generator.init_from", path_setting(path), "--init-from")?;
    }
    if let Some(method) = &args.init_method {
        settings.option("generator.init_method", method.clone(), "--init-method")?;
    }
    Ok(())
}

/// Adds what `oracle` and `compare` say of synthetic tasks alike.
fn synthetic(
    settings: &mut Settings,
    task: Option<TaskName>,
    params: &Option<PathBuf>,
) -> seqgan::Result<()> {
    if let Some(task) = task {
        settings.option("oracle.task", task.name(), "--task")?;
    }
    if let Some(path) = params {
        settings.option("oracle.params", path_setting(path), "--oracle-params")?;
    }
    Ok(())
}

/// Adds what stands last and wins.
fn add_run(settings: &mut Settings, args: &RunArgs) -> seqgan::Result<()> {
    if let Some(seed) = args.seed {
        settings.option("seed", i64::try_from(seed).expect("the parser's range"), "--seed")?;
    }
    if !args.methods.is_empty() {
        let names: Vec<&str> = args.methods.iter().map(|m| m.name()).collect();
        settings.option("methods", names, "--methods")?;
    }
    args.set.iter().try_for_each(|assignment| settings.assign(assignment, "--set").map(|_| ()))
}

/// The runs of `seqgan compare`.
pub fn compare(args: &CompareArgs) -> anyhow::Result<Study> {
    if !args.run.resume {
        check_folder(&args.run)?;
    }
    let mut common = new_settings(&args.run)?;
    let preset = common.preset();
    common.for_comparison();
    if preset != Preset::Best {
        common.default_methods(compared_methods(&preset.config()));
    }
    data(&mut common, &args.config, &args.data, &args.reading)?;
    initial(&mut common, &args.initial)?;
    synthetic(&mut common, args.task, &args.oracle_params)?;
    add_run(&mut common, &args.run)?;
    let mut variants = Vec::new();
    for variant in grid(&args.vary)? {
        let mut settings = common.clone();
        for (key, value) in &variant {
            settings.assign(&format!("{key}={value}"), "--vary")?;
        }
        variants.push((variant, settings));
    }
    let first = variants[0].1.before_data()?;
    let kind = if first.data.path.is_empty() { Kind::Oracle } else { Kind::Train };
    check_oracles(args.oracles, &first)?;
    let oracles = if kind == Kind::Oracle { 1..=args.oracles } else { 0..=0 };
    let mut runs = Vec::new();
    let mut sizes = Sizes::default();
    for (variant, settings) in variants {
        let resolved = variant_config(&settings, kind, &mut sizes)?;
        for oracle in oracles.clone() {
            for seed in first.seed..first.seed + args.seeds {
                let mut config = resolved.clone().into_inner();
                config.seed = seed;
                // Its own seed, so that the runs of an oracle differ in data and weights, and not in the oracle.
                if kind == Kind::Oracle && config.oracle.seed == 0 {
                    config.oracle.seed = oracle;
                }
                runs.push(StudyRun {
                    oracle,
                    seed,
                    variant: variant.iter().cloned().collect(),
                    config: check(config, &Provenance::default())?,
                });
            }
        }
    }
    let jobs = args.jobs.unwrap_or(rayon::current_num_threads());
    let RunArgs { out, resume, .. } = &args.run;
    Ok(Study { kind, preset, runs, out: out.clone(), resume: *resume, jobs })
}

/// The methods that are compared where none are named: all but `mixed`, `mixture`, `pretrained`, which fine-tuning adds, and those that train several generators
/// besides, which is much to do for one who has not asked for it.
fn compared_methods(config: &Config) -> Vec<Method> {
    let costs_more = |method: &dyn method::TrainingMethod| match method.kind() {
        MethodKind::Ensemble => true,
        MethodKind::Likelihood(likelihood) => likelihood.needs_teacher(),
        MethodKind::Adversarial(adversarial) => {
            adversarial.reward_training(config) == RewardTraining::OnFolds
        }
        MethodKind::Untrained(_) => false,
    };
    let left_out = [Method::MIXED, Method::MIXTURE, Method::PRETRAINED];
    let methods = method::all().into_iter().filter(|method| !costs_more(*method));
    methods.map(method::TrainingMethod::name).filter(|name| !left_out.contains(name)).collect()
}

/// The size of the file that was read last, and the settings by which it was read: a file is read once for all variants that
/// read it alike.
#[derive(Default)]
struct Sizes(Option<(Config, DataSize)>);

impl Sizes {
    fn of(&mut self, config: &Config) -> seqgan::Result<DataSize> {
        // The vocabulary has the tokens of the initial model.
        let read_by = |config: &Config| {
            let Config { data, constraint, generator, .. } = config.clone();
            (data, constraint, generator.init_from, generator.init_method)
        };
        if let Some((known, size)) = &self.0
            && read_by(known) == read_by(config)
        {
            return Ok(*size);
        }
        let size = read_task(config)?.size();
        self.0 = Some((config.clone(), size));
        Ok(size)
    }
}

/// All settings of a variant.
fn variant_config(settings: &Settings, kind: Kind, sizes: &mut Sizes) -> anyhow::Result<CheckedConfig> {
    let asked = settings.before_data()?;
    if asked.data.path.is_empty() != (kind == Kind::Oracle) {
        return Err(UsageError::new(
            "`--vary` mixes a file and a synthetic task",
            "compare them one after the other",
        )
        .into());
    }
    Ok(match kind {
        Kind::Oracle => settings.for_task(asked.oracle.task)?,
        Kind::Train => settings.for_file(sizes.of(&asked)?)?,
    })
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

/// The settings of the preset and the budget.
fn new_settings(args: &RunArgs) -> Result<Settings, UsageError> {
    let mut settings = Settings::new(match args.preset {
        None | Some(args::Preset::Quick) => Preset::Quick,
        Some(args::Preset::Paper) => Preset::Paper,
        Some(args::Preset::Best) => Preset::Best,
        Some(args::Preset::Smoke) => Preset::Smoke,
    });
    match args.budget {
        Some(_) if settings.preset() == Preset::Paper => Err(UsageError::new(
            "`--budget` with `--preset paper`, whose steps are those of the original code",
            "choose another preset, or set numbers of steps by --set",
        )),
        Some(minutes) => {
            settings.budget(minutes);
            Ok(settings)
        }
        None => Ok(settings),
    }
}
