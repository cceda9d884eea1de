//! The causal discriminator.

use super::differences::check;
use crate::random::Random;
use seqgan::reward::{CausalDiscriminator, CausalShape};
use seqgan::rng::{Purpose, Streams};
use seqgan::{SeqBatch, TokenId};

fn judge(end_token: Option<TokenId>) -> CausalDiscriminator<f64> {
    let shape = CausalShape { vocab_size: 7, embedding_dim: 3, hidden_dim: 4, end_token };
    let mut judge = CausalDiscriminator::new(shape, &Streams::new(3, Purpose::DiscriminatorInit));
    let mut random = Random::new(11);
    for i in 0..6 {
        let numbers = random.normals(judge.parameters()[i].len());
        judge.parameters_mut()[i].copy_from_slice(&numbers);
    }
    judge
}

/// Mean cross-entropy by way of `logits`.
fn loss(judge: &CausalDiscriminator<f64>, batch: &SeqBatch, real: &[bool], has_end: bool) -> f64 {
    let (logits, mut sum, mut count) = (judge.logits(batch), 0.0, 0);
    for b in 0..batch.len() {
        for t in 0..batch.steps(b, has_end) {
            let z = logits[b * batch.max_length() + t];
            let p = 1.0 / (1.0 + (-z).exp());
            sum -= if real[b] { p.ln() } else { (1.0 - p).ln() };
            count += 1;
        }
    }
    sum / f64::from(count)
}

#[test]
fn of_a_causal_discriminator() {
    for end in [Some(0), None] {
        let (judge, mut random) = (judge(end), Random::new(12));
        // More than the 16 rows that run through the LSTM together.
        let batch = random.batch(19, 1, 5, &[1, 2, 3, 4, 5, 6]);
        let real: Vec<bool> = (0..19).map(|b| b % 3 == 0).collect();
        let mut gradients = judge.gradients();
        let got = judge.accumulate(&batch, &real, &mut gradients);
        assert!((got.loss - loss(&judge, &batch, &real, end.is_some())).abs() < 1e-12);
        for (i, (tensor, gradient)) in
            judge.parameters().iter().zip(gradients.to_tensors().iter()).enumerate()
        {
            let mut moved = judge.clone();
            check(&format!("causal {}", tensor.name), &tensor.data, &gradient.data, |x| {
                moved.parameters_mut()[i].copy_from_slice(x);
                loss(&moved, &batch, &real, end.is_some())
            });
        }
    }
}

/// A judgement depends on the beginning alone, and on no padding, neighbour or thread.
#[test]
fn the_future_changes_no_judgement() {
    let judge = judge(Some(0));
    let logits = |rows: &[Vec<TokenId>], length: usize| judge.logits(&SeqBatch::from_rows(rows, length));
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
