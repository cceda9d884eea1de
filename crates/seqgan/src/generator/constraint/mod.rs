//! Constraints on sequences, compiled to the rules of a generator.
//!
//! A constraint is a set of sequences: those that a regular expression matches, that hold no forbidden token or n-gram,
//! that begin with a prefix, of a length in a range. Its automaton knows for each prefix which tokens leave a way to
//! an end that the constraint and the longest length allow. The generator chooses among those alone, so every sample
//! satisfies the constraint, and the probabilities of all sequences that do sum to 1.

mod finishing;
mod language;
mod ngrams;
mod states;

use super::rules::Rules;
use super::{BoxGenerator, Generator, SequenceSpace};
use crate::config::ConstraintConfig;
use crate::data::Vocab;
use crate::token::TokenId;
use crate::{Error, Result};
use finishing::Unusable;
pub use language::Language;
use ngrams::ForbiddenNgrams;
use states::States;
use std::sync::Arc;

/// What a constraint consists of, in tokens.
struct Parts {
    /// Tokens that no sequence holds.
    forbidden: Vec<TokenId>,
    ngrams: ForbiddenNgrams,
    language: Option<Language>,
    prefix: Vec<TokenId>,
    /// Fewest and most tokens.
    lengths: (usize, usize),
}

/// The generator under a constraint, or a copy where nothing is constrained. `vocab` spells its tokens. The error
/// names the key to blame.
pub fn constrained(
    generator: &dyn Generator,
    config: &ConstraintConfig,
    vocab: &Vocab,
) -> Result<BoxGenerator> {
    Ok(match rules(config, generator.space(), vocab)? {
        Some(rules) => generator.with_constraint(rules),
        None => generator.clone_generator(),
    })
}

/// The rules of a constraint; none where nothing is constrained.
pub fn rules(config: &ConstraintConfig, space: &SequenceSpace, vocab: &Vocab) -> Result<Option<Arc<Rules>>> {
    if *config == ConstraintConfig::default() {
        return Ok(None);
    }
    let parts = Parts::new(config, space, vocab)?;
    let states =
        States::explore(&parts, space).map_err(|message| fault("constraint", "too large", message))?;
    let rules = finishing::unroll(&states, &parts, space).map_err(|unusable| match unusable {
        Unusable::TooLarge(expected) => fault("constraint", "too large", expected),
        Unusable::Unsatisfiable => unsatisfiable(config, space.max_length),
    })?;
    Ok(Some(Arc::new(rules)))
}

/// Names the expression where it stands alone.
fn unsatisfiable(config: &ConstraintConfig, longest: usize) -> Error {
    let alone = ConstraintConfig { regex: config.regex.clone(), ..ConstraintConfig::default() };
    let some = format!("some sequence of up to {longest} tokens of this vocabulary");
    match *config == alone {
        true => fault(
            "constraint.regex",
            format!("{:?}", config.regex),
            format!("one that {some} matches as a whole"),
        ),
        false => fault("constraint", "unsatisfiable", format!("one that {some} satisfies")),
    }
}

impl Parts {
    fn new(config: &ConstraintConfig, space: &SequenceSpace, vocab: &Vocab) -> Result<Self> {
        let longest = space.max_length;
        let most = if config.max_length == 0 { longest } else { config.max_length };
        if most > longest || config.min_length > most {
            let expected = format!("a range within 0 to {longest}, the longest sequence");
            return Err(fault(
                "constraint.min_length",
                format!("{}, `max_length` {most}", config.min_length),
                expected,
            ));
        }
        let id = |key: &str, token: &str| {
            vocab.id(token).ok_or_else(|| {
                fault(key, format!("{token:?}"), "a token of the training data's vocabulary".into())
            })
        };
        let ids = |key: &str, text: &str| match vocab.tokenizer() {
            None => vocab.tokens().split(text).map(|token| id(key, token)).collect(),
            Some(tokenizer) => {
                let refused = |expected| fault(key, format!("{text:?}"), expected);
                let tokens = tokenizer
                    .split(text)
                    .map_err(|message| refused(format!("text that the tokenizer can cut ({message})")))?;
                let known = |token: &String| match vocab.id(token) {
                    Some(id) => Ok(id),
                    None if token.is_empty() => Err(refused("text that the tokenizer can spell".into())),
                    None => Err(refused(format!(
                        "text of tokens of the training data's vocabulary, which has no {token:?}"
                    ))),
                };
                tokens.iter().map(known).collect()
            }
        };
        let mut forbidden = space.never.clone();
        if !config.alphabet.is_empty() {
            let allowed: Vec<TokenId> =
                config.alphabet.iter().map(|t| id("constraint.alphabet", t)).collect::<Result<_>>()?;
            let mut others = vec![true; space.vocab_size];
            allowed.iter().chain(&space.end_token).for_each(|&token| others[token as usize] = false);
            forbidden.extend((0..space.vocab_size as TokenId).filter(|&token| others[token as usize]));
        }
        if let (Some(_), Some(text)) = (vocab.tokenizer(), config.forbidden.first()) {
            let expected = "nothing where tokens are subwords: a text is made of tokens in many ways".into();
            return Err(fault("constraint.forbidden", format!("{text:?}"), expected));
        }
        let ngrams: Vec<Vec<TokenId>> =
            config.forbidden.iter().map(|text| ids("constraint.forbidden", text)).collect::<Result<_>>()?;
        if let Some(empty) = ngrams.iter().position(Vec::is_empty) {
            let value = format!("{:?}", config.forbidden[empty]);
            return Err(fault("constraint.forbidden", value, "one token or more an entry".into()));
        }
        let prefix: Vec<TokenId> = ids("constraint.prefix", &config.prefix)?;
        if prefix.len() > most {
            let value = format!("{} tokens", prefix.len());
            return Err(fault("constraint.prefix", value, format!("at most {most}, the longest sequence")));
        }
        let language = match config.regex.as_str() {
            "" => None,
            pattern => Some(Language::new(pattern, vocab).map_err(|message| {
                fault("constraint.regex", format!("{pattern:?}"), format!("a regular expression ({message})"))
            })?),
        };
        let fewest = config.min_length.max(usize::from(!space.allow_empty));
        Ok(Self {
            forbidden,
            ngrams: ForbiddenNgrams::new(&ngrams, space.vocab_size)
                .map_err(|message| fault("constraint.forbidden", "too long", message))?,
            language,
            prefix,
            lengths: (fewest, most),
        })
    }
}

fn fault(key: &str, value: impl Into<String>, expected: String) -> Error {
    Error::Config { key: key.into(), value: value.into(), expected, source_place: None, hint: None }
}

#[cfg(test)]
mod tests;
