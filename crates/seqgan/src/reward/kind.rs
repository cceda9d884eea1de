//! What a kind of reward is, and the data that its rewards are built from.

use super::Reward;
use crate::config::{Config, RewardConfig};
use crate::data::Vocab;
use crate::token::SeqBatch;
use crate::{Error, Result};
use serde::de::DeserializeOwned;

/// A kind of reward: builds the reward of a table `[[reward]]` that names it.
pub trait RewardKind: Send + Sync {
    /// The value of `kind` in settings.
    fn name(&self) -> &'static str;

    /// What the reward scores, in one sentence, for the documentation.
    fn about(&self) -> &'static str;

    /// Names of the entries of [`RewardConfig::options`] that this kind reads. Other names are refused.
    fn options(&self) -> &'static [&'static str] {
        &[]
    }

    /// The setting that this kind requires and `part` leaves empty, with what is expected there.
    fn missing(&self, part: &RewardConfig) -> Option<(&'static str, &'static str)> {
        let _ = part;
        None
    }

    /// Builds the reward. Settings that [`RewardKind::missing`] and [`RewardKind::options`] refuse do not get here.
    fn build(&self, part: &RewardConfig, context: &RewardContext<'_>) -> Result<Box<dyn Reward>>;
}

/// The data that rewards are built from.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct RewardContext<'a> {
    /// Training sequences.
    pub train: &'a SeqBatch,
    /// The vocabulary that decodes tokens into text; none for a synthetic task.
    pub vocab: Option<&'a Vocab>,
    /// T, the length of the longest sequence, in tokens.
    pub max_length: usize,
    /// The longest n-gram of BLEU where a part leaves `order` at 0 (`pg_bleu.max_order`).
    pub bleu_order: usize,
    /// The number of the part within `[[reward]]`, from 1, for the keys in errors.
    pub number: usize,
}

impl<'a> RewardContext<'a> {
    /// The context of the first part, with the default order of BLEU.
    pub fn new(train: &'a SeqBatch, vocab: Option<&'a Vocab>, max_length: usize) -> Self {
        Self { train, vocab, max_length, bleu_order: Config::default().pg_bleu.max_order, number: 1 }
    }

    /// The context of part `number`, from 1.
    pub fn of_part(self, number: usize) -> Self {
        Self { number, ..self }
    }

    /// The error that setting `name` of this part has a wrong value.
    pub fn fault(&self, name: &str, value: impl Into<String>, expected: impl Into<String>) -> Error {
        fault(&format!("{}.{name}", key(self.number)), value, expected)
    }

    /// The option `name` of a part; none where it is not given, an error where it has another type.
    pub fn option<T: DeserializeOwned>(&self, part: &RewardConfig, name: &str) -> Result<Option<T>> {
        let Some(value) = part.options.get(name) else { return Ok(None) };
        let read = value.clone().try_into().map(Some);
        read.map_err(|error: toml::de::Error| {
            let message = error.message().trim();
            let expected = message.rsplit_once("expected ").map_or(message, |(_, expected)| expected);
            self.fault(&format!("options.{name}"), value.to_string(), expected)
        })
    }
}

pub(super) fn key(number: usize) -> String {
    format!("reward[{number}]")
}

pub(super) fn fault(key: &str, value: impl Into<String>, expected: impl Into<String>) -> Error {
    Error::Config {
        key: key.into(),
        value: value.into(),
        expected: expected.into(),
        source_place: None,
        hint: None,
    }
}
