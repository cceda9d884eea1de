//! `seqgan evaluate`: measures a run, or a file of samples, against a test file.

use std::path::Path;

use seqgan::config::Config;
use seqgan::data::{self, Interner, ReadOptions, Tokens, TrainingText};
use seqgan::generator::{LstmPolicy, Policy};
use seqgan::metrics::{Scorecard, nearest, per_token};
use seqgan::rng::{Purpose, Streams};
use seqgan::run::RunFolder;
use seqgan::{Error, SeqBatch, train};
use serde_json::{Value, json};

use crate::args::EvaluateArgs;
use crate::messages::{self, UsageError};
use crate::numbers::mean_with_error;
use crate::options;
use crate::progress::Progress;
use crate::table::{Align, Table};

/// Most samples that are drawn unless asked otherwise.
const MOST_SAMPLES: usize = 10_000;

/// What was measured.
struct Outcome {
    card: Scorecard,
    real: Option<Scorecard>,
    facts: Value,
}

/// Runs the command.
pub fn run(args: &EvaluateArgs, mut progress: Progress) -> anyhow::Result<()> {
    options::use_threads(args.repeat.threads)?;
    let result = match (&args.run, &args.samples) {
        (Some(run), _) => of_run(args, run, &mut progress)?,
        (None, Some(samples)) => of_samples(args, samples)?,
        (None, None) => unreachable!("the parser asks for one of them"),
    };
    let text = if args.json { as_json(&result)? } else { as_table(&result) };
    messages::print(&text)?;
    Ok(())
}

fn of_run(args: &EvaluateArgs, run: &Path, progress: &mut Progress) -> anyhow::Result<Outcome> {
    let folder = RunFolder::open(run)?;
    let config = folder.read_config()?;
    let model = train::load_model(&folder, args.method.as_deref())?;
    let Some(vocab) = train::load_vocab(&folder, &model)? else {
        return Err(UsageError {
            message: format!("{}: a run of the synthetic task is measured by its own oracle", run.display()),
            hint: Some("see its summary.json, or `seqgan inspect`".into()),
        }
        .into());
    };
    let length = model.generator.shape().max_length;
    let options = ReadOptions { max_length: length, ..train::read_options(&config.data, &args.test)? };
    // For the likelihood: the model's own tokens and length.
    let (test, report) = data::read_with(&args.test, &options, &vocab)?;
    let policy = LstmPolicy::new(&model.generator, args.temperature.unwrap_or(1.0));
    let likely = train::known(&test, &model.generator);
    let has_end = policy.end_token().is_some();
    let fits = likely.select((0..likely.len()).filter(|&b| has_end || likely.length(b) == length));
    let nats: Vec<f64> = policy.sequence_log_prob(&fits).into_iter().map(|l| -l).collect();
    let steps: Vec<u32> = (0..fits.len()).map(|b| fits.steps(b, has_end) as u32).collect();

    // For the comparison of texts: every word of every file, whatever the model knows.
    let whole = whole_file(&args.test, vocab.tokens(), &config)?;
    let n = args.num.unwrap_or(whole.sequences.len().min(MOST_SAMPLES));
    let samples = policy.sample(&Streams::new(args.repeat.seed, Purpose::Evaluation), 0, n).sequences;
    let mut interner = Interner::default();
    let samples = interner.rows(&samples, &vocab);
    let test_rows = interner.rows(&whole.sequences, &whole.vocab);
    let train_path = Path::new(&config.data.path);
    let train = match whole_file(train_path, vocab.tokens(), &config) {
        Ok(train) => Some(interner.rows(&train.sequences, &train.vocab)),
        Err(error) => {
            progress.note(&format!(
                "without what is measured against the training file and the real row: {error}"
            ));
            None
        }
    };
    let compared = train.as_ref().map(|train| nearest::affordable(&samples, train));
    let mut card = Scorecard::of(&samples, &test_rows, train.as_ref());
    card.nll_test = (!fits.is_empty()).then(|| per_token(&nats, &steps));
    let order = |train: &SeqBatch| {
        let order = Streams::new(args.repeat.seed, Purpose::RealSubset).permutation(0, train.len());
        train.select(order)
    };
    Ok(Outcome {
        card,
        real: train.map(|train| Scorecard::of_real(&order(&train), &test_rows, n)),
        facts: json!({
            "method": model.method,
            "temperature": args.temperature.unwrap_or(1.0),
            "num_samples": n,
            "samples_in_nearest": compared,
            "test_sequences": whole.sequences.len(),
            "test_sequences_in_nll": fits.len(),
            "test_sequences_with_unknown_share":
                report.sequences_with_unknown as f64 / report.kept.max(1) as f64,
            "test_sequences_too_long": report.dropped_long,
        }),
    })
}

/// A file with a vocabulary of all its tokens.
fn whole_file(path: &Path, tokens: Tokens, config: &Config) -> seqgan::Result<TrainingText> {
    let options =
        ReadOptions { tokens, min_count: 1, max_vocab: 0, ..train::read_options(&config.data, path)? };
    data::read_training(path, &options)
}

fn of_samples(args: &EvaluateArgs, samples: &Path) -> anyhow::Result<Outcome> {
    let mut config = Config::default();
    config.data.path = args.test.display().to_string();
    if let Some(tokens) = args.tokens {
        config.data.tokens = tokens.name().into();
    }
    let tokens = train::read_options(&config.data, &args.test)?.tokens;
    let mut interner = Interner::default();
    let mut read = |path: &Path| -> seqgan::Result<SeqBatch> {
        let file = whole_file(path, tokens, &config)?;
        Ok(interner.rows(&file.sequences, &file.vocab))
    };
    let (samples, test) = (read(samples)?, read(&args.test)?);
    let train = args.train.as_deref().map(read).transpose()?;
    let n = args.num.unwrap_or(samples.len().min(MOST_SAMPLES));
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
    Ok(Outcome {
        card: Scorecard::of(&samples, &test, train.as_ref()),
        real: train.map(|train| Scorecard::of_real(&train, &test, n)),
        facts: json!({ "num_samples": n, "samples_in_nearest": compared, "test_sequences": test.len() }),
    })
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
        for (name, value) in facts {
            let value = value.as_str().map_or_else(|| value.to_string(), String::from);
            text.push_str(&format!("{}: {value}\n", name.replace('_', " ")));
        }
    }
    text
}
