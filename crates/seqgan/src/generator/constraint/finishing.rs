//! Which tokens leave a way to an allowed end within the longest length: the masks of every state at every step.

use super::Parts;
use super::states::States;
use crate::generator::SequenceSpace;
use crate::generator::rules::{Automaton, DEAD, RuleState, Rules};
use crate::token::TokenId;
use std::collections::HashMap;

/// Most entries of the tables.
const MOST: usize = 1 << 26;

/// Most looks at what follows a state at a step: some seconds.
const MOST_LOOKS: usize = 1 << 31;

/// Why a constraint has no rules.
pub(super) enum Unusable {
    /// No sequence satisfies it.
    Unsatisfiable,
    /// Its tables are too large; what is expected instead.
    TooLarge(String),
}

/// The rules of a constraint.
pub(super) fn unroll(states: &States, parts: &Parts, space: &SequenceSpace) -> Result<Rules, Unusable> {
    let (length, n, vocab) = (space.max_length, states.len(), space.vocab_size);
    if n.saturating_mul(length + 1) > MOST {
        let most = MOST / (length + 1);
        return Err(Unusable::TooLarge(format!("at most {most} states for sequences of {length} tokens")));
    }
    let successors = states.successors.iter().map(Vec::len).sum::<usize>();
    if successors.saturating_mul(length) > MOST_LOOKS {
        let most = MOST_LOOKS / length;
        return Err(Unusable::TooLarge(format!(
            "at most {most} ways from state to state for sequences of {length} tokens"
        )));
    }
    let alive = alive(states, parts, space);
    if !alive[0][0] {
        return Err(Unusable::Unsatisfiable);
    }
    // The first two are those after a prefix that no allowed sequence has.
    let plain = Rules::of(space);
    let mut masks: Vec<Vec<TokenId>> = (0..2).map(|mask| plain.masks().forbidden(mask).to_vec()).collect();
    let mut numbers: HashMap<Key, u32> = HashMap::new();
    let mut table = vec![0; length * n];
    let mut forbidden_tokens = 0;
    let mut reached: Vec<RuleState> = vec![0];
    for t in 0..length {
        let mut behind = vec![false; n];
        for &state in &reached {
            let open: Vec<RuleState> = states.successors[state as usize]
                .iter()
                .copied()
                .filter(|&next| alive[t + 1][next as usize])
                .collect();
            let key = Key {
                state,
                prefix: parts.prefix.get(t).copied(),
                ends: may_end(states, parts, space, t, state),
                open,
            };
            let mask = match numbers.get(&key) {
                Some(&mask) => mask,
                None => {
                    let forbidden = key.forbidden(states, space);
                    forbidden_tokens += forbidden.len() + vocab;
                    if forbidden_tokens > MOST {
                        return Err(Unusable::TooLarge(format!(
                            "fewer different masks than {} of {vocab} tokens",
                            masks.len()
                        )));
                    }
                    masks.push(forbidden);
                    *numbers.entry(key.clone()).or_insert(masks.len() as u32 - 1)
                }
            };
            table[t * n + state as usize] = mask;
            key.followed(states, vocab).for_each(|next| behind[next as usize] = true);
        }
        reached = (0..n as RuleState)
            .filter(|&state| behind[state as usize] && alive[t + 1][state as usize])
            .collect();
    }
    let automaton = Automaton { vocab_size: vocab, next: states.next.clone(), num_states: n, masks: table };
    Ok(Rules::with_automaton(masks, automaton))
}

/// What a mask follows from.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    state: RuleState,
    prefix: Option<TokenId>,
    ends: bool,
    /// Next states that have a way to an end.
    open: Vec<RuleState>,
}

impl Key {
    fn allows(&self, states: &States, vocab: usize, token: TokenId) -> bool {
        let next = states.next[self.state as usize * vocab + token as usize];
        next != DEAD && self.prefix.is_none_or(|p| p == token) && self.open.binary_search(&next).is_ok()
    }

    fn forbidden(&self, states: &States, space: &SequenceSpace) -> Vec<TokenId> {
        let allowed = |&token: &TokenId| match space.end_token {
            Some(end) if end == token => self.ends,
            _ => self.allows(states, space.vocab_size, token),
        };
        (0..space.vocab_size as TokenId).filter(|token| !allowed(token)).collect()
    }

    /// The states that its tokens lead to.
    fn followed<'a>(&'a self, states: &'a States, vocab: usize) -> Box<dyn Iterator<Item = RuleState> + 'a> {
        match self.prefix {
            Some(token) => {
                Box::new(std::iter::once(states.next[self.state as usize * vocab + token as usize]))
            }
            None => Box::new(self.open.iter().copied()),
        }
    }
}

/// Whether a sequence may end after `t` tokens that led to `state`.
fn may_end(states: &States, parts: &Parts, space: &SequenceSpace, t: usize, state: RuleState) -> bool {
    let (fewest, most) = parts.lengths;
    let length_fits = (space.end_token.is_some() || t == space.max_length) && (fewest..=most).contains(&t);
    length_fits && t >= parts.prefix.len() && states.accepts[state as usize]
}

/// Whether an allowed end can be reached from each state after t tokens, `[T + 1][states]`.
fn alive(states: &States, parts: &Parts, space: &SequenceSpace) -> Vec<Vec<bool>> {
    let (length, n, vocab) = (space.max_length, states.len(), space.vocab_size);
    let mut alive = vec![Vec::new(); length + 1];
    for t in (0..=length).rev() {
        let goes_on = |state: usize| {
            t < length
                && match parts.prefix.get(t) {
                    Some(&token) => {
                        let next = states.next[state * vocab + token as usize];
                        next != DEAD && alive[t + 1][next as usize]
                    }
                    None => states.successors[state].iter().any(|&next| alive[t + 1][next as usize]),
                }
        };
        alive[t] = (0..n).map(|s| may_end(states, parts, space, t, s as RuleState) || goes_on(s)).collect();
    }
    alive
}
