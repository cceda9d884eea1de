//! Places where settings were given, for messages.

use crate::Error;
use std::collections::BTreeMap;
use std::fmt::Display;

/// Place where each setting was given last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Provenance {
    places: BTreeMap<String, String>,
}

impl Provenance {
    /// File and line or option that set `key` last, such as "configs/text.toml, line 14" or "--seed
    /// 7". `None` if the key has its default.
    pub fn origin(&self, key: &str) -> Option<&str> {
        // A part of a list has the place of the list unless its own is known.
        let list = key.split_once('[').map_or(key, |(list, _)| list);
        self.places.get(key).or_else(|| self.places.get(list)).map(String::as_str)
    }

    /// Records the place where `key` was given.
    pub(super) fn record(&mut self, key: &str, place: String) {
        self.places.insert(key.to_owned(), place);
    }

    /// Adds to an error about a setting the place where the setting was given. Other errors are
    /// returned as they are.
    pub(crate) fn locate(&self, mut error: Error) -> Error {
        if let Error::Config { key, source_place, .. } = &mut error {
            *source_place = self.origin(key).map(str::to_owned);
        }
        error
    }

    /// Error about the value of `key`, with the place where it was given.
    pub(crate) fn refuse(&self, key: &str, value: impl Display, expected: impl Into<String>) -> Error {
        Error::Config {
            key: key.to_owned(),
            value: value.to_string(),
            expected: expected.into(),
            source_place: self.origin(key).map(str::to_owned),
            hint: None,
        }
    }
}
