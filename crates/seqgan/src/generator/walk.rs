//! Rows that walk through the LSTM together, a token a step: the inner loop of sampling and of completion.

use super::filter::Filter;
use super::lstm::parameter::{B_OUT, EMBEDDING, W_OUT};
use super::rules::RuleState;
use super::{LstmPolicy, Rules};
use crate::kernel::masks::FORBIDDEN;
use crate::nn::lstm::{self, State};
use crate::rng::Streams;
use crate::token::{Label, TokenId};
use std::collections::BTreeMap;

/// Rows that walk through the LSTM together; rows that end leave.
pub(super) struct Walk<'a> {
    policy: &'a LstmPolicy,
    filter: Option<Filter>,
    streams: &'a Streams,
    pub(super) state: State<f32>,
    rules: Vec<RuleState>, // of each row's beginning; empty where all are alike
    labels: Vec<TokenId>,  // rows of the table that hold the labels' vectors; empty where there are none
    rows: Vec<usize>,      // the caller's number of each row that still walks
    sequences: Vec<u64>,   // the global number that names its random numbers
    drawn: Vec<TokenId>,   // its last token
    log_prob: Vec<f32>,
    uniforms: Vec<f64>,
    x: Vec<f32>,
    gates: Vec<f32>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(policy: &'a LstmPolicy, streams: &'a Streams, filter: Option<Filter>) -> Self {
        Self {
            policy,
            filter,
            streams,
            state: State::default(),
            rules: Vec::new(),
            labels: Vec::new(),
            rows: Vec::new(),
            sequences: Vec::new(),
            drawn: Vec::new(),
            log_prob: Vec::new(),
            uniforms: Vec::new(),
            x: Vec::new(),
            gates: Vec::new(),
        }
    }

    /// `n` rows, numbered from 0, at the beginning of their sequences, with labels where the model knows some.
    pub(super) fn join_start(&mut self, n: usize, labels: &[Label], sequence: impl Fn(usize) -> u64) {
        let shape = self.policy.shape();
        self.state = State::zero(n, shape.hidden_dim);
        self.rules = if self.policy.rules().are_plain() { Vec::new() } else { vec![Rules::START; n] };
        self.labels = match shape.num_labels() {
            0 => Vec::new(),
            _ => {
                assert_eq!(labels.len(), n, "every sequence of a model with labels has one");
                labels.iter().map(|&label| shape.label_row(label)).collect()
            }
        };
        self.rows = (0..n).collect();
        self.sequences = (0..n).map(sequence).collect();
        self.drawn = vec![shape.start_token; n];
        self.advance();
    }

    /// `n` copies of a walk of one row, numbered from `first_row`.
    pub(super) fn join(
        &mut self,
        one: &Walk<'_>,
        first_row: usize,
        n: usize,
        sequence: impl Fn(usize) -> u64,
    ) {
        for row in first_row..first_row + n {
            self.state.h.extend_from_slice(&one.state.h);
            self.state.c.extend_from_slice(&one.state.c);
            self.rules.extend_from_slice(&one.rules);
            self.labels.extend_from_slice(&one.labels);
            self.rows.push(row);
            self.sequences.push(sequence(row));
        }
    }

    /// Draws token t of every row and tells it; `None` is the end.
    pub(super) fn draw(&mut self, t: usize, mut told: impl FnMut(usize, Option<TokenId>, f32)) {
        self.uniforms.clear();
        self.uniforms.extend(self.sequences.iter().map(|&s| self.streams.uniform(s, t as u32)));
        self.drawn.clear();
        self.log_prob.clear();
        let rules = self.policy.rules();
        if rules.are_plain() {
            let mask = rules.mask(Rules::START, t);
            let (tokens, log_prob) = (&mut self.drawn, &mut self.log_prob);
            choose(self.policy, self.filter, &self.state.h, mask, &self.uniforms, tokens, log_prob);
        } else {
            self.draw_by_mask(t);
        }
        let end = self.policy.shape().end_token;
        let mut ended = false;
        for ((&row, &token), &l) in self.rows.iter().zip(&self.drawn).zip(&self.log_prob) {
            let token = Some(token).filter(|_| end != Some(token));
            ended |= token.is_none();
            told(row, token, l);
        }
        if ended {
            self.leave(end);
        }
    }

    /// Draws for the rows of each mask together, and follows the rules.
    fn draw_by_mask(&mut self, t: usize) {
        let (rules, hidden) = (self.policy.rules(), self.policy.shape().hidden_dim);
        let mut groups: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (r, &state) in self.rules.iter().enumerate() {
            groups.entry(rules.mask(state, t)).or_default().push(r);
        }
        self.drawn.resize(self.rules.len(), 0);
        self.log_prob.resize(self.rules.len(), 0.0);
        let (mut tokens, mut log_prob) = (Vec::new(), Vec::new());
        for (mask, rows) in groups {
            let h: Vec<f32> =
                rows.iter().flat_map(|r| &self.state.h[r * hidden..(r + 1) * hidden]).copied().collect();
            let uniforms: Vec<f64> = rows.iter().map(|&r| self.uniforms[r]).collect();
            tokens.clear();
            log_prob.clear();
            choose(self.policy, self.filter, &h, mask, &uniforms, &mut tokens, &mut log_prob);
            for (i, r) in rows.into_iter().enumerate() {
                (self.drawn[r], self.log_prob[r]) = (tokens[i], log_prob[i]);
                self.rules[r] = rules.next(self.rules[r], tokens[i]);
            }
        }
    }

    /// Drops the rows whose last token is `end`.
    fn leave(&mut self, end: Option<TokenId>) {
        let hidden = self.policy.shape().hidden_dim;
        let mut kept = 0;
        for r in 0..self.rows.len() {
            if Some(self.drawn[r]) != end {
                self.rows[kept] = self.rows[r];
                self.sequences[kept] = self.sequences[r];
                self.drawn[kept] = self.drawn[r];
                if let Some(&state) = self.rules.get(r) {
                    self.rules[kept] = state;
                }
                if let Some(&label) = self.labels.get(r) {
                    self.labels[kept] = label;
                }
                self.state.h.copy_within(r * hidden..(r + 1) * hidden, kept * hidden);
                self.state.c.copy_within(r * hidden..(r + 1) * hidden, kept * hidden);
                kept += 1;
            }
        }
        self.rows.truncate(kept);
        self.sequences.truncate(kept);
        self.drawn.truncate(kept);
        self.rules.truncate(kept);
        self.labels.truncate(kept);
        self.state.h.truncate(kept * hidden);
        self.state.c.truncate(kept * hidden);
    }

    /// Feeds each row its last token.
    pub(super) fn advance(&mut self) {
        let parameters = self.policy.generator().parameters();
        self.x.clear();
        let dim = self.policy.shape().embedding_dim;
        crate::nn::embedding::forward(&parameters[EMBEDDING], dim, self.drawn.iter().copied(), &mut self.x);
        crate::nn::embedding::add(&parameters[EMBEDDING], dim, self.labels.iter().copied(), &mut self.x);
        lstm::step(self.policy.generator().lstm_weights(), &self.x, &mut self.state, &mut self.gates);
    }

    /// Feeds the only row a given token.
    pub(super) fn consume(&mut self, token: TokenId) {
        self.drawn.clear();
        self.drawn.push(token);
        for state in &mut self.rules {
            *state = self.policy.rules().next(*state, token);
        }
        self.advance();
    }

    /// log p of every token after row `row`, under a mask: `[V]`.
    pub(super) fn log_probs(&self, row: usize, mask: u32) -> Vec<f64> {
        let hidden = self.policy.shape().hidden_dim;
        let logits = logits(self.policy, &self.state.h[row * hidden..(row + 1) * hidden], mask);
        let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f64 = logits.iter().map(|&l| f64::from(l - largest).exp()).sum();
        let log_prob = |l: f32| match l > FORBIDDEN as f32 / 2.0 {
            true => f64::from(l - largest) - sum.ln(),
            false => f64::NEG_INFINITY,
        };
        logits.into_iter().map(log_prob).collect()
    }

    /// Replaces the rows by copies of some of them, each fed a token: (row, token).
    pub(super) fn follow(&mut self, rows: &[(usize, TokenId)]) {
        let hidden = self.policy.shape().hidden_dim;
        let copied = |all: &[f32]| -> Vec<f32> {
            rows.iter().flat_map(|(r, _)| &all[r * hidden..(r + 1) * hidden]).copied().collect()
        };
        (self.state.h, self.state.c) = (copied(&self.state.h), copied(&self.state.c));
        if !self.labels.is_empty() {
            self.labels = rows.iter().map(|(r, _)| self.labels[*r]).collect();
        }
        self.drawn = rows.iter().map(|(_, token)| *token).collect();
        self.advance();
    }
}

/// Draws a token for each row of h `[rows, H]` under one mask: by the fast kernel, or from a few tokens alone.
fn choose(
    policy: &LstmPolicy,
    filter: Option<Filter>,
    h: &[f32],
    mask: u32,
    uniforms: &[f64],
    tokens: &mut Vec<TokenId>,
    log_prob: &mut Vec<f32>,
) {
    let Some(filter) = filter else {
        return policy.table().draw(h, mask, uniforms, tokens, log_prob);
    };
    for (h, &u) in h.chunks_exact(policy.shape().hidden_dim).zip(uniforms) {
        let (token, log) = filter.draw(&logits(policy, h, mask), u);
        tokens.push(token);
        log_prob.push(log);
    }
}

/// Logits of one row, those of forbidden tokens lowered.
fn logits(policy: &LstmPolicy, h: &[f32], mask: u32) -> Vec<f32> {
    let p = policy.generator().parameters();
    let mut logits = p[B_OUT].to_vec();
    for (&x, w) in h.iter().zip(p[W_OUT].chunks_exact(logits.len())) {
        logits.iter_mut().zip(w).for_each(|(l, &w)| *l += x * w);
    }
    for &token in policy.rules().masks().forbidden(mask) {
        logits[token as usize] = FORBIDDEN as f32;
    }
    logits
}
