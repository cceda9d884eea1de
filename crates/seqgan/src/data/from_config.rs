//! How the settings say that a file is read, and what the file itself says where they leave it open.

use super::records::{Records, names_molecules};
use super::sniff::{self, Foreign};
use super::source::{STDIN, Source, shown};
use super::{
    FileFormat, LongSequences, MidiOptions, MidiSelection, NUM_PITCHES, ReadOptions, Subwords, Tokens,
    holds_midi, smiles,
};
use crate::config::DataConfig;
use crate::{Error, Result};
use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

/// A format, and how it was known.
struct KnownFormat {
    format: FileFormat,
    reason: &'static str,
}

/// The format of `path`: what the settings say, or its name tells, or its first bytes. A folder that holds MIDI files is one of
/// melodies.
fn format_of(config: &DataConfig, path: &Path) -> Result<KnownFormat> {
    let known = |format, reason| Ok(KnownFormat { format, reason });
    if config.format != "auto" {
        return known(config.format.parse().expect("checked with the settings"), "as set");
    }
    if path.is_dir() && holds_midi(path) {
        return known(FileFormat::Midi, "a folder of MIDI files");
    }
    let by_name = FileFormat::of_name(path).filter(|_| path != Path::new(STDIN));
    if by_name == Some(FileFormat::Midi) {
        return known(FileFormat::Midi, "by its name");
    }
    let source = Source::open(path)?;
    let head = source.head();
    let refuse = |Foreign { what, hint }| Err(refused(path, format!("this is {what}"), &hint));
    if head.bytes.starts_with(b"MThd") {
        return known(FileFormat::Midi, "by its first bytes");
    }
    if let Some(foreign) = sniff::not_text(head).or_else(|| sniff::other_format(head)) {
        return refuse(foreign);
    }
    match by_name {
        // The name says little: what is surely another format is not learnt line by line.
        Some(FileFormat::Text) => match sniff::unmistakable(head) {
            Some((format, reason)) => known(format, reason),
            None if sniff::is_like_a_table(head) => known(
                FileFormat::Text,
                "by its name; but all lines have as many columns: `data.format = \"csv\"` reads a table",
            ),
            None => known(FileFormat::Text, "by its name"),
        },
        Some(format) => known(format, "by its name"),
        None => match sniff::guess(head) {
            Some((format, reason)) => known(format, reason),
            None if is_foreign(path) => {
                let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
                let message = format!("files of the kind .{extension} are not read");
                Err(refused(
                    path,
                    message,
                    "convert it to JSON lines, a table or text; or say with `data.format` what it is",
                ))
            }
            None => known(FileFormat::Text, "as neither its name nor its first bytes say another"),
        },
    }
}

/// Whether the name says that the file is of a kind that is not read.
fn is_foreign(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    FileFormat::FOREIGN.contains(&extension.as_str())
}

/// Whether the training file's tokens are pitches.
pub fn are_pitches(config: &DataConfig) -> bool {
    let path = &*config.training_path();
    let by_name =
        config.format == "auto" && (FileFormat::of_name(path) == Some(FileFormat::Midi) || holds_midi(path));
    config.pitches || config.format == "midi" || by_name
}

/// What the settings say of reading the training file `path`. Where `data.format` is "auto", its name or its first bytes tell
/// it; where `data.tokens` is "auto", a tokenizer, the format or the first sequences do. The tokenizer is not read:
/// [`load_tokenizer`].
pub fn read_options(config: &DataConfig, path: &Path) -> Result<ReadOptions> {
    read_options_after(config, path, None)
}

/// The same where `known` are the tokens of a model that training goes on from: where `data.tokens` is "auto", they are these.
pub fn read_options_after(config: &DataConfig, path: &Path, known: Option<Tokens>) -> Result<ReadOptions> {
    let KnownFormat { format, reason } = format_of(config, path)?;
    let mut options = with_format(config, format, reason);
    let subwords = config.tokens == "bpe" || config.tokens == "auto" && !config.tokenizer.is_empty();
    if subwords {
        check_holds_text(format)?;
    }
    // A row of a group is a token whole.
    let is_grouped = options.group_by.is_some();
    let known = known.filter(|tokens| !is_grouped || matches!(tokens, Tokens::Words | Tokens::Ids));
    let (tokens, reason) = match (config.tokens.as_str(), format, known) {
        ("auto", ..) if subwords => (Tokens::Bpe, "a tokenizer is named".into()),
        (_, FileFormat::Midi, _) => (Tokens::Ids, "pitches, 0 is a rest".into()),
        ("auto", _, Some(known)) => (known, "those of the model".into()),
        ("auto", FileFormat::Ids, _) => (Tokens::Ids, "usual for the format".into()),
        ("auto", FileFormat::Smiles, _) => (Tokens::Smiles, "usual for the format".into()),
        ("auto", FileFormat::Fasta, _) => (Tokens::Chars, "usual for the format".into()),
        ("auto", ..) if is_grouped => (Tokens::Words, "a row is a token".into()),
        ("auto", ..) => guess_tokens(path, &options)?,
        (name, ..) => (name.parse().expect("checked with the settings"), "as set".into()),
    };
    options.only_molecules |= config.tokens == "auto" && tokens == Tokens::Smiles;
    (options.tokens, options.tokens_reason) = (tokens, reason);
    check_has_field(config, path, format)?;
    Ok(options)
}

/// Refuses a column of a format that has none.
fn check_has_field(config: &DataConfig, path: &Path, format: FileFormat) -> Result<()> {
    if config.field.is_empty() || format.has_columns() {
        return Ok(());
    }
    let message = format!("a file of the format {} has no column {:?}", format.name(), config.field);
    Err(refused(path, message, "leave `data.field` out, or say `data.format = \"csv\"` for a table"))
}

/// What the settings say of reading a further file, a test file say, whose tokens are of the kind of the training file's. Where
/// it has no columns, as a test file in plain text, it has no groups either.
pub fn read_options_for(config: &DataConfig, path: &Path, tokens: Tokens) -> Result<ReadOptions> {
    let KnownFormat { format, reason } = format_of(config, path)?;
    let mut options = with_format(config, format, reason);
    options.only_molecules |= config.tokens == "auto" && tokens == Tokens::Smiles;
    (options.tokens, options.tokens_reason) = (tokens, "as the other files".into());
    if !format.has_columns() {
        (options.group_by, options.order_by) = (None, None);
    }
    // A test file is read whole.
    if path != config.training_path() {
        options.max_sequences = 0;
    }
    Ok(options)
}

fn with_format(config: &DataConfig, format: FileFormat, reason: &str) -> ReadOptions {
    let named = |name: &String| Some(name.clone()).filter(|name| !name.is_empty());
    let vocab_size = if format == FileFormat::Midi { NUM_PITCHES as usize } else { config.vocab_size };
    ReadOptions {
        format,
        format_reason: reason.into(),
        separator: match config.separator.as_str() {
            "auto" => None,
            "tab" => Some(b'\t'),
            other => other.bytes().next(),
        },
        field: named(&config.field),
        label: named(&config.label),
        only_molecules: format == FileFormat::Smiles,
        group_by: named(&config.group_by),
        order_by: named(&config.order_by),
        skip_bad: config.skip_bad,
        midi: MidiOptions {
            step_secs: config.midi_step_secs,
            rests: config.midi_rests,
            selection: MidiSelection {
                track: named(&config.midi_track).map(|track| match track.parse() {
                    Ok(track) => track,
                    Err(impossible) => match impossible {},
                }),
                channel: u8::try_from(config.midi_channel).ok().filter(|&channel| channel > 0),
            },
        },
        window: config.window,
        tokens: Tokens::Words,
        tokens_reason: String::new(),
        tokenizer: None,
        max_sequences: config.max_sequences,
        max_length: config.max_length,
        long: if config.long_sequences == "truncate" { LongSequences::Truncate } else { LongSequences::Drop },
        max_line_bytes: config.max_line_bytes,
        keep_empty: config.keep_empty,
        min_count: config.min_count as u64,
        max_vocab: config.max_vocab,
        vocab_size: vocab_size as u32,
    }
}

/// The first sequences of a file, as far as they tell how a sequence is cut.
struct FirstSequences {
    number: usize,
    with_blanks: usize,
    /// Lists of tokens, which JSON has.
    lists: usize,
    molecules: usize,
    words: usize,
    different: HashSet<String>,
    longest: usize,
}

impl FirstSequences {
    const LOOKED_AT: usize = 1_000;
    /// Characters of the longest value that names something.
    const LONGEST: usize = 40;

    fn of(records: &mut Records) -> Result<Self> {
        let mut first = Self {
            number: 0,
            with_blanks: 0,
            lists: 0,
            molecules: 0,
            words: 0,
            different: HashSet::new(),
            longest: 0,
        };
        while first.number < Self::LOOKED_AT {
            let Some(record) = records.next()? else { break };
            let text = record.text.trim();
            if record.fault.is_some() || record.dropped.is_some() || text.is_empty() {
                continue;
            }
            first.number += 1;
            first.lists += usize::from(record.is_list);
            first.with_blanks += usize::from(text.contains([' ', '\t']));
            first.molecules += usize::from(is_like_a_molecule(text));
            first.words += text.split_whitespace().count();
            first.longest = first.longest.max(text.chars().count());
            // Only short values are counted.
            if first.longest <= Self::LONGEST {
                first.different.insert(text.into());
            }
        }
        Ok(first)
    }

    /// Few short values again and again, such as kinds of events.
    fn are_values(&self) -> bool {
        const MOST: usize = 50;
        const FEWEST: usize = 20;
        let different = self.different.len();
        // Sentences that repeat have more words.
        let are_names = self.words < 3 * self.number && self.longest <= Self::LONGEST;
        are_names && self.number >= FEWEST && different <= MOST.min(self.number / 5)
    }

    fn are_molecules(&self) -> bool {
        self.number > 0 && 2 * self.molecules > self.number
    }
}

/// A molecule of more than one atom by the grammar of SMILES.
fn is_like_a_molecule(text: &str) -> bool {
    text.len() > 1 && smiles::is_molecule(text)
}

/// Words where a fifth of the first sequences hold white space between other characters or are lists of tokens; atoms in a
/// column of molecules; else characters.
///
/// Returns an error for a column of few different values, whose letters nobody would want to learn.
fn guess_tokens(path: &Path, options: &ReadOptions) -> Result<(Tokens, String)> {
    let mut records = Records::open(path, options)?;
    let first = FirstSequences::of(&mut records)?;
    let FirstSequences { number, with_blanks, lists, .. } = first;
    if lists > 0 {
        return Ok((Tokens::Words, "sequences are lists".into()));
    }
    let nouns = format!("{}s", options.format.record());
    let facts = records.facts();
    // One of the other columns must be able to name sequences.
    let others = facts.num_columns.saturating_sub(1 + usize::from(options.label.is_some()));
    let holds_molecules = first.are_molecules() && facts.field.as_deref().is_some_and(names_molecules);
    if options.format.has_columns() && others > 0 && first.are_values() && !holds_molecules {
        let column = facts.field.as_deref().unwrap_or_default();
        let message = format!(
            "{column:?} has {} different values in the first {number} {nouns}: is a row one token of a sequence?",
            first.different.len()
        );
        let hint = "name the column that tells to which sequence a row belongs with `data.group_by = \"NAME\"`; or say \
                    `data.tokens = \"chars\"` or `data.tokens = \"words\"` if each value is a sequence";
        return Err(refused(path, message, hint));
    }
    if 5 * with_blanks >= number && with_blanks > 0 {
        return Ok((Tokens::Words, format!("{with_blanks} of the first {number} {nouns} hold blanks")));
    }
    if holds_molecules {
        return Ok((Tokens::Smiles, "a column of molecules".into()));
    }
    let mut reason = match with_blanks {
        0 => "no blanks".to_string(),
        some => format!("{some} of the first {number} {nouns} hold blanks"),
    };
    if first.are_molecules() && first.with_blanks == 0 {
        reason.push_str("; they look like SMILES, which `data.tokens = \"smiles\"` cuts into atoms");
    }
    Ok((Tokens::Chars, reason))
}

/// The tokenizer that the settings name; none where they name none.
pub fn load_tokenizer(config: &DataConfig) -> Result<Option<Arc<Subwords>>> {
    match config.tokenizer.as_str() {
        "" => Ok(None),
        _ => Ok(Some(Arc::new(Subwords::read(&config.tokenizer_path())?))),
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
                "a tokenizer cuts the formats text, csv, tsv and jsonl; `data.format` says which it is"
                    .into(),
            ),
        }),
    }
}

fn refused(path: &Path, message: String, hint: &str) -> Error {
    Error::Data { path: shown(path), line: None, message, hint: Some(hint.into()) }
}
