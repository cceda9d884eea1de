//! A regular expression over the text of a sequence, as an automaton that reads tokens.

use crate::data::Vocab;
use crate::token::TokenId;
use regex_automata::Input;
use regex_automata::dfa::{Automaton, StartKind, dense};
use regex_automata::nfa::thompson;
use regex_automata::util::primitives::StateID;
use regex_automata::{Anchored, MatchKind};

/// Most bytes of the expression's own automaton.
const MOST_BYTES: usize = 1 << 24;

/// Most bytes of the sets of places that its states stand for, while it is made: the time goes there.
const MOST_WORK: usize = 1 << 22;

/// Most bytes of an automaton that is made as small as it can be: the time for that grows faster than the size, and
/// a larger one is right as it is.
const MOST_MINIMIZED: usize = 1 << 14;

/// Sequences whose whole text a regular expression matches.
#[derive(Debug, Clone)]
pub struct Language {
    dfa: dense::DFA<Vec<u32>>,
    start: StateID,
    /// What stands before a token that is not the first, and the text of each token.
    separator: &'static str,
    texts: Vec<Vec<u8>>,
}

/// Where a sequence's text stands in the expression: nowhere yet, or behind a token.
pub(super) type Place = Option<StateID>;

impl Language {
    /// The expression, in the syntax of the crate `regex`, over texts of this vocabulary; the error is its own, or says why
    /// a text cannot be followed token by token.
    pub fn new(pattern: &str, vocab: &Vocab) -> Result<Self, String> {
        let whole = |error: &dyn std::error::Error| {
            // The library's own words are in the innermost error.
            let mut cause = error;
            while let Some(source) = cause.source() {
                cause = source;
            }
            let text = cause.to_string();
            // A parser's message shows the expression on lines of its own, and says what is wrong on the last.
            let last = text.lines().last().unwrap_or_default();
            last.trim_start_matches("error: ").to_string()
        };
        let (separator, texts) = vocab.texts()?;
        let build = |minimize: bool| {
            dense::Builder::new()
                .configure(
                    dense::Config::new()
                        .start_kind(StartKind::Anchored)
                        // All ways through the expression are followed, not the first one that matches.
                        .match_kind(MatchKind::All)
                        .minimize(minimize)
                        .dfa_size_limit(Some(MOST_BYTES))
                        .determinize_size_limit(Some(MOST_WORK)),
                )
                .thompson(thompson::Config::new().nfa_size_limit(Some(MOST_BYTES)))
                .build(pattern)
                .map_err(|error| whole(&error))
        };
        let mut dfa = build(false)?;
        if dfa.memory_usage() <= MOST_MINIMIZED {
            dfa = build(true)?;
        }
        let input = Input::new("").anchored(Anchored::Yes);
        let start = dfa.start_state_forward(&input).map_err(|error| whole(&error))?;
        let special = (0..Vocab::NUM_SPECIAL).map(|_| Vec::new());
        Ok(Self { dfa, start, separator, texts: special.chain(texts).collect() })
    }

    /// The place behind `token`; none where no match can follow.
    pub(super) fn next(&self, place: Place, token: TokenId) -> Option<StateID> {
        let text = &self.texts[token as usize];
        let before = if place.is_some() { self.separator.as_bytes() } else { b"" };
        let mut state = place.unwrap_or(self.start);
        for &byte in before.iter().chain(text) {
            state = self.dfa.next_state(state, byte);
            if self.dfa.is_dead_state(state) || self.dfa.is_quit_state(state) {
                return None;
            }
        }
        Some(state)
    }

    /// Bytes of all tokens, which are read to find what follows a place.
    pub(super) fn num_bytes(&self) -> usize {
        self.texts.iter().map(|text| text.len() + self.separator.len()).sum()
    }

    /// Whether the expression matches the text of a sequence.
    pub fn matches(&self, row: &[TokenId]) -> bool {
        let place = row.iter().try_fold(None, |place, &token| self.next(place, token).map(Some));
        place.is_some_and(|place| self.accepts(place))
    }

    /// Whether the text may end at a place.
    pub(super) fn accepts(&self, place: Place) -> bool {
        self.dfa.is_match_state(self.dfa.next_eoi_state(place.unwrap_or(self.start)))
    }
}
