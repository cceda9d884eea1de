//! `seqgan score`: the log-likelihood of each sequence of a file under a run.

use seqgan::config::FileFormat;
use seqgan::data::{EncodedRecord, EncodedRecords, ReadOptions, Vocab, read_options_for};
use seqgan::saved::SavedRun;
use seqgan::{Label, SeqBatch};
use serde_json::{Map, Value, json};

use super::scorer::Scorer;
use super::text_file::TextFile;
use crate::args::ScoreArgs;
use crate::choice;
use crate::messages::UsageError;
use crate::options;
use crate::progress::Progress;

/// Records that are scored together; memory does not grow beyond them.
const CHUNK: usize = 512;

/// Runs the command.
pub fn run(args: &ScoreArgs, mut progress: Progress) -> anyhow::Result<()> {
    options::use_threads(args.threads)?;
    check_name(args)?;
    let run = SavedRun::open(&args.run)?;
    let Some(vocab) = run.vocab() else {
        return Err(UsageError::new(
            format!("{}: a run of the synthetic task has no text to score", args.run.display()),
            "give a run of `seqgan train`",
        )
        .into());
    };
    let choice = run.choose(args.method.as_deref(), args.round)?;
    let model = run.load(choice.model)?;
    let label = label(args, run.labels())?;
    let options = read_options(args, &run, vocab)?;
    let scorer = Scorer::new(&run, &model, &model.generator)?;
    progress.note(&format!("model: {}", choice::sentence(&choice)));
    progress.note(&description(args, &options, &scorer));
    let mut records = EncodedRecords::open(&args.file, &options, vocab, run.labels())?;
    let mut file = TextFile::open(args.out.as_deref())?;
    let mut counts = Counts::default();
    loop {
        let chunk: Vec<EncodedRecord> = records.by_ref().take(CHUNK).collect::<seqgan::Result<_>>()?;
        if chunk.is_empty() {
            break;
        }
        let labelled = |record: EncodedRecord| EncodedRecord { label: record.label.or(label), ..record };
        let text = scored(chunk.into_iter().map(labelled).collect(), &scorer, args.json, &mut counts);
        file.write(&text)?;
    }
    file.finish()?;
    progress.note(&counts.summary());
    progress.finish();
    Ok(())
}

/// Refuses to write lines under a name that says something else.
fn check_name(args: &ScoreArgs) -> anyhow::Result<()> {
    let Some(path) = &args.out else { return Ok(()) };
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    let is_json = FileFormat::of_name(path) == Some(FileFormat::Jsonl);
    let is_other = FileFormat::FOREIGN.contains(&extension.as_str()) || extension == "csv";
    if !is_other && is_json == args.json {
        return Ok(());
    }
    Err(UsageError::new(
        format!("{}: scores are lines with tabs, or JSON lines with --json", path.display()),
        "name a .tsv or .txt file; with --json a .jsonl file",
    )
    .into())
}

/// How the file is read: as the run's training data, but for what the options say.
fn read_options(args: &ScoreArgs, run: &SavedRun, vocab: &Vocab) -> anyhow::Result<ReadOptions> {
    let mut data = run.config().data.clone();
    // The run's format was said of its own file; this one may be another.
    data.format = args.format.map_or("auto", |format| format.name()).into();
    if let Some(field) = &args.field {
        data.field.clone_from(field);
    }
    if let Some(group_by) = &args.group_by {
        data.group_by.clone_from(group_by);
    }
    if let Some(separator) = &args.separator {
        data.separator.clone_from(separator);
    }
    let mut options = read_options_for(&data, &args.file, vocab.tokens())?;
    // A sequence that is no molecule has a likelihood like any other.
    options.only_molecules = false;
    if args.label.is_some() || run.labels().is_empty() {
        options.label = None;
    }
    Ok(options)
}

/// The number of the label of `--label`.
fn label(args: &ScoreArgs, labels: &[String]) -> anyhow::Result<Option<Label>> {
    let Some(name) = &args.label else { return Ok(None) };
    let found = labels.iter().position(|label| label == name);
    found.map(|label| Some(label as Label)).ok_or_else(|| {
        let hint = match labels.is_empty() {
            true => "its sequences have no labels".to_string(),
            false => format!("its labels are {}", labels.join(", ")),
        };
        UsageError::new(format!("{}: no label {name:?}", args.run.display()), hint).into()
    })
}

/// How the file is read, and what stands in a line of the output.
fn description(args: &ScoreArgs, options: &ReadOptions, scorer: &Scorer) -> String {
    let ReadOptions { format, format_reason, tokens, .. } = options;
    let how = format!("{}: {} ({format_reason}), tokens {tokens}", args.file.display(), format.name());
    if args.json {
        return how;
    }
    let discriminator = scorer.names().into_iter().skip(1);
    let has_names = options.group_by.is_some() || options.format == FileFormat::Midi;
    let columns: Vec<&str> = ["log_prob", "per_token", "tokens"]
        .into_iter()
        .chain(discriminator)
        .chain(["remark"])
        .chain(has_names.then_some("name"))
        .chain(["sequence"])
        .collect();
    format!("{how}; columns: {}", columns.join(", "))
}

/// What was scored.
#[derive(Default)]
struct Counts {
    records: usize,
    without: usize,
    first: Option<String>,
}

impl Counts {
    fn summary(&self) -> String {
        let mut text = format!("sequences scored: {}", self.records - self.without);
        if let Some(first) = &self.first {
            text.push_str(&format!("; without a likelihood: {}, the first: {first}", self.without));
        }
        text
    }
}

/// A line for each record.
fn scored(mut records: Vec<EncodedRecord>, scorer: &Scorer, as_json: bool, counts: &mut Counts) -> String {
    for record in &mut records {
        record.problem = record.problem.take().or_else(|| scorer.problem(&record.tokens, record.label));
    }
    let good: Vec<&EncodedRecord> = records.iter().filter(|record| record.problem.is_none()).collect();
    let longest = scorer.generator().space().max_length;
    let batch = SeqBatch::from_rows(good.iter().map(|record| &record.tokens), longest);
    let labels: Vec<Label> = good.iter().filter_map(|record| record.label).collect();
    let batch =
        if labels.len() == batch.len() && !labels.is_empty() { batch.with_labels(labels) } else { batch };
    let has_end = scorer.generator().space().end_token.is_some();
    let steps: Vec<usize> = (0..batch.len()).map(|b| batch.steps(b, has_end)).collect();
    let mut figures = scorer.scores(&batch).into_iter().zip(steps);
    let mut text = String::new();
    for record in &records {
        counts.records += 1;
        let figures = if record.problem.is_none() { figures.next() } else { None };
        if let Some(problem) = &record.problem {
            counts.without += 1;
            let place = record.line.map_or(String::new(), |line| format!("line {line}, "));
            counts.first.get_or_insert_with(|| format!("{place}{problem}"));
        }
        let line =
            if as_json { json_line(record, figures, scorer) } else { plain_line(record, figures, scorer) };
        text.push_str(&line);
        text.push('\n');
    }
    text
}

/// Figures between tabs, then the sequence; `-inf` where it has no likelihood.
fn plain_line(record: &EncodedRecord, figures: Option<(Vec<f64>, usize)>, scorer: &Scorer) -> String {
    let mut fields = match &figures {
        Some((scores, steps)) => vec![scores[0].to_string(), per_token(scores[0], *steps).to_string()],
        None => vec!["-inf".into(), "-inf".into()],
    };
    fields.push(record.tokens.len().to_string());
    for (index, _) in scorer.names().iter().enumerate().skip(1) {
        fields.push(figures.as_ref().map_or(String::new(), |(scores, _)| scores[index].to_string()));
    }
    fields.push(record.problem.clone().unwrap_or_default());
    fields.extend(record.name.clone());
    fields.push(record.text.clone());
    let one_line = |field: &String| field.replace(['\t', '\n', '\r'], " ");
    fields.iter().map(one_line).collect::<Vec<_>>().join("\t")
}

fn json_line(record: &EncodedRecord, figures: Option<(Vec<f64>, usize)>, scorer: &Scorer) -> String {
    let mut object = Map::new();
    let scores = |index: usize| figures.as_ref().map_or(Value::Null, |(scores, _)| json!(scores[index]));
    object.insert("log_prob".into(), scores(0));
    let mean = figures.as_ref().map(|(scores, steps)| per_token(scores[0], *steps));
    object.insert("per_token".into(), json!(mean));
    object.insert("tokens".into(), record.tokens.len().into());
    for (index, name) in scorer.names().iter().enumerate().skip(1) {
        object.insert((*name).into(), scores(index));
    }
    object.insert("remark".into(), json!(record.problem));
    if let Some(name) = &record.name {
        object.insert("name".into(), name.clone().into());
    }
    object.insert("sequence".into(), record.text.clone().into());
    Value::Object(object).to_string()
}

/// Nats per decision, to four digits as the sum.
fn per_token(log_prob: f64, steps: usize) -> f64 {
    (log_prob / steps.max(1) as f64 * 1e4).round() / 1e4
}
