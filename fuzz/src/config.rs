//! Settings.

use seqgan::config::{Config, Layers, Preset, Provenance, validate};

/// A configuration file and, each behind a zero byte, options `--set`.
pub fn read(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let mut parts = text.split('\0');
    let mut layers = Layers::new(toml::Table::try_from(Preset::Smoke.config()).expect("plain data"));
    if layers.text(parts.next().unwrap_or_default(), "a.toml").is_err() {
        return false;
    }
    if !parts.all(|assignment| layers.set(assignment).is_ok()) {
        return false;
    }
    let Ok((config, provenance)) = layers.finish::<Config>() else { return false };
    if validate(&config, &provenance).is_err() {
        return false;
    }
    // A run goes on with the settings that it has written down.
    let again: Config = toml::from_str(&toml::to_string(&config).unwrap()).expect("what was written");
    assert_eq!(again, config);
    validate(&again, &Provenance::default()).unwrap();
    true
}
