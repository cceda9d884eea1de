//! The causal discriminator.

use super::differences::check;
use crate::random::Random;
use seqgan::discriminator::{CausalDiscriminator, CausalObjective, CausalShape};
use seqgan::rng::{Purpose, Streams};
use seqgan::{SeqBatch, TokenId};

fn discriminator(end_token: Option<TokenId>, num_features: usize) -> CausalDiscriminator<f64> {
    let shape = CausalShape { vocab_size: 7, embedding_dim: 3, hidden_dim: 4, num_features, end_token };
    let mut discriminator = CausalDiscriminator::new(shape, &Streams::new(3, Purpose::DiscriminatorInit));
    let mut random = Random::new(11);
    for i in 0..discriminator.parameters().iter().count() {
        let numbers = random.normals(discriminator.parameters()[i].len());
        discriminator.parameters_mut()[i].copy_from_slice(&numbers);
    }
    discriminator
}

/// Mean cross-entropy by way of `logits`, of all decisions or of the sums of all sequences.
fn loss(
    discriminator: &CausalDiscriminator<f64>,
    (batch, features): (&SeqBatch, &[f64]),
    real: &[bool],
    objective: CausalObjective,
) -> f64 {
    let (logits, has_end) =
        (discriminator.logits(batch, features), discriminator.shape().end_token.is_some());
    let of = |b: usize, z: f64| {
        let p = 1.0 / (1.0 + (-z).exp());
        -if real[b] { p.ln() } else { (1.0 - p).ln() }
    };
    let mut losses = Vec::new();
    for b in 0..batch.len() {
        let own = &logits[b * batch.max_length()..][..batch.steps(b, has_end)];
        match objective {
            CausalObjective::EveryStep => losses.extend(own.iter().map(|&z| of(b, z))),
            CausalObjective::Sum => losses.push(of(b, own.iter().sum())),
        }
    }
    losses.iter().sum::<f64>() / losses.len() as f64
}

#[test]
fn of_a_causal_discriminator() {
    let cases = [
        (Some(0), 0, CausalObjective::EveryStep),
        (None, 0, CausalObjective::EveryStep),
        (Some(0), 2, CausalObjective::Sum),
        (None, 3, CausalObjective::Sum),
    ];
    for (end, num_features, objective) in cases {
        let (discriminator, mut random) = (discriminator(end, num_features), Random::new(12));
        // More than the 16 rows that run through the LSTM together.
        let batch = random.batch(19, 1, 5, &[1, 2, 3, 4, 5, 6]);
        let real: Vec<bool> = (0..19).map(|b| b % 3 == 0).collect();
        let features = random.normals(batch.len() * batch.max_length() * num_features);
        let mut gradients = discriminator.gradients();
        let got = discriminator.accumulate(&batch, &features, &real, objective, &mut gradients);
        let loss = |discriminator: &_| loss(discriminator, (&batch, &features), &real, objective);
        assert!((got.loss - loss(&discriminator)).abs() < 1e-12);
        for (i, (tensor, gradient)) in
            discriminator.parameters().iter().zip(gradients.to_tensors().iter()).enumerate()
        {
            // Of no features there is nothing to learn.
            if tensor.data.is_empty() {
                continue;
            }
            let mut moved = discriminator.clone();
            check(&format!("causal {}", tensor.name), &tensor.data, &gradient.data, |x| {
                moved.parameters_mut()[i].copy_from_slice(x);
                loss(&moved)
            });
        }
    }
}

/// A score depends on the beginning alone, and on no padding, neighbour or thread.
#[test]
fn the_future_changes_no_score() {
    let discriminator = discriminator(Some(0), 0);
    let logits =
        |rows: &[Vec<TokenId>], length: usize| discriminator.logits(&SeqBatch::from_rows(rows, length), &[]);
    let (a, b) = (logits(&[vec![3, 1, 4, 1, 5]], 6), logits(&[vec![3, 1, 6]], 6));
    assert!(a[..2] == b[..2] && a[2] != b[2]);
    assert_eq!(logits(&[vec![3, 1, 6]], 9)[..4], b[..4]);
    let many: Vec<_> = (0..40).map(|i| vec![1 + i % 6; 1 + i as usize % 5]).collect();
    let all = logits(&many, 6);
    for threads in [1, 2, 5] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert_eq!(pool.install(|| logits(&many, 6)), all);
    }
    assert_eq!(logits(&many[20..21], 6), all[120..126]);
}
