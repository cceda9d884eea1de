//! The tokens that each decision may choose, the same in sampling, in completion and in likelihood.

use crate::kernel::Masks;
use crate::kernel::masks::FORBIDDEN;
use crate::nn::softmax::Choice;
use crate::space::SequenceSpace;
use crate::token::TokenId;

/// The state of the automaton after a prefix.
pub(crate) type RuleState = u32;

/// The state after a prefix that no allowed sequence has.
pub(super) const DEAD: RuleState = RuleState::MAX;
/// Masks of rules without an automaton: of a sequence's first decision, and of all others.
pub(super) const FIRST: u32 = 0;
pub(super) const LATER: u32 = 1;

/// A constraint on sequences: the mask of forbidden tokens of each decision, given the tokens before it.
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

/// One decision of a given sequence.
#[derive(Debug, Clone, Copy)]
pub struct Decision {
    /// The token that was chosen, and the mask that it was chosen under.
    pub choice: Choice,
    /// Whether the decision has a probability above zero.
    pub allowed: bool,
}

impl Rules {
    /// The rules of a space without a constraint: some tokens are never chosen, and a sequence is not empty unless
    /// that is allowed.
    pub fn of(space: &SequenceSpace) -> Self {
        let first = space.never.iter().copied().chain(space.never_first()).collect();
        Self { masks: Masks::new(vec![first, space.never.clone()]), automaton: None }
    }

    /// `masks` as the automaton numbers them.
    pub(super) fn with_automaton(masks: Vec<Vec<TokenId>>, automaton: Automaton) -> Self {
        Self { masks: Masks::new(masks), automaton: Some(automaton) }
    }

    /// The masks, by number.
    pub fn masks(&self) -> &Masks {
        &self.masks
    }

    /// Lowers the logits `[V]` of the tokens that a mask forbids, so that their probability is zero.
    pub fn forbid(&self, mask: u32, logits: &mut [f32]) {
        for &token in self.masks.forbidden(mask) {
            logits[token as usize] = FORBIDDEN as f32;
        }
    }

    /// Whether all prefixes of a length have one mask.
    pub(crate) fn are_plain(&self) -> bool {
        self.automaton.is_none()
    }

    /// The state before the first token.
    pub(crate) const START: RuleState = 0;

    /// The state after a further token.
    pub(crate) fn next(&self, state: RuleState, token: TokenId) -> RuleState {
        match &self.automaton {
            Some(automaton) if state != DEAD => {
                automaton.next[state as usize * automaton.vocab_size + token as usize]
            }
            Some(_) => DEAD,
            None => state,
        }
    }

    /// The mask of the decision after `t` tokens that led to `state`. After a prefix that no allowed sequence has it is
    /// the mask of a decision without constraint, so that numbers stay finite.
    pub(crate) fn mask(&self, state: RuleState, t: usize) -> u32 {
        match &self.automaton {
            Some(automaton) if state != DEAD => automaton.masks[t * automaton.num_states + state as usize],
            _ if t == 0 => FIRST,
            _ => LATER,
        }
    }

    /// Every decision of a row: its tokens, and the end unless it was cut at T.
    pub fn decisions(&self, space: &SequenceSpace, row: &[TokenId]) -> Vec<Decision> {
        let mut state = Self::START;
        let mut possible = true;
        let end = space.end_token.filter(|_| row.len() < space.max_length);
        let decide = |(t, token): (usize, TokenId)| {
            let mask = self.mask(state, t);
            possible &= state != DEAD;
            let allowed = possible && !self.masks.forbids(mask, token);
            // After a decision without probability no other has any.
            possible &= allowed || self.are_plain();
            state = self.next(state, token);
            Decision { choice: Choice { token, mask }, allowed }
        };
        row.iter().copied().chain(end).enumerate().map(decide).collect()
    }

    /// Whether a sequence has a probability above zero.
    pub fn allow(&self, space: &SequenceSpace, row: &[TokenId]) -> bool {
        let length_fits = row.len() == space.max_length || space.end_token.is_some();
        length_fits && row.len() <= space.max_length && self.decisions(space, row).iter().all(|d| d.allowed)
    }
}
