//! Validation of settings before any work is done.

use super::provenance::Provenance;
use super::ranges::Ranges;
use super::rules;
use super::schema::schema;
use super::settings::Config;
use crate::{Error, Result};
use std::ops::Deref;
use toml::Table;

/// Valid settings: every value lies in its range, and settings that depend on each other agree.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckedConfig(Config);

impl CheckedConfig {
    /// Validates settings. The error names key, value, expected range and place of the first fault.
    pub fn check(config: Config, provenance: &Provenance) -> Result<Self> {
        let ranges = Ranges { unused: rules::unused(&config), provenance };
        ranges.table("", schema(), &table(&config)?)?;
        rules::check(&config, provenance)?;
        Ok(Self(config))
    }

    /// The settings, which may then be changed.
    pub fn into_inner(self) -> Config {
        self.0
    }
}

impl Deref for CheckedConfig {
    type Target = Config;

    fn deref(&self) -> &Config {
        &self.0
    }
}

/// Validates a copy of the settings; see [`CheckedConfig::check`].
pub fn validate(config: &Config, provenance: &Provenance) -> Result<CheckedConfig> {
    CheckedConfig::check(config.clone(), provenance)
}

/// The settings as values. Only a whole number above the largest one of TOML has no value.
fn table(config: &Config) -> Result<Table> {
    Table::try_from(config).map_err(|error| Error::ConfigSyntax {
        message: format!("the settings are not TOML: {error}"),
        source_place: None,
        hint: Some(format!("use whole numbers up to {}", i64::MAX)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_settings_are_unchanged() {
        let checked = CheckedConfig::check(Config::default(), &Provenance::default()).unwrap();
        assert_eq!(checked.seed, 1);
        assert_eq!(checked.into_inner(), Config::default());
    }

    #[test]
    fn a_seed_beyond_toml_is_refused() {
        let config = Config { seed: u64::MAX, ..Config::default() };
        let error = validate(&config, &Provenance::default()).unwrap_err();
        assert!(error.is_usage() && error.hint().unwrap().contains("9223372036854775807"), "{error}");
    }
}
