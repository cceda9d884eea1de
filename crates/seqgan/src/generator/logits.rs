//! Likelihoods from the logits of any model.

use super::{AuxiliaryLogits, LogitSource, Rules, SequenceSpace, TokenStatistics};
use crate::nn::softmax::Choice;
use crate::token::SeqBatch;
use rayon::prelude::*;

/// A decision of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecisionIndex {
    /// Row of the batch.
    pub row: usize,
    /// Number of tokens before the decision.
    pub step: usize,
}

/// Sequences of a task.
const ROWS: usize = 16;

/// Decisions whose logits are in memory at a time.
const DECISIONS: usize = 64;

/// log p of each decision, `[B, T]`, in nats, under the softmax of the logits of `source` divided by `temperature`; zero
/// after the last decision of a row.
pub fn log_prob<S: LogitSource<f32> + Sync + ?Sized>(
    source: &S,
    space: &SequenceSpace,
    rules: &Rules,
    temperature: f64,
    batch: &SeqBatch,
) -> Vec<f32> {
    let statistics = token_statistics(source, space, rules, temperature, batch);
    statistics.into_iter().map(|decision| decision.log_prob as f32).collect()
}

/// Statistics of the distribution of each decision, `[B, T]`, under the softmax of the logits of `source` divided by
/// `temperature`; zero after the last decision of a row.
pub fn token_statistics<S: LogitSource<f32> + Sync + ?Sized>(
    source: &S,
    space: &SequenceSpace,
    rules: &Rules,
    temperature: f64,
    batch: &SeqBatch,
) -> Vec<TokenStatistics> {
    let length = batch.max_length();
    let mut result = vec![TokenStatistics::default(); batch.len() * length];
    result.par_chunks_mut((ROWS * length).max(1)).enumerate().for_each(|(chunk, result)| {
        let start = chunk * ROWS;
        let rows = batch.slice(start, ROWS.min(batch.len() - start));
        let (mut positions, mut choices) = (Vec::new(), Vec::new());
        for row in 0..rows.len() {
            for (step, decision) in rules.decisions(space, rows.row(row)).into_iter().enumerate() {
                positions.push(DecisionIndex { row, step });
                choices.push(decision.choice);
            }
        }
        let logits = source.logits_at(&rows, &positions);
        let statistics = of_choices(&*logits, rules, space.vocab_size, temperature, &choices);
        for (DecisionIndex { row, step }, statistics) in positions.into_iter().zip(statistics) {
            result[row * length + step] = statistics;
        }
    });
    result
}

fn of_choices(
    logits: &dyn AuxiliaryLogits<f32>,
    rules: &Rules,
    vocab_size: usize,
    temperature: f64,
    choices: &[Choice],
) -> Vec<TokenStatistics> {
    let mut buffer = Vec::new();
    let mut result = Vec::with_capacity(choices.len());
    for first in (0..choices.len()).step_by(DECISIONS) {
        let some = first..(first + DECISIONS).min(choices.len());
        logits.write(some.clone(), &mut buffer);
        for (row, choice) in buffer.chunks_exact_mut(vocab_size).zip(&choices[some]) {
            rules.forbid(choice.mask, row);
            result.push(of_row(row, choice, temperature));
        }
    }
    result
}

/// Statistics of one decision in f64; forbidden logits are lowered.
fn of_row(logits: &[f32], choice: &Choice, temperature: f64) -> TokenStatistics {
    let scaled = |logit: f32| f64::from(logit) / temperature;
    let largest = scaled(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    // A forbidden token has weight zero, and zero times its logit is zero.
    let (mut sum, mut mean) = (0.0, 0.0);
    for &logit in logits {
        let weight = (scaled(logit) - largest).exp();
        sum += weight;
        mean += weight * (scaled(logit) - largest);
    }
    let normaliser = f64::ln(sum);
    TokenStatistics {
        log_prob: scaled(logits[choice.token as usize]) - largest - normaliser,
        entropy: normaliser - mean / sum,
        largest: -normaliser,
    }
}
