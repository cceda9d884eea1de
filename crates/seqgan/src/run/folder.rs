//! Creating, opening and describing run folders.

use super::lock::RunLock;
use super::place;
use crate::checkpoint::write_atomically;
use crate::config::{CheckedConfig, Config, Layers, validate};
use crate::{Error, Result, fault};
use serde::Serialize;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// The folder of a run, which exists.
#[derive(Debug, Clone)]
pub struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// Refuses a path that [`RunFolder::create`] would refuse, before any data are read.
    pub fn check_new(path: &Path) -> Result<()> {
        place::check_new(path)
    }

    /// Makes a new folder. `asked` must not exist; without it a free name `runs/<stem>[-n]` is taken.
    pub fn create(asked: Option<&Path>, stem: &str) -> Result<Self> {
        let path = match asked {
            Some(path) => {
                Self::check_new(path)?;
                fs::create_dir_all(path).map_err(Error::io("create", path))?;
                path.to_path_buf()
            }
            None => place::free_folder(Path::new("runs"), stem)?,
        };
        for part in ["checkpoints", "models", "samples"] {
            fault::place().map_err(Error::io("create", path.join(part)))?;
            fs::create_dir(path.join(part)).map_err(Error::io("create", path.join(part)))?;
        }
        Ok(Self { path })
    }

    /// Removes a folder in which a run was killed before it had written its settings; any other file in it is
    /// somebody's, and refused.
    pub fn clear_unstarted(path: &Path) -> Result<()> {
        const OURS: [&str; 9] = [
            "checkpoints",
            "models",
            "samples",
            "vocab.json",
            "tokenizer.json",
            "labels.json",
            "run.json",
            "config.toml",
            RunLock::FILE,
        ];
        let entries = fs::read_dir(path).map_err(Error::io("read", path))?;
        for entry in entries {
            let name = entry.map_err(Error::io("read", path))?.file_name();
            let name = name.to_string_lossy();
            // What was being written when the process was killed has this ending.
            if !OURS.contains(&name.strip_suffix(".tmp").unwrap_or(&name)) {
                return Err(Error::Run {
                    path: path.into(),
                    message: format!("no run folder: it has no config.toml, but `{name}`"),
                    hint: Some("give another `out`; nothing is overwritten".into()),
                });
            }
        }
        // The other process may still be about to write its settings.
        let _lock = RunLock::take(path)?;
        fs::remove_dir_all(path).map_err(Error::io("clear", path))
    }

    /// A folder that a run was started in.
    pub fn open(path: &Path) -> Result<Self> {
        if !path.is_dir() || !path.join("config.toml").is_file() {
            return Err(Error::Run {
                path: path.into(),
                message: "no run folder: it has no config.toml".into(),
                hint: Some(match path.join(place::STUDY_MARK).is_file() {
                    true => format!(
                        "it holds a comparison; give one of its runs, in {}",
                        path.join("runs").display()
                    ),
                    false => "give a folder that `experiment::run` made".into(),
                }),
            });
        }
        for part in ["checkpoints", "models", "samples"] {
            fs::create_dir_all(path.join(part)).map_err(Error::io("create", path.join(part)))?;
        }
        Ok(Self { path: path.into() })
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A file of the folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The model file of a method.
    pub fn model(&self, method: &str) -> PathBuf {
        self.path.join("models").join(format!("{method}.safetensors"))
    }

    /// The file of a method's discriminator.
    pub fn discriminator(&self, method: &str) -> PathBuf {
        self.path.join("models").join(format!("{method}.discriminator.safetensors"))
    }

    /// The file of a method's model of a round.
    pub fn model_of_round(&self, method: &str, round: usize) -> PathBuf {
        self.path.join("checkpoints").join(format!("{method}-{round}.safetensors"))
    }

    /// Where the state of an unfinished run lies.
    pub fn state(&self) -> PathBuf {
        self.path.join("checkpoints").join("state.safetensors")
    }

    /// Whether the run has ended well.
    pub fn is_finished(&self) -> bool {
        self.file("summary.json").is_file()
    }

    /// The Unix time at which the run was started, as run.json tells it; 0 where it does not.
    pub fn started(&self) -> Result<u64> {
        Ok(self.read_json::<Value>("run.json")?["started"].as_u64().unwrap_or(0))
    }

    /// Writes the resolved settings.
    pub fn write_config(&self, config: &Config) -> Result<()> {
        let text = toml::to_string(config).expect("settings are plain data");
        write_atomically(&self.file("config.toml"), text.as_bytes())
    }

    /// Reads the resolved settings. A key that the version which wrote them did not have yet has its default.
    pub fn read_config(&self) -> Result<Config> {
        let path = self.file("config.toml");
        let text = fs::read_to_string(&path).map_err(Error::io("read", &path))?;
        let fault = |message| {
            Error::Run {
            path,
            message: format!("unreadable settings: {message}"),
            hint: Some(
                "the file is written by the program and not meant to be changed; read a folder of an older version with the \
                 program of that version"
                    .into(),
            ),
        }
        };
        let defaults = toml::Table::try_from(Config::default()).expect("settings are plain data");
        let mut layers = Layers::new(defaults);
        // What follows relies on the ranges, as it does when a run is started.
        let read = layers.text(&text, "config.toml").and_then(|layers| {
            let (config, provenance) = layers.finish::<Config>()?;
            validate(&config, &provenance).map(CheckedConfig::into_inner)
        });
        read.map_err(|error| fault(error.to_string()))
    }

    /// Refuses a resume with other settings, naming the first key that differs. When the state is saved may
    /// differ: it changes no result.
    pub fn check_same_config(&self, config: &Config) -> Result<()> {
        let table = |c: &Config| toml::Table::try_from(c).expect("settings are plain data");
        let mut old = self.read_config()?;
        old.checkpoint.every_secs = config.checkpoint.every_secs;
        match first_difference("", &table(&old).into(), &table(config).into()) {
            None => Ok(()),
            Some((key, old, new)) => Err(Error::Config {
                key,
                value: new,
                expected: format!("{old}, as when the run was started"),
                source_place: Some(self.file("config.toml").display().to_string()),
                hint: Some("resume with the same settings, or start a new run with another `out`".into()),
            }),
        }
    }

    /// Writes a JSON document into the folder, atomically.
    pub fn write_json(&self, name: &str, value: &impl Serialize) -> Result<()> {
        let mut text = serde_json::to_string_pretty(value).expect("documents are plain data");
        text.push('\n');
        write_atomically(&self.file(name), text.as_bytes())
    }

    /// Reads a JSON document of the folder.
    pub fn read_json<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<T> {
        let path = self.file(name);
        let text = fs::read_to_string(&path).map_err(Error::io("read", &path))?;
        serde_json::from_str(&text).map_err(|e| Error::Run {
            path,
            message: format!("unreadable: {e}"),
            hint: Some("the file is damaged; restore it from a copy or train again".into()),
        })
    }
}

fn first_difference(key: &str, a: &toml::Value, b: &toml::Value) -> Option<(String, String, String)> {
    match (a, b) {
        (toml::Value::Table(a), toml::Value::Table(b)) => a.iter().zip(b).find_map(|((name, a), (_, b))| {
            let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
            first_difference(&key, a, b)
        }),
        (a, b) if a == b => None,
        (a, b) => Some((key.to_string(), a.to_string(), b.to_string())),
    }
}

impl AsRef<Path> for RunFolder {
    fn as_ref(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_existing_folder_is_never_taken_over() {
        let base = tempfile::tempdir().unwrap();
        let path = base.path().join("a").join("b");
        RunFolder::create(Some(&path), "x").unwrap();
        let error = RunFolder::create(Some(&path), "x").unwrap_err();
        assert!(
            error.to_string().contains("exists already") && error.hint().unwrap().contains("`resume = true`")
        );
    }

    #[test]
    fn other_settings_are_refused_by_name() {
        let base = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(Some(&base.path().join("r")), "x").unwrap();
        let mut config = Config::default();
        folder.write_config(&config).unwrap();
        config.checkpoint.every_secs = 1.0;
        folder.check_same_config(&config).unwrap();
        config.adversarial.g_steps = 7;
        let message = folder.check_same_config(&config).unwrap_err().to_string();
        assert!(
            message.contains("`adversarial.g_steps` is 7, expected 1, as when the run was started"),
            "{message}"
        );
    }
}
