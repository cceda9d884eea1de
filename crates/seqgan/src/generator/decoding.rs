//! Batched decoding: the inner loop of sampling and of completion, of any network.

use super::filter::Filter;
use super::policy::GeneratorPolicy;
use super::rules::RuleState;
use super::{Decoder, Rules};
use crate::rng::Streams;
use crate::token::{Label, TokenId};
use std::collections::BTreeMap;

/// Sequences that are decoded together. Those that end are dropped.
pub(super) struct Decoding<'a> {
    decoder: Box<dyn Decoder + 'a>,
    rules: &'a Rules,
    end: Option<TokenId>,
    filter: Option<Filter>,
    streams: &'a Streams,
    /// The rows of the decoder.
    rows: Vec<Row>,
    /// Whether row 0 is a given prefix, whose tokens are not drawn.
    has_prefix: bool,
    /// The token that each row is fed next.
    tokens: Vec<TokenId>,
}

/// A sequence in decoding.
#[derive(Clone, Copy)]
struct Row {
    /// The caller's number of it.
    number: usize,
    /// Its number among all sequences of the random stream.
    sequence: u64,
    /// The state of the rules after its tokens.
    state: RuleState,
}

/// A drawn token: the caller's number of its row, the token or `None` for the end, and its log-probability.
pub(super) type DrawnToken = (usize, Option<TokenId>, f32);

impl<'a> Decoding<'a> {
    fn new(policy: &'a GeneratorPolicy, streams: &'a Streams, filter: Option<Filter>) -> Self {
        let model = policy.model();
        Self {
            decoder: model.decoder(),
            rules: model.rules(),
            end: model.space().end_token,
            filter,
            streams,
            rows: Vec::new(),
            has_prefix: false,
            tokens: Vec::new(),
        }
    }

    /// `n` sequences before their first token, numbered from 0 by the caller and from `first` in the random stream, with
    /// labels where the model has some.
    pub(super) fn samples(
        policy: &'a GeneratorPolicy,
        (streams, filter): (&'a Streams, Option<Filter>),
        (first, n): (u64, usize),
        labels: &[Label],
    ) -> Self {
        let mut decoding = Self::new(policy, streams, filter);
        decoding.decoder.start(n, labels);
        let row = |number| Row { number, sequence: first + number as u64, state: Rules::START };
        decoding.rows = (0..n).map(row).collect();
        decoding
    }

    /// A prefix before its first token, which is completed as it grows ([`Decoding::fork`]).
    pub(super) fn prefix(policy: &'a GeneratorPolicy, streams: &'a Streams, label: Option<Label>) -> Self {
        let mut decoding = Self::new(policy, streams, None);
        decoding.decoder.start(1, label.as_slice());
        decoding.rows = vec![Row { number: 0, sequence: 0, state: Rules::START }];
        decoding.has_prefix = true;
        decoding
    }

    /// Whether nothing is left to decode.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Feeds each row its drawn token, and the prefix `token`.
    pub(super) fn step(&mut self, token: Option<TokenId>) {
        if self.has_prefix {
            let token = token.expect("the next token of the prefix");
            self.tokens.insert(0, token);
            self.rows[0].state = self.rules.next(self.rows[0].state, token);
        }
        self.decoder.step(&self.tokens);
        self.tokens.clear();
    }

    /// Appends `n` sequences that begin with the prefix, numbered from `first_row` by the caller and from `sequence` in the
    /// random stream.
    pub(super) fn fork(&mut self, first_row: usize, sequence: u64, n: usize) {
        self.decoder.fork(0, n);
        let state = self.rows[0].state;
        let row = |i| Row { number: first_row + i, sequence: sequence + i as u64, state };
        self.rows.extend((0..n).map(row));
    }

    /// Drops the prefix, which is not completed again.
    pub(super) fn drop_prefix(&mut self) {
        self.has_prefix = false;
        self.rows.remove(0);
        let others: Vec<usize> = (1..self.rows.len() + 1).collect();
        self.decoder.retain(&others);
    }

    /// Draws token t of every sequence, hands each to `record`, and drops the sequences that end.
    pub(super) fn draw(&mut self, t: usize, mut record: impl FnMut(DrawnToken)) {
        let first = usize::from(self.has_prefix);
        let mut drawn: Vec<(TokenId, f32)> = vec![(0, 0.0); self.rows.len()];
        let states = self.rows.iter().map(|row| row.state).enumerate().skip(first);
        for (mask, rows) in group_by_mask(self.rules, states, t) {
            let (tokens, log_prob) = self.draw_rows(&rows, mask, t);
            for ((row, token), log_prob) in rows.into_iter().zip(tokens).zip(log_prob) {
                drawn[row] = (token, log_prob);
                self.rows[row].state = self.rules.next(self.rows[row].state, token);
            }
        }
        for (row, &(token, log_prob)) in self.rows.iter().zip(&drawn).skip(first) {
            record((row.number, Some(token).filter(|_| self.end != Some(token)), log_prob));
        }
        self.tokens.extend(drawn[first..].iter().map(|(token, _)| *token));
        self.drop_ended();
    }

    fn draw_rows(&self, rows: &[usize], mask: u32, t: usize) -> (Vec<TokenId>, Vec<f32>) {
        let uniform = |&row: &usize| self.streams.uniform(self.rows[row].sequence, t as u32);
        let uniforms: Vec<f64> = rows.iter().map(uniform).collect();
        match self.filter {
            None => {
                let (mut tokens, mut log_prob) = (Vec::new(), Vec::new());
                self.decoder.draw(rows, mask, &uniforms, &mut tokens, &mut log_prob);
                (tokens, log_prob)
            }
            Some(filter) => {
                let draw = |(&row, u)| filter.draw(&self.decoder.logits(&[row], mask), u);
                rows.iter().zip(uniforms).map(draw).unzip()
            }
        }
    }

    /// Drops the sequences whose last token is the end.
    fn drop_ended(&mut self) {
        let first = usize::from(self.has_prefix);
        let goes_on = |row: &usize| *row < first || Some(self.tokens[row - first]) != self.end;
        let open: Vec<usize> = (0..self.rows.len()).filter(goes_on).collect();
        if open.len() < self.rows.len() {
            self.rows = open.iter().map(|&row| self.rows[row]).collect();
            self.tokens.retain(|&token| Some(token) != self.end);
            self.decoder.retain(&open);
        }
    }
}

/// Row numbers by the mask of their decision t, given their states: rows of one mask are drawn together, which is all of
/// them where nothing constrains them.
pub(super) fn group_by_mask(
    rules: &Rules,
    states: impl Iterator<Item = (usize, RuleState)>,
    t: usize,
) -> BTreeMap<u32, Vec<usize>> {
    let mut groups: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (row, state) in states {
        groups.entry(rules.mask(state, t)).or_default().push(row);
    }
    groups
}
