//! JSON lines: a string, an array or an object a line.

use super::lines::Lines;
use super::record::{Format, Record, listed};
use crate::data::source::Source;
use crate::{Error, Result};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The named member of each object; a string or an array by itself is the sequence. An array's elements are tokens,
/// whole numbers or strings without white space.
pub(super) struct JsonLines {
    path: PathBuf,
    lines: Lines<Source>,
    field: Option<String>,
    label: Option<String>,
}

impl JsonLines {
    pub(super) fn new(path: &Path, lines: Lines<Source>, field: Option<&str>, label: Option<&str>) -> Self {
        Self { path: path.into(), lines, field: field.map(String::from), label: label.map(String::from) }
    }
}

impl Format for JsonLines {
    fn next(&mut self, record: &mut Record) -> Result<bool> {
        let Some((number, line)) = self.lines.next()? else { return Ok(false) };
        record.text.clear();
        record.line = Some(number);
        if line.trim().is_empty() {
            return Ok(true);
        }
        let fault = |(message, hint): (String, &str)| Error::Data {
            path: self.path.clone(),
            line: Some(number),
            message,
            hint: Some(hint.into()),
        };
        let value: Value = serde_json::from_str(line).map_err(|error| {
            fault((
                format!("no JSON: {error}"),
                "one JSON value a line is expected, not one for the whole file",
            ))
        })?;
        if let Some(name) = &self.label {
            record.label = label(&value, name).map_err(fault)?;
        }
        let value = match &value {
            Value::Object(members) => {
                member(members, self.field.as_deref(), self.label.as_deref()).map_err(fault)?
            }
            other => other,
        };
        record.text = text(value).map_err(fault)?;
        Ok(true)
    }
}

type TokenError = (String, &'static str);

/// The member that holds the sequence.
fn member<'a>(
    members: &'a serde_json::Map<String, Value>,
    field: Option<&str>,
    label: Option<&str>,
) -> Result<&'a Value, TokenError> {
    if let Some(field) = field {
        return members.get(field).ok_or_else(|| {
            let message =
                format!("no {field:?}; the object holds {}", listed(members.keys().map(String::as_str)));
            (message, "name another one with `data.field`")
        });
    }
    let could_be: Vec<&String> = members
        .keys()
        .filter(|&k| Some(k.as_str()) != label && (members[k].is_string() || members[k].is_array()))
        .collect();
    match could_be[..] {
        [only] => Ok(&members[only]),
        [] => Err(("the object holds no string and no array".into(), "the sequence must be one of them")),
        _ => {
            let names = listed(could_be.iter().map(|name| name.as_str()));
            Err((
                format!("any of {names} could be the sequence"),
                "say which one with `data.field = \"NAME\"`",
            ))
        }
    }
}

/// A label: a string, a number, true or false.
fn label(value: &Value, name: &str) -> Result<String, TokenError> {
    match value.get(name) {
        Some(Value::String(label)) => Ok(label.clone()),
        Some(label @ (Value::Number(_) | Value::Bool(_))) => Ok(label.to_string()),
        _ => Err((
            format!("no label {name:?} that is a string, a number, true or false"),
            "every line must have one",
        )),
    }
}

fn text(value: &Value) -> Result<String, TokenError> {
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
        Value::String(text) => Ok(text.clone()),
        Value::Array(tokens) => Ok(tokens.iter().map(element).collect::<Result<Vec<_>, _>>()?.join(" ")),
        other => Err(wrong(other)),
    }
}
