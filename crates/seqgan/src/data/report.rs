//! What happened to the lines of a file.

use std::fmt;

use serde::Serialize;

use super::vocab::Vocab;
use crate::SeqBatch;

/// Counts of one reading of a file. Lengths and tokens are those of the kept sequences.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReadReport {
    /// Lines of the file, or rows, records, files.
    pub lines: usize,
    /// What one of them is called.
    #[serde(skip)]
    pub record: &'static str,
    /// Sequences kept.
    pub kept: usize,
    /// Lines left out because they hold no token.
    pub dropped_empty: usize,
    /// Sequences shorter than a window.
    pub dropped_short: usize,
    /// Sequences left out because there are more than were asked for.
    pub left_out: usize,
    /// Lines left out because they hold too many tokens.
    pub dropped_long: usize,
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
    /// SHA-256 of the file's bytes, in hexadecimal.
    pub sha256: String,
    /// Size of the file.
    pub bytes: u64,
}

impl ReadReport {
    /// A report on `sequences`; what only the file knows is left 0.
    pub(super) fn of(sequences: &SeqBatch, vocab: &Vocab) -> Self {
        let unknown = |row: &[u32]| row.iter().filter(|&&id| id == Vocab::UNKNOWN).count();
        let lengths = || sequences.rows().map(<[u32]>::len);
        Self {
            lines: 0,
            record: "line",
            left_out: 0,
            dropped_short: 0,
            kept: sequences.len(),
            dropped_empty: 0,
            dropped_long: 0,
            truncated: 0,
            max_length: sequences.max_length(),
            tokens: sequences.total_tokens(),
            unknown_tokens: sequences.rows().map(unknown).sum(),
            sequences_with_unknown: sequences.rows().filter(|row| unknown(row) > 0).count(),
            vocabulary: vocab.num_user_tokens(),
            longest: lengths().max().unwrap_or(0),
            shortest: lengths().min().unwrap_or(0),
            mean_length: sequences.total_tokens() as f64 / sequences.len().max(1) as f64,
            sha256: String::new(),
            bytes: 0,
        }
    }
}

impl fmt::Display for ReadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {} kept; ", count(self.lines, self.record), grouped(self.kept as u64))?;
        write!(f, "vocabulary of {}; ", grouped(self.vocabulary as u64))?;
        write!(f, "{}, ", count(self.tokens, "token"))?;
        if self.shortest == self.longest {
            write!(f, "{} in every sequence", grouped(self.longest as u64))?;
        } else {
            let (shortest, longest) = (grouped(self.shortest as u64), grouped(self.longest as u64));
            write!(f, "{shortest} to {longest} a sequence, {:.1} on average", self.mean_length)?;
        }
        let limit = count(self.max_length, "token");
        if self.dropped_long > 0 {
            write!(f, "; {} dropped: longer than {limit}", grouped(self.dropped_long as u64))?;
        }
        if self.truncated > 0 {
            write!(f, "; {} cut to {limit}", grouped(self.truncated as u64))?;
        }
        if self.dropped_empty > 0 {
            write!(f, "; {} dropped", count(self.dropped_empty, &format!("blank {}", self.record)))?;
        }
        if self.dropped_short > 0 {
            write!(f, "; {} shorter than a window", count(self.dropped_short, self.record))?;
        }
        if self.left_out > 0 {
            write!(f, "; {} left out by chance", count(self.left_out, "further sequence"))?;
        }
        if self.unknown_tokens > 0 {
            let share = 100.0 * self.unknown_tokens as f64 / self.tokens as f64;
            write!(f, "; {} ({share:.2} %) in ", count(self.unknown_tokens, "token"))?;
            write!(f, "{} not in the vocabulary", count(self.sequences_with_unknown, "sequence"))?;
        }
        Ok(())
    }
}

fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(number as u64))
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
    fn the_paragraph_names_only_what_happened() {
        let vocab = Vocab::integers(3).unwrap();
        let sequences = SeqBatch::from_rows([vec![2, 3, 4, 4], vec![1, 1, 2, 2]], 4);
        let mut report = ReadReport { lines: 1_002, ..ReadReport::of(&sequences, &vocab) };
        // 2 of 8 tokens are unknown: 25 %.
        assert_eq!(
            report.to_string(),
            "1,002 lines, 2 kept; vocabulary of 3; 8 tokens, 4 in every sequence; \
             2 tokens (25.00 %) in 1 sequence not in the vocabulary"
        );
        (report.unknown_tokens, report.shortest, report.mean_length) = (0, 3, 3.5);
        (report.dropped_long, report.dropped_empty, report.truncated) = (1_234, 1, 5);
        assert_eq!(
            report.to_string(),
            "1,002 lines, 2 kept; vocabulary of 3; 8 tokens, 3 to 4 a sequence, 3.5 on average; \
             1,234 dropped: longer than 4 tokens; 5 cut to 4 tokens; 1 blank line dropped"
        );
    }
}
