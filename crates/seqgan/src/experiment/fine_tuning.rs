//! What the settings and the task of a run take from the model that it goes on from.

use crate::Result;
use crate::config::{Config, GeneratorConfig, Method, Provenance, path_setting};
use crate::data::Tokens;
use crate::saved::Origin;
use crate::task::Task;
use toml::Table;

/// Settings of the generator that a trained model has not: they say where it is, and how another would begin.
const NOT_SIZES: [&str; 3] = ["init_std", "init_from", "init_method"];

/// Reads the file of the settings, with the model that training goes on from, if they name one.
pub fn read_task(config: &Config) -> Result<Task> {
    match Origin::open(&config.generator)? {
        Some(origin) => Task::fine_tuning(&config.data, &config.constraint, &origin.model()?, config.seed),
        None => Task::file(&config.data, &config.constraint),
    }
}

/// Makes the defaults those of the origin: its kind of network and sizes, its kind of tokens, and a row for the model itself.
pub(super) fn take_defaults(config: &mut Config, origin: &Origin) {
    let GeneratorConfig { init_std, init_from, init_method, .. } = config.generator.clone();
    config.generator =
        GeneratorConfig { init_std, init_from, init_method, ..origin.config().generator.clone() };
    config.data.tokens.clone_from(&origin.config().data.tokens);
    if origin.vocab().tokens() == Tokens::Bpe {
        config.data.tokenizer = path_setting(&origin.folder().file("tokenizer.json"));
    }
    if !config.methods.contains(&Method::PRETRAINED) {
        let untrained = |method: &Method| [Method::RANDOM, Method::UNIGRAM].contains(method);
        let at = config.methods.iter().rposition(untrained).map_or(0, |last| last + 1);
        config.methods.insert(at, Method::PRETRAINED);
    }
}

/// Refuses settings of other sizes than the origin's.
pub(super) fn check_sizes(config: &Config, origin: &Origin, provenance: &Provenance) -> Result<()> {
    let table = |config: &GeneratorConfig| Table::try_from(config).expect("settings are plain data");
    let (asked, own) = (table(&config.generator), table(&origin.config().generator));
    let is_size = |(name, _): &(&String, &toml::Value)| !NOT_SIZES.contains(&name.as_str());
    match own.iter().filter(is_size).find(|(name, value)| asked.get(*name) != Some(*value)) {
        None => Ok(()),
        Some((name, value)) => {
            let expected = format!("{value}, as the model of {} has", origin.folder().path().display());
            Err(provenance.refuse(&format!("generator.{name}"), &asked[name], expected))
        }
    }
}
