//! A snapshot of the generator at a temperature: sampling, completion of prefixes, likelihood.

use super::filter::Filter;
use super::lstm::parameter::{B_OUT, W_OUT};
use super::walk::Walk;
use super::{GeneratorShape, LstmGenerator, Policy, Prefix, RolloutPolicy, Rules, Samples};
use crate::kernel::draw::OutputTable;
use crate::rng::Streams;
use crate::token::{Label, SeqBatch, TokenId};
use rayon::prelude::*;

/// Most sequences that a task samples together.
const MOST_ROWS: usize = 128;

/// Fewer are not worth a task.
const FEWEST_ROWS: usize = 16;

/// The generator with its logits divided by a temperature.
pub struct LstmPolicy {
    generator: LstmGenerator<f32>,
    table: OutputTable,
    label: Option<Label>,
}

impl LstmPolicy {
    /// A snapshot of `generator` at `temperature` (1: the model itself).
    pub fn new(generator: &LstmGenerator<f32>, temperature: f64) -> Self {
        let mut generator = generator.clone();
        if temperature != 1.0 {
            generator.scale_logits((1.0 / temperature) as f32);
        }
        let p = generator.parameters();
        let table = OutputTable::new(&p[W_OUT], &p[B_OUT], 1.0, generator.rules().masks());
        Self { generator, table, label: None }
    }

    /// The same policy for sequences of one label alone.
    pub fn with_label(self, label: Label) -> Self {
        Self { label: Some(label), ..self }
    }

    /// The label of sequence number `sequence`: the one asked for, or one drawn by the training data's frequencies.
    fn draw_label(&self, streams: &Streams, sequence: u64) -> Label {
        let counts = &self.shape().label_counts;
        // The steps of a sequence use up numbers 0..T.
        let drawn = || {
            let mut left =
                streams.uniform(sequence, self.shape().max_length as u32) * counts.iter().sum::<u64>() as f64;
            let found = counts.iter().position(|&count| {
                left -= count as f64;
                left < 0.0
            });
            found.unwrap_or(counts.len() - 1) as Label
        };
        self.label.unwrap_or_else(drawn)
    }

    /// Labels of `n` sequences; none where the model knows no labels.
    fn draw_labels(&self, streams: &Streams, first: u64, n: usize) -> Vec<Label> {
        let n = if self.shape().num_labels() == 0 { 0 } else { n as u64 };
        (first..first + n).map(|sequence| self.draw_label(streams, sequence)).collect()
    }

    /// Draws sequences number `first..first + n` of `streams`, from the likeliest tokens alone if asked to. Their
    /// log-probabilities are those of the draws, so with a filter not the policy's.
    pub fn sample_filtered(
        &self,
        filter: Option<Filter>,
        streams: &Streams,
        first: u64,
        n: usize,
    ) -> Samples {
        let length = self.max_length();
        let labels = self.draw_labels(streams, first, n);
        // What is drawn does not depend on who else is drawn beside it.
        let rows = n.div_ceil(rayon::current_num_threads()).clamp(FEWEST_ROWS, MOST_ROWS);
        let mut sequences = SeqBatch::zeroed(n, length);
        let mut log_prob = vec![0.0; n];
        let (tokens, lengths) = sequences.raw_mut();
        tokens
            .par_chunks_mut(rows * length)
            .zip(lengths.par_chunks_mut(rows))
            .zip(log_prob.par_chunks_mut(rows))
            .enumerate()
            .for_each(|(chunk, ((tokens, lengths), log_prob))| {
                let first = first + (chunk * rows) as u64;
                let mut walk = Walk::new(self, streams, filter);
                let own = labels.get(chunk * rows..chunk * rows + lengths.len()).unwrap_or_default();
                walk.join_start(lengths.len(), own, |row| first + row as u64);
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
        let sequences = if labels.is_empty() { sequences } else { sequences.with_labels(labels) };
        Samples { sequences, log_prob }
    }

    pub(super) fn shape(&self) -> &GeneratorShape {
        self.generator.shape()
    }

    pub(super) fn rules(&self) -> &Rules {
        self.generator.rules()
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
        self.sample_filtered(None, streams, first, n)
    }

    fn log_prob(&self, batch: &SeqBatch) -> Vec<f32> {
        self.generator.log_prob(batch)
    }
}

impl RolloutPolicy for LstmPolicy {
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
            let mut walk = Walk::new(self, streams, None);
            let mut prefix = Walk::new(self, streams, None);
            prefix.join_start(1, batch.label(group[0].row).as_slice(), |_| 0);
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
                    walk.join(&prefix, p * n, n, |i| first + i as u64);
                }
                walk.draw(t, |i, token, _| record(tokens, lengths, length, i, t, token));
                if t + 1 < length {
                    walk.advance();
                }
            }
        });
        match batch.labels().is_empty() {
            true => result,
            false => {
                let label = |prefix: &Prefix| std::iter::repeat_n(batch.labels()[prefix.row], n);
                result.with_labels(prefixes.iter().flat_map(label).collect())
            }
        }
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
