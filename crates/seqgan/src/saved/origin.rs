//! The run whose model another run goes on from (`generator.init_from`).

use super::choice::is_single;
use super::run::SavedRun;
use super::{ModelInfo, SavedModel, models};
use crate::config::{Config, GeneratorConfig, Method};
use crate::data::Vocab;
use crate::generator::Generator;
use crate::run::RunFolder;
use crate::task::InitialModel;
use crate::train::method::{self, Kind};
use crate::{Error, Result};
use std::path::{Path, PathBuf};

/// A run with the model that another one goes on from.
pub struct Origin {
    run: SavedRun,
    vocab: Vocab,
    /// The model's file, if the setting names one.
    file: Option<PathBuf>,
    method: String,
}

impl Origin {
    /// Opens the run that the settings name; none where they name none.
    ///
    /// # Errors
    /// The path is neither a run folder nor a model's file in one, or the run is of a synthetic task.
    pub fn open(config: &GeneratorConfig) -> Result<Option<Self>> {
        let Some(path) = config.init_path() else { return Ok(None) };
        let refuse = |expected: &str, hint: Option<&str>| Error::Config {
            key: "generator.init_from".into(),
            value: format!("{:?}", config.init_from),
            expected: expected.into(),
            source_place: None,
            hint: hint.map(String::from),
        };
        let (folder, file) = match path.is_file() {
            // RUN/models/METHOD.safetensors or RUN/checkpoints/METHOD-ROUND.safetensors.
            true => (path.parent().and_then(Path::parent).map(PathBuf::from).unwrap_or_default(), Some(path)),
            false => (path, None),
        };
        // The parent of a relative path with two parts has no name.
        let folder = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder };
        let opened = RunFolder::open(&folder).map_err(|error| {
            let hint = match file.is_some() {
                true => {
                    Some("a model's file stays in the `models` folder of its run, which holds its vocabulary")
                }
                false => error.hint(),
            };
            refuse("the folder of a trained run, or the file of a model in one", hint)
        })?;
        if file.is_some() && !config.init_method.is_empty() {
            let hint = "leave `generator.init_method` out, or name the run's folder";
            return Err(refuse("a run folder where `generator.init_method` is set", Some(hint)));
        }
        let run = SavedRun::of(opened)?;
        let Some(vocab) = run.vocab().cloned() else {
            return Err(refuse("a run of a file: the tokens of a synthetic task are plain numbers", None));
        };
        Ok(Some(Self { run, vocab, file, method: config.init_method.clone() }))
    }

    /// The settings of the run.
    pub fn config(&self) -> &Config {
        self.run.config()
    }

    /// The vocabulary of the run.
    pub fn vocab(&self) -> &Vocab {
        &self.vocab
    }

    /// The run folder.
    pub fn folder(&self) -> &RunFolder {
        self.run.folder()
    }

    /// Loads the model: that of the file; that of `generator.init_method`; or the one that [`SavedRun::choose`] chooses without
    /// a name.
    ///
    /// # Errors
    /// The run has no such model yet, or it cannot be trained, as an ensemble.
    pub fn model(&self) -> Result<InitialModel> {
        let SavedModel { info, generator } = self.load()?;
        let generator = generator.to_trainable().filter(|_| is_single(&&info));
        let Some(generator) = generator else { return Err(self.not_trainable(info.method.name())) };
        let sizes = &self.config().generator;
        let round = info.round().map_or(String::new(), |round| format!(", round {round},"));
        Ok(InitialModel {
            name: format!("{}{round} of {}", info.method, self.run.folder().path().display()),
            sizes: format!("{}, {} x {}", generator.kind(), sizes.num_layers, sizes.hidden_dim),
            generator,
            vocab: self.vocab.clone(),
            labels: self.run.labels().to_vec(),
        })
    }

    fn load(&self) -> Result<SavedModel> {
        if let Some(file) = &self.file {
            return self.run.load_file(file);
        }
        if self.method.is_empty() {
            return self.run.model(None, None);
        }
        let known = self.run.methods()?;
        let Some(&method) = known.iter().find(|method| method.name() == self.method) else {
            return match known.is_empty() {
                true => Err(models::none_trained(self.run.folder())),
                false => Err(self.not_trainable(&self.method)),
            };
        };
        self.run.load(ModelInfo::trained(method))
    }

    /// Error for a model that the run does not have or that cannot be trained.
    fn not_trainable(&self, method: &str) -> Error {
        let single =
            |name: &Method| !matches!(method::find(*name).map(|method| method.kind()), Ok(Kind::Ensemble));
        let list: Vec<Method> = self.run.methods().unwrap_or_default().into_iter().filter(single).collect();
        let folder = self.run.folder().path().display();
        Error::Config {
            key: "generator.init_method".into(),
            value: format!("{method:?}"),
            expected: match list.is_empty() {
                true => format!("a single model, which can be trained; {folder} holds none"),
                false => {
                    format!("one of {}, the models of {folder} that can be trained", Method::list(&list))
                }
            },
            source_place: None,
            hint: None,
        }
    }
}
