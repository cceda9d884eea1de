//! The kept lines of a file as ids, before their padding is known.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::options::{LongSequences, ReadOptions};
use super::records::{Facts, Record, Records};
use super::report::{Drops, ReadReport, grouped, reason};
use super::source::shown;
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
/// Most different labels.
const MOST_LABELS: usize = 1000;

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
    pub(super) fn each(self, text: &str, mut take: impl FnMut(&str)) -> Result<(), TokenError> {
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
    label_numbers: HashMap<String, Label>,
    pub(super) longest: usize,
    longest_line: Option<usize>,
    read: usize,
    drops: Drops,
    truncated: usize,
    left_out: usize,
    facts: Facts,
    bytes: u64,
    sha256: String,
}

impl Rows {
    /// Reads all records; `id_of` is asked for every token, those of dropped records too, so that a fault is found whether or
    /// not the record is kept.
    ///
    /// Records that cannot be read are an error, which names all of them; or they are dropped and counted, with
    /// [`ReadOptions::skip_bad`].
    pub(super) fn read(
        path: &Path,
        options: &ReadOptions,
        splitter: Splitter<'_>,
        mut id_of: impl FnMut(&str) -> Result<TokenId, TokenError>,
        known_labels: Option<&[String]>,
    ) -> Result<Self> {
        let mut records = Records::open(path, options)?;
        let limit = if options.max_length > 0 { options.max_length } else { usize::MAX };
        let mut rows = Self::default();
        let mut subset = Subset::new(options.max_sequences);
        let mut shortest_dropped = usize::MAX;
        let mut faults = Faults::default();
        rows.label_names = known_labels.unwrap_or_default().to_vec();
        rows.label_numbers = rows.label_names.iter().cloned().zip(0..).collect();
        while let Some(record) = records.next()? {
            let start = rows.tokens.len();
            let mut fault = record.fault.take();
            if fault.is_none() && record.dropped.is_none() {
                let mut token_error = line_break(splitter, &record.text);
                let whole = splitter.each(&record.text, |token| match id_of(token) {
                    Ok(id) => rows.tokens.push(id),
                    Err(found) => token_error = token_error.take().or(Some(found)),
                });
                token_error = token_error.or(whole.err());
                fault = token_error.map(|TokenError { message, hint }| records.fault(message, &hint));
            }
            let record = records.current();
            if let Some(fault) = fault {
                rows.leave_out(fault, record, start, options, &mut faults);
                continue;
            }
            let unlabelled = options.label.is_some() && record.label.trim().is_empty();
            if let Some(reason) = record.dropped.or(unlabelled.then_some(reason::NO_LABEL)) {
                rows.tokens.truncate(start);
                rows.drops.add(reason, place(record), &record.text);
                continue;
            }
            let number = record.line;
            let length = rows.tokens.len() - start;
            let record_use = RecordUse::of(length, limit, options);
            let label = match (&record_use, &options.label) {
                (RecordUse::Dropped(_), _) | (_, None) => Ok(None),
                (_, Some(_)) => rows.label(&record.label, known_labels.is_none()).map(Some),
            };
            let label = match label {
                Ok(label) => label,
                Err(TokenError { message, hint }) => {
                    let fault = records.fault(message, &hint);
                    rows.leave_out(fault, record, start, options, &mut faults);
                    continue;
                }
            };
            match record_use {
                RecordUse::Windows(kept) => {
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
                    if rows.longest == 0 {
                        (rows.longest, rows.longest_line) = (options.window, number);
                    }
                }
                RecordUse::Dropped(reason) => {
                    rows.drops.add(reason, place(record), &record.text);
                    if reason == reason::TOO_LONG {
                        shortest_dropped = shortest_dropped.min(length);
                    }
                    rows.tokens.truncate(start);
                }
                RecordUse::Beginning(kept) => {
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
            }
            rows.thin_out(subset.rows_kept(false));
        }
        faults.check(records.count(), options.format.record())?;
        rows.thin_out(subset.rows_kept(true));
        if known_labels.is_none() {
            rows.forget_unused_labels();
        }
        rows.longest = rows.lengths.iter().copied().max().unwrap_or(0);
        rows.read = records.count();
        rows.facts = records.facts();
        (rows.bytes, rows.sha256) = records.into_digest();
        rows.check_some_tokens(path, options, shortest_dropped, known_labels.is_some())?;
        Ok(rows)
    }

    /// Leaves out a record that cannot be read, whose tokens begin at `start`: it is counted, or an error of the file.
    fn leave_out(
        &mut self,
        fault: Error,
        record: &Record,
        start: usize,
        options: &ReadOptions,
        faults: &mut Faults,
    ) {
        self.tokens.truncate(start);
        match options.skip_bad {
            true => self.drops.add(reason::UNREADABLE, place(record), &fault_in_short(&fault)),
            false => faults.add(fault, place(record)),
        }
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
    fn label(&mut self, name: &str, new: bool) -> Result<Label, TokenError> {
        if let Some(&label) = self.label_numbers.get(name) {
            return Ok(label);
        }
        if !new {
            return Err(TokenError {
                message: format!("the label {name:?} is not one of the training data's"),
                hint: format!("they are {}", self.label_names.join(", ")),
            });
        }
        if self.label_names.len() == MOST_LABELS {
            return Err(TokenError {
                message: format!(
                    "the label {name:?} is the {}th different one, expected {MOST_LABELS} at most",
                    MOST_LABELS + 1
                ),
                hint: "labels are classes; is it another column that holds them?".into(),
            });
        }
        let label = self.label_names.len() as Label;
        self.label_names.push(name.into());
        self.label_numbers.insert(name.into(), label);
        Ok(label)
    }

    /// Labels of no row, because all of theirs were left out by chance, are no classes.
    fn forget_unused_labels(&mut self) {
        let mut is_used = vec![false; self.label_names.len()];
        self.labels.iter().for_each(|&label| is_used[label as usize] = true);
        if is_used.iter().all(|&used| used) {
            return;
        }
        let mut next = 0;
        let numbers: Vec<Label> = is_used.iter().map(|&used| (next, next += Label::from(used)).0).collect();
        self.labels.iter_mut().for_each(|label| *label = numbers[*label as usize]);
        let mut used = is_used.iter();
        self.label_names.retain(|_| *used.next().unwrap_or(&true));
    }

    /// A `further` file must fit what was learnt from another.
    fn check_some_tokens(
        &self,
        path: &Path,
        options: &ReadOptions,
        shortest_dropped: usize,
        further: bool,
    ) -> Result<()> {
        if !self.tokens.is_empty() {
            return Ok(());
        }
        let read = grouped(self.read as u64);
        let record = options.format.record();
        let dropped = |reason| self.drops.count(reason);
        Err(if self.read == 0 {
            bad(path, None, "the file is empty", &format!("one sequence per {record} is expected"))
        } else if dropped(reason::TOO_LONG) > 0 {
            let limit = options.max_length;
            let message = format!(
                "no sequence is left: all {} have more than {limit} tokens, the shortest {shortest_dropped}",
                grouped(dropped(reason::TOO_LONG) as u64)
            );
            let hint = match further {
                true => format!(
                    "the model knows sequences of up to {limit} tokens, as the training data have: shorten these, or train on longer ones"
                ),
                false => "raise `data.max_length` or set `data.long_sequences = \"truncate\"`".into(),
            };
            bad(path, None, message, &hint)
        } else if dropped(reason::TOO_SHORT) > 0 {
            let message = format!("no sequence is left: none is as long as `data.window` ({read} read)");
            bad(path, None, message, "lower `data.window`")
        } else if let Some(other) = self.drops.other_than(reason::NO_TOKENS) {
            let place = other.places.first().map_or(String::new(), |place| format!(", the first at {place}"));
            let message = format!(
                "no sequence is left: {} of {read} are {}{place}: {:?}",
                other.count, other.reason, other.example
            );
            let hint = match other.reason {
                reason::NO_LABEL => "name the column or member of the labels with `data.label`",
                _ => "is it the format that `data.format` or the name says?",
            };
            bad(path, None, message, hint)
        } else {
            let message = format!("the file holds blank {record}s alone ({read})");
            bad(path, None, message, &format!("one sequence per {record} is expected"))
        })
    }

    /// Pads the sequences to `max_length` and reports on them.
    pub(super) fn finish(
        self,
        path: &Path,
        options: &ReadOptions,
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
            sequences = sequences.with_labels(self.labels.clone());
        }
        let report = ReadReport {
            read: self.read,
            left_out: self.left_out,
            dropped: self.drops.into_list(),
            truncated: self.truncated,
            bytes: self.bytes,
            sha256: self.sha256,
            ..ReadReport::of(&sequences, &self.label_names, vocab).read_by(options, self.facts)
        };
        Ok((sequences, report))
    }
}

/// What becomes of a record of so many tokens.
enum RecordUse {
    /// So many windows of it.
    Windows(usize),
    /// Its first tokens.
    Beginning(usize),
    Dropped(&'static str),
}

impl RecordUse {
    fn of(length: usize, limit: usize, options: &ReadOptions) -> Self {
        match length.checked_div(options.window) {
            Some(0) => Self::Dropped(if length == 0 { reason::NO_TOKENS } else { reason::TOO_SHORT }),
            Some(windows) => Self::Windows(windows),
            None if length == 0 && !options.keep_empty => Self::Dropped(reason::NO_TOKENS),
            None if length > limit && options.long == LongSequences::Drop => Self::Dropped(reason::TOO_LONG),
            None => Self::Beginning(length.min(limit)),
        }
    }
}

/// Where a record stands.
fn place(record: &Record) -> String {
    match (&record.file, record.line) {
        (Some(file), _) => file.display().to_string(),
        (None, Some(line)) => format!("line {line}"),
        (None, None) => "the only record".into(),
    }
}

/// What a fault says, without its place.
fn fault_in_short(fault: &Error) -> String {
    match fault {
        Error::Data { message, .. } => message.clone(),
        other => other.to_string(),
    }
}

/// Records that cannot be read.
#[derive(Default)]
struct Faults {
    first: Option<Error>,
    /// Of the others.
    places: Vec<String>,
    others: usize,
}

impl Faults {
    fn add(&mut self, fault: Error, place: String) {
        const NAMED: usize = 10;
        if self.first.is_none() {
            self.first = Some(fault);
            return;
        }
        self.others += 1;
        if self.places.len() < NAMED {
            self.places.push(place);
        }
    }

    /// The first fault, which names the others, so that they can be mended at once.
    fn check(self, read: usize, record: &str) -> Result<()> {
        let Some(mut first) = self.first else { return Ok(()) };
        if let Error::Data { message, hint, .. } = &mut first {
            if self.others > 0 {
                let more = if self.others > self.places.len() { ", .." } else { "" };
                let (others, read) = (grouped(self.others as u64), grouped(read as u64));
                let places = self.places.join(", ");
                let others =
                    if self.others == 1 { "is 1 other".into() } else { format!("are {others} others") };
                message.push_str(&format!("; so {others} of {read} {record}s: {places}{more}"));
            }
            let known = hint.take().unwrap_or_default();
            *hint = Some(format!("{known}; or leave such {record}s out with `data.skip_bad = true`"));
        }
        Err(first)
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
    Error::Data { path: shown(path), line, message: message.into(), hint: Some(hint.into()) }
}
