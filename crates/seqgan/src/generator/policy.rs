//! A snapshot of the generator at a temperature: sampling, completion of prefixes, likelihood.

use super::lstm::parameter::{B_OUT, EMBEDDING, W_OUT};
use super::{GeneratorShape, LstmGenerator, Policy, Prefix, Samples};
use crate::kernel::draw::OutputTable;
use crate::nn::lstm::{self, State};
use crate::rng::Streams;
use crate::token::{SeqBatch, TokenId};
use rayon::prelude::*;

/// Sequences a task samples together.
const ROWS: usize = 128;

/// The generator with its logits divided by a temperature.
pub struct LstmPolicy {
    generator: LstmGenerator<f32>,
    table: OutputTable,
}

impl LstmPolicy {
    /// A snapshot of `generator` at `temperature` (1: the model itself).
    pub fn new(generator: &LstmGenerator<f32>, temperature: f64) -> Self {
        let mut generator = generator.clone();
        if temperature != 1.0 {
            let scale = (1.0 / temperature) as f32;
            for i in [W_OUT, B_OUT] {
                generator.parameters_mut()[i].iter_mut().for_each(|x| *x *= scale);
            }
        }
        let (p, shape) = (generator.parameters(), generator.shape());
        let table = OutputTable::new(&p[W_OUT], &p[B_OUT], 1.0, &shape.never, &shape.never_first());
        Self { generator, table }
    }

    pub(super) fn shape(&self) -> &GeneratorShape {
        self.generator.shape()
    }

    pub(super) fn generator(&self) -> &LstmGenerator<f32> {
        &self.generator
    }

    pub(super) fn table(&self) -> &OutputTable {
        &self.table
    }
}

impl Policy for LstmPolicy {
    fn max_length(&self) -> usize {
        self.shape().max_length
    }

    fn end_token(&self) -> Option<TokenId> {
        self.shape().end_token
    }

    fn sample(&self, streams: &Streams, first: u64, n: usize) -> Samples {
        let length = self.max_length();
        let mut sequences = SeqBatch::zeroed(n, length);
        let mut log_prob = vec![0.0; n];
        let (tokens, lengths) = sequences.raw_mut();
        tokens
            .par_chunks_mut(ROWS * length)
            .zip(lengths.par_chunks_mut(ROWS))
            .zip(log_prob.par_chunks_mut(ROWS))
            .enumerate()
            .for_each(|(chunk, ((tokens, lengths), log_prob))| {
                let first = first + (chunk * ROWS) as u64;
                let mut walk = Walk::new(self, streams);
                walk.join_start(lengths.len(), |row| first + row as u64);
                for t in 0..length {
                    walk.draw(t, |row, token, l| {
                        log_prob[row] += f64::from(l);
                        record(tokens, lengths, length, row, t, token);
                    });
                    if t + 1 < length {
                        walk.advance();
                    }
                }
            });
        Samples { sequences, log_prob }
    }

    fn complete(
        &self,
        batch: &SeqBatch,
        prefixes: &[Prefix],
        n: usize,
        streams: &Streams,
        first: u64,
    ) -> SeqBatch {
        let length = self.max_length();
        let mut result = SeqBatch::zeroed(prefixes.len() * n, length);
        // A task completes all prefixes of one row, so that the row's own states are made once.
        let groups: Vec<&[Prefix]> = prefixes.chunk_by(|a, b| a.row == b.row).collect();
        let (mut tokens, mut lengths) = result.raw_mut();
        let mut tasks = Vec::with_capacity(groups.len());
        let mut offset = 0;
        for group in groups {
            let (t, l);
            (t, tokens) = tokens.split_at_mut(group.len() * n * length);
            (l, lengths) = lengths.split_at_mut(group.len() * n);
            tasks.push((group, t, l, first + (offset * n) as u64));
            offset += group.len();
        }
        tasks.into_par_iter().for_each(|(group, tokens, lengths, first)| {
            let row = batch.row(group[0].row);
            debug_assert!(group.is_sorted_by(|a, b| a.length < b.length));
            let mut walk = Walk::new(self, streams);
            let mut prefix = Walk::new(self, streams);
            prefix.join_start(1, |_| 0);
            let mut waiting = group.iter().enumerate().peekable();
            for t in 1..length {
                if waiting.peek().is_some() {
                    prefix.consume(row[t - 1]);
                }
                if let Some((p, _)) = waiting.next_if(|(_, prefix)| prefix.length == t) {
                    for i in p * n..(p + 1) * n {
                        tokens[i * length..i * length + t].copy_from_slice(&row[..t]);
                        lengths[i] = t as u32;
                    }
                    walk.join(&prefix.state, p * n, n, |i| first + i as u64);
                }
                walk.draw(t, |i, token, _| record(tokens, lengths, length, i, t, token));
                if t + 1 < length {
                    walk.advance();
                }
            }
        });
        result
    }

    fn log_prob(&self, batch: &SeqBatch) -> Vec<f32> {
        self.generator.log_prob(batch)
    }
}

/// Writes token t of a row, unless it was the end.
fn record(
    tokens: &mut [TokenId],
    lengths: &mut [u32],
    length: usize,
    row: usize,
    t: usize,
    token: Option<TokenId>,
) {
    if let Some(token) = token {
        tokens[row * length + t] = token;
        lengths[row] = t as u32 + 1;
    }
}

/// Rows that walk through the LSTM together; rows that end leave.
struct Walk<'a> {
    policy: &'a LstmPolicy,
    streams: &'a Streams,
    state: State<f32>,
    rows: Vec<usize>,    // the caller's number of each row that still walks
    sequences: Vec<u64>, // the global number that names its random numbers
    drawn: Vec<TokenId>, // its last token
    log_prob: Vec<f32>,
    uniforms: Vec<f64>,
    x: Vec<f32>,
    gates: Vec<f32>,
}

impl<'a> Walk<'a> {
    fn new(policy: &'a LstmPolicy, streams: &'a Streams) -> Self {
        Self {
            policy,
            streams,
            state: State::default(),
            rows: Vec::new(),
            sequences: Vec::new(),
            drawn: Vec::new(),
            log_prob: Vec::new(),
            uniforms: Vec::new(),
            x: Vec::new(),
            gates: Vec::new(),
        }
    }

    /// `n` rows, numbered from 0, at the beginning of their sequences.
    fn join_start(&mut self, n: usize, sequence: impl Fn(usize) -> u64) {
        let shape = self.policy.shape();
        self.state = State::zero(n, shape.hidden_dim);
        self.rows = (0..n).collect();
        self.sequences = (0..n).map(sequence).collect();
        self.drawn = vec![shape.start_token; n];
        self.advance();
    }

    /// `n` copies of a one-row state, numbered from `first_row`.
    fn join(&mut self, state: &State<f32>, first_row: usize, n: usize, sequence: impl Fn(usize) -> u64) {
        for row in first_row..first_row + n {
            self.state.h.extend_from_slice(&state.h);
            self.state.c.extend_from_slice(&state.c);
            self.rows.push(row);
            self.sequences.push(sequence(row));
        }
    }

    /// Draws token t of every row and tells it; `None` is the end.
    fn draw(&mut self, t: usize, mut told: impl FnMut(usize, Option<TokenId>, f32)) {
        self.uniforms.clear();
        self.uniforms.extend(self.sequences.iter().map(|&s| self.streams.uniform(s, t as u32)));
        self.drawn.clear();
        self.log_prob.clear();
        self.policy.table.draw(&self.state.h, t == 0, &self.uniforms, &mut self.drawn, &mut self.log_prob);
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

    /// Drops the rows whose last token is `end`.
    fn leave(&mut self, end: Option<TokenId>) {
        let hidden = self.policy.shape().hidden_dim;
        let mut kept = 0;
        for r in 0..self.rows.len() {
            if Some(self.drawn[r]) != end {
                self.rows[kept] = self.rows[r];
                self.sequences[kept] = self.sequences[r];
                self.drawn[kept] = self.drawn[r];
                self.state.h.copy_within(r * hidden..(r + 1) * hidden, kept * hidden);
                self.state.c.copy_within(r * hidden..(r + 1) * hidden, kept * hidden);
                kept += 1;
            }
        }
        self.rows.truncate(kept);
        self.sequences.truncate(kept);
        self.drawn.truncate(kept);
        self.state.h.truncate(kept * hidden);
        self.state.c.truncate(kept * hidden);
    }

    /// Feeds each row its last token.
    fn advance(&mut self) {
        let parameters = self.policy.generator.parameters();
        self.x.clear();
        let dim = self.policy.shape().embedding_dim;
        crate::nn::embedding::forward(&parameters[EMBEDDING], dim, self.drawn.iter().copied(), &mut self.x);
        lstm::step(self.policy.generator.lstm_weights(), &self.x, &mut self.state, &mut self.gates);
    }

    /// Feeds the only row a given token.
    fn consume(&mut self, token: TokenId) {
        self.drawn.clear();
        self.drawn.push(token);
        self.advance();
    }
}
