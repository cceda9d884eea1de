//! `seqgan evaluate`: measures a run, or a file of samples, against a test file.

mod trained_metrics;

use std::path::Path;

use seqgan::config::{Config, DataConfig, Provenance, path_setting, validate};
use seqgan::data::{Interner, load_tokenizer, read_options};
use seqgan::generator::{GeneratorPolicy, Policy};
use seqgan::metrics::{Scorecard, nearest};
use seqgan::rng::{Purpose, Streams};
use seqgan::saved::SavedRun;
use seqgan::task::{HeldOut, MAX_SAMPLES, other_tokens, overlap, read_whole, real_scorecard};
use seqgan::{Error, SeqBatch};
use serde_json::{Value, json};

use crate::args::EvaluateArgs;
use crate::choice;
use crate::messages::{self, UsageError};
use crate::numbers::mean_with_error;
use crate::options;
use crate::progress::Progress;
use crate::table::{Align, Table};

/// What was measured.
struct Outcome {
    card: Scorecard,
    real: Option<Scorecard>,
    facts: Value,
}

/// Runs the command.
pub fn run(args: &EvaluateArgs, mut progress: Progress) -> anyhow::Result<()> {
    options::use_threads(args.repeat.threads)?;
    if args.old_trained_metrics {
        return Err(
            UsageError::new("--judges is called --trained-metrics now", "give --trained-metrics").into()
        );
    }
    let result = match (&args.run, &args.samples) {
        (Some(run), _) => of_run(args, run, &mut progress)?,
        (None, Some(samples)) => of_samples(args, samples, &mut progress)?,
        (None, None) => unreachable!("the parser asks for one of them"),
    };
    let text = if args.json { as_json(&result)? } else { as_table(&result) };
    messages::print(&text)?;
    Ok(())
}

fn of_run(args: &EvaluateArgs, run: &Path, progress: &mut Progress) -> anyhow::Result<Outcome> {
    let saved = SavedRun::open(run)?;
    let config = saved.config();
    // The test file may have columns of its own.
    let mut test_data = config.data.clone();
    reading_options(args, &mut test_data);
    let choice = saved.choose(args.method.as_deref(), args.round)?;
    let model = saved.load(choice.model)?;
    let Some(vocab) = saved.vocab() else {
        return Err(UsageError::new(
            format!("{}: a run of the synthetic task is measured by its own oracle", run.display()),
            "see its summary.json, or `seqgan inspect`",
        )
        .into());
    };
    let mut held_out = HeldOut::read(
        &args.test,
        &test_data,
        vocab,
        model.generator.space(),
        model.generator.rules(),
        saved.labels(),
    )?;
    progress.note(&format!("model: {}", choice::sentence(&choice)));
    let train = match saved.training_path().and_then(|_| held_out.training(&config.data, vocab)) {
        Ok(train) => Some(train),
        Err(error) => {
            let without = "without what is measured against the training file and the real row";
            progress.note(&format!("{without}: {error}"));
            None
        }
    };
    progress.note(&format!("{}: {}", args.test.display(), held_out.report));
    held_out.warnings(train.as_ref()).iter().for_each(|text| progress.note(&format!("warning: {text}")));
    let policy = GeneratorPolicy::new(&model.generator, args.temperature.unwrap_or(1.0));
    let n = args.num.unwrap_or(held_out.len().min(MAX_SAMPLES));
    let samples = policy.sample(&Streams::new(args.repeat.seed, Purpose::Evaluation), 0, n).sequences;
    let samples = held_out.samples(&samples, vocab);
    let mut card = Scorecard::default();
    card.extend(held_out.nll(&policy).map(|nll| ("nll_test", nll)));
    card.extend(held_out.scorecard(&samples, train.as_ref()));
    let report = &held_out.report;
    let mut outcome = Outcome {
        card,
        real: train.as_ref().map(|train| held_out.real(train, n, args.repeat.seed)),
        facts: json!({
            "method": model.info.method,
            "round": model.info.round(),
            "nll_validation": model.info.nll_validation,
            "temperature": args.temperature.unwrap_or(1.0),
            "num_samples": n,
            "samples_in_nearest": train.as_ref().map(|train| nearest::affordable(&samples, train)),
            "test_sequences": held_out.len(),
            "test_sequences_in_nll": held_out.likely.len(),
            "test_sequences_with_unknown_share":
                report.sequences_with_unknown as f64 / report.kept.max(1) as f64,
            "test_sequences_too_long": report.dropped_long(),
        }),
    };
    if args.trained_metrics {
        trained_metrics::add(
            &mut outcome,
            &samples,
            held_out.test(),
            train.as_ref(),
            args.repeat.seed,
            progress,
        )?;
    }
    Ok(outcome)
}

fn of_samples(args: &EvaluateArgs, samples: &Path, progress: &mut Progress) -> anyhow::Result<Outcome> {
    let mut config = Config::default();
    config.data.path = path_setting(&args.test);
    if let Some(tokens) = args.tokens {
        config.data.tokens = tokens.name().into();
    }
    if let Some(format) = args.format {
        config.data.format = format.name().into();
    }
    reading_options(args, &mut config.data);
    if let Some(path) = &args.tokenizer {
        config.data.tokenizer = path_setting(path);
    }
    validate(&config, &Provenance::default())?;
    let tokens = read_options(&config.data, &args.test)?.tokens;
    let tokenizer = load_tokenizer(&config.data)?;
    let mut interner = Interner::default();
    let mut read = |path: &Path, are_samples: bool| -> seqgan::Result<SeqBatch> {
        let file = read_whole(path, tokens, tokenizer.as_ref(), &config.data, are_samples)?;
        progress.note(&format!("{}: {}", path.display(), file.report));
        Ok(interner.rows(&file.sequences, &file.vocab))
    };
    let (samples, test) = (read(samples, true)?, read(&args.test, false)?);
    let train = args.train.as_deref().map(|path| read(path, false)).transpose()?;
    let copies = train.as_ref().and_then(|train| overlap(train, &test));
    let warnings = copies.into_iter().chain(other_tokens(&samples, &test));
    warnings.for_each(|text| progress.note(&format!("warning: {text}")));
    let n = args.num.unwrap_or(samples.len().min(MAX_SAMPLES));
    if n > samples.len() {
        return Err(Error::Data {
            path: args.samples.clone().unwrap_or_default(),
            line: None,
            message: format!("holds {} sequences, expected at least the {n} of -n", samples.len()),
            hint: Some("give a smaller -n, or more samples".into()),
        }
        .into());
    }
    let samples = samples.slice(0, n);
    let compared = train.as_ref().map(|train| nearest::affordable(&samples, train));
    let mut outcome = Outcome {
        card: Scorecard::of(&samples, &test, train.as_ref()),
        real: train.as_ref().map(|train| real_scorecard(train, &test, n, args.repeat.seed)),
        facts: json!({ "num_samples": n, "samples_in_nearest": compared, "test_sequences": test.len() }),
    };
    if args.trained_metrics {
        trained_metrics::add(&mut outcome, &samples, &test, train.as_ref(), args.repeat.seed, progress)?;
    }
    Ok(outcome)
}

/// What the options say of columns and records.
fn reading_options(args: &EvaluateArgs, data: &mut DataConfig) {
    for (option, setting) in [
        (&args.field, &mut data.field),
        (&args.separator, &mut data.separator),
        (&args.group_by, &mut data.group_by),
    ] {
        if let Some(value) = option {
            setting.clone_from(value);
        }
    }
    data.skip_bad |= args.skip_bad;
}

fn as_json(result: &Outcome) -> anyhow::Result<String> {
    let mut document = serde_json::to_value(&result.card)?;
    if let Some(real) = &result.real {
        document["real"] = serde_json::to_value(real)?;
    }
    document["facts"] = result.facts.clone();
    Ok(format!("{document:#}\n"))
}

fn as_table(result: &Outcome) -> String {
    let mut table =
        Table::new(&[("measure", Align::Left), ("samples", Align::Right), ("real", Align::Right)]);
    let real = result.real.as_ref().map(Scorecard::entries).unwrap_or_default();
    for (name, value) in result.card.entries() {
        let real = real.iter().find(|(other, _)| *other == name);
        table.row([
            name.to_string(),
            mean_with_error(value.mean, value.stderr, 4),
            real.map_or("-".into(), |(_, value)| mean_with_error(value.mean, value.stderr, 4)),
        ]);
    }
    let mut text = table.render();
    if let Value::Object(facts) = &result.facts {
        text.push('\n');
        for (name, value) in facts.iter().filter(|(_, value)| !value.is_null()) {
            let value = value.as_str().map_or_else(|| value.to_string(), String::from);
            text.push_str(&format!("{}: {value}\n", name.replace('_', " ")));
        }
    }
    text
}
