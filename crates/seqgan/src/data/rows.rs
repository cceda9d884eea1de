//! The kept lines of a file as ids, before their padding is known.

use std::path::Path;
use std::sync::Arc;

use super::options::{LongSequences, ReadOptions};
use super::records::Records;
use super::report::{ReadReport, grouped};
use super::subset::Subset;
use super::subwords::Subwords;
use super::tokens::Tokens;
use super::vocab::Vocab;
use crate::token::Label;
use crate::{Error, Result, SeqBatch, TokenId};

/// The most padded tokens (1 GiB of them) that are made without asking whether padding is reasonable.
const MAX_PADDED_TOKENS: usize = 1 << 28;
/// In larger data, padding may take this many times the tokens themselves. One endless line among many
/// short ones would otherwise ask for memory without measure.
const MAX_PADDING_FACTOR: usize = 16;

/// What is wrong with a token, and what to do about it. Readers of tokens return it, and the place is added where it is
/// known.
pub(super) struct TokenError {
    pub(super) message: String,
    pub(super) hint: String,
}

/// Splits a line into tokens.
#[derive(Clone, Copy)]
pub(super) enum Splitter<'a> {
    /// A rule of the kind of tokens.
    Kind(Tokens),
    /// A tokenizer.
    Subwords(&'a Subwords),
}

impl<'a> Splitter<'a> {
    /// Panics for subwords without a tokenizer.
    pub(super) fn new(tokens: Tokens, tokenizer: Option<&'a Arc<Subwords>>) -> Self {
        match tokens {
            Tokens::Bpe => Self::Subwords(tokenizer.expect("subwords with their tokenizer")),
            tokens => Self::Kind(tokens),
        }
    }

    /// Hands over every token of `text`; fails for a text that the tokenizer cannot split.
    fn each(self, text: &str, mut take: impl FnMut(&str)) -> Result<(), TokenError> {
        match self {
            Self::Kind(kind) => kind.split(text).for_each(take),
            Self::Subwords(tokenizer) => {
                let tokens = tokenizer.split(text).map_err(|message| TokenError {
                    message: format!("the tokenizer cannot cut the sequence: {message}"),
                    hint: "leave it out, or give another `data.tokenizer`".into(),
                })?;
                tokens.iter().for_each(|token| take(token));
            }
        }
        Ok(())
    }
}

/// Kept sequences one behind the other, before the longest is known.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) tokens: Vec<TokenId>,
    lengths: Vec<usize>,
    /// Of each row, by the order of their first appearance in `label_names`; empty where none were asked for.
    labels: Vec<Label>,
    pub(super) label_names: Vec<String>,
    pub(super) longest: usize,
    longest_line: Option<usize>,
    lines: usize,
    record: &'static str,
    dropped_empty: usize,
    dropped_short: usize,
    dropped_long: usize,
    truncated: usize,
    left_out: usize,
    bytes: u64,
    sha256: String,
}

impl Rows {
    /// Reads all lines; `id_of` is asked for every token, those of dropped lines too, so that a fault is
    /// found whether or not the line is kept.
    pub(super) fn read(
        path: &Path,
        options: &ReadOptions,
        splitter: Splitter<'_>,
        mut id_of: impl FnMut(&str) -> Result<TokenId, TokenError>,
        known_labels: Option<&[String]>,
    ) -> Result<Self> {
        let mut records = Records::open(path, options)?;
        let limit = if options.max_length > 0 { options.max_length } else { usize::MAX };
        let mut rows = Self { record: options.format.record(), ..Self::default() };
        let mut subset = Subset::new(options.max_sequences);
        let mut shortest_dropped = usize::MAX;
        rows.label_names = known_labels.unwrap_or_default().to_vec();
        while let Some(record) = records.next()? {
            let label = record.label.clone();
            let start = rows.tokens.len();
            let mut token_error = line_break(splitter, &record.text);
            let whole = splitter.each(&record.text, |token| match id_of(token) {
                Ok(id) => rows.tokens.push(id),
                Err(found) => token_error = token_error.take().or(Some(found)),
            });
            token_error = token_error.or(whole.err());
            if let Some(TokenError { message, hint }) = token_error {
                return Err(records.fault(message, &hint));
            }
            let label = match &options.label {
                None => None,
                Some(_) => Some(
                    rows.label(label, known_labels.is_none())
                        .map_err(|token_error| records.fault(token_error.message, &token_error.hint))?,
                ),
            };
            let number = records.line();
            let length = rows.tokens.len() - start;
            if let Some(kept) = length.checked_div(options.window) {
                let mut end = start;
                for window in 0..kept {
                    if subset.wants() {
                        let from = start + window * options.window;
                        rows.tokens.copy_within(from..from + options.window, end);
                        rows.lengths.push(options.window);
                        rows.labels.extend(label);
                        end += options.window;
                    }
                }
                rows.tokens.truncate(end);
                rows.dropped_short += usize::from(kept == 0);
                if kept > 0 && rows.longest == 0 {
                    (rows.longest, rows.longest_line) = (options.window, number);
                }
            } else if length == 0 && !options.keep_empty {
                rows.dropped_empty += 1;
            } else if length > limit && options.long == LongSequences::Drop {
                rows.dropped_long += 1;
                shortest_dropped = shortest_dropped.min(length);
                rows.tokens.truncate(start);
            } else {
                let kept = length.min(limit);
                rows.truncated += usize::from(kept < length);
                if subset.wants() {
                    rows.tokens.truncate(start + kept);
                    rows.lengths.push(kept);
                    rows.labels.extend(label);
                } else {
                    rows.tokens.truncate(start);
                    rows.left_out += 1;
                }
                if kept > rows.longest {
                    (rows.longest, rows.longest_line) = (kept, number);
                }
            }
            rows.thin_out(subset.rows_kept(false));
        }
        rows.thin_out(subset.rows_kept(true));
        rows.longest = rows.lengths.iter().copied().max().unwrap_or(0);
        rows.lines = records.count();
        (rows.bytes, rows.sha256) = records.into_digest();
        rows.check_some_tokens(path, limit, shortest_dropped, known_labels.is_some())?;
        Ok(rows)
    }

    /// Drops the rows that are not to be kept.
    fn thin_out(&mut self, keep: Option<Vec<bool>>) {
        let Some(keep) = keep else { return };
        let (mut from, mut to) = (0, 0);
        for (&length, &kept) in self.lengths.iter().zip(&keep) {
            if kept {
                self.tokens.copy_within(from..from + length, to);
                to += length;
            }
            from += length;
        }
        self.tokens.truncate(to);
        let before = self.lengths.len();
        let mut kept = keep.iter();
        self.lengths.retain(|_| *kept.next().unwrap_or(&true));
        let mut kept = keep.iter();
        self.labels.retain(|_| *kept.next().unwrap_or(&true));
        self.left_out += before - self.lengths.len();
    }

    /// The number of a label; a new one gets the next, where there may be new ones.
    fn label(&mut self, name: String, new: bool) -> Result<Label, TokenError> {
        const MOST: usize = 1000;
        if let Some(label) = self.label_names.iter().position(|known| *known == name) {
            return Ok(label as Label);
        }
        if !new {
            return Err(TokenError {
                message: format!("the label {name:?} is not one of the training data's"),
                hint: format!("they are {}", self.label_names.join(", ")),
            });
        }
        if self.label_names.len() == MOST {
            return Err(TokenError {
                message: format!(
                    "the label {name:?} is the {}th different one, expected {MOST} at most",
                    MOST + 1
                ),
                hint: "labels are classes; is it another column that holds them?".into(),
            });
        }
        self.label_names.push(name);
        Ok(self.label_names.len() as Label - 1)
    }

    /// A `further` file must fit what was learnt from another.
    fn check_some_tokens(
        &self,
        path: &Path,
        limit: usize,
        shortest_dropped: usize,
        further: bool,
    ) -> Result<()> {
        if !self.tokens.is_empty() {
            return Ok(());
        }
        let lines = grouped(self.lines as u64);
        Err(if self.lines == 0 {
            bad(path, None, "the file is empty", &format!("one sequence a {} is expected", self.record))
        } else if self.dropped_long > 0 {
            let message = format!(
                "no sequence is left: all {} have more than {limit} tokens, the shortest {shortest_dropped}",
                grouped(self.dropped_long as u64)
            );
            let hint = match further {
                true => format!(
                    "the model knows sequences of up to {limit} tokens, as the training data have: shorten these, or train on longer ones"
                ),
                false => "raise `data.max_length` or set `data.long_sequences = \"truncate\"`".into(),
            };
            bad(path, None, message, &hint)
        } else if self.dropped_short > 0 {
            let message = format!("no sequence is left: none is as long as `data.window` ({lines} read)");
            bad(path, None, message, "lower `data.window`")
        } else {
            let message = format!("the file holds blank {}s alone ({lines})", self.record);
            bad(path, None, message, &format!("one sequence a {} is expected", self.record))
        })
    }

    /// Pads the sequences to `max_length` and reports on them.
    pub(super) fn finish(
        self,
        path: &Path,
        max_length: usize,
        vocab: &Vocab,
    ) -> Result<(SeqBatch, ReadReport)> {
        let padded = self.lengths.len().saturating_mul(max_length);
        if padded > MAX_PADDED_TOKENS && padded / MAX_PADDING_FACTOR > self.tokens.len() {
            let message = format!(
                "{} sequences padded to {} tokens need {} MiB, though they hold {} tokens; the longest has {}",
                grouped(self.lengths.len() as u64),
                grouped(max_length as u64),
                grouped(padded as u64 / (1 << 20) * size_of::<TokenId>() as u64),
                grouped(self.tokens.len() as u64),
                grouped(self.longest as u64),
            );
            return Err(bad(path, self.longest_line, message, "set a lower `data.max_length`"));
        }
        let mut sequences = SeqBatch::new(max_length);
        let mut start = 0;
        for &length in &self.lengths {
            sequences.push(&self.tokens[start..start + length]);
            start += length;
        }
        if !self.labels.is_empty() {
            sequences = sequences.with_labels(self.labels);
        }
        let report = ReadReport {
            lines: self.lines,
            record: self.record,
            left_out: self.left_out,
            dropped_short: self.dropped_short,
            dropped_empty: self.dropped_empty,
            dropped_long: self.dropped_long,
            truncated: self.truncated,
            bytes: self.bytes,
            sha256: self.sha256,
            ..ReadReport::of(&sequences, vocab)
        };
        Ok((sequences, report))
    }
}

/// A line break, which a table or JSON can hold, would tear a sequence apart when it is written.
fn line_break(splitter: Splitter<'_>, text: &str) -> Option<TokenError> {
    let torn =
        !matches!(splitter, Splitter::Kind(Tokens::Words | Tokens::Ids)) && text.contains(['\n', '\r']);
    torn.then(|| TokenError {
        message: "the sequence holds a line break, which cannot be a token".into(),
        hint: "write it in another way, or read words (`data.tokens = \"words\"`)".into(),
    })
}

/// A fault of the data file.
pub(super) fn bad(path: &Path, line: Option<usize>, message: impl Into<String>, hint: &str) -> Error {
    Error::Data { path: path.into(), line, message: message.into(), hint: Some(hint.into()) }
}
