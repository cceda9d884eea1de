//! Whether a run may be gone on with: the same settings on the same data, wherever the files of the data lie now.

use crate::config::Config;
use crate::run::RunFolder;
use crate::task::Task;
use crate::{Error, Result};
use serde_json::{Value, json};

/// A setting that names a file, and where run.json keeps the hash of the file's content.
struct NamedFile {
    /// The file in messages.
    name: &'static str,
    hash: &'static str,
    path: fn(&mut Config) -> &mut String,
}

const FILES: [NamedFile; 5] = [
    NamedFile {
        name: "tokenizer",
        hash: "/data/tokenizer/sha256",
        path: |config| &mut config.data.tokenizer,
    },
    NamedFile { name: "data file", hash: "/reading/sha256", path: |config| &mut config.data.path },
    NamedFile { name: "test file", hash: "/data/test/sha256", path: |config| &mut config.data.test },
    NamedFile {
        name: "file of the oracle's parameters",
        hash: "/data/oracle_params_sha256",
        path: |config| &mut config.oracle.params,
    },
    NamedFile {
        name: "initial model",
        hash: "/data/initial/sha256",
        path: |config| &mut config.generator.init_from,
    },
];

/// Members of `reading` that must be the same: what was learnt from, not the words about it.
const READING: [&str; 14] = [
    "format",
    "separator",
    "field",
    "track",
    "tokens",
    "read",
    "kept",
    "classes",
    "vocabulary",
    "num_tokens",
    "train",
    "validation",
    "split_by",
    "sha256",
];

/// Refuses a resume with other settings or other data than `run.json`, which is `before`, tells. Where a file lies may
/// differ if the hash of its content is known; without one, as in folders of earlier versions, the path must be the same.
pub(super) fn check(folder: &RunFolder, before: &Value, config: &Config, task: &Task) -> Result<()> {
    let before = &json!({ "data": before["data"], "reading": before["reading"] });
    let now = &json!({ "data": task.description, "reading": task.reading });
    let is_known = |file: &&NamedFile| hash(before, file).is_some() && hash(now, file).is_some();
    // First, because sizes of networks and numbers of steps may follow from the data.
    if let Some(file) = FILES.iter().filter(is_known).find(|file| hash(before, file) != hash(now, file)) {
        let hint = match file.name {
            "tokenizer" => "the run's own one is tokenizer.json in its folder; give that, or start a new run",
            _ => "resume with the file as it was, wherever it lies, or start a new run with another `out`",
        };
        let message = format!("the {} has changed since the run was started, or is another one", file.name);
        return Err(refused(folder, message, hint));
    }
    let another_way = || {
        let message = "the data are read in another way than when the run was started";
        let hint = "give the file under a name with the same ending, or the `data.format` of the run, and resume with the version of \
                    the program that started it; or start a new run with another `out`";
        refused(folder, message.into(), hint)
    };
    let has_reading = before["reading"].is_object();
    if has_reading && before["reading"]["format"] != now["reading"]["format"] {
        return Err(another_way());
    }
    let mut saved = folder.read_config()?;
    let mut asked = config.clone();
    // How the format was known may differ: by a name then, by an option now.
    if has_reading {
        asked.data.format.clone_from(&saved.data.format);
    }
    for file in FILES.iter().filter(is_known) {
        *(file.path)(&mut asked) = std::mem::take((file.path)(&mut saved));
    }
    folder.check_same_config(&asked)?;
    if comparable(before, before) != comparable(now, before) {
        return Err(another_way());
    }
    Ok(())
}

/// The settings with the paths of another one that names the same files.
pub(super) fn with_paths_of(settings: &Config, other: &Config) -> Config {
    let (mut settings, mut other) = (settings.clone(), other.clone());
    for file in &FILES {
        *(file.path)(&mut settings) = std::mem::take((file.path)(&mut other));
    }
    settings
}

fn hash<'a>(description: &'a Value, file: &NamedFile) -> Option<&'a str> {
    description.pointer(file.hash)?.as_str()
}

/// A description without the paths in it, and without what the version that wrote `before` did not record.
fn comparable(description: &Value, before: &Value) -> Value {
    let mut description = description.clone();
    // Words and places may change, with the version of the program or with a folder's path.
    if before["reading"].is_object() {
        if let Some(members) = description["reading"].as_object_mut() {
            members.retain(|name, _| READING.contains(&name.as_str()));
        }
    } else {
        description["reading"] = Value::Null;
    }
    if let Some(members) = description["data"].as_object_mut() {
        members.remove("oracle_params");
        // Its hash has been compared, and the rest are words.
        members.remove("initial");
        for name in ["test", "oracle_params_sha256"] {
            if before["data"].get(name).is_none() {
                members.remove(name);
            }
        }
    }
    description
}

fn refused(folder: &RunFolder, message: String, hint: &str) -> Error {
    Error::Run { path: folder.path().into(), message, hint: Some(hint.into()) }
}
