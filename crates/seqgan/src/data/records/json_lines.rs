//! JSON lines: a string, an array or an object a line.

use super::lines::Lines;
use super::record::{Columns, Facts, Format, Record, listed};
use crate::data::source::Source;
use crate::{Error, Result};
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// The named member of each object; a string or an array by itself is the sequence. An array's elements are tokens, whole
/// numbers or strings without white space.
///
/// Without a name the member is the only string or array of the first object that has one. A line without the member, with
/// null or with NaN there is like a blank cell of a table.
pub(super) struct JsonLines {
    path: PathBuf,
    lines: Lines<Source>,
    field: Option<String>,
    label: Option<String>,
    group: Option<String>,
    order: Option<String>,
    /// Whether a line had the member, or was a sequence by itself.
    is_found: bool,
    /// The first object, by its line and the names of its members.
    first_object: Option<(usize, String)>,
    num_members: usize,
}

impl JsonLines {
    pub(super) fn new(path: &Path, lines: Lines<Source>, columns: &Columns<'_>) -> Self {
        let owned = |name: Option<&str>| name.map(String::from);
        Self {
            path: path.into(),
            lines,
            field: owned(columns.field),
            label: owned(columns.label),
            group: owned(columns.group),
            order: owned(columns.order),
            is_found: false,
            first_object: None,
            num_members: 0,
        }
    }

    /// The sequence of a line; none where the line has none.
    fn sequence(&mut self, number: usize, value: &Value, record: &mut Record) -> Result<(), Fault> {
        for (name, text) in [
            (&self.label, &mut record.label),
            (&self.group, &mut record.group),
            (&self.order, &mut record.order),
        ] {
            if let Some(name) = name {
                *text = scalar(value, name)?;
            }
        }
        let value = match value {
            Value::Object(members) => {
                if self.first_object.is_none() {
                    self.num_members = members.len();
                    self.first_object = Some((number, listed(members.keys().map(String::as_str))));
                }
                let Some(field) = &self.field else { return Ok(()) };
                members.get(field).unwrap_or(&Value::Null)
            }
            other => other,
        };
        self.is_found |= !value.is_null();
        record.is_list = value.is_array();
        record.text = text(value, self.group.is_some())?;
        Ok(())
    }
}

impl Format for JsonLines {
    fn next(&mut self, record: &mut Record) -> Result<bool> {
        let Some((number, line)) = self.lines.next()? else {
            return match &self.first_object {
                Some((line, names)) if !self.is_found => Err(Error::Data {
                    path: self.path.clone(),
                    line: Some(*line),
                    message: match &self.field {
                        Some(field) => {
                            format!("no line has a sequence {field:?}; the first object holds {names}")
                        }
                        None => format!("no object holds a string or an array; the first one holds {names}"),
                    },
                    hint: Some("name the member of the sequence with `data.field`".into()),
                }),
                _ => Ok(false),
            };
        };
        record.begin(Some(number));
        if line.trim().is_empty() {
            return Ok(true);
        }
        let parsed = parse_json(line).map_err(|error| {
            (format!("no JSON: {error}"), "one JSON value per line is expected, not one for the whole file")
        });
        if let Ok(Value::Object(members)) = &parsed
            && self.field.is_none()
        {
            // Which member it is concerns the whole file.
            let taken = [&self.label, &self.group, &self.order];
            self.field = only_sequence(members, &taken).map_err(|(message, hint)| Error::Data {
                path: self.path.clone(),
                line: Some(number),
                message,
                hint: Some(hint.into()),
            })?;
        }
        let found = parsed.and_then(|value| self.sequence(number, &value, record));
        record.fault = found.err().map(|(message, hint)| Error::Data {
            path: self.path.clone(),
            line: Some(number),
            message,
            hint: Some(hint.into()),
        });
        Ok(true)
    }

    fn facts(&self) -> Facts {
        let field = self.field.clone().filter(|_| self.first_object.is_some());
        Facts { field, num_columns: self.num_members, remarks: self.lines.remarks(), ..Facts::default() }
    }
}

/// What is wrong, and what to do about it.
type Fault = (String, &'static str);

/// The value of a line. NaN and the infinities, which Python writes though JSON has none, are null.
pub(in crate::data) fn parse_json(line: &str) -> serde_json::Result<Value> {
    serde_json::from_str(line).or_else(|error| match without_nan(line) {
        Some(line) => serde_json::from_str(&line),
        None => Err(error),
    })
}

/// The line with null for numbers that are none; none if it has no such numbers.
fn without_nan(line: &str) -> Option<String> {
    const NAMES: [&str; 3] = ["-Infinity", "Infinity", "NaN"];
    let mut text = String::with_capacity(line.len());
    let (mut rest, mut in_string, mut is_changed) = (line, false, false);
    while let Some(c) = rest.chars().next() {
        let name = NAMES.iter().find(|name| !in_string && rest.starts_with(**name));
        if let Some(name) = name {
            text.push_str("null");
            rest = &rest[name.len()..];
            is_changed = true;
            continue;
        }
        let mut taken = c.len_utf8();
        match c {
            '"' => in_string = !in_string,
            // An escaped character does not end a string.
            '\\' if in_string => taken += rest[1..].chars().next().map_or(0, char::len_utf8),
            _ => {}
        }
        text.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    is_changed.then_some(text)
}

/// The name of the only member that can be the sequence; none if there is none.
fn only_sequence(members: &Map<String, Value>, taken: &[&Option<String>]) -> Result<Option<String>, Fault> {
    let is_free = |name: &&String| !taken.iter().any(|taken| taken.as_ref() == Some(name));
    let is_sequence = |name: &&String| members[*name].is_string() || members[*name].is_array();
    let could_be: Vec<&String> = members.keys().filter(is_free).filter(is_sequence).collect();
    match could_be[..] {
        [] => Ok(None),
        [only] => Ok(Some(only.clone())),
        _ => {
            let names = listed(could_be.iter().map(|name| name.as_str()));
            Err((
                format!("any of {names} could be the sequence"),
                "say which one with `data.field = \"NAME\"`",
            ))
        }
    }
}

/// A label or a key: a string, a number, true or false.
fn scalar(value: &Value, name: &str) -> Result<String, Fault> {
    match value.get(name) {
        Some(Value::String(label)) => Ok(label.clone()),
        Some(label @ (Value::Number(_) | Value::Bool(_))) => Ok(label.to_string()),
        // Like a blank cell of a table.
        Some(Value::Null) | None if value.is_object() => Ok(String::new()),
        _ => Err((
            format!("no {name:?} that is a string, a number, true or false"),
            "every line must have one",
        )),
    }
}

/// The text of a sequence; that of a row of a group may be a number.
fn text(value: &Value, is_token: bool) -> Result<String, Fault> {
    const HINT: &str = "expected a string, or an array of whole numbers or of strings without white space";
    let wrong = |value: &Value| {
        let shown: String = value.to_string().chars().take(40).collect();
        (format!("{shown} is no sequence"), HINT)
    };
    let element = |value: &Value| match value {
        Value::Number(number) if number.is_u64() => Ok(number.to_string()),
        Value::String(token) if !token.is_empty() && !token.contains(char::is_whitespace) => {
            Ok(token.clone())
        }
        other => Err(wrong(other)),
    };
    match value {
        Value::Null => Ok(String::new()),
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) if is_token => Ok(number.to_string()),
        Value::Array(tokens) => Ok(tokens.iter().map(element).collect::<Result<Vec<_>, _>>()?.join(" ")),
        other => Err(wrong(other)),
    }
}
