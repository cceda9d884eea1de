//! The rewards that a table `[[reward]]` can name by `kind`.
//!
//! ```
//! use seqgan::config::RewardConfig;
//! use seqgan::reward::{Reward, RewardContext, RewardKind, registry};
//! use seqgan::{Result, SeqBatch};
//!
//! /// The share of tokens that are `token`.
//! struct Share(u32);
//!
//! impl Reward for Share {
//!     fn score(&self, sequences: &SeqBatch) -> Result<Vec<f32>> {
//!         let count = |row: &[u32]| row.iter().filter(|&&token| token == self.0).count();
//!         Ok(sequences.rows().map(|row| count(row) as f32 / row.len().max(1) as f32).collect())
//!     }
//! }
//!
//! struct ShareKind;
//!
//! impl RewardKind for ShareKind {
//!     fn name(&self) -> &'static str {
//!         "share"
//!     }
//!
//!     fn about(&self) -> &'static str {
//!         "Share of tokens that are `options.token`."
//!     }
//!
//!     fn options(&self) -> &'static [&'static str] {
//!         &["token"]
//!     }
//!
//!     fn build(&self, part: &RewardConfig, context: &RewardContext<'_>) -> Result<Box<dyn Reward>> {
//!         Ok(Box::new(Share(context.option(part, "token")?.unwrap_or(2))))
//!     }
//! }
//!
//! registry::register(&ShareKind)?;
//! let part: RewardConfig = toml::from_str("kind = \"share\"\noptions = { token = 5 }").unwrap();
//! let train = SeqBatch::from_rows([vec![5, 5, 3, 4]], 4);
//! let reward = registry::build(&part, &RewardContext::new(&train, None, 4))?;
//! assert_eq!(reward.score(&train)?, [0.5]);
//! # Ok::<(), seqgan::Error>(())
//! ```

use super::Reward;
use super::bleu::BleuKind;
use super::length::LengthKind;
use super::novel::NovelKind;
use super::program_reward::ProgramKind;
use super::regex::RegexKind;
use super::repetition::RepetitionKind;
use super::unique::UniqueKind;
use crate::config::{Config, Provenance, RewardConfig, did_you_mean};
use crate::data::Vocab;
use crate::token::SeqBatch;
use crate::{Error, Result};
use serde::de::DeserializeOwned;
use std::sync::{PoisonError, RwLock};

/// The rewards of this crate, in the order of the documentation.
static BUILT_IN: [&dyn RewardKind; 7] =
    [&BleuKind, &LengthKind, &UniqueKind, &NovelKind, &RepetitionKind, &RegexKind, &ProgramKind];

/// Rewards of other crates, in the order of their registration.
static REGISTERED: RwLock<Vec<&'static dyn RewardKind>> = RwLock::new(Vec::new());

/// The kind of the one part that is not built from its settings: the discriminator, a network in training, whose
/// probability that a sequence is real is the score.
pub const DISCRIMINATOR: &str = "discriminator";

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

/// Adds a kind of reward. A name that another kind has is refused.
pub fn register(kind: &'static dyn RewardKind) -> Result<()> {
    let name = kind.name();
    let mut registered = REGISTERED.write().unwrap_or_else(PoisonError::into_inner);
    let mut others = BUILT_IN.iter().chain(registered.iter());
    if name == DISCRIMINATOR || others.any(|other| other.name() == name) {
        return Err(fault("kind", format!("\"{name}\""), "a name that no other reward has"));
    }
    registered.push(kind);
    Ok(())
}

/// All kinds that are built from settings, those of this crate first.
pub fn kinds() -> Vec<&'static dyn RewardKind> {
    let registered = REGISTERED.read().unwrap_or_else(PoisonError::into_inner);
    BUILT_IN.iter().chain(registered.iter()).copied().collect()
}

/// The kind of a name.
pub fn find(name: &str) -> Option<&'static dyn RewardKind> {
    kinds().into_iter().find(|kind| kind.name() == name)
}

/// Whether a part is scored by the discriminator in training, so that [`build`] has nothing to build.
pub fn is_discriminator(part: &RewardConfig) -> bool {
    part.kind == DISCRIMINATOR
}

/// Builds the reward of a part.
///
/// # Errors
///
/// An unknown kind, [`DISCRIMINATOR`] among them, and settings that do not fit the kind.
pub fn build(part: &RewardConfig, context: &RewardContext<'_>) -> Result<Box<dyn Reward>> {
    check_part(part, context.number)?;
    match find(&part.kind) {
        Some(kind) => kind.build(part, context),
        None => Err(unknown(part, context.number)),
    }
}

/// Checks what can be known of parts before any data are read: kinds, options, and settings left empty. `provenance`
/// tells the line or option to name in the error.
pub fn validate(parts: &[RewardConfig], provenance: &Provenance) -> Result<()> {
    let checked = parts.iter().enumerate().try_for_each(|(i, part)| check_part(part, i + 1));
    checked.map_err(|mut error| {
        if let Error::Config { key, source_place, .. } = &mut error {
            *source_place = provenance.origin(key).map(String::from);
        }
        error
    })
}

fn check_part(part: &RewardConfig, number: usize) -> Result<()> {
    let kind = find(&part.kind);
    if kind.is_none() && !is_discriminator(part) {
        return Err(unknown(part, number));
    }
    let options = kind.map_or(&[][..], |kind| kind.options());
    if let Some((name, value)) = part.options.iter().find(|(name, _)| !options.contains(&name.as_str())) {
        return Err(unknown_option(&format!("{}.options.{name}", key(number)), value, options));
    }
    match kind.and_then(|kind| kind.missing(part)) {
        Some((name, expected)) => Err(fault(&format!("{}.{name}", key(number)), "empty", expected)),
        None => Ok(()),
    }
}

fn unknown(part: &RewardConfig, number: usize) -> Error {
    let names: Vec<&str> =
        [DISCRIMINATOR].into_iter().chain(kinds().iter().map(|kind| kind.name())).collect();
    let list: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    let expected = format!("one of {}", list.join(", "));
    let error = fault(&format!("{}.kind", key(number)), format!("\"{}\"", part.kind), expected);
    with_hint(error, did_you_mean(&part.kind, names))
}

fn unknown_option(key: &str, value: &toml::Value, known: &[&str]) -> Error {
    let expected = match known {
        [] => "no options for this kind".to_string(),
        known => format!("one of the options {}", known.join(", ")),
    };
    let name = key.rsplit('.').next().unwrap_or(key);
    with_hint(fault(key, value.to_string(), expected), did_you_mean(name, known.iter().copied()))
}

fn key(number: usize) -> String {
    format!("reward[{number}]")
}

fn fault(key: &str, value: impl Into<String>, expected: impl Into<String>) -> Error {
    Error::Config {
        key: key.into(),
        value: value.into(),
        expected: expected.into(),
        source_place: None,
        hint: None,
    }
}

fn with_hint(mut error: Error, question: Option<String>) -> Error {
    if let Error::Config { hint, .. } = &mut error {
        *hint = question;
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> (String, Option<String>) {
        let part: RewardConfig = toml::from_str(text).unwrap();
        let train = SeqBatch::from_rows([vec![2, 3]], 4);
        let context = RewardContext::new(&train, None, 4).of_part(2);
        let error = build(&part, &context).map(|_| ()).unwrap_err();
        (error.to_string(), error.hint().map(String::from))
    }

    #[test]
    fn a_part_names_the_setting_that_is_wrong() {
        let (message, hint) = refused("kind = \"lenght\"");
        assert!(
            message.starts_with("`reward[2].kind` is \"lenght\", expected one of `discriminator`, `bleu`")
        );
        assert_eq!(hint.as_deref(), Some("did you mean `length`?"));
        let message = |text| refused(text).0;
        assert_eq!(
            message("kind = \"program\""),
            "`reward[2].command` is empty, expected a program and its arguments"
        );
        assert_eq!(message("kind = \"regex\""), "`reward[2].regex` is empty, expected a regular expression");
        assert_eq!(
            message("kind = \"novel\"\noptions = { n = 2 }"),
            "`reward[2].options.n` is 2, expected no options for this kind"
        );
        let range = "`reward[2].min_length` is 3, `max_length` 2, expected a range within 0 to 4";
        assert!(message("kind = \"length\"\nmin_length = 3\nmax_length = 2").starts_with(range));
        assert!(
            message("kind = \"regex\"\nregex = \"a\"").contains("expected nothing for the synthetic task")
        );
    }

    #[test]
    fn every_built_in_kind_has_a_name_of_its_own() {
        let names: std::collections::HashSet<&str> = BUILT_IN.iter().map(|kind| kind.name()).collect();
        assert_eq!(names.len(), BUILT_IN.len());
        assert!(register(&BleuKind).unwrap_err().to_string().contains("`kind` is \"bleu\""));
    }
}
