//! Checks of single settings against the schema: ranges of numbers, choices of texts, lengths of
//! lists.

use super::provenance::Provenance;
use crate::Result;
use serde_json::Value as Schema;
use std::fmt::Display;
use toml::{Table, Value};

/// Check of settings against their schema.
pub(super) struct Ranges<'a> {
    /// Keys without effect, whose values are not checked.
    pub(super) unused: &'a [&'a str],
    /// Places of the settings.
    pub(super) provenance: &'a Provenance,
}

impl Ranges<'_> {
    /// Checks all settings of a section, in the order of the schema; `key` is empty for the top
    /// level.
    pub(super) fn table(&self, key: &str, schema: &Schema, table: &Table) -> Result<()> {
        table.iter().try_for_each(|(name, value)| {
            let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
            if self.unused.contains(&&*key) {
                return Ok(());
            }
            self.value(&key, &schema["properties"][name], value)
        })
    }

    fn value(&self, key: &str, schema: &Schema, value: &Value) -> Result<()> {
        match value {
            Value::Table(table) => self.table(key, schema, table),
            Value::Array(items) => self.list(key, schema, items),
            Value::Integer(number) => self.number(key, schema, *number as f64, number),
            Value::Float(number) => self.number(key, schema, *number, number),
            Value::String(text) => self.choice(key, schema, text),
            Value::Boolean(_) | Value::Datetime(_) => Ok(()),
        }
    }

    fn list(&self, key: &str, schema: &Schema, items: &[Value]) -> Result<()> {
        let length = Bounds { low: schema["minItems"].as_f64(), high: schema["maxItems"].as_f64() };
        self.within(key, length, items.len() as f64, items.len())?;
        items.iter().enumerate().try_for_each(|(i, item)| {
            let schema = schema["prefixItems"].get(i).unwrap_or(&schema["items"]);
            match item {
                Value::Table(part) => self.table(&format!("{key}[{}]", i + 1), schema, part),
                item => self.value(key, schema, item),
            }
        })
    }

    fn number(&self, key: &str, schema: &Schema, number: f64, shown: impl Display) -> Result<()> {
        let range = Bounds { low: schema["minimum"].as_f64(), high: schema["maximum"].as_f64() };
        self.within(key, range, number, shown)
    }

    fn within(&self, key: &str, bounds: Bounds, number: f64, shown: impl Display) -> Result<()> {
        if bounds.contain(number) {
            Ok(())
        } else {
            Err(self.provenance.refuse(key, shown, bounds.expected()))
        }
    }

    fn choice(&self, key: &str, schema: &Schema, text: &str) -> Result<()> {
        let Some(choices) = schema["enum"].as_array() else { return Ok(()) };
        let names: Vec<&str> = choices.iter().filter_map(Schema::as_str).collect();
        if names.contains(&text) {
            return Ok(());
        }
        let expected = format!("one of {}", names.join(", "));
        Err(self.provenance.refuse(key, format!("\"{text}\""), expected))
    }
}

/// Inclusive bounds of a number.
struct Bounds {
    low: Option<f64>,
    high: Option<f64>,
}

impl Bounds {
    /// Whether the number lies within the bounds; NaN never does.
    fn contain(&self, number: f64) -> bool {
        number >= self.low.unwrap_or(f64::NEG_INFINITY) && number <= self.high.unwrap_or(f64::INFINITY)
    }

    fn expected(&self) -> String {
        match (self.low, self.high) {
            (Some(low), Some(high)) => format!("{low} to {high}"),
            (Some(low), None) => format!("{low} or more"),
            (None, Some(high)) => format!("{high} or less"),
            (None, None) => "a number".to_owned(),
        }
    }
}

#[cfg(test)]
#[path = "ranges_tests.rs"]
mod tests;
