//! The lines that go to the program and come back.

use super::score::{self, Fault};
use serde::Serialize;
use std::io::{BufRead, Read};

/// Most bytes of an answer, its line end left out.
const MAX_ANSWER: usize = 64 * 1024;

/// Most characters of an answer that are shown.
const SHOWN_ANSWER: usize = 80;

/// Most characters of a sequence that are shown.
const SHOWN_SEQUENCE: usize = 200;

/// What a line of the program says: a finite score, or why there is none.
pub type Answer = Result<f64, NoScore>;

/// A line that is no score.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoScore {
    /// The line as messages show it: quoted, and shortened.
    pub shown: String,
    /// What is wrong with it.
    pub why: &'static str,
    /// What the program should do instead.
    pub hint: &'static str,
}

impl NoScore {
    fn new(shown: String, Fault { why, hint }: Fault) -> Self {
        Self { shown, why, hint }
    }
}

#[derive(Serialize)]
struct Question<'a> {
    sequence: &'a str,
}

/// A line `{"sequence":"..."}` for each text.
pub(super) fn questions(texts: &[String]) -> Vec<u8> {
    let mut lines = Vec::new();
    for sequence in texts {
        serde_json::to_writer(&mut lines, &Question { sequence }).expect("a string is JSON, a Vec takes it");
        lines.push(b'\n');
    }
    lines
}

/// The next line's answer; `None` where the output ends or cannot be read.
///
/// A last line without its end is no answer: the program may have died within a number.
pub fn next_answer(output: &mut impl BufRead) -> Option<Answer> {
    let mut line = Vec::new();
    output.take(MAX_ANSWER as u64 + 1).read_until(b'\n', &mut line).ok()?;
    match line.pop() {
        Some(b'\n') => Some(
            score::parse(&line)
                .map_err(|fault| NoScore::new(shown(&String::from_utf8_lossy(&line), SHOWN_ANSWER), fault)),
        ),
        Some(_) if line.len() == MAX_ANSWER => {
            let beginning = shown(&String::from_utf8_lossy(&line), SHOWN_ANSWER);
            let fault = Fault { why: "the line is longer than 64 KiB", ..score::OTHER };
            Some(Err(NoScore::new(beginning, fault)))
        }
        _ => None,
    }
}

/// A sequence as messages show it.
pub(super) fn shown_sequence(text: &str) -> String {
    shown(text, SHOWN_SEQUENCE)
}

/// Quoted, because it may hold blanks and control characters, and shortened.
fn shown(text: &str, max_chars: usize) -> String {
    match text.char_indices().nth(max_chars) {
        Some((end, _)) => format!("{:?}...", &text[..end]),
        None => format!("{text:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(mut output: &[u8]) -> Vec<Answer> {
        std::iter::from_fn(|| next_answer(&mut output)).collect()
    }

    #[test]
    fn a_question_is_one_line_of_json() {
        let texts = ["CCO", "a\"b\\c\nd\re", "é\u{1F600}"].map(String::from);
        let expected =
            "{\"sequence\":\"CCO\"}\n{\"sequence\":\"a\\\"b\\\\c\\nd\\re\"}\n{\"sequence\":\"é\u{1F600}\"}\n";
        assert_eq!(String::from_utf8(questions(&texts)).unwrap(), expected);
    }

    #[test]
    fn each_line_is_an_answer() {
        let output = b"0.25\n.5\r\n{\"score\": 2}\nnan\n\n1\n\xff\n";
        let found: Vec<_> = answers(output).into_iter().map(|answer| answer.map_err(|no| no.shown)).collect();
        let expected = [
            Ok(0.25),
            Ok(0.5),
            Ok(2.0),
            Err("\"nan\"".to_string()),
            Err("\"\"".into()),
            Ok(1.0),
            Err("\"\u{FFFD}\"".into()),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_long_line_is_shown_in_part() {
        let line = "é".repeat(81);
        let seen = |line: &str| answers(format!("{line}\n").as_bytes()).remove(0).unwrap_err().shown;
        assert_eq!(seen(&line), format!("\"{}\"...", "é".repeat(80)));
        assert_eq!(seen(&"é".repeat(80)), format!("\"{}\"", "é".repeat(80)));
    }

    #[test]
    fn a_line_has_at_most_64_kib() {
        let padded = |bytes: usize| format!("1{}", " ".repeat(bytes - 1));
        assert_eq!(answers(format!("{}\n", padded(MAX_ANSWER)).as_bytes()), [Ok(1.0)]);
        let mut endless = std::io::BufReader::new(std::io::repeat(b'1'));
        let found = next_answer(&mut endless).unwrap().unwrap_err();
        assert!(found.shown.ends_with("1\"...") && found.why.contains("64 KiB"), "{found:?}");
    }

    #[test]
    fn a_last_line_without_its_end_is_no_answer() {
        assert_eq!(answers(b"1\n0.5"), [Ok(1.0)]);
    }
}
