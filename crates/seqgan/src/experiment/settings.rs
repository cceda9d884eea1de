//! Settings of a run, from layers: defaults, preset, files, options; a later layer wins.
//!
//! The defaults of sizes and steps follow from the data, so layers are kept and applied twice: to know what the data are, and
//! to the defaults that fit them.

use super::run::{Experiment, Kind};
use crate::config::{CheckedConfig, Config, DataSize, Layers, Method, Preset, Provenance, SyntheticTask};
use crate::generator;
use crate::reward::registry;
use crate::task::Task;
use crate::train::method;
use crate::{Error, Result};
use std::path::PathBuf;

/// Layers of settings on top of a preset.
///
/// ```no_run
/// use seqgan::config::Preset;
/// use seqgan::experiment::{Settings, run};
/// use seqgan::train::Silent;
///
/// let mut settings = Settings::new(Preset::Quick);
/// settings.set("data.path=names.txt")?.set("adversarial.num_rounds=10")?;
/// let (folder, summary) = run(&settings.experiment()?, &Silent)?;
/// # Ok::<(), seqgan::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Settings {
    preset: Preset,
    /// The methods, where no layer names any; those of the preset otherwise.
    methods: Option<Vec<Method>>,
    layers: Vec<Layer>,
}

#[derive(Debug, Clone)]
enum Layer {
    File(PathBuf),
    /// KEY=VALUE, and the option that gave it.
    Assignment(String, String),
    /// Key, value, and the option that gave it.
    Option(String, toml::Value, String),
}

impl Settings {
    /// The settings of a preset.
    pub fn new(preset: Preset) -> Self {
        Self { preset, methods: None, layers: Vec::new() }
    }

    /// Takes these methods where no layer names any.
    pub fn default_methods(&mut self, methods: Vec<Method>) -> &mut Self {
        self.methods = Some(methods);
        self
    }

    /// Adds the settings of a TOML file.
    pub fn file(&mut self, path: impl Into<PathBuf>) -> Result<&mut Self> {
        self.add(Layer::File(path.into()))
    }

    /// Adds one setting, written `KEY=VALUE` with a TOML value or plain text.
    pub fn set(&mut self, assignment: &str) -> Result<&mut Self> {
        self.assign(assignment, "set")
    }

    /// Adds one setting, written `KEY=VALUE`; `place` stands for it in messages.
    pub fn assign(&mut self, assignment: &str, place: &str) -> Result<&mut Self> {
        self.add(Layer::Assignment(assignment.into(), place.into()))
    }

    /// Adds one setting by its value; `place` stands for it in messages, such as "--seed 7".
    pub fn option(&mut self, key: &str, value: impl Into<toml::Value>, place: &str) -> Result<&mut Self> {
        self.add(Layer::Option(key.into(), value.into(), place.into()))
    }

    /// An unknown key or a wrong type is refused at once; ranges are checked when the settings are resolved.
    fn add(&mut self, layer: Layer) -> Result<&mut Self> {
        layer.apply(&mut layers(self.preset.config()))?;
        self.layers.push(layer);
        Ok(self)
    }

    /// The preset.
    pub fn preset(&self) -> Preset {
        self.preset
    }

    /// The settings on top of the preset's for the paper's synthetic task: all that can be said before the data are known.
    pub fn before_data(&self) -> Result<CheckedConfig> {
        self.on(self.preset.config())
    }

    /// The settings for a synthetic task.
    pub fn for_task(&self, task: SyntheticTask) -> Result<CheckedConfig> {
        self.on(self.preset.config_for_task(task))
    }

    /// The settings for a file with so much data.
    pub fn for_file(&self, size: DataSize) -> Result<CheckedConfig> {
        self.on(self.preset.config_for_file(size))
    }

    /// Reads the file that `data.path` names, or makes the synthetic task, and resolves all settings.
    pub fn resolve(&self) -> Result<(CheckedConfig, Task)> {
        let first = self.before_data()?;
        if !first.data.path.is_empty() {
            let task = Task::file(&first.data, &first.constraint)?;
            return Ok((self.for_file(task.size())?, task));
        }
        let mut config = self.for_task(first.oracle.task)?.into_inner();
        let task = Task::oracle(&config.oracle, config.seed)?;
        task.resolve(&mut config);
        Ok((check(config, &Provenance::default())?, task))
    }

    /// The run of these settings, in a new folder under `runs/` unless [`Experiment::out`] names one.
    pub fn experiment(&self) -> Result<Experiment> {
        let (config, task) = self.resolve()?;
        let kind = if config.data.path.is_empty() { Kind::Oracle } else { Kind::Train };
        let preset = self.preset.to_string();
        Ok(Experiment { kind, preset, config, task, out: None, resume: false, models: None })
    }

    /// The settings on top of these defaults, checked.
    fn on(&self, mut defaults: Config) -> Result<CheckedConfig> {
        if let Some(methods) = &self.methods {
            defaults.methods.clone_from(methods);
        }
        let mut layers = layers(defaults);
        self.layers.iter().try_for_each(|layer| layer.apply(&mut layers))?;
        let (mut config, provenance): (Config, Provenance) = layers.finish()?;
        if !config.reward.is_empty() && provenance.origin("methods").is_none() {
            config.methods.push(Method::MIXED);
        }
        check(config, &provenance)
    }
}

impl Layer {
    fn apply(&self, layers: &mut Layers) -> Result<()> {
        match self {
            Self::File(path) => layers.file(path),
            Self::Assignment(assignment, place) => layers.assign(assignment, place),
            Self::Option(key, value, place) => layers.option(key, value.clone(), place),
        }
        .map(|_| ())
    }
}

fn layers(defaults: Config) -> Layers {
    Layers::new(toml::Table::try_from(defaults).expect("settings are plain data"))
}

/// Validates settings: ranges, settings that depend on each other, and the names of generators, methods and rewards. The
/// error names key, value, expected range and place.
pub fn check(config: Config, provenance: &Provenance) -> Result<CheckedConfig> {
    let config = CheckedConfig::check(config, provenance)?;
    check_names(&config, provenance)?;
    Ok(config)
}

/// Checks the names of generators, methods and rewards, which may be registered by a program and so are not known to
/// [`CheckedConfig`].
pub(super) fn check_names(config: &Config, provenance: &Provenance) -> Result<()> {
    registry::validate(&config.reward, provenance)?;
    let place = |key: &str| provenance.origin(key).map(String::from);
    generator::check_kind(&config.generator.kind).map_err(|error| at(error, place("generator.kind")))?;
    for &name in &config.methods {
        if let Err(error) = method::find(name) {
            return Err(at(error, place("methods")));
        }
    }
    let base = config.adversarial.base;
    if method::likelihood(base).is_some() {
        return Ok(());
    }
    Err(Error::Config {
        key: "adversarial.base".into(),
        value: format!("\"{base}\""),
        expected: format!("one of {}", Method::list(&method::likelihood_names())),
        source_place: place("adversarial.base"),
        hint: None,
    })
}

/// An error of a setting with the place where the setting was given.
fn at(mut error: Error, place: Option<String>) -> Error {
    if let Error::Config { source_place, .. } = &mut error {
        *source_place = place;
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_methods_are_checked_where_they_were_given() {
        let mut settings = Settings::new(Preset::Quick);
        settings.option("methods", vec!["seqgam"], "--methods").unwrap();
        let error = settings.before_data().unwrap_err();
        let message = error.to_string();
        assert!(message.contains("`methods` is \"seqgam\", expected one of random, unigram"), "{message}");
        assert!(message.contains("(--methods)"), "{message}");
        assert!(error.hint().unwrap().contains("seqgan"), "{error:?}");
        let mut settings = Settings::new(Preset::Quick);
        settings.set("adversarial.base=seqgan").unwrap();
        let message = settings.before_data().unwrap_err().to_string();
        assert!(
            message.contains("`adversarial.base` is \"seqgan\", expected one of mle, mle-tuned"),
            "{message}"
        );
    }

    #[test]
    fn a_reward_adds_the_row_mixed_where_no_methods_are_named() {
        let mut settings = Settings::new(Preset::Quick);
        settings.set("reward=[{kind = \"novel\"}]").unwrap();
        assert!(settings.before_data().unwrap().methods.contains(&Method::MIXED));
        settings.set("methods=[\"mle-tuned\"]").unwrap();
        assert_eq!(settings.before_data().unwrap().methods, [Method::MLE_TUNED]);
    }
}
