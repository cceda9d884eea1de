//! A generator at a temperature: sampling, completion of prefixes, likelihood.

use super::decoding::{Decoding, DrawnToken};
use super::filter::Filter;
use super::{Generator, InferenceModel, Policy, Prefix, RolloutPolicy, Samples, SequenceSpace};
use crate::rng::Streams;
use crate::token::{Label, SeqBatch, TokenId};
use rayon::prelude::*;

/// Most sequences that a task samples together.
const MOST_ROWS: usize = 128;

/// Fewer are not worth a task.
const FEWEST_ROWS: usize = 16;

/// A snapshot of a generator whose logits are divided by a temperature.
pub struct GeneratorPolicy {
    model: Box<dyn InferenceModel>,
    label: Option<Label>,
}

impl GeneratorPolicy {
    /// A snapshot of `generator` at `temperature` (1: the model itself).
    pub fn new(generator: &dyn Generator, temperature: f64) -> Self {
        Self { model: generator.snapshot(temperature), label: None }
    }

    /// The policy restricted to sequences of one label.
    pub fn with_label(self, label: Label) -> Self {
        Self { label: Some(label), ..self }
    }

    pub(super) fn model(&self) -> &dyn InferenceModel {
        &*self.model
    }

    /// The label of sequence number `sequence`: the one asked for, or one drawn by the training data's frequencies.
    fn draw_label(&self, streams: &Streams, sequence: u64) -> Label {
        let counts = &self.space().label_counts;
        // The steps of a sequence use up numbers 0..T.
        let drawn = || {
            let mut left =
                streams.uniform(sequence, self.max_length() as u32) * counts.iter().sum::<u64>() as f64;
            let found = counts.iter().position(|&count| {
                left -= count as f64;
                left < 0.0
            });
            found.unwrap_or(counts.len() - 1) as Label
        };
        self.label.unwrap_or_else(drawn)
    }

    /// Labels of `n` sequences; none where the model has no labels.
    fn draw_labels(&self, streams: &Streams, first: u64, n: usize) -> Vec<Label> {
        let n = if self.space().num_labels() == 0 { 0 } else { n as u64 };
        (first..first + n).map(|sequence| self.draw_label(streams, sequence)).collect()
    }

    /// Draws sequences number `first..first + n` of `streams`, each token among those that pass the filter. The
    /// log-probabilities are those of the draws, so with a filter they are not the policy's.
    pub fn sample_filtered(
        &self,
        filter: Option<Filter>,
        streams: &Streams,
        first: u64,
        n: usize,
    ) -> Samples {
        let length = self.max_length();
        let labels = self.draw_labels(streams, first, n);
        // A sequence does not depend on those that are drawn with it.
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
                let (start, n) = (chunk * rows, lengths.len());
                let labels = labels.get(start..start + n).unwrap_or_default();
                let first = first + start as u64;
                let mut decoding = Decoding::samples(self, (streams, filter), (first, n), labels);
                for t in 0..length {
                    if decoding.is_empty() {
                        break;
                    }
                    if t > 0 {
                        decoding.step(None);
                    }
                    decoding.draw(t, |drawn| {
                        log_prob[drawn.0] += f64::from(drawn.2);
                        record(tokens, lengths, length, t, drawn);
                    });
                }
            });
        let sequences = if labels.is_empty() { sequences } else { sequences.with_labels(labels) };
        Samples { sequences, log_prob }
    }

    /// Completes prefixes of row `row` of `batch` into `tokens` and `lengths`, `n` for each, as sequences `first..`.
    fn complete_row(
        &self,
        (batch, row): (&SeqBatch, usize),
        prefixes: &[Prefix],
        n: usize,
        (streams, first): (&Streams, u64),
        (tokens, lengths): (&mut [TokenId], &mut [u32]),
    ) {
        debug_assert!(prefixes.is_sorted_by(|a, b| a.length < b.length));
        let (length, given) = (self.max_length(), batch.row(row));
        let mut decoding = Decoding::prefix(self, streams, batch.label(row));
        let mut waiting = prefixes.iter().enumerate().peekable();
        for t in 1..length {
            if decoding.is_empty() {
                break;
            }
            decoding.step(waiting.peek().map(|_| given[t - 1]));
            if let Some((p, _)) = waiting.next_if(|(_, prefix)| prefix.length == t) {
                for i in p * n..(p + 1) * n {
                    tokens[i * length..i * length + t].copy_from_slice(&given[..t]);
                    lengths[i] = t as u32;
                }
                decoding.fork(p * n, first + (p * n) as u64, n);
                if waiting.peek().is_none() {
                    decoding.drop_prefix();
                }
            }
            decoding.draw(t, |drawn| record(tokens, lengths, length, t, drawn));
        }
    }
}

impl Policy for GeneratorPolicy {
    fn space(&self) -> &SequenceSpace {
        self.model.space()
    }

    fn sample(&self, streams: &Streams, first: u64, n: usize) -> Samples {
        self.sample_filtered(None, streams, first, n)
    }

    fn log_prob(&self, batch: &SeqBatch) -> Vec<f32> {
        self.model.log_prob(batch)
    }

    fn allows(&self, row: &[TokenId]) -> bool {
        self.model.rules().allow(self.model.space(), row)
    }
}

impl RolloutPolicy for GeneratorPolicy {
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
        // A task completes all prefixes of one row, so that the row's own states are computed once.
        let (mut tokens, mut lengths) = result.raw_mut();
        let (mut tasks, mut offset) = (Vec::new(), 0);
        for group in prefixes.chunk_by(|a, b| a.row == b.row) {
            let (t, l);
            (t, tokens) = tokens.split_at_mut(group.len() * n * length);
            (l, lengths) = lengths.split_at_mut(group.len() * n);
            tasks.push((group, t, l, first + (offset * n) as u64));
            offset += group.len();
        }
        tasks.into_par_iter().for_each(|(group, tokens, lengths, first)| {
            self.complete_row((batch, group[0].row), group, n, (streams, first), (tokens, lengths));
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
fn record(tokens: &mut [TokenId], lengths: &mut [u32], length: usize, t: usize, (row, token, _): DrawnToken) {
    if let Some(token) = token {
        tokens[row * length + t] = token;
        lengths[row] = t as u32 + 1;
    }
}
