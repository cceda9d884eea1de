//! The task of a file of sequences.

use super::{HeldOut, InitialModel, Task, TestFile};
use crate::config::{ConstraintConfig, DataConfig};
use crate::data::{
    self, DEFAULT_VALIDATION_SHARE, ReadOptions, SplitBy, Subwords, Tokens, TrainingText, Vocab,
    load_tokenizer, read_options_after,
};
use crate::generator::{Rules, SequenceSpace, constraint, oracle};
use crate::token::{SeqBatch, TokenId};
use crate::{Error, Result};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

impl Task {
    /// Reads a file of sequences, drops those that the constraint does not allow, and splits off a validation part.
    pub fn file(config: &DataConfig, constraint: &ConstraintConfig) -> Result<Self> {
        Self::read(config, constraint, None).map(|(task, _)| task)
    }

    /// The same where training goes on from a model: the vocabulary is that of the model with the file's new tokens behind
    /// it. `seed` selects the parameters of new tokens.
    ///
    /// # Errors
    /// Also if the file is cut into other tokens than the model's data, if the model knows none of the tokens, and if its kind
    /// of network cannot make the file's sequences.
    pub fn fine_tuning(
        config: &DataConfig,
        constraint: &ConstraintConfig,
        initial: &InitialModel,
        seed: u64,
    ) -> Result<Self> {
        let (mut task, text) = Self::read(config, constraint, Some(initial))?;
        initial.begin(&mut task, &text, seed)?;
        Ok(task)
    }

    fn read(
        config: &DataConfig,
        constraint: &ConstraintConfig,
        initial: Option<&InitialModel>,
    ) -> Result<(Self, TrainingText)> {
        let path = &*config.training_path();
        let options = read_options_after(config, path, initial.map(|initial| initial.vocab.tokens()))?;
        let tokenizer = load_tokenizer(config)?;
        let options = ReadOptions { tokenizer: tokenizer.clone(), ..options };
        initial.map_or(Ok(()), |initial| initial.check_reading(config, &options))?;
        let mut text = data::read_training_from(path, &options, initial.map(|initial| &initial.vocab))?;
        check_pitches(config, &text)?;
        check_labels(config, &text)?;
        initial.map_or(Ok(()), |initial| initial.check_text(config, &text))?;
        let always_ends = initial.is_some_and(InitialModel::has_end);
        let (space, constraint) = constrain(&mut text, constraint, always_ends)?;
        let support = Support { space: &space, own: Arc::new(Rules::of(&space)), constraint };
        let parts = Parts::split(config, &text.sequences, &support)?;
        let held_out = read_test(config, &text, &support)?;
        let mut notes = vec![format!("{}: {}", shown(path), text.report)];
        notes.push(format!("{}; {}", parts.description(), endings(&space)));
        if space.max_length == 1 {
            notes.push(
                "warning: every sequence has one token; should `data.tokens` cut them otherwise?".into(),
            );
        }
        if let Some(file) = &held_out {
            notes.push(format!("{}: {}", shown(&config.test_path()), file.test.report));
            notes.extend(
                file.test.warnings(Some(&file.train)).into_iter().map(|text| format!("warning: {text}")),
            );
        }
        let reading = parts.reading(&text);
        let description = description(tokenizer.as_deref(), held_out.as_ref());
        let Parts { train, validation, .. } = parts;
        let constraint = support.constraint;
        let task = Self {
            notes,
            constraint,
            train,
            validation,
            test: held_out.as_ref().map(|file| file.test.likely.clone()).filter(|test| !test.is_empty()),
            held_out,
            oracle: None,
            description,
            reading,
            vocab: Some(text.vocab.clone()),
            labels: text.labels.clone(),
            initial: None,
            space,
        };
        Ok((task, text))
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

/// Refuses labels that are no classes: measurements, or names of single sequences.
fn check_labels(config: &DataConfig, text: &TrainingText) -> Result<()> {
    /// Fewer are classes even if they are numbers.
    const FEW: usize = 20;
    /// Sequences per class, on average.
    const FEWEST: usize = 10;
    let (classes, kept) = (text.labels.len(), text.report.kept);
    let is_decimal = |name: &&String| name.parse::<f64>().is_ok() && name.parse::<i64>().is_err();
    let decimals = text.labels.iter().filter(is_decimal).count();
    if classes <= FEW || (2 * decimals <= classes && kept >= FEWEST * classes) {
        return Ok(());
    }
    let column = &config.label;
    let examples = text.labels[..3].join(", ");
    Err(Error::Data {
        path: data::shown(&config.training_path()),
        line: None,
        message: format!(
            "the labels {column:?} are {classes} different ones for {kept} sequences, such as {examples}"
        ),
        hint: Some(
            "labels are classes: make a few of them, such as low, medium and high, or name another column"
                .into(),
        ),
    })
}

/// Sequence space of the data. No end token is needed if all sequences have the same length; they end all the same with
/// `always_ends`, as a model expects that has learnt from sequences of several lengths.
fn space(text: &TrainingText, always_ends: bool) -> SequenceSpace {
    let length = text.sequences.max_length();
    let fixed = !always_ends && text.sequences.rows().all(|row| row.len() == length);
    let mut space = oracle::synthetic_space(text.vocab.len(), length);
    space.start_token = Vocab::END;
    space.end_token = (!fixed).then_some(Vocab::END);
    space.never = if fixed { vec![Vocab::END, Vocab::UNKNOWN] } else { vec![Vocab::UNKNOWN] };
    space.allow_empty = text.sequences.rows().any(<[_]>::is_empty);
    space.label_counts = label_counts(text);
    space
}

/// Number of sequences of each label.
fn label_counts(text: &TrainingText) -> Vec<u64> {
    let mut counts = vec![0; text.labels.len()];
    text.sequences.labels().iter().for_each(|&label| counts[label as usize] += 1);
    counts
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

    fn holds_any_of(&self, sequences: &SeqBatch) -> bool {
        sequences.rows().any(|row| self.rules().allow(self.space, row))
    }
}

/// Leaves out the sequences that the constraint does not allow, and classes of which none is left. Returns the space of the
/// sequences, and the rules of the constraint, if there is one. Sequences with an unknown token stay: they are part of the
/// data, although their likelihood is zero.
fn constrain(
    text: &mut TrainingText,
    constraint: &ConstraintConfig,
    always_ends: bool,
) -> Result<(SequenceSpace, Option<Arc<Rules>>)> {
    let mut space = space(text, always_ends);
    let Some(rules) = constraint::rules(constraint, &space, &text.vocab)? else { return Ok((space, None)) };
    let own = Rules::of(&space);
    let allowed = |&b: &usize| {
        let row = text.sequences.row(b);
        rules.allow(&space, row) || !own.allow(&space, row)
    };
    let rows: Vec<usize> = (0..text.sequences.len()).filter(allowed).collect();
    if rows.len() == text.sequences.len() {
        return Ok((space, Some(rules)));
    }
    text.keep(&rows, "against the constraint");
    space.label_counts = label_counts(text);
    // The number of classes is part of the space that rules belong to.
    let rules = constraint::rules(constraint, &space, &text.vocab)?;
    Ok((space, rules))
}

/// The two parts of the training file.
struct Parts {
    train: SeqBatch,
    validation: SeqBatch,
    by: SplitBy,
    /// Share of the sequences that was asked for.
    share: f64,
    /// Validation sequences that occur in the training part as well.
    in_both: usize,
}

impl Parts {
    /// Splits off the validation sequences. Where none are asked for, some of the training sequences stand in for them, so
    /// that all figures are there; they are trained on all the same.
    fn split(config: &DataConfig, sequences: &SeqBatch, support: &Support<'_>) -> Result<Self> {
        let fault = |message: String, hint: &str| Error::Data {
            path: data::shown(&config.training_path()),
            line: None,
            message,
            hint: Some(hint.into()),
        };
        let share = config.validation_share;
        let looked_at = if share > 0.0 { share } else { DEFAULT_VALIDATION_SHARE };
        let split = data::split_by_hash(sequences.rows(), looked_at);
        let (train, validation) = (sequences.select(split.training), sequences.select(split.validation));
        if train.is_empty() || validation.is_empty() {
            let message = match support.constraint.is_some() {
                true => "fewer than two different sequences satisfy the constraint",
                false => "all lines are equal: nothing can be set aside for validation",
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
        let train = if share > 0.0 { train } else { sequences.clone() };
        let trained_on: HashSet<&[TokenId]> = train.rows().collect();
        let in_both = validation.rows().filter(|row| trained_on.contains(row)).count();
        Ok(Self { by: split.by, share, in_both, train, validation })
    }

    /// One line: "941 sequences to train, 49 set aside for validation by their hash (5 %)".
    fn description(&self) -> String {
        let Self { train, validation, by, share, in_both } = self;
        let (train, validation) = (train.len(), validation.len());
        if *share == 0.0 {
            return format!(
                "{train} sequences to train, none set aside: validation figures are of {validation} training sequences"
            );
        }
        let asked = (1e5 * share).round() / 1e3;
        let part =
            format!("{train} sequences to train, {validation} set aside for validation ({asked} % asked)");
        match by {
            SplitBy::Sequences => format!("{part}, different ones"),
            SplitBy::Occurrences => {
                format!(
                    "{part} by occurrence, as many sequences repeat; {in_both} of them occur in training, too"
                )
            }
        }
    }

    /// How the file was read and split, for run.json.
    fn reading(&self, text: &TrainingText) -> Value {
        let mut reading = text.report.to_json();
        let has_validation = self.share > 0.0;
        reading["train"] = self.train.len().into();
        reading["validation"] = if has_validation { self.validation.len() } else { 0 }.into();
        reading["split_by"] = if has_validation { self.by.name() } else { "none" }.into();
        reading["validation_in_training"] = self.in_both.into();
        reading
    }
}

/// Reads the test file of the settings.
fn read_test(config: &DataConfig, text: &TrainingText, support: &Support<'_>) -> Result<Option<TestFile>> {
    if config.test.is_empty() {
        return Ok(None);
    }
    let path = &*config.test_path();
    let mut test = HeldOut::read(path, config, &text.vocab, support.space, support.rules(), &text.labels)?;
    let train = test.training(config, &text.vocab)?;
    Ok(Some(TestFile { test, train }))
}

/// Description of the task, for run.json.
fn description(tokenizer: Option<&Subwords>, held_out: Option<&TestFile>) -> Value {
    let mut description = json!({ "task": "file" });
    if let Some(tokenizer) = tokenizer {
        description["tokenizer"] = json!({ "sha256": tokenizer.sha256() });
    }
    if let Some(file) = held_out {
        description["test"] = json!({ "sha256": file.test.report.sha256, "bytes": file.test.report.bytes });
    }
    description
}

/// What messages call a file.
fn shown(path: &Path) -> String {
    data::shown(path).display().to_string()
}

/// Text that says how sequences end, for logs.
fn endings(space: &SequenceSpace) -> String {
    let length = space.max_length;
    match space.end_token {
        None => format!("every sequence has {length} tokens, so none needs an end token"),
        Some(_) => format!("sequences end by a token of their own, or after {length} tokens"),
    }
}
