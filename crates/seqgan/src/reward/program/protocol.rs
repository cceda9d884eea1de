//! The lines that go to the program and come back.

use serde::Serialize;
use serde_json::Value;
use std::io::{BufRead, Read};

/// Most bytes of an answer, its line end left out.
const MAX_ANSWER: usize = 64 * 1024;

/// Most characters of an answer that are shown.
const SHOWN_ANSWER: usize = 80;

/// Most characters of a sequence that are shown.
const SHOWN_SEQUENCE: usize = 200;

/// What a line of the program says: a finite score, or what is shown of a line that is none.
pub type Answer = Result<f64, String>;

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
        Some(b'\n') => Some(parse(&line)),
        Some(_) if line.len() == MAX_ANSWER => {
            let beginning = shown(&String::from_utf8_lossy(&line), SHOWN_ANSWER);
            Some(Err(format!("{beginning}, a line of more than 64 KiB")))
        }
        _ => None,
    }
}

fn parse(line: &[u8]) -> Answer {
    let score = match serde_json::from_slice(line) {
        Ok(Value::Object(mut fields)) => fields.remove("score"),
        value => value.ok(),
    };
    // A number too large for f64 is refused by the parser, and JSON has no other way to write an infinity or NaN.
    match score.as_ref().and_then(Value::as_f64) {
        Some(score) if score.is_finite() => Ok(score),
        _ => Err(shown(&String::from_utf8_lossy(line), SHOWN_ANSWER)),
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
    fn numbers_and_objects_with_a_score_are_answers() {
        let output = b"0.25\n-3\n 1e-3 \r\n{\"score\": 2, \"valid\": true}\n123456789012345678901234567890\n";
        let expected = [0.25, -3.0, 1e-3, 2.0, 123456789012345678901234567890.0];
        assert_eq!(answers(output), expected.map(Ok));
    }

    #[test]
    fn everything_else_is_rubbish() {
        for line in [
            "",
            " ",
            "NaN",
            "nan",
            "inf",
            "-Infinity",
            "1e999",
            "null",
            "true",
            "\"0.5\"",
            "0.",
            ".5",
            "1 2",
            "0,5",
            "[1]",
            "{}",
            "{\"value\":1}",
            "{\"score\":null}",
            "{\"score\":\"1\"}",
            "{\"score\":1",
            "score 1",
        ] {
            assert_eq!(
                answers(format!("{line}\n1\n").as_bytes()),
                [Err(format!("{line:?}")), Ok(1.0)],
                "{line}"
            );
        }
        assert_eq!(answers(b"\xff\n"), [Err("\"\u{FFFD}\"".into())]);
    }

    #[test]
    fn a_long_line_is_shown_in_part() {
        let line = "é".repeat(81);
        assert_eq!(answers(format!("{line}\n").as_bytes()), [Err(format!("\"{}\"...", "é".repeat(80)))]);
        assert_eq!(
            answers(format!("{}\n", "é".repeat(80)).as_bytes()),
            [Err(format!("\"{}\"", "é".repeat(80)))]
        );
    }

    #[test]
    fn a_line_has_at_most_64_kib() {
        let padded = |bytes: usize| format!("1{}", " ".repeat(bytes - 1));
        assert_eq!(answers(format!("{}\n", padded(MAX_ANSWER)).as_bytes()), [Ok(1.0)]);
        let mut endless = std::io::BufReader::new(std::io::repeat(b'1'));
        let found = next_answer(&mut endless).unwrap().unwrap_err();
        assert!(found.ends_with("1\"..., a line of more than 64 KiB"), "{found}");
    }

    #[test]
    fn a_last_line_without_its_end_is_no_answer() {
        assert_eq!(answers(b"1\n0.5"), [Ok(1.0)]);
    }
}
