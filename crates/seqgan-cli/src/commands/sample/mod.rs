//! `seqgan sample`: makes new sequences with a trained run.

mod distinct;
mod draws;
mod midi_folder;
mod resampling;

use std::path::Path;

use seqgan::config::{Config, ConstraintConfig, FileFormat};
use seqgan::data::{SequenceWriter, Vocab};
use seqgan::generator::{self, BoxGenerator};
use seqgan::run::RunFolder;
use seqgan::saved::SavedRun;
use seqgan::{Label, SeqBatch};

use super::scorer::Scorer;
use super::text_file::TextFile;
use crate::args::SampleArgs;
use crate::choice;
use crate::messages::UsageError;
use crate::options;
use crate::progress::Progress;
use distinct::Distinct;
use draws::Draws;
use midi_folder::MidiFolder;
use resampling::Resampling;

/// Sequences drawn before they are written; memory does not grow beyond them.
const CHUNK: usize = 8_192;

/// Runs the command.
pub fn run(args: &SampleArgs, mut progress: Progress) -> anyhow::Result<()> {
    let wanted = args.count();
    if let Some(width) = args.beam.filter(|&width| width < wanted) {
        return Err(UsageError::new(
            format!("a beam of {width} finds at most {width} sequences, and -n asks for {wanted}"),
            "give a wider beam, or a smaller -n",
        )
        .into());
    }
    options::use_threads(args.repeat.threads)?;
    let run = SavedRun::open(&args.run)?;
    let choice = match args.resample {
        Some(_) => run.choose_to_resample(args.method.as_deref())?,
        None => run.choose(args.method.as_deref(), args.round)?,
    };
    let model = run.load(choice.model)?;
    let label = chosen(args, run.labels())?;
    let resampling = match args.resample {
        Some(num_candidates) => Some(Resampling::open(args, num_candidates, &run, &model)?),
        None => None,
    };
    let generator = resampling.as_ref().map_or(&model.generator, Resampling::base).clone();
    let scorer = match args.score {
        true => Some(Scorer::new(&run, &model, &generator)?),
        false => None,
    };
    let generator = constrained(args, run.config(), generator, run.vocab())?;
    let mut distinct = Distinct::new(args, &run, generator.space().max_length)?;
    let mut output = Output::open(args, &run, scorer.as_ref())?;
    let mut draws = Draws::new(args, &generator, label, resampling);

    progress.note(&format!("model: {}", choice::sentence(&choice)));
    let limit = args.max_tries.saturating_mul(wanted as u64);
    let mut written = 0;
    if wanted > CHUNK {
        progress.phase("sample", wanted as u64);
    }
    while written < wanted {
        let missing = wanted - written;
        // Accepted in the order in which they are drawn, so how many are drawn at a time changes nothing.
        let most = if distinct.accepts_all() { missing } else { missing.max(256) };
        let samples = draws.next(most.min(CHUNK));
        let kept = distinct.keep(&samples, missing);
        if kept.is_empty() && (samples.is_empty() || draws.drawn() >= limit) {
            return Err(distinct.exhausted(written, wanted, draws.drawn()).into());
        }
        let kept = samples.select(kept);
        output.write(&kept, scorer.as_ref(), written == 0)?;
        written += kept.len();
        if wanted > CHUNK {
            progress.advance(written as u64, &[]);
        }
        if written < wanted && (draws.drawn() >= limit || draws.ended()) {
            return Err(distinct.exhausted(written, wanted, draws.drawn()).into());
        }
    }
    output.finish()?;
    if let Some(note) = draws.note() {
        progress.note(&note);
    }
    progress.finish();
    Ok(())
}

/// The number of the label that was asked for.
fn chosen(args: &SampleArgs, labels: &[String]) -> anyhow::Result<Option<Label>> {
    let Some(name) = &args.label else {
        if args.beam.is_some() && !labels.is_empty() {
            return Err(UsageError::new(
                format!("{}: a beam searches the sequences of one class", args.run.display()),
                format!("give --label, one of {}", labels.join(", ")),
            )
            .into());
        }
        return Ok(None);
    };
    let found = labels.iter().position(|label| label == name);
    found.map(|label| Some(label as Label)).ok_or_else(|| {
        let (message, hint) = match labels.is_empty() {
            true => ("its sequences have no labels".to_string(), "train with --label COLUMN".to_string()),
            false => (format!("no label {name:?}"), format!("its labels are {}", labels.join(", "))),
        };
        UsageError::new(format!("{}: {message}", args.run.display()), hint).into()
    })
}

/// The generator under what the options ask for, on top of what its run was trained under.
fn constrained(
    args: &SampleArgs,
    config: &Config,
    generator: BoxGenerator,
    vocab: Option<&Vocab>,
) -> anyhow::Result<BoxGenerator> {
    let mut constraint: ConstraintConfig = config.constraint.clone();
    if let Some(prefix) = &args.prefix {
        constraint.prefix.clone_from(prefix);
    }
    if let Some(regex) = &args.regex {
        constraint.regex.clone_from(regex);
    }
    constraint.min_length = args.min_length.unwrap_or(constraint.min_length);
    constraint.max_length = args.max_length.unwrap_or(constraint.max_length);
    if constraint == config.constraint {
        return Ok(generator);
    }
    let Some(vocab) = vocab else {
        return Err(UsageError {
            message: format!("{}: a run of the synthetic task has no text to constrain", args.run.display()),
            hint: None,
        }
        .into());
    };
    Ok(generator::constrained(&*generator, &constraint, vocab)?)
}

/// The format that the name of a file asks for.
fn format_of_name(path: &Path) -> anyhow::Result<Option<FileFormat>> {
    let extension = path.extension().and_then(|extension| extension.to_str());
    if let Some(packed) = extension.filter(|extension| FileFormat::PACKED.contains(extension)) {
        let message = format!("{}: samples are written as they are, not packed", path.display());
        let hint = format!("leave .{packed} out of the name and pack the file, or pipe stdout into a packer");
        return Err(UsageError::new(message, hint).into());
    }
    if let Some(other) =
        extension.map(str::to_lowercase).filter(|e| FileFormat::FOREIGN.contains(&e.as_str()))
    {
        let message = format!("{}: files of the kind .{other} are not written", path.display());
        let hint = "name a .jsonl, .csv, .tsv or .txt file, or say --format to write text under this name";
        return Err(UsageError::new(message, hint).into());
    }
    Ok(FileFormat::of_name(path))
}

/// Where sequences go.
enum Output {
    Melodies(MidiFolder),
    Text(Box<SequenceWriter>, TextFile),
}

impl Output {
    fn open(args: &SampleArgs, run: &SavedRun, scorer: Option<&Scorer>) -> anyhow::Result<Self> {
        let (folder, config, vocab): (&RunFolder, _, _) = (run.folder(), run.config(), run.vocab());
        let labels = run.labels().to_vec();
        let by_name = match &args.out {
            Some(path) if args.format.is_none() => format_of_name(path)?,
            _ => None,
        };
        let format = match args.format.or(by_name) {
            // As the run tells it: the data may have gone since. Folders of earlier versions have it under `data`.
            None => {
                let description: serde_json::Value = folder.read_json("run.json")?;
                let named =
                    |part: &str| description[part]["format"].as_str().and_then(|name| name.parse().ok());
                named("reading").or_else(|| named("data")).unwrap_or_default()
            }
            Some(format) => format,
        };
        if format == FileFormat::Midi {
            return Ok(Self::Melodies(MidiFolder::create(args, vocab, config.data.midi_step_secs)?));
        }
        let figures = scorer.map(Scorer::names).unwrap_or_default();
        let writer = SequenceWriter::new(format, &config.data.field, &figures, vocab);
        let writer = writer.map_err(|message| {
            UsageError::new(
                format!("{}: {message}", args.run.display()),
                "leave --format out for the format of the run's data",
            )
        })?;
        let writer = if labels.is_empty() { writer } else { writer.with_labels(&config.data.label, labels) };
        Ok(Self::Text(Box::new(writer), TextFile::open(args.out.as_deref())?))
    }

    fn write(&mut self, samples: &SeqBatch, scorer: Option<&Scorer>, first: bool) -> anyhow::Result<()> {
        let (writer, file) = match self {
            Self::Melodies(folder) => return folder.write(samples),
            Self::Text(writer, file) => (writer, file),
        };
        let figures = match scorer {
            Some(scorer) => scorer.scores(samples),
            None => vec![Vec::new(); samples.len()],
        };
        let mut text = if first { writer.heading() } else { String::new() };
        for (b, figures) in figures.iter().enumerate() {
            writer.write(samples.row(b), samples.label(b), figures, &mut text).map_err(anyhow::Error::msg)?;
        }
        file.write(&text)
    }

    fn finish(self) -> anyhow::Result<()> {
        match self {
            Self::Melodies(_) => Ok(()),
            Self::Text(_, file) => file.finish(),
        }
    }
}
