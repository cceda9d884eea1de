//! The untrained rows of the table: uniform tokens, and tokens drawn from the training set's frequencies.

use super::measure::{keeps_rule, oracle_nats, steps};
use super::session::Session;
use super::summary::Measures;
use crate::metrics::{Estimate, per_token};
use crate::rng::{Purpose, Streams};
use crate::token::{SeqBatch, TokenId};

/// A distribution in which every token is drawn alike at every step.
pub(super) struct Unigram {
    /// Probability of each token.
    probabilities: Vec<f64>,
    cumulative: Vec<f64>,
}

impl Unigram {
    /// All tokens alike.
    pub fn uniform(vocab_size: usize) -> Self {
        Self::new(vec![1.0 / vocab_size as f64; vocab_size])
    }

    /// Frequencies in `batch`, with one added to each count so that no token is impossible. Where sequences end by
    /// a token of their own, the end counts as one.
    pub fn of(batch: &SeqBatch, vocab_size: usize, end: Option<TokenId>, never: &[TokenId]) -> Self {
        let mut counts = vec![1.0; vocab_size];
        never.iter().for_each(|&t| counts[t as usize] = 0.0);
        for (b, row) in batch.rows().enumerate() {
            row.iter().filter(|t| !never.contains(t)).for_each(|&t| counts[t as usize] += 1.0);
            if let Some(end) = end.filter(|_| batch.length(b) < batch.max_length()) {
                counts[end as usize] += 1.0;
            }
        }
        let total: f64 = counts.iter().sum();
        Self::new(counts.into_iter().map(|c| c / total).collect())
    }

    fn new(probabilities: Vec<f64>) -> Self {
        let mut sum = 0.0;
        let cumulative = probabilities.iter().map(|p| {
            sum += p;
            sum
        });
        Self { cumulative: cumulative.collect(), probabilities }
    }

    /// `n` sequences of full length.
    fn sample(&self, streams: &Streams, n: usize, length: usize) -> SeqBatch {
        let mut batch = SeqBatch::new(length);
        let last = self.probabilities.len() - 1;
        for b in 0..n {
            let draw = |t: usize| {
                let u = streams.uniform(b as u64, t as u32);
                self.cumulative.partition_point(|&c| c <= u).min(last) as TokenId
            };
            batch.push(&(0..length).map(draw).collect::<Vec<_>>());
        }
        batch
    }

    /// -log p of each sequence, `[B]`. The first token's renormalisation (no empty sequences) is left out: the
    /// row is a yardstick, not a model.
    fn nats(&self, batch: &SeqBatch, end: Option<TokenId>) -> Vec<f64> {
        let of = |t: TokenId| -self.probabilities[t as usize].ln();
        let ending = |row: &[TokenId]| end.filter(|_| row.len() < batch.max_length()).map_or(0.0, of);
        batch.rows().map(|row| row.iter().map(|&t| of(t)).sum::<f64>() + ending(row)).collect()
    }
}

impl Session<'_> {
    /// The measures of an untrained row.
    pub fn measure_unigram(&self, model: &Unigram, oracle_entropy: Option<Estimate>) -> Measures {
        let task = self.task;
        let has_end = task.has_end();
        let end = task.space().end_token;
        let never = &task.space().never;
        let within_support = |batch: &SeqBatch| {
            batch.select((0..batch.len()).filter(|&b| batch.row(b).iter().all(|t| !never.contains(t))))
        };
        let nll = |batch: &SeqBatch| per_token(&model.nats(batch, end), &steps(batch, has_end));
        let mut measures = Measures {
            nll_train: Some(nll(&within_support(&task.train))),
            nll_test: task.test.as_ref().map(nll),
            nll_validation: task.test.is_none().then(|| nll(&within_support(&task.validation))),
            ..Measures::default()
        };
        if let Some(oracle) = &task.oracle {
            let streams = Streams::new(self.config.seed, Purpose::Baseline);
            let samples = model.sample(&streams, self.config.evaluate.num_samples, task.max_length());
            let steps = steps(&samples, false);
            let own = model.nats(&samples, None);
            let judged = oracle_nats(oracle, &samples);
            let reverse: Vec<f64> = judged.iter().zip(&own).map(|(a, b)| a - b).collect();
            measures.nll_oracle = Some(per_token(&judged, &steps));
            measures.entropy = Some(per_token(&own, &steps));
            measures.reverse_kl = Some(per_token(&reverse, &steps));
            let rule = keeps_rule(task, &samples);
            (measures.valid, measures.coverage) = (rule.map(|r| r.valid), rule.map(|r| r.coverage));
        }
        measures.forward_kl = measures.nll_test.zip(oracle_entropy).map(|(a, b)| a.minus_independent(b));
        measures
    }
}
