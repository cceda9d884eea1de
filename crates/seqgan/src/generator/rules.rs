//! Which tokens may follow which beginning, the same in sampling, in completion and in likelihood.

use super::GeneratorShape;
use crate::kernel::Masks;
use crate::nn::softmax::Choice;
use crate::token::TokenId;

/// The state of a sequence's beginning under a constraint.
pub(crate) type RuleState = u32;

/// The state of a beginning that no allowed sequence has.
pub(super) const DEAD: RuleState = RuleState::MAX;
/// Masks of rules without an automaton: of a sequence's first decision, and of all others.
pub(super) const FIRST: u32 = 0;
pub(super) const LATER: u32 = 1;

/// The masks of a generator's decisions.
#[derive(Debug)]
pub struct Rules {
    masks: Masks,
    automaton: Option<Automaton>,
}

/// A deterministic automaton over tokens, unrolled over steps where steps differ.
#[derive(Debug)]
pub(super) struct Automaton {
    pub(super) vocab_size: usize,
    /// `[states, V]`; the end's column is not read.
    pub(super) next: Vec<RuleState>,
    pub(super) num_states: usize,
    /// `[T, states]`, of states that can be met at a step.
    pub(super) masks: Vec<u32>,
}

/// A decision of a given sequence.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Decision {
    pub(crate) choice: Choice,
    /// Whether it has a probability above zero.
    pub(crate) allowed: bool,
}

impl Rules {
    /// Those that a shape by itself has: tokens that are never chosen, and no empty sequence unless allowed.
    pub fn of(shape: &GeneratorShape) -> Self {
        let first = shape.never.iter().copied().chain(shape.never_first()).collect();
        Self { masks: Masks::new(vec![first, shape.never.clone()]), automaton: None }
    }

    /// `masks` as the automaton numbers them.
    pub(super) fn with_automaton(masks: Vec<Vec<TokenId>>, automaton: Automaton) -> Self {
        Self { masks: Masks::new(masks), automaton: Some(automaton) }
    }

    /// The masks, by number.
    pub(crate) fn masks(&self) -> &Masks {
        &self.masks
    }

    /// Whether all beginnings of a length have one mask.
    pub(crate) fn are_plain(&self) -> bool {
        self.automaton.is_none()
    }

    /// The state of no token.
    pub(crate) const START: RuleState = 0;

    /// The state behind a further token.
    pub(crate) fn next(&self, state: RuleState, token: TokenId) -> RuleState {
        match &self.automaton {
            Some(automaton) if state != DEAD => {
                automaton.next[state as usize * automaton.vocab_size + token as usize]
            }
            Some(_) => DEAD,
            None => state,
        }
    }

    /// The mask of the decision behind `t` tokens that led to `state`. Beginnings that no allowed sequence has are
    /// given the mask of a decision without constraint, so that numbers stay finite.
    pub(crate) fn mask(&self, state: RuleState, t: usize) -> u32 {
        match &self.automaton {
            Some(automaton) if state != DEAD => automaton.masks[t * automaton.num_states + state as usize],
            _ if t == 0 => FIRST,
            _ => LATER,
        }
    }

    /// Every decision of a row: its tokens, and the end unless it was cut at T.
    pub(crate) fn decisions(&self, shape: &GeneratorShape, row: &[TokenId]) -> Vec<Decision> {
        let mut state = Self::START;
        let mut possible = true;
        let end = shape.end_token.filter(|_| row.len() < shape.max_length);
        let decide = |(t, token): (usize, TokenId)| {
            let mask = self.mask(state, t);
            possible &= state != DEAD;
            let allowed = possible && !self.masks.forbids(mask, token);
            // Behind a decision that has no probability nothing has.
            possible &= allowed || self.are_plain();
            state = self.next(state, token);
            Decision { choice: Choice { token, mask }, allowed }
        };
        row.iter().copied().chain(end).enumerate().map(decide).collect()
    }

    /// Whether a sequence has a probability above zero.
    pub fn allow(&self, shape: &GeneratorShape, row: &[TokenId]) -> bool {
        let length_fits = row.len() == shape.max_length || shape.end_token.is_some();
        length_fits && row.len() <= shape.max_length && self.decisions(shape, row).iter().all(|d| d.allowed)
    }
}
