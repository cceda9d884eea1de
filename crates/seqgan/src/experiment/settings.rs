//! Settings of a run, resolved from layers: defaults, preset, files, options. A later layer overrides an earlier one.
//!
//! The defaults of sizes and steps depend on the data. The layers are therefore applied twice: first to find the data,
//! then on the defaults that fit the data.

use super::fine_tuning::{self, read_task};
use super::run::{Experiment, Kind};
use crate::Result;
use crate::config::{
    CheckedConfig, Config, DataSize, Layers, Method, Preset, Provenance, SyntheticTask, fit_fine_tuning,
};
use crate::generator;
use crate::reward::registry;
use crate::saved::Origin;
use crate::task::Task;
use crate::train::method;
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
    /// Default methods, used if no layer names any; without them, those of the preset.
    methods: Option<Vec<Method>>,
    /// Minutes that the run takes on the reference machine; none for the time of the preset.
    budget: Option<f64>,
    /// Whether the run is one of a comparison.
    is_compared: bool,
    layers: Vec<Layer>,
}

#[derive(Debug, Clone)]
enum Layer {
    File(PathBuf),
    /// `KEY=VALUE`, and the option that gave it.
    Assignment(String, String),
    /// Key, value, and the option that gave it.
    Option(String, toml::Value, String),
}

impl Settings {
    /// Creates the settings of a preset, without further layers.
    pub fn new(preset: Preset) -> Self {
        Self { preset, methods: None, budget: None, is_compared: false, layers: Vec::new() }
    }

    /// Sets the methods to use if no layer names any.
    pub fn default_methods(&mut self, methods: Vec<Method>) -> &mut Self {
        self.methods = Some(methods);
        self
    }

    /// Scales the numbers of steps of the preset, so that a run takes about `minutes` on the reference machine. The scale is a
    /// fixed function: an equal file, preset and budget give equal settings.
    pub fn budget(&mut self, minutes: f64) -> &mut Self {
        self.budget = Some(minutes);
        self
    }

    /// Takes the preset's defaults for a run of a comparison.
    pub fn for_comparison(&mut self) -> &mut Self {
        self.is_compared = true;
        self
    }

    /// Adds the settings of a TOML file. An unknown key or a wrong type is an error.
    pub fn file(&mut self, path: impl Into<PathBuf>) -> Result<&mut Self> {
        self.add(Layer::File(path.into()))
    }

    /// Adds one setting, written `KEY=VALUE`. The value is TOML or plain text.
    pub fn set(&mut self, assignment: &str) -> Result<&mut Self> {
        self.assign(assignment, "set")
    }

    /// Adds one setting, written `KEY=VALUE`. Messages refer to its source as `place`.
    pub fn assign(&mut self, assignment: &str, place: &str) -> Result<&mut Self> {
        self.add(Layer::Assignment(assignment.into(), place.into()))
    }

    /// Adds one setting by key and value. Messages refer to its source as `place`, such as "--seed 7".
    pub fn option(&mut self, key: &str, value: impl Into<toml::Value>, place: &str) -> Result<&mut Self> {
        self.add(Layer::Option(key.into(), value.into(), place.into()))
    }

    /// Adds a layer. An unknown key or a wrong type is an error here; ranges are checked when the settings are
    /// resolved.
    fn add(&mut self, layer: Layer) -> Result<&mut Self> {
        layer.apply(&mut layers(self.preset.config()))?;
        self.layers.push(layer);
        Ok(self)
    }

    /// The preset.
    pub fn preset(&self) -> Preset {
        self.preset
    }

    /// Resolves the settings before the data are known, with the preset's defaults for the paper's synthetic task.
    pub fn before_data(&self) -> Result<CheckedConfig> {
        self.on(self.preset.config())
    }

    /// Resolves the settings for a synthetic task.
    pub fn for_task(&self, task: SyntheticTask) -> Result<CheckedConfig> {
        self.on(self.preset.config_for_task(task, self.budget))
    }

    /// Resolves the settings for a file with data of this size.
    pub fn for_file(&self, size: DataSize) -> Result<CheckedConfig> {
        let mut defaults = self.preset.config_for_file(size, self.budget);
        if self.origin(&defaults)?.is_some() {
            fit_fine_tuning(&mut defaults, size);
        }
        self.on(defaults)
    }

    /// Reads the file `data.path`, or creates the synthetic task if that is empty, and resolves all settings.
    pub fn resolve(&self) -> Result<(CheckedConfig, Task)> {
        let first = self.before_data()?;
        if !first.data.path.is_empty() {
            let task = read_task(&first)?;
            return Ok((self.for_file(task.size())?, task));
        }
        let mut config = self.for_task(first.oracle.task)?.into_inner();
        let task = Task::oracle(&config.oracle, config.seed)?;
        task.resolve(&mut config);
        Ok((check(config, &Provenance::default())?, task))
    }

    /// Creates the run of these settings. It uses a new folder under `runs/` unless [`Experiment::out`] is set.
    pub fn experiment(&self) -> Result<Experiment> {
        let (config, task) = self.resolve()?;
        let kind = if config.data.path.is_empty() { Kind::Oracle } else { Kind::Train };
        let preset = self.preset.to_string();
        Ok(Experiment { kind, preset, config, task, out: None, resume: false, models: None })
    }

    /// Applies the layers to these defaults and checks the result.
    fn on(&self, mut defaults: Config) -> Result<CheckedConfig> {
        if let Some(methods) = &self.methods {
            defaults.methods.clone_from(methods);
        }
        if self.is_compared {
            self.preset.shorten_for_comparison(&mut defaults);
        }
        let origin = self.origin(&defaults)?;
        if let Some(origin) = &origin {
            fine_tuning::take_defaults(&mut defaults, origin);
        }
        let (mut config, provenance) = self.layered(&defaults)?;
        if let Some(origin) = &origin {
            fine_tuning::check_sizes(&config, origin, &provenance)?;
        }
        if !config.reward.is_empty() && provenance.origin("methods").is_none() {
            config.methods.push(Method::MIXED);
        }
        check(config, &provenance)
    }

    /// The layers on these defaults, and where each setting was given.
    fn layered(&self, defaults: &Config) -> Result<(Config, Provenance)> {
        let mut layers = layers(defaults.clone());
        self.layers.iter().try_for_each(|layer| layer.apply(&mut layers))?;
        layers.finish()
    }

    /// The run whose model training goes on from, if the layers name one.
    fn origin(&self, defaults: &Config) -> Result<Option<Origin>> {
        let (config, provenance) = self.layered(defaults)?;
        Origin::open(&config.generator).map_err(|error| provenance.locate(error))
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

/// Validates settings: ranges, dependencies between settings, and the names of generators, methods and rewards. The
/// error gives key, value, expected range and source.
pub fn check(config: Config, provenance: &Provenance) -> Result<CheckedConfig> {
    let config = CheckedConfig::check(config, provenance)?;
    check_names(&config, provenance)?;
    Ok(config)
}

/// Checks the names of generators, methods and rewards. Programs can register such names, so [`CheckedConfig`] cannot
/// check them.
pub(super) fn check_names(config: &Config, provenance: &Provenance) -> Result<()> {
    registry::validate(&config.reward, provenance)?;
    let locate = |error| provenance.locate(error);
    generator::check_kind(&config.generator.kind).map_err(locate)?;
    config.methods.iter().try_for_each(|&name| method::find(name).map(|_| ())).map_err(locate)?;
    let base = config.adversarial.base;
    if method::likelihood(base).is_some() {
        return Ok(());
    }
    let mut bases = method::likelihood_names();
    bases.retain(|&base| base != Method::PRETRAINED || !config.generator.init_from.is_empty());
    let expected = format!("one of {}", Method::list(&bases));
    Err(provenance.refuse("adversarial.base", format!("\"{base}\""), expected))
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
