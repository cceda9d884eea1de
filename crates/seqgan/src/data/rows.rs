//! The kept lines of a file as ids, before their padding is known.

use std::path::Path;

use super::options::{LongSequences, ReadOptions};
use super::records::Records;
use super::report::{ReadReport, grouped};
use super::tokens::Tokens;
use super::vocab::Vocab;
use crate::{Error, Result, SeqBatch, TokenId};

/// The most padded tokens (1 GiB of them) that are made without asking whether padding is reasonable.
const MAX_PADDED_TOKENS: usize = 1 << 28;
/// In larger data, padding may take this many times the tokens themselves. One endless line among many
/// short ones would otherwise ask for memory without measure.
const MAX_PADDING_FACTOR: usize = 16;

/// What is wrong with a token, and what to do about it; the place is added where it is known.
pub(super) struct Complaint {
    pub(super) message: String,
    pub(super) hint: String,
}

/// Kept sequences one behind the other, before the longest is known.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) tokens: Vec<TokenId>,
    lengths: Vec<usize>,
    pub(super) longest: usize,
    longest_line: usize,
    lines: usize,
    dropped_empty: usize,
    dropped_long: usize,
    truncated: usize,
    bytes: u64,
    sha256: String,
}

impl Rows {
    /// Reads all lines; `id_of` is asked for every token, those of dropped lines too, so that a fault is
    /// found whether or not the line is kept.
    pub(super) fn read(
        path: &Path,
        options: &ReadOptions,
        kind: Tokens,
        mut id_of: impl FnMut(&str) -> Result<TokenId, Complaint>,
    ) -> Result<Self> {
        let mut lines = Records::open(path, options)?;
        let limit = if options.max_length > 0 { options.max_length } else { usize::MAX };
        let mut rows = Self::default();
        let mut shortest_dropped = usize::MAX;
        while let Some((number, line)) = lines.next()? {
            let start = rows.tokens.len();
            for token in kind.split(line) {
                let id = id_of(token)
                    .map_err(|complaint| bad(path, Some(number), complaint.message, &complaint.hint))?;
                rows.tokens.push(id);
            }
            let length = rows.tokens.len() - start;
            if let Some(kept) = length.checked_div(options.window) {
                rows.tokens.truncate(start + kept * options.window);
                rows.lengths.extend(std::iter::repeat_n(options.window, kept));
                rows.dropped_empty += usize::from(kept == 0);
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
                rows.tokens.truncate(start + kept);
                rows.lengths.push(kept);
                if kept > rows.longest {
                    (rows.longest, rows.longest_line) = (kept, number);
                }
            }
        }
        rows.lines = lines.count();
        (rows.bytes, rows.sha256) = lines.into_digest();
        rows.check_some_tokens(path, limit, shortest_dropped)?;
        Ok(rows)
    }

    fn check_some_tokens(&self, path: &Path, limit: usize, shortest_dropped: usize) -> Result<()> {
        if !self.tokens.is_empty() {
            return Ok(());
        }
        let lines = grouped(self.lines as u64);
        Err(if self.lines == 0 {
            bad(path, None, "the file is empty", "one sequence a line is expected")
        } else if self.dropped_long > 0 {
            let message = format!(
                "no sequence is left: all {} have more than {limit} tokens, the shortest {shortest_dropped}",
                grouped(self.dropped_long as u64)
            );
            bad(path, None, message, "raise `data.max_length` or set `data.long_sequences = \"truncate\"`")
        } else {
            let message = format!("the file holds blank lines alone ({lines})");
            bad(path, None, message, "one sequence a line is expected")
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
            return Err(bad(path, Some(self.longest_line), message, "set a lower `data.max_length`"));
        }
        let mut sequences = SeqBatch::new(max_length);
        let mut start = 0;
        for &length in &self.lengths {
            sequences.push(&self.tokens[start..start + length]);
            start += length;
        }
        let report = ReadReport {
            lines: self.lines,
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

/// A fault of the data file.
pub(super) fn bad(path: &Path, line: Option<usize>, message: impl Into<String>, hint: &str) -> Error {
    Error::Data { path: path.into(), line, message: message.into(), hint: Some(hint.into()) }
}
