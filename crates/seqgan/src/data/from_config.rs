//! How the settings say that a file is read.

use super::{
    FileFormat, LongSequences, MidiOptions, NUM_PITCHES, ReadOptions, Subwords, Tokens, guess_tokens,
    holds_midi,
};
use crate::config::DataConfig;
use crate::{Error, Result};
use std::path::Path;
use std::sync::Arc;

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
                    "convert it to JSON lines, a table or text; or say with `data.format` what it is".into(),
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
        ("auto", _) => guess_tokens(path, &options)?,
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
                "a tokenizer cuts the formats text, csv, tsv and jsonl; `data.format` says which it is"
                    .into(),
            ),
        }),
    }
}
