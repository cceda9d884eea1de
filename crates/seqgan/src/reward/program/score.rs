//! The score that a line of a program says, or why it says none.

use serde_json::Value;

/// Why a line is no score, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault {
    /// What is wrong with the line.
    pub(super) why: &'static str,
    /// What the program should do instead.
    pub(super) hint: &'static str,
}

const NOT_FINITE: Fault = Fault {
    why: "NaN and infinities are no scores",
    hint: "answer a finite number, such as 0 for a sequence that cannot be scored",
};

const NULL: Fault = Fault {
    why: "null is no score",
    hint: "answer a finite number for every sequence, such as 0 for one that cannot be scored",
};

const TOO_LARGE: Fault = Fault {
    why: "the number is too large",
    hint: "rewards are kept in single precision, up to 3.4e38, and are best near 0 to 1; scale the score",
};

const BOOLEAN: Fault = Fault { why: "true and false are no numbers", hint: "answer 1 or 0" };

const COMMA: Fault = Fault {
    why: "there is a comma in the number",
    hint: "write a decimal point and no separators of thousands, 0.19 and 1000; LC_ALL=C in the program's environment often \
           does it",
};

const LEADING_ZERO: Fault = Fault {
    why: "the number begins with a needless 0",
    hint: "write 7 instead of 007, and 0.5 instead of 00.5",
};

const SEVERAL: Fault = Fault {
    why: "the line holds several values",
    hint: "answer one number in a line, a line for each line of the input",
};

const NO_SCORE_KEY: Fault = Fault {
    why: "the object has no key `score`",
    hint: "answer {\"score\": number}, or the number alone, a line for each line of the input",
};

const EMPTY: Fault = Fault {
    why: "the line is empty",
    hint: "its standard output must hold one number, or {\"score\": number}, a line for each line of its input, and nothing \
           else",
};

pub(super) const OTHER: Fault = Fault {
    why: "that is no number",
    hint: "its standard output must hold one number, or {\"score\": number}, a line for each line of its input, and nothing \
           else; messages belong on standard error, in Python print(.., file=sys.stderr)",
};

/// The score of a line without its line end: a number, an object whose `score` is one, or a JSON string that holds one.
pub(super) fn parse(line: &[u8]) -> Result<f64, Fault> {
    let Ok(text) = std::str::from_utf8(line) else { return Err(OTHER) };
    match serde_json::from_str(text) {
        Ok(Value::Object(mut fields)) => fields.remove("score").map_or(Err(NO_SCORE_KEY), value),
        Ok(other) => value(other),
        Err(_) => written(text),
    }
}

fn value(value: Value) -> Result<f64, Fault> {
    match value {
        Value::Number(number) => number.as_f64().map_or(Err(TOO_LARGE), in_range),
        Value::String(text) => written(&text),
        Value::Null => Err(NULL),
        Value::Bool(_) => Err(BOOLEAN),
        Value::Array(_) => Err(SEVERAL),
        Value::Object(_) => Err(NO_SCORE_KEY),
    }
}

fn in_range(number: f64) -> Result<f64, Fault> {
    if number.abs() <= f64::from(f32::MAX) { Ok(number) } else { Err(TOO_LARGE) }
}

/// A number as C, bc and awk write it, which is more than JSON allows: `.19`, `5.`, `+0.5`.
fn written(text: &str) -> Result<f64, Fault> {
    let text = text.trim();
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let has_digit = unsigned.contains(|c: char| c.is_ascii_digit());
    // Rust reads words for infinities and NaN as well, which have no digit.
    let is_decimal = has_digit
        && unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && unsigned.chars().all(|c| c.is_ascii_digit() || ".eE+-".contains(c));
    match text.parse::<f64>() {
        Ok(_) if is_decimal && begins_with_needless_zero(unsigned) => Err(LEADING_ZERO),
        Ok(number) if is_decimal => in_range(number),
        _ => Err(fault(text)),
    }
}

fn begins_with_needless_zero(unsigned: &str) -> bool {
    unsigned.strip_prefix('0').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// What is wrong with a text that is no number.
fn fault(text: &str) -> Fault {
    let lower = text.to_ascii_lowercase();
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let number = |word: &&str| word.parse::<f64>().is_ok();
    let not_finite = ["nan", "inf", "infinity"];
    // An object with one of these is what Python's json writes, and no JSON.
    let says_not_finite = |word: &str| not_finite.contains(&word);
    match lower.trim_start_matches(['+', '-']) {
        "" if text.is_empty() => EMPTY,
        word if says_not_finite(word) || word.starts_with("nan(") => NOT_FINITE,
        "none" | "null" | "nil" | "na" | "n/a" => NULL,
        "true" | "false" => BOOLEAN,
        _ if lower.starts_with('{') && lower.split(|c: char| !c.is_alphabetic()).any(says_not_finite) => {
            NOT_FINITE
        }
        _ if words.len() > 1 && words.iter().all(number) => SEVERAL,
        _ if has_comma(text) => COMMA,
        _ => OTHER,
    }
}

/// Whether the text would be a number without its commas.
fn has_comma(text: &str) -> bool {
    let only = |c: char| c.is_ascii_digit() || ",.+-eE".contains(c);
    text.contains(',') && text.contains(|c: char| c.is_ascii_digit()) && text.chars().all(only)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_programs_write_them() {
        for (line, score) in [
            ("0.25", 0.25),
            (" -3\t", -3.0),
            (".19", 0.19),
            ("-.5", -0.5),
            ("5.", 5.0),
            ("+0.5", 0.5),
            ("+.5e+1", 5.0),
            ("1e-3", 1e-3),
            ("1E5", 1e5),
            ("0", 0.0),
            ("-0.0", 0.0),
            ("0e0", 0.0),
            ("1e-999", 0.0),
            ("0.5\r", 0.5),
            ("123456789012345678901234567890", 123456789012345678901234567890.0),
            ("\"0.250\"", 0.25),
            ("\" .25 \"", 0.25),
            ("{\"score\": 2, \"valid\": true}", 2.0),
            ("{\"score\": \"0.5\"}", 0.5),
        ] {
            assert_eq!(parse(line.as_bytes()), Ok(score), "{line}");
        }
    }

    #[test]
    fn each_other_line_gets_its_reason() {
        for (fault, lines) in [
            (
                NOT_FINITE,
                &[
                    "NaN",
                    "nan",
                    "-nan",
                    "inf",
                    "+inf",
                    "-Infinity",
                    "-nan(ind)",
                    "\"nan\"",
                    "{\"score\": NaN}",
                    "{\"score\": -Infinity, \"n\": 1}",
                    "{\"score\": \"inf\"}",
                ][..],
            ),
            (NULL, &["null", "None", "NA", "{\"score\":null}", "\"null\""]),
            (BOOLEAN, &["true", "True", "False", "{\"score\": false}"]),
            (TOO_LARGE, &["1e999", "-1e39", "{\"score\": 1e300}", "\"1e39\""]),
            (COMMA, &["0,19", "1,000", "1,000.5", "1.234,5", "-0,5", "\"0,5\""]),
            (LEADING_ZERO, &["007", "-01", "00.50", "+00"]),
            (SEVERAL, &["1 2", "0.5\t0.7", "[1]", "[0.5, 0.6]", "{\"score\": [1]}"]),
            (NO_SCORE_KEY, &["{}", "{\"value\":1}", "{\"payload\": {\"score\": [5]}}", "{\"score\": {}}"]),
            (EMPTY, &["", " ", "\r", "\"\""]),
            (
                OTHER,
                &[
                    "score 1",
                    "Loading scorer v2 ...",
                    "WARNING: odd valence",
                    "information",
                    "0x10",
                    "1_000",
                    ".",
                    "-",
                    "e5",
                    "1e",
                    "--5",
                    "+-5",
                    "0.5f",
                    "50%",
                    "\u{661}",
                    "{\"score\":1",
                    "Loading, please wait",
                ],
            ),
        ] {
            for line in lines {
                assert_eq!(parse(line.as_bytes()), Err(fault), "{line}");
            }
        }
        assert_eq!(parse(b"\xff1"), Err(OTHER));
    }
}
