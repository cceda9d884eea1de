//! How a file was read, and what happened to its records.

use std::fmt;

use serde_json::{Map, Value, json};

use super::options::ReadOptions;
use super::records::Facts;
use super::tokens::Tokens;
use super::vocab::Vocab;
use crate::SeqBatch;
use crate::config::FileFormat;

/// Why records are left out, other than what a format says of its own.
pub(super) mod reason {
    pub(in crate::data) const NO_TOKENS: &str = "blank";
    pub(in crate::data) const TOO_LONG: &str = "too long";
    pub(in crate::data) const TOO_SHORT: &str = "shorter than the window";
    pub(in crate::data) const NO_LABEL: &str = "without a label";
    pub(in crate::data) const UNREADABLE: &str = "unreadable";
}

/// The account of one reading of a file. Lengths and tokens are those of the kept sequences.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadReport {
    /// The format.
    pub format: FileFormat,
    /// How it was known, such as "by its name"; empty if the caller said it.
    pub format_reason: String,
    /// What stands between the columns of a table.
    pub separator: Option<char>,
    /// The column or member that holds the sequences.
    pub field: Option<String>,
    /// Whether a record is a group of rows.
    pub is_grouped: bool,
    /// The track of melodies.
    pub track: Option<String>,
    /// What one token is.
    pub token_kind: Tokens,
    /// Why, such as "usual for the format"; empty if the caller said it.
    pub tokens_reason: String,
    /// Records of the file: lines, rows, FASTA records, files.
    pub read: usize,
    /// Sequences kept.
    pub kept: usize,
    /// Records left out, by reason.
    pub dropped: Vec<Dropped>,
    /// Sequences left out because there are more than were asked for.
    pub left_out: usize,
    /// Sequences of which only the beginning was kept.
    pub truncated: usize,
    /// Most tokens a sequence may have.
    pub max_length: usize,
    /// Tokens kept.
    pub tokens: usize,
    /// Tokens among them that are not in the vocabulary.
    pub unknown_tokens: usize,
    /// Sequences that hold such a token.
    pub sequences_with_unknown: usize,
    /// User tokens of the vocabulary, the end and the unknown token not counted.
    pub vocabulary: usize,
    /// Tokens of the longest sequence.
    pub longest: usize,
    /// Tokens of the shortest sequence.
    pub shortest: usize,
    /// Mean number of tokens of a sequence.
    pub mean_length: f64,
    /// Labels of the kept sequences, with the number of each.
    pub classes: Vec<(String, usize)>,
    /// What was skipped or is unusual, each in a few words.
    pub remarks: Vec<String>,
    /// SHA-256 of the file's bytes, in hexadecimal.
    pub sha256: String,
    /// Size of the file.
    pub bytes: u64,
}

/// Records that were left out for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// The reason, in a few words.
    pub reason: &'static str,
    /// Number of them.
    pub count: usize,
    /// The places of the first ones: "line 7", or a file's name.
    pub places: Vec<String>,
    /// The beginning of the first one.
    pub example: String,
}

/// Most places that are named for a reason.
const MOST_PLACES: usize = 20;

/// Counts records that are left out.
#[derive(Debug, Default)]
pub(super) struct Drops(Vec<Dropped>);

impl Drops {
    pub(super) fn add(&mut self, reason: &'static str, place: String, text: &str) {
        let list = &mut self.0;
        let found = list.iter().position(|dropped| dropped.reason == reason).unwrap_or_else(|| {
            list.push(Dropped { reason, count: 0, places: Vec::new(), example: shortened(text) });
            list.len() - 1
        });
        list[found].count += 1;
        if list[found].places.len() < MOST_PLACES {
            list[found].places.push(place);
        }
    }

    pub(super) fn into_list(self) -> Vec<Dropped> {
        self.0
    }

    pub(super) fn count(&self, reason: &str) -> usize {
        self.0.iter().find(|dropped| dropped.reason == reason).map_or(0, |dropped| dropped.count)
    }

    /// The first reason other than `reason`.
    pub(super) fn other_than(&self, reason: &str) -> Option<&Dropped> {
        self.0.iter().find(|dropped| dropped.reason != reason)
    }
}

impl ReadReport {
    /// A report on `sequences`; what only the file knows is left empty.
    pub(super) fn of(sequences: &SeqBatch, labels: &[String], vocab: &Vocab) -> Self {
        let unknown = |row: &[u32]| row.iter().filter(|&&id| id == Vocab::UNKNOWN).count();
        let lengths = || sequences.rows().map(<[u32]>::len);
        let mut counts = vec![0; labels.len()];
        sequences.labels().iter().for_each(|&label| counts[label as usize] += 1);
        Self {
            format: FileFormat::Text,
            format_reason: String::new(),
            separator: None,
            field: None,
            is_grouped: false,
            track: None,
            token_kind: vocab.tokens(),
            tokens_reason: String::new(),
            read: 0,
            kept: sequences.len(),
            dropped: Vec::new(),
            left_out: 0,
            truncated: 0,
            max_length: sequences.max_length(),
            tokens: sequences.total_tokens(),
            unknown_tokens: sequences.rows().map(unknown).sum(),
            sequences_with_unknown: sequences.rows().filter(|row| unknown(row) > 0).count(),
            vocabulary: vocab.num_user_tokens(),
            longest: lengths().max().unwrap_or(0),
            shortest: lengths().min().unwrap_or(0),
            mean_length: sequences.total_tokens() as f64 / sequences.len().max(1) as f64,
            classes: labels.iter().cloned().zip(counts).collect(),
            remarks: Vec::new(),
            sha256: String::new(),
            bytes: 0,
        }
    }

    /// The same of a file that was read so.
    pub(super) fn read_by(mut self, options: &ReadOptions, facts: Facts) -> Self {
        self.format = options.format;
        self.format_reason.clone_from(&options.format_reason);
        self.tokens_reason.clone_from(&options.tokens_reason);
        self.separator = facts.separator;
        self.field = facts.field;
        self.track = facts.track;
        self.is_grouped = facts.is_grouped;
        self.remarks = facts.remarks;
        self
    }

    /// Number of records that were left out because they are too long.
    pub fn dropped_long(&self) -> usize {
        self.dropped.iter().find(|d| d.reason == reason::TOO_LONG).map_or(0, |dropped| dropped.count)
    }

    /// The counts of what is left when `dropped` further sequences are left out for a reason.
    pub(super) fn keep(
        &mut self,
        sequences: &SeqBatch,
        labels: &[String],
        vocab: &Vocab,
        (reason, dropped): (&'static str, usize),
    ) {
        let left = Self::of(sequences, labels, vocab);
        self.kept = left.kept;
        self.tokens = left.tokens;
        self.unknown_tokens = left.unknown_tokens;
        self.sequences_with_unknown = left.sequences_with_unknown;
        (self.shortest, self.longest, self.mean_length) = (left.shortest, left.longest, left.mean_length);
        self.classes = left.classes;
        self.dropped.push(Dropped { reason, count: dropped, places: Vec::new(), example: String::new() });
    }

    /// The account as JSON: names and numbers, `dropped` and `examples` by reason, `classes` by name.
    pub fn to_json(&self) -> Value {
        let dropped: Map<String, Value> =
            self.dropped.iter().map(|d| (d.reason.into(), d.count.into())).collect();
        let example = |d: &Dropped| json!({ "places": d.places, "text": d.example });
        let examples: Map<String, Value> =
            self.dropped.iter().map(|d| (d.reason.into(), example(d))).collect();
        let classes: Map<String, Value> =
            self.classes.iter().map(|(name, n)| (name.clone(), (*n).into())).collect();
        json!({
            "format": self.format.name(),
            "format_reason": self.format_reason,
            "separator": self.separator,
            "field": self.field,
            "track": self.track,
            "tokens": self.token_kind.name(),
            "tokens_reason": self.tokens_reason,
            "read": self.read,
            "kept": self.kept,
            "dropped": dropped,
            "examples": examples,
            "left_out": self.left_out,
            "truncated": self.truncated,
            "classes": classes,
            "vocabulary": self.vocabulary,
            "num_tokens": self.tokens,
            "unknown_tokens": self.unknown_tokens,
            "sequences_with_unknown": self.sequences_with_unknown,
            "max_length": self.max_length,
            "longest": self.longest,
            "shortest": self.shortest,
            "mean_length": self.mean_length,
            "remarks": self.remarks,
            "sha256": self.sha256,
            "bytes": self.bytes,
        })
    }

    /// How the file was read: "csv (by its name), separator \";\", column \"text\", tokens words (3 in 4 hold blanks)".
    fn how(&self) -> String {
        let because = |reason: &str| if reason.is_empty() { String::new() } else { format!(" ({reason})") };
        let mut text = format!("{}{}", self.format.name(), because(&self.format_reason));
        match self.separator {
            Some('\t') if self.format == FileFormat::Tsv => {}
            Some(separator) => text.push_str(&format!(", separator {separator:?}")),
            None => {}
        }
        if let Some(field) = &self.field {
            let noun = if self.format == FileFormat::Jsonl { "member" } else { "column" };
            text.push_str(&format!(", {noun} {:?}", shortened(field)));
        }
        if let Some(track) = &self.track {
            text.push_str(&format!(", {track}"));
        }
        text + &format!(", tokens {}{}", self.token_kind, because(&self.tokens_reason))
    }
}

impl fmt::Display for ReadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; ", self.how())?;
        let record = if self.is_grouped { "sequence" } else { self.format.record() };
        write!(f, "{}, {} kept; ", count(self.read, record), grouped(self.kept as u64))?;
        write!(f, "vocabulary of {}; ", grouped(self.vocabulary as u64))?;
        write!(f, "{}, ", count(self.tokens, "token"))?;
        if self.shortest == self.longest {
            write!(f, "{} in every sequence", grouped(self.longest as u64))?;
        } else {
            let (shortest, longest) = (grouped(self.shortest as u64), grouped(self.longest as u64));
            write!(f, "{shortest} to {longest} per sequence, {:.1} on average", self.mean_length)?;
        }
        for dropped in &self.dropped {
            write!(f, "; dropped: {}", self.words_of(dropped))?;
        }
        if self.truncated > 0 {
            write!(
                f,
                "; {} cut to {} tokens",
                grouped(self.truncated as u64),
                grouped(self.max_length as u64)
            )?;
        }
        if self.left_out > 0 {
            write!(f, "; {} left out by chance", count(self.left_out, "further sequence"))?;
        }
        if self.unknown_tokens > 0 {
            let share = 100.0 * self.unknown_tokens as f64 / self.tokens as f64;
            write!(f, "; {} ({share:.2} %) in ", count(self.unknown_tokens, "token"))?;
            write!(f, "{} not in the vocabulary", count(self.sequences_with_unknown, "sequence"))?;
        }
        if !self.classes.is_empty() {
            write!(f, "; {}", self.words_of_classes())?;
        }
        self.remarks.iter().try_for_each(|remark| write!(f, "; {remark}"))
    }
}

impl ReadReport {
    /// "3 blank (line 7, line 9, ..)", "1 too long: over 40 tokens (line 2: \"a b c\")".
    fn words_of(&self, dropped: &Dropped) -> String {
        const NAMED: usize = 3;
        let Dropped { reason, count, places, example } = dropped;
        let mut text = format!("{} {reason}", grouped(*count as u64));
        if *reason == reason::TOO_LONG {
            text.push_str(&format!(", over {} tokens", grouped(self.max_length as u64)));
        }
        let first: Vec<&str> = match (*reason, places.as_slice()) {
            // Which files or lines are damaged is what has to be mended; of others an example is enough.
            (reason::UNREADABLE, places) => places.iter().take(MOST_PLACES).map(String::as_str).collect(),
            (_, places) if example.is_empty() => places.iter().take(NAMED).map(String::as_str).collect(),
            (_, places) => places.iter().take(1).map(String::as_str).collect(),
        };
        let more = if *count > first.len() && (example.is_empty() || *reason == reason::UNREADABLE) {
            ", .."
        } else {
            ""
        };
        match (first.is_empty(), example.is_empty()) {
            (true, _) => {}
            (false, true) => text.push_str(&format!(" ({}{more})", first.join(", "))),
            (false, false) => text.push_str(&format!(" ({}{more}: {example:?})", first.join(", "))),
        }
        text
    }

    fn words_of_classes(&self) -> String {
        const NAMED: usize = 12;
        let named = self.classes.iter().take(NAMED).map(|(name, n)| format!("{name} {}", grouped(*n as u64)));
        let mut text = format!(
            "{}: {}",
            count_of(self.classes.len(), "class", "classes"),
            named.collect::<Vec<_>>().join(", ")
        );
        if self.classes.len() > NAMED {
            text.push_str(&format!(" and {} more", self.classes.len() - NAMED));
        }
        text
    }
}

/// A number with its noun.
pub(super) fn count(number: usize, noun: &str) -> String {
    count_of(number, noun, &format!("{noun}s"))
}

fn count_of(number: usize, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number as u64), if number == 1 { one } else { many })
}

/// The beginning of a text, for messages.
pub(super) fn shortened(text: &str) -> String {
    const MOST: usize = 40;
    let mut short: String = text.chars().take(MOST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// A number with a comma before every third digit from the right.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_three_digits() {
        let numbers = [0, 12, 999, 1_000, 12_345, 123_456, 1_048_576];
        let texts = ["0", "12", "999", "1,000", "12,345", "123,456", "1,048,576"];
        assert_eq!(numbers.map(grouped), texts);
    }

    #[test]
    fn the_line_names_only_what_happened() {
        let vocab = Vocab::integers(3).unwrap();
        let sequences = SeqBatch::from_rows([vec![2, 3, 4, 4], vec![1, 1, 2, 2]], 4);
        let mut report = ReadReport { read: 1_002, ..ReadReport::of(&sequences, &[], &vocab) };
        // 2 of 8 tokens are unknown: 25 %.
        assert_eq!(
            report.to_string(),
            "text, tokens ids; 1,002 lines, 2 kept; vocabulary of 3; 8 tokens, 4 in every sequence; \
             2 tokens (25.00 %) in 1 sequence not in the vocabulary"
        );
        (report.unknown_tokens, report.shortest, report.mean_length) = (0, 3, 3.5);
        report.truncated = 5;
        let mut drops = Drops::default();
        (0..1_234).for_each(|i| drops.add(reason::TOO_LONG, format!("line {i}"), "1 2 3 4 5"));
        drops.add(reason::NO_TOKENS, "line 9".into(), "");
        report.dropped = drops.into_list();
        report.classes = vec![("good".into(), 1), ("bad".into(), 1)];
        (report.format, report.format_reason) = (FileFormat::Csv, "by its name".into());
        (report.separator, report.field) = (Some(';'), Some("seq".into()));
        report.remarks = vec!["1 repeated heading skipped".into()];
        assert_eq!(
            report.to_string(),
            "csv (by its name), separator ';', column \"seq\", tokens ids; 1,002 rows, 2 kept; vocabulary of 3; 8 tokens, \
             3 to 4 per sequence, 3.5 on average; dropped: 1,234 too long, over 4 tokens (line 0: \"1 2 3 4 5\"); \
             dropped: 1 blank (line 9); 5 cut to 4 tokens; 2 classes: good 1, bad 1; 1 repeated heading skipped"
        );
        let json = report.to_json();
        assert_eq!((&json["dropped"]["too long"], &json["classes"]["bad"]), (&json!(1_234), &json!(1)));
        assert_eq!(
            (&json["read"], &json["kept"], &json["separator"]),
            (&json!(1_002), &json!(2), &json!(";"))
        );
    }
}
