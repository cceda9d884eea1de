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
use super::kind::{RewardContext, RewardKind, fault, key};
use super::length::LengthKind;
use super::novel::NovelKind;
use super::program_reward::ProgramKind;
use super::regex::RegexKind;
use super::repetition::RepetitionKind;
use super::unique::UniqueKind;
use crate::config::{Provenance, RewardConfig, did_you_mean};
use crate::{Error, Result};
use std::sync::{PoisonError, RwLock};

/// The rewards of this crate, in the order of the documentation.
static BUILT_IN: [&dyn RewardKind; 7] =
    [&BleuKind, &LengthKind, &UniqueKind, &NovelKind, &RepetitionKind, &RegexKind, &ProgramKind];

/// Rewards of other crates, in the order of their registration.
static REGISTERED: RwLock<Vec<&'static dyn RewardKind>> = RwLock::new(Vec::new());

/// The kind of the one part that is not built from its settings: the discriminator, a network in training, whose
/// probability that a sequence is real is the score.
pub const DISCRIMINATOR: &str = "discriminator";

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
    checked.map_err(|error| provenance.locate(error))
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

fn with_hint(mut error: Error, question: Option<String>) -> Error {
    if let Error::Config { hint, .. } = &mut error {
        *hint = question;
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::SeqBatch;

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
