//! Untrained baselines: uniform tokens, and tokens sampled by their frequency in the training sequences.

use crate::config::Config;
use crate::measure::{Measures, oracle_nats, rule_measures};
use crate::metrics::likelihood::steps;
use crate::metrics::{Estimate, per_token};
use crate::rng::{Purpose, Streams};
use crate::task::Task;
use crate::token::{SeqBatch, TokenId};

/// A distribution of independent tokens, the same at every step.
pub(super) struct Unigram {
    /// Probability of each token.
    probabilities: Vec<f64>,
    cumulative: Vec<f64>,
}

impl Unigram {
    /// Uniform distribution.
    pub fn uniform(vocab_size: usize) -> Self {
        Self::new(vec![1.0 / vocab_size as f64; vocab_size])
    }

    /// Token frequencies in `batch`, with add-one smoothing so that no token has probability zero. The end token, if
    /// there is one, counts as a token.
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

    /// Samples `n` sequences of full length.
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

    /// -log p of each sequence, `[B]`, in nats. The first token is not renormalised for the exclusion of empty
    /// sequences, since the row is only a baseline.
    fn nats(&self, batch: &SeqBatch, end: Option<TokenId>) -> Vec<f64> {
        let of = |t: TokenId| -self.probabilities[t as usize].ln();
        let ending = |row: &[TokenId]| end.filter(|_| row.len() < batch.max_length()).map_or(0.0, of);
        batch.rows().map(|row| row.iter().map(|&t| of(t)).sum::<f64>() + ending(row)).collect()
    }
}

/// Measures of an untrained row.
pub(super) fn measure_unigram(
    config: &Config,
    task: &Task,
    model: &Unigram,
    oracle_entropy: Option<Estimate>,
) -> Measures {
    let space = task.space();
    let within_support = |batch: &SeqBatch| {
        let allowed = |&b: &usize| batch.row(b).iter().all(|t| !space.never.contains(t));
        batch.select((0..batch.len()).filter(allowed))
    };
    let nll =
        |batch: &SeqBatch| per_token(&model.nats(batch, space.end_token), &steps(batch, task.has_end()));
    let mut measures = Measures {
        nll_train: Some(nll(&within_support(&task.train))),
        nll_test: task.test.as_ref().map(nll),
        nll_validation: task.test.is_none().then(|| nll(&within_support(&task.validation))),
        ..Measures::default()
    };
    if let Some(oracle) = &task.oracle {
        let streams = Streams::new(config.seed, Purpose::Baseline);
        let samples = model.sample(&streams, config.evaluate.num_samples, task.max_length());
        let steps = steps(&samples, false);
        let own = model.nats(&samples, None);
        let of_oracle = oracle_nats(oracle, &samples);
        let reverse: Vec<f64> = of_oracle.iter().zip(&own).map(|(a, b)| a - b).collect();
        measures.nll_oracle = Some(per_token(&of_oracle, &steps));
        measures.entropy = Some(per_token(&own, &steps));
        measures.reverse_kl = Some(per_token(&reverse, &steps));
        let rule = rule_measures(task, &samples);
        (measures.valid, measures.coverage) = (rule.map(|r| r.valid), rule.map(|r| r.coverage));
    }
    measures.forward_kl = measures.nll_test.zip(oracle_entropy).map(|(a, b)| a.minus_independent(b));
    measures
}
