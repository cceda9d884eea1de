//! Layers of settings: defaults, preset, file, options, `--set`; a later layer wins.
//!
//! The table of defaults holds every allowed key, and the default of a key determines its type.
//! Ranges are checked elsewhere; [`Provenance`] holds the line or option for the messages of that
//! check.

use std::collections::BTreeMap;
use std::path::Path;

use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

use super::nearest::did_you_mean;
use super::provenance::Provenance;
use super::renamed::current_key;
use crate::{Error, Result};

/// Settings under construction.
///
/// ```
/// # use seqgan::config::Layers;
/// #[derive(serde::Deserialize)]
/// struct Config {
///     seed: u64,
/// }
///
/// let mut layers = Layers::new(toml::toml! { seed = 1 });
/// layers.text("seed = 2", "quick.toml")?.set("seed=3")?;
/// let (config, provenance) = layers.finish::<Config>()?;
/// assert_eq!(config.seed, 3);
/// assert_eq!(provenance.origin("seed"), Some("set seed=3"));
/// # Ok::<(), seqgan::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Layers {
    defaults: Table,
    merged: Table,
    provenance: Provenance,
}

impl Layers {
    /// Layers over the defaults, a table of every allowed key with sections as tables.
    pub fn new(defaults: Table) -> Self {
        Self { merged: defaults.clone(), defaults, provenance: Provenance::default() }
    }

    /// Adds the settings of a TOML file.
    pub fn file(&mut self, path: impl AsRef<Path>) -> Result<&mut Self> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
        let name = path.display().to_string();
        let text = std::str::from_utf8(&bytes).map_err(|error| Error::ConfigSyntax {
            message: "not UTF-8 text".to_owned(),
            source_place: Some(line_place(&name, &bytes, error.valid_up_to())),
            hint: Some("save the file as UTF-8".to_owned()),
        })?;
        self.text(text, &name)
    }

    /// Adds the settings of a TOML document, such as a built-in preset; `name` stands for it in
    /// messages.
    pub fn text(&mut self, text: &str, name: &str) -> Result<&mut Self> {
        let syntax_error = |error: toml::de::Error| Error::ConfigSyntax {
            message: error.message().to_owned(),
            source_place: Some(match error.span() {
                Some(span) => line_place(name, text.as_bytes(), span.start),
                None => name.to_owned(),
            }),
            hint: None,
        };
        let spanned = DeTable::parse(text).map_err(syntax_error)?;
        // A second parse gives plain values; the first one is kept for the positions alone.
        let table: Table = toml::from_str(text).map_err(syntax_error)?;
        let mut positions = BTreeMap::new();
        visit(spanned.get_ref(), "", &mut |key, key_start, _| {
            positions.insert(key.to_owned(), key_start);
        });
        let place = |key: &str| match positions.get(key) {
            Some(&start) => line_place(name, text.as_bytes(), start),
            None => name.to_owned(),
        };
        self.merge_table("", table, &place)?;
        for key in positions.keys().filter(|key| key.contains('[')) {
            self.provenance.record(key, place(key));
        }
        Ok(self)
    }

    /// Adds one setting written `KEY=VALUE`.
    ///
    /// VALUE is a TOML value. Anything else is text, and so is any value of a key whose type is
    /// text.
    pub fn set(&mut self, assignment: &str) -> Result<&mut Self> {
        self.assign(assignment, "set")
    }

    /// Adds one setting written `KEY=VALUE`, as the given option takes it.
    pub fn assign(&mut self, assignment: &str, option: &str) -> Result<&mut Self> {
        let place = format!("{option} {assignment}");
        let parts = assignment.split_once('=').map(|(key, value)| (key.trim(), value.trim()));
        let Some((key, raw)) = parts.filter(|(key, _)| !key.is_empty()) else {
            return Err(Error::ConfigSyntax {
                message: format!("`{assignment}` is not of the form KEY=VALUE"),
                source_place: Some(place),
                hint: Some(format!("for example {option} seed=7")),
            });
        };
        let bare = || Value::String(raw.to_owned());
        let value = match raw.parse::<Value>() {
            Ok(Value::String(text)) => Value::String(text),
            // `data.path=2024` names a file, not a number.
            Ok(_) if matches!(find(&self.defaults, key), Some(Value::String(_))) => bare(),
            Ok(value) => value,
            Err(_) => bare(),
        };
        self.option(key, value, &place)
    }

    /// Adds one setting from an option of its own; `place` is the option as given, such as "--seed
    /// 7".
    pub fn option(&mut self, key: &str, value: impl Into<Value>, place: &str) -> Result<&mut Self> {
        self.merge(key, value.into(), &|_| place.to_owned())?;
        Ok(self)
    }

    /// Builds the settings, and the place where each was given.
    pub fn finish<T: DeserializeOwned>(&self) -> Result<(T, Provenance)> {
        // Through text, because only the text parser says where in it an error lies, and so at
        // which key.
        let text = toml::to_string(&self.merged).map_err(|error| plain_error(error.to_string()))?;
        let settings = toml::from_str(&text).map_err(|error| self.explain(&text, &error))?;
        Ok((settings, self.provenance.clone()))
    }

    fn merge_table(&mut self, section: &str, table: Table, place: &dyn Fn(&str) -> String) -> Result<()> {
        for (name, value) in table {
            self.merge(&join(section, &name), value, place)?;
        }
        Ok(())
    }

    fn merge(&mut self, key: &str, value: Value, place: &dyn Fn(&str) -> String) -> Result<()> {
        let Some(default) = find(&self.defaults, key) else {
            return Err(self.unknown_key(key, place(key)));
        };
        let value = match (default, value) {
            (Value::Table(_), Value::Table(table)) => return self.merge_table(key, table, place),
            (default, value) => {
                fit(default, value).map_err(|value| wrong_type(key, default, &value, place(key)))?
            }
        };
        if let Some(slot) = find_mut(&mut self.merged, key) {
            *slot = value;
        }
        self.provenance.record(key, place(key));
        Ok(())
    }

    fn unknown_key(&self, key: &str, place: String) -> Error {
        if let Some(current) = current_key(key) {
            return Error::ConfigSyntax {
                message: format!("`{key}` is called `{current}` now"),
                source_place: Some(place),
                hint: None,
            };
        }
        let mut known = Vec::new();
        list_keys(&self.defaults, "", &mut known);
        let hint = match did_you_mean(key, known.iter().map(String::as_str)) {
            Some(question) => question,
            None => {
                let section = key.rsplit_once('.').map_or("", |(section, _)| section);
                match find(&self.defaults, section) {
                    Some(Value::Table(table)) => format!("known keys in `{section}`: {}", names(table)),
                    _ => format!("known keys and sections: {}", names(&self.defaults)),
                }
            }
        };
        Error::ConfigSyntax {
            message: format!("unknown key `{key}`"),
            source_place: Some(place),
            hint: Some(hint),
        }
    }

    /// Error with key, value and place for a value that the settings' type refused, such as an
    /// unknown method.
    fn explain(&self, text: &str, error: &toml::de::Error) -> Error {
        let mut key = None;
        if let (Some(span), Ok(document)) = (error.span(), DeTable::parse(text)) {
            visit(document.get_ref(), "", &mut |candidate, start, value| {
                if value.contains(&span.start) || start == span.start {
                    key = Some(candidate.to_owned());
                }
            });
        }
        if let (Some(key), true) = (&key, error.message().starts_with("unknown field")) {
            let name = key.rsplit_once('.').map_or(&**key, |(_, name)| name);
            let known: Vec<&str> = error.message().split('`').skip(3).step_by(2).collect();
            return Error::ConfigSyntax {
                message: format!("unknown key `{key}`"),
                source_place: self.provenance.origin(key).map(str::to_owned),
                hint: did_you_mean(name, known.iter().copied())
                    .or_else(|| Some(format!("known keys: {}", known.join(", ")))),
            };
        }
        let value = key.as_deref().and_then(|key| find(&self.merged, key));
        let (Some(key), Some(value)) = (&key, value) else {
            return plain_error(error.message().to_owned());
        };
        let expected = match error.message().rsplit_once(", expected ") {
            Some((_, "usize" | "u8" | "u16" | "u32" | "u64")) => "a whole number from 0 up",
            Some((_, expected)) => expected,
            None => return plain_error(format!("`{key}` is {value}: {}", error.message())),
        };
        Error::Config {
            key: key.clone(),
            value: value.to_string(),
            expected: expected.to_owned(),
            source_place: self.provenance.origin(key).map(str::to_owned),
            hint: None,
        }
    }
}

fn plain_error(message: String) -> Error {
    Error::ConfigSyntax { message, source_place: None, hint: None }
}

fn wrong_type(key: &str, default: &Value, value: &Value, place: String) -> Error {
    let hint = match (default, value) {
        (Value::Table(section), _) => {
            section.keys().next().map(|name| format!("set the keys in it, such as `{key}.{name}`"))
        }
        (Value::Array(_), Value::String(_)) => Some("write a list as [\"a\", \"b\"]".to_owned()),
        _ => None,
    };
    let value = value.to_string();
    Error::Config { key: key.to_owned(), value, expected: describe(default), source_place: Some(place), hint }
}

/// The value in the type of the default, or the value itself as refused.
fn fit(default: &Value, value: Value) -> Result<Value, Value> {
    match (default, value) {
        (Value::Float(_), Value::Integer(whole)) => Ok(Value::Float(whole as f64)),
        (Value::Array(defaults), Value::Array(items)) => match defaults.first() {
            Some(default) => {
                let fitted = items.iter().map(|item| fit(default, item.clone())).collect::<Result<_, _>>();
                fitted.map(Value::Array).map_err(|_| Value::Array(items))
            }
            None => Ok(Value::Array(items)),
        },
        (default, value) if default.same_type(&value) => Ok(value),
        (_, value) => Err(value),
    }
}

fn describe(default: &Value) -> String {
    match default {
        Value::String(_) => "text in quotes".to_owned(),
        Value::Integer(_) => "a whole number".to_owned(),
        Value::Float(_) => "a number".to_owned(),
        Value::Boolean(_) => "true or false".to_owned(),
        Value::Datetime(_) => "a date".to_owned(),
        Value::Table(_) => "a section".to_owned(),
        Value::Array(items) => match items.first() {
            Some(item) => format!("a list, each item {}", describe(item)),
            None => "a list".to_owned(),
        },
    }
}

/// The dotted key of a name in a section; a name with a dot in it stays in quotes, so that it is
/// nobody's section.
fn join(section: &str, name: &str) -> String {
    let name = if name.contains('.') { format!("\"{name}\"") } else { name.to_owned() };
    if section.is_empty() { name } else { format!("{section}.{name}") }
}

fn find<'a>(table: &'a Table, key: &str) -> Option<&'a Value> {
    match key.split_once('.') {
        // The part of a list of tables, `reward[1].kind`.
        Some((part, rest)) if part.ends_with(']') => {
            let (list, number) = part.trim_end_matches(']').split_once('[')?;
            let index = number.parse::<usize>().ok()?.checked_sub(1)?;
            find(table.get(list)?.as_array()?.get(index)?.as_table()?, rest)
        }
        Some((section, rest)) => find(table.get(section)?.as_table()?, rest),
        None => table.get(key),
    }
}

fn find_mut<'a>(table: &'a mut Table, key: &str) -> Option<&'a mut Value> {
    match key.split_once('.') {
        Some((section, rest)) => find_mut(table.get_mut(section)?.as_table_mut()?, rest),
        None => table.get_mut(key),
    }
}

fn list_keys(table: &Table, section: &str, keys: &mut Vec<String>) {
    for (name, value) in table {
        let key = join(section, name);
        match value {
            Value::Table(inner) => list_keys(inner, &key, keys),
            _ => keys.push(key),
        }
    }
}

fn names(table: &Table) -> String {
    table.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// Shows every key of a document with the place where its name begins and the range of its value.
fn visit(table: &DeTable<'_>, section: &str, see: &mut impl FnMut(&str, usize, std::ops::Range<usize>)) {
    for (name, value) in table {
        let key = join(section, name.get_ref());
        see(&key, name.span().start, value.span());
        match value.get_ref() {
            DeValue::Table(inner) => visit(inner, &key, see),
            DeValue::Array(items) => {
                for (i, item) in items.iter().enumerate() {
                    if let DeValue::Table(inner) = item.get_ref() {
                        visit(inner, &format!("{key}[{}]", i + 1), see);
                    }
                }
            }
            _ => {}
        }
    }
}

/// "name, line N", where N is the line, from 1, of a byte of the text.
fn line_place(name: &str, text: &[u8], offset: usize) -> String {
    let before = &text[..offset.min(text.len())];
    format!("{name}, line {}", before.iter().filter(|&&byte| byte == b'\n').count() + 1)
}

#[cfg(test)]
#[path = "layers_tests.rs"]
mod tests;
