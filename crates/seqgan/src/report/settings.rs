//! Settings of a run against those of its preset.

use crate::config::Preset;
use crate::{Error, Result};
use std::path::Path;
use toml::{Table, Value};

/// A setting as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Setting {
    /// Dotted key.
    pub key: String,
    /// Value in TOML.
    pub value: String,
    /// The preset's value, where it is another one.
    pub preset: Option<String>,
}

/// All settings of config.toml, in its order; none where there is no file.
pub(super) fn read(path: &Path, preset: &str) -> Result<Vec<Setting>> {
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let text = std::fs::read_to_string(path).map_err(Error::io("read", path))?;
    let table: Table = toml::from_str(&text).map_err(|e| Error::Run {
        path: path.into(),
        message: format!("unreadable settings: {}", e.message()),
        hint: Some("the file is written by the program and not meant to be changed".into()),
    })?;
    let defaults = preset.parse::<Preset>().ok().and_then(|p| Table::try_from(p.config()).ok());
    let defaults = defaults.map(|table| flat("", &Value::Table(table)));
    let settings = flat("", &Value::Table(table)).into_iter().map(|(key, value)| {
        let preset = defaults.as_ref().and_then(|all| all.iter().find(|(k, _)| *k == key));
        let preset = preset.map(|(_, default)| default.clone()).filter(|default| *default != value);
        Setting { key, value, preset }
    });
    Ok(settings.collect())
}

fn flat(key: &str, value: &Value) -> Vec<(String, String)> {
    match value {
        Value::Table(table) => {
            let inner = |name: &String| if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
            table.iter().flat_map(|(name, value)| flat(&inner(name), value)).collect()
        }
        value => vec![(key.to_string(), value.to_string())],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_from_the_preset_is_marked_with_its_value() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        let mut config = Preset::Smoke.config();
        config.adversarial.g_steps = 7;
        std::fs::write(&path, toml::to_string(&config).unwrap()).unwrap();
        let all = read(&path, "smoke").unwrap();
        let changed: Vec<_> = all.iter().filter(|s| s.preset.is_some()).collect();
        let expected =
            Setting { key: "adversarial.g_steps".into(), value: "7".into(), preset: Some("1".into()) };
        assert_eq!(changed, [&expected]);
        assert!(all.len() > 40 && all.iter().any(|s| s.key == "rollout.num_rollouts"));
        // A preset of a later version is no fault.
        assert!(read(&path, "huge").unwrap().iter().all(|s| s.preset.is_none()));
    }

    #[test]
    fn damaged_settings_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        std::fs::write(&path, "seed = ").unwrap();
        assert!(read(&path, "smoke").unwrap_err().to_string().contains("config.toml: unreadable settings"));
    }
}
