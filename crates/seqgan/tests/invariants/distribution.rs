//! The exact distribution of a policy over few short sequences, and Pearson's distance of counts from it.

use seqgan::SeqBatch;
use seqgan::generator::Policy;
use std::collections::HashMap;

/// All sequences over `tokens` that begin with `prefix`, as a batch: those of full length, and those that ended.
pub fn all_sequences(policy: &dyn Policy, tokens: &[u32], prefix: &[u32]) -> SeqBatch {
    let length = policy.max_length();
    let (mut batch, mut open) = (SeqBatch::new(length), vec![prefix.to_vec()]);
    while let Some(sequence) = open.pop() {
        if sequence.len() == length || policy.end_token().is_some() {
            batch.push(&sequence);
        }
        if sequence.len() < length {
            open.extend(tokens.iter().map(|&t| [&sequence[..], &[t]].concat()));
        }
    }
    batch
}

/// Probability of each sequence of `batch`, given its first `known` tokens.
pub fn probabilities(policy: &dyn Policy, batch: &SeqBatch, known: usize) -> Vec<f64> {
    let rows = policy.log_prob(batch);
    rows.chunks(policy.max_length())
        .map(|row| row[known..].iter().map(|&l| f64::from(l)).sum::<f64>().exp())
        .collect()
}

/// Panics if `drawn` is not plausibly drawn from `expected` over the rows of `outcomes`.
pub fn assert_drawn_from(what: &str, drawn: &SeqBatch, outcomes: &SeqBatch, expected: &[f64]) {
    let total: f64 = expected.iter().sum();
    assert!((total - 1.0).abs() < 1e-5, "{what}: the probabilities of all outcomes sum to {total}");
    let mut counts: HashMap<&[u32], f64> = HashMap::new();
    drawn.rows().for_each(|row| *counts.entry(row).or_default() += 1.0);
    // Outcomes that are too rare for Pearson's approximation count as one.
    let (mut square, mut classes, mut rare) = (0.0, 0, (0.0, 0.0));
    let mut add = |count: f64, mean: f64| {
        square += (count - mean).powi(2) / mean;
        classes += 1;
    };
    for (row, p) in outcomes.rows().zip(expected) {
        let (count, mean) = (counts.remove(row).unwrap_or(0.0), p * drawn.len() as f64);
        if mean < 10.0 {
            rare = (rare.0 + count, rare.1 + mean);
        } else {
            add(count, mean);
        }
    }
    if rare.1 >= 10.0 {
        add(rare.0, rare.1);
    }
    assert!(counts.is_empty(), "{what}: drawn, but impossible: {:?}", counts.keys());
    assert!(classes > 5, "{what}: only {classes} classes");
    // Mean and variance of Pearson's sum are d and 2 d; five standard deviations are below one in 10^5.
    let freedom = f64::from(classes - 1);
    let sigmas = (square - freedom) / (2.0 * freedom).sqrt();
    println!("{what}: {sigmas:.1} standard deviations with {classes} classes");
    assert!(sigmas < 5.0, "{what}: Pearson's sum is {square} with {freedom} degrees of freedom");
}
