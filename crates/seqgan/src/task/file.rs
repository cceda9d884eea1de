//! The task of a file of sequences.

use super::{HeldOut, Task, TestFile};
use crate::config::{ConstraintConfig, DataConfig};
use crate::data::{self, ReadOptions, Subwords, Tokens, TrainingText, Vocab, load_tokenizer, read_options};
use crate::generator::{Rules, SequenceSpace, constraint, oracle};
use crate::token::{Label, SeqBatch};
use crate::{Error, Result};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;

impl Task {
    /// Reads a file of sequences, drops those that the constraint does not allow, and splits off a validation part.
    pub fn file(config: &DataConfig, constraint: &ConstraintConfig) -> Result<Self> {
        let path = Path::new(&config.path);
        let options = read_options(config, path)?;
        let tokenizer = load_tokenizer(config)?;
        let options = ReadOptions { tokenizer: tokenizer.clone(), ..options };
        let text = data::read_training(path, &options)?;
        check_pitches(config, &text)?;
        let space = space(&text);
        let constraint = constraint::rules(constraint, &space, &text.vocab)?;
        let support = Support { space: &space, own: Arc::new(Rules::of(&space)), constraint };
        let mut notes = vec![format!("{}: {}", path.display(), text.report)];
        let sequences = support.filter(&text.sequences, &mut notes);
        let (train, validation) = split(config, sequences, &support)?;
        let held_out = read_test(config, &text, &support)?;
        let description = description(&options, &text, tokenizer.as_deref(), held_out.as_ref());
        notes.push(format!(
            "{} to train, {} kept apart to validate; {}",
            train.len(),
            validation.len(),
            endings(&space)
        ));
        let constraint = support.constraint;
        Ok(Self {
            notes,
            constraint,
            train,
            validation,
            test: held_out.as_ref().map(|file| file.test.likely.clone()).filter(|test| !test.is_empty()),
            held_out,
            oracle: None,
            description,
            vocab: Some(text.vocab),
            labels: text.labels,
            space,
        })
    }
}

/// Rejects `data.pitches` for tokens that are not numbers.
fn check_pitches(config: &DataConfig, text: &TrainingText) -> Result<()> {
    if !config.pitches || text.vocab.tokens() == Tokens::Ids {
        return Ok(());
    }
    Err(Error::Config {
        key: "data.pitches".into(),
        value: "true".into(),
        expected: "false where tokens are words or characters".into(),
        source_place: None,
        hint: Some("pitches are numbers; say `data.tokens = \"ids\"` if the file holds them".into()),
    })
}

/// Sequence space of the data. No end token is needed if all sequences have the same length.
fn space(text: &TrainingText) -> SequenceSpace {
    let length = text.sequences.max_length();
    let fixed = text.sequences.rows().all(|row| row.len() == length);
    let mut space = oracle::synthetic_space(text.vocab.len(), length);
    space.start_token = Vocab::END;
    space.end_token = (!fixed).then_some(Vocab::END);
    space.never = if fixed { vec![Vocab::END, Vocab::UNKNOWN] } else { vec![Vocab::UNKNOWN] };
    space.allow_empty = text.sequences.rows().any(<[_]>::is_empty);
    let count = |label| text.sequences.labels().iter().filter(|&&l| l == label).count() as u64;
    space.label_counts = (0..text.labels.len() as Label).map(count).collect();
    space
}

/// Sequences that a generator of the task can produce.
struct Support<'a> {
    space: &'a SequenceSpace,
    /// Rules without the constraint.
    own: Arc<Rules>,
    constraint: Option<Arc<Rules>>,
}

impl Support<'_> {
    fn rules(&self) -> &Rules {
        self.constraint.as_ref().unwrap_or(&self.own)
    }

    /// Keeps the sequences that the constraint allows. Sequences with an unknown token also stay: they are part of the
    /// data, although their likelihood is zero.
    fn filter(&self, sequences: &SeqBatch, notes: &mut Vec<String>) -> SeqBatch {
        let Some(constraint) = &self.constraint else { return sequences.clone() };
        let allowed = |&b: &usize| {
            let row = sequences.row(b);
            constraint.allow(self.space, row) || !self.own.allow(self.space, row)
        };
        let allowed: Vec<usize> = (0..sequences.len()).filter(allowed).collect();
        if allowed.len() < sequences.len() {
            notes.push(format!(
                "{} sequences are left out, which the constraint does not allow",
                sequences.len() - allowed.len()
            ));
        }
        sequences.select(allowed)
    }

    fn holds_any_of(&self, sequences: &SeqBatch) -> bool {
        sequences.rows().any(|row| self.rules().allow(self.space, row))
    }
}

/// Splits off the validation sequences.
fn split(config: &DataConfig, sequences: SeqBatch, support: &Support<'_>) -> Result<(SeqBatch, SeqBatch)> {
    let fault = |message: String, hint: &str| Error::Data {
        path: (&config.path).into(),
        line: None,
        message,
        hint: Some(hint.into()),
    };
    let split = data::split_by_hash(sequences.rows(), config.validation_share);
    let (train, validation) = (sequences.select(split.training), sequences.select(split.validation));
    if train.is_empty() || validation.is_empty() {
        let message = match support.constraint.is_some() {
            true => "fewer than two different sequences satisfy the constraint",
            false => "all lines are equal: nothing can be kept apart to validate on",
        };
        return Err(fault(message.into(), "give a file with at least two different sequences"));
    }
    for (part, purpose) in [(&train, "train on"), (&validation, "validate on")] {
        if !support.holds_any_of(part) {
            return Err(fault(
                format!("every sequence to {purpose} has a token that is too rare to be known"),
                "lower `data.min_count`, or raise `data.max_vocab`",
            ));
        }
    }
    Ok((train, validation))
}

/// Reads the test file of the settings.
fn read_test(config: &DataConfig, text: &TrainingText, support: &Support<'_>) -> Result<Option<TestFile>> {
    if config.test.is_empty() {
        return Ok(None);
    }
    let path = Path::new(&config.test);
    let mut test = HeldOut::read(path, config, &text.vocab, support.space, support.rules(), &text.labels)?;
    let train = test.training(config, &text.vocab)?;
    Ok(Some(TestFile { test, train }))
}

/// Description of the data, for run.json.
fn description(
    options: &ReadOptions,
    text: &TrainingText,
    tokenizer: Option<&Subwords>,
    held_out: Option<&TestFile>,
) -> Value {
    let mut description = json!({ "task": "file", "format": options.format.name(), "read": text.report });
    if let Some(tokenizer) = tokenizer {
        description["tokenizer"] = json!({ "sha256": tokenizer.sha256() });
    }
    if let Some(file) = held_out {
        description["test"] = json!({ "sha256": file.test.report.sha256, "bytes": file.test.report.bytes });
    }
    description
}

/// Text that says how sequences end, for logs.
fn endings(space: &SequenceSpace) -> String {
    let length = space.max_length;
    match space.end_token {
        None => format!("every sequence has {length} tokens, so none needs an end token"),
        Some(_) => format!("sequences end by a token of their own, or after {length} tokens"),
    }
}
