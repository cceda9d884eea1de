//! The states of a constraint: two prefixes with one state allow the same tokens.

use super::Parts;
use super::language::{Language, Place};
use crate::generator::SequenceSpace;
use crate::generator::rules::{DEAD, RuleState};
use crate::token::TokenId;
use std::collections::HashMap;

/// Most entries of the table of transitions: 256 MiB.
const MOST_TRANSITIONS: usize = 1 << 26;

/// Most bytes of tokens that are read to make it: some seconds.
const MOST_BYTES: usize = 1 << 31;

/// States that can be reached, their transitions, and whether a sequence may end there as far as its text goes.
pub(super) struct States {
    /// `[states, V]`.
    pub(super) next: Vec<RuleState>,
    pub(super) accepts: Vec<bool>,
    /// The different next states of each state.
    pub(super) successors: Vec<Vec<RuleState>>,
}

impl States {
    /// Follows every token from the empty prefix on; the error says what is too large.
    pub(super) fn explore(parts: &Parts, space: &SequenceSpace) -> Result<Self, String> {
        let vocab = space.vocab_size;
        let mut forbidden = vec![false; vocab];
        parts.forbidden.iter().chain(&space.end_token).for_each(|&t| forbidden[t as usize] = true);
        let mut numbers: HashMap<(u32, Place), RuleState> = HashMap::from([((0, None), 0)]);
        let mut list = vec![(0, None)];
        let mut states = Self { next: Vec::new(), accepts: Vec::new(), successors: Vec::new() };
        let bytes = parts.language.as_ref().map_or(0, Language::num_bytes);
        let most = (MOST_TRANSITIONS / vocab).min(MOST_BYTES / bytes.max(1)).max(1);
        while let Some(&(node, place)) = list.get(states.accepts.len()) {
            if list.len() > most {
                return Err(format!("at most {most} states with a vocabulary of {vocab}"));
            }
            let follow = |token: TokenId| -> Option<(u32, Place)> {
                let node = parts.ngrams.next(node, token)?;
                match &parts.language {
                    Some(language) => Some((node, Some(language.next(place, token)?))),
                    None => Some((node, None)),
                }
            };
            for token in 0..vocab as TokenId {
                let state = match follow(token).filter(|_| !forbidden[token as usize]) {
                    None => DEAD,
                    Some(key) => *numbers.entry(key).or_insert_with(|| {
                        list.push(key);
                        list.len() as RuleState - 1
                    }),
                };
                states.next.push(state);
            }
            states.accepts.push(parts.language.as_ref().is_none_or(|language| language.accepts(place)));
            let mut successors = states.next[states.next.len() - vocab..].to_vec();
            successors.sort_unstable();
            successors.dedup();
            successors.retain(|&state| state != DEAD);
            states.successors.push(successors);
        }
        Ok(states)
    }

    pub(super) fn len(&self) -> usize {
        self.accepts.len()
    }
}
