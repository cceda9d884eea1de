//! What is to be learned: the synthetic task, or a file of sequences.

use super::held_out::HeldOut;
use crate::config::{Config, ConstraintConfig, DataConfig, DataSize, OracleConfig};
use crate::data::{
    self, FileFormat, LongSequences, MidiOptions, NUM_PITCHES, ReadOptions, Subwords, Tokens, Vocab,
    holds_midi,
};
use crate::generator::oracle::{self, Oracle};
use crate::generator::{self, BoxGenerator, BoxTrainable, Generator, Rules, SequenceSpace, constraint};
use crate::rng::{Purpose, Streams};
use crate::token::{Label, SeqBatch, TokenId};
use crate::{Error, Result};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;

/// Sequences to learn from, and what is known about them.
pub struct Task {
    /// Training sequences.
    pub train: SeqBatch,
    /// Kept apart for early stopping.
    pub validation: SeqBatch,
    /// What `nll_test` is measured on: fresh draws from the oracle, or the sequences of a test file that a model can
    /// give a likelihood. Training never sees them.
    pub test: Option<SeqBatch>,
    /// A file's test part, where one is given.
    pub held_out: Option<TestFile>,
    /// What knows the sequences' probabilities, where there is such a thing.
    pub oracle: Option<Oracle>,
    /// How tokens are written, where they are not mere numbers.
    pub vocab: Option<Vocab>,
    /// Names of the sequences' labels, by number; none where sequences have no labels.
    pub labels: Vec<String>,
    /// What was read, for run.json.
    pub description: Value,
    /// What was read, for people.
    pub notes: Vec<String>,
    rules: SequenceSpace,
    constraint: Option<Arc<Rules>>,
}

/// A test file, and the training file in the same numbers.
pub struct TestFile {
    /// The test sequences.
    pub test: HeldOut,
    /// The training sequences, validation part and all, for novelty and the row of real sequences.
    pub train: SeqBatch,
}

impl Task {
    /// A synthetic task: that of SeqGAN, section 4, or a rule.
    pub fn oracle(config: &OracleConfig, seed: u64) -> Result<Self> {
        let oracle = Oracle::new(config, seed)?;
        let draw = |purpose, n| oracle.sample(&Streams::new(seed, purpose), 0, n).sequences;
        let vocab_size = oracle.space().map_or(config.vocab_size, |space| space.vocab_size);
        Ok(Self {
            train: draw(Purpose::OracleTrain, config.num_train),
            validation: draw(Purpose::OracleValidation, config.num_validation),
            test: Some(draw(Purpose::OracleTest, config.num_test)),
            held_out: None,
            vocab: None,
            labels: Vec::new(),
            description: json!({ "task": config.task, "oracle_params": config.params }),
            notes: Vec::new(),
            rules: oracle::synthetic_space(vocab_size, config.length),
            constraint: None,
            oracle: Some(oracle),
        })
    }

    /// A file of sequences. Those that the constraint does not allow are left out.
    pub fn file(config: &DataConfig, constraint: &ConstraintConfig) -> Result<Self> {
        let path = Path::new(&config.path);
        let options = read_options(config, path)?;
        let tokenizer = load_tokenizer(config)?;
        let options = ReadOptions { tokenizer: tokenizer.clone(), ..options };
        let text = data::read_training(path, &options)?;
        if config.pitches && text.vocab.tokens() != Tokens::Ids {
            return Err(Error::Config {
                key: "data.pitches".into(),
                value: "true".into(),
                expected: "false where tokens are words or characters".into(),
                source_place: None,
                hint: Some("pitches are numbers; say --tokens ids if the file holds them".into()),
            });
        }
        let length = text.sequences.max_length();
        let fixed = text.sequences.rows().all(|r| r.len() == length);
        let rules = SequenceSpace {
            vocab_size: text.vocab.len(),
            max_length: length,
            start_token: Vocab::END,
            end_token: (!fixed).then_some(Vocab::END),
            never: if fixed { vec![Vocab::END, Vocab::UNKNOWN] } else { vec![Vocab::UNKNOWN] },
            allow_empty: text.sequences.rows().any(<[_]>::is_empty),
            label_counts: (0..text.labels.len() as Label)
                .map(|label| text.sequences.labels().iter().filter(|&&l| l == label).count() as u64)
                .collect(),
        };
        let constraint = constraint::rules(constraint, &rules, &text.vocab)?;
        let own = Arc::new(Rules::of(&rules));
        let mut notes = vec![format!("{}: {}", path.display(), text.report)];
        let mut sequences = text.sequences;
        if let Some(constraint) = &constraint {
            // A token that is unknown is another matter: such sequences are part of the data without a likelihood.
            let kept: Vec<usize> = (0..sequences.len())
                .filter(|&b| {
                    constraint.allow(&rules, sequences.row(b)) || !own.allow(&rules, sequences.row(b))
                })
                .collect();
            if kept.len() < sequences.len() {
                notes.push(format!(
                    "{} sequences are left out, which the constraint does not allow",
                    sequences.len() - kept.len()
                ));
            }
            sequences = sequences.select(kept);
        }
        let split = data::split_by_hash(sequences.rows(), config.validation_share);
        let (train, validation) = (sequences.select(split.training), sequences.select(split.validation));
        if train.is_empty() || validation.is_empty() {
            return Err(Error::Data {
                path: path.into(),
                line: None,
                message: match constraint.is_some() {
                    true => "fewer than two different sequences satisfy the constraint".into(),
                    false => "all lines are equal: nothing can be kept apart to validate on".into(),
                },
                hint: Some("give a file with at least two different sequences".into()),
            });
        }
        let likely =
            |part: &SeqBatch| part.rows().any(|row| constraint.as_ref().unwrap_or(&own).allow(&rules, row));
        if let Some((_, purpose)) =
            [(&train, "train on"), (&validation, "validate on")].into_iter().find(|part| !likely(part.0))
        {
            return Err(Error::Data {
                path: path.into(),
                line: None,
                message: format!("every sequence to {purpose} has a token that is too rare to be known"),
                hint: Some("lower `data.min_count`, or raise `data.max_vocab`".into()),
            });
        }
        let ends = match fixed {
            true => format!("every sequence has {length} tokens, so none needs an end token"),
            false => format!("sequences end by a token of their own, or after {length} tokens"),
        };
        let held_out = match config.test.as_str() {
            "" => None,
            test => {
                let mut test = HeldOut::read(
                    Path::new(test),
                    config,
                    &text.vocab,
                    &rules,
                    constraint.as_ref().unwrap_or(&own),
                    &text.labels,
                )?;
                let train = test.training(config, &text.vocab)?;
                Some(TestFile { test, train })
            }
        };
        let mut description = json!({ "task": "file", "format": options.format.name(), "read": text.report });
        if let Some(tokenizer) = &tokenizer {
            description["tokenizer"] = json!({ "sha256": tokenizer.sha256() });
        }
        notes.push(format!("{} to train, {} kept apart to validate; {ends}", train.len(), validation.len()));
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
            rules,
        })
    }

    /// Sets what a file of parameters brings with it, so that the resolved settings tell the truth.
    pub fn resolve(&self, config: &mut Config) {
        let Some(oracle) = &self.oracle else { return };
        if let Some((space, shape)) = oracle.space().zip(oracle.shape()) {
            config.oracle.vocab_size = space.vocab_size;
            (config.oracle.embedding_dim, config.oracle.hidden_dim) = (shape.embedding_dim, shape.hidden_dim);
        }
    }

    /// How a file with this task's tokens is written: a vocabulary's words, or plain numbers.
    pub fn write(&self, row: &[TokenId]) -> String {
        match &self.vocab {
            Some(vocab) => vocab.decode(row),
            None => row.iter().map(TokenId::to_string).collect::<Vec<_>>().join(" "),
        }
    }

    /// The space of this task's sequences.
    pub fn space(&self) -> &SequenceSpace {
        &self.rules
    }

    /// An untrained generator of this task, all parameters from N(0, `std`).
    pub fn new_generator(&self, config: &Config, std: f64, streams: &Streams) -> Result<BoxTrainable> {
        let generator = generator::build(&self.rules, &config.generator, std, streams)?;
        Ok(match &self.constraint {
            Some(rules) => {
                let constrained = generator.with_constraint(Arc::clone(rules)).to_trainable();
                constrained.expect("a generator that can be trained without a constraint")
            }
            None => generator,
        })
    }

    /// A generator of this task under its constraint, if it has one.
    pub fn with_constraint(&self, generator: BoxGenerator) -> BoxGenerator {
        match &self.constraint {
            Some(rules) => generator.with_constraint(Arc::clone(rules)),
            None => generator,
        }
    }

    /// Whether sequences end before T by a token of their own.
    pub fn has_end(&self) -> bool {
        self.rules.end_token.is_some()
    }

    /// T.
    pub fn max_length(&self) -> usize {
        self.rules.max_length
    }

    /// V.
    pub fn vocab_size(&self) -> usize {
        self.rules.vocab_size
    }

    /// What decides how long a step takes.
    pub fn size(&self) -> DataSize {
        let steps = (0..self.train.len()).map(|b| self.train.steps(b, self.has_end())).sum();
        DataSize {
            num_sequences: self.train.len(),
            num_tokens: steps,
            vocab_size: self.vocab_size(),
            max_length: self.max_length(),
            has_test: self.test.is_some(),
        }
    }
}

/// The format of `path`: what the settings say, or its name tells. A folder that holds MIDI files is one of melodies.
pub fn format_of(config: &DataConfig, path: &Path) -> Result<FileFormat> {
    if config.format != "auto" {
        return Ok(config.format.parse().expect("checked with the settings"));
    }
    if holds_midi(path) {
        return Ok(FileFormat::Midi);
    }
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    match FileFormat::of_name(path) {
        Some(format) => Ok(format),
        // One JSON document, or what is not even text.
        None if ["json", "parquet", "arrow", "xlsx", "zip", "bz2", "xz"].contains(&extension.as_str()) => {
            Err(Error::Data {
                path: path.into(),
                line: None,
                message: format!("files of the kind .{extension} are not read"),
                hint: Some(
                    "convert it to JSON lines, a table or text; or say with --format what it is".into(),
                ),
            })
        }
        None => Ok(FileFormat::Text),
    }
}

/// Whether the training file's tokens are pitches.
pub fn are_pitches(config: &DataConfig) -> bool {
    config.pitches || format_of(config, Path::new(&config.path)).is_ok_and(|f| f == FileFormat::Midi)
}

/// What the settings say of reading `path`. Where `data.format` is "auto", the name tells it; where `data.tokens` is
/// "auto", a tokenizer or the format does, or else a file whose first sequences hold blanks is one of words, any other
/// one of characters. The tokenizer is not read: [`load_tokenizer`].
pub fn read_options(config: &DataConfig, path: &Path) -> Result<ReadOptions> {
    let format = format_of(config, path)?;
    let vocab_size = if format == FileFormat::Midi { NUM_PITCHES as usize } else { config.vocab_size };
    let mut options = ReadOptions {
        format,
        field: Some(config.field.clone()).filter(|field| !field.is_empty()),
        label: Some(config.label.clone()).filter(|label| !label.is_empty()),
        midi: MidiOptions { step_secs: config.midi_step_secs, rests: config.midi_rests },
        window: config.window,
        tokens: Tokens::Words,
        tokenizer: None,
        // A test file is read whole.
        max_sequences: if path == Path::new(&config.path) { config.max_sequences } else { 0 },
        max_length: config.max_length,
        long: if config.long_sequences == "truncate" { LongSequences::Truncate } else { LongSequences::Drop },
        max_line_bytes: config.max_line_bytes,
        keep_empty: config.keep_empty,
        min_count: config.min_count as u64,
        max_vocab: config.max_vocab,
        vocab_size: vocab_size as u32,
    };
    let subwords = config.tokens == "bpe" || config.tokens == "auto" && !config.tokenizer.is_empty();
    if subwords {
        check_holds_text(format)?;
    }
    options.tokens = match (config.tokens.as_str(), format) {
        ("auto", _) if subwords => Tokens::Bpe,
        (_, FileFormat::Midi) | ("auto", FileFormat::Ids) => Tokens::Ids,
        ("auto", FileFormat::Smiles) => Tokens::Smiles,
        ("auto", FileFormat::Fasta) => Tokens::Chars,
        ("auto", _) => data::guess_tokens(path, &options)?,
        (name, _) => name.parse().expect("checked with the settings"),
    };
    Ok(options)
}

/// The tokenizer that the settings name; none where they name none.
pub fn load_tokenizer(config: &DataConfig) -> Result<Option<Arc<Subwords>>> {
    match config.tokenizer.as_str() {
        "" => Ok(None),
        path => Ok(Some(Arc::new(Subwords::read(Path::new(path))?))),
    }
}

/// Refuses subwords of what is no text, or has tokens of its own.
fn check_holds_text(format: FileFormat) -> Result<()> {
    match format {
        FileFormat::Text | FileFormat::Csv | FileFormat::Tsv | FileFormat::Jsonl => Ok(()),
        FileFormat::Ids | FileFormat::Smiles | FileFormat::Fasta | FileFormat::Midi => Err(Error::Config {
            key: "data.tokens".into(),
            value: "\"bpe\"".into(),
            expected: format!("another kind of tokens for the format {}", format.name()),
            source_place: None,
            hint: Some(
                "a tokenizer cuts the formats text, csv, tsv and jsonl; --format says which it is".into(),
            ),
        }),
    }
}
