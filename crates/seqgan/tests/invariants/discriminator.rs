//! The discriminator: scores in 0..=1 that depend on a sequence's own tokens alone.

use crate::closeness::assert_close;
use crate::random::{Random, widened_discriminator};
use seqgan::SeqBatch;
use seqgan::discriminator::{Discriminator, DiscriminatorShape, Regularisation};
use seqgan::rng::{Purpose, Streams};

pub fn random_discriminator(random: &mut Random) -> Discriminator {
    let max_length = random.between(1..=12);
    let widths = random.between(1..=5);
    let filters = (0..widths).map(|_| (random.between(1..=max_length), random.between(1..=60))).collect();
    let end_token = [None, Some(0)][random.between(0..=1)];
    let embedding_dim = random.between(1..=20);
    let shape =
        DiscriminatorShape { vocab_size: 30, embedding_dim, max_length, filters, end_token, num_labels: 0 };
    random.discriminator(shape, 0.2)
}

/// Sequences without the end token, as the generator makes them; some have no token at all.
pub fn random_batch(random: &mut Random, d: &Discriminator, rows: usize) -> SeqBatch {
    let first = u32::from(d.shape().end_token.is_some());
    random.batch(rows, 0, d.shape().max_length, &(first..30).collect::<Vec<_>>())
}

#[test]
fn scores_do_not_depend_on_the_batch_and_agree_with_plain_f64() {
    for seed in 800..830 {
        let mut random = Random::new(seed);
        let d = random_discriminator(&mut random);
        // 300 are more than are scored together.
        let rows = if seed == 800 { 300 } else { random.between(1..=50) };
        let batch = random_batch(&mut random, &d, rows);
        let scores = d.scores(&batch);
        assert!(scores.iter().all(|s| (0.0..=1.0).contains(s)));
        assert_close("scores", &scores, &widened_discriminator(&d).scores(&batch), 5e-6);
        for (b, &score) in scores.iter().enumerate() {
            assert_eq!(d.scores(&batch.slice(b, 1)), [score], "seed {seed}, row {b} alone");
        }
        let backwards = batch.select((0..rows).rev());
        assert!(d.scores(&backwards).iter().rev().eq(&scores), "seed {seed}: another order");
    }
}

#[test]
fn what_lies_behind_the_end_is_not_read() {
    for seed in 900..920 {
        let mut random = Random::new(seed);
        let d = random_discriminator(&mut random);
        let batch = random_batch(&mut random, &d, 20);
        let mut garbage = batch.clone();
        let length = batch.max_length();
        let (tokens, lengths) = garbage.raw_mut();
        for (row, &from) in tokens.chunks_exact_mut(length).zip(lengths.iter()) {
            row[from as usize..].fill(7);
        }
        assert_eq!(d.scores(&garbage), d.scores(&batch), "seed {seed}");
        let real: Vec<bool> = (0..20).map(|b| b % 2 == 0).collect();
        let streams = Streams::new(seed, Purpose::Dropout);
        let regularisation = Regularisation { dropout_keep: 0.75, masks: Some((&streams, 0)), l2: 0.1 };
        let results = [&batch, &garbage].map(|batch| {
            let mut gradients = d.gradients();
            (d.accumulate(batch, &real, regularisation, &mut gradients), gradients.to_tensors())
        });
        assert_eq!(results[0], results[1], "seed {seed}");
    }
}

/// The end is shown to the discriminator, unless the sequence was cut at T.
#[test]
fn an_end_is_a_token_of_its_own() {
    let mut random = Random::new(950);
    let shape = DiscriminatorShape {
        vocab_size: 9,
        embedding_dim: 4,
        max_length: 4,
        filters: vec![(1, 6), (3, 5)],
        end_token: None,
        num_labels: 0,
    };
    let blind = random.discriminator(shape.clone(), 0.5);
    let seeing = DiscriminatorShape { end_token: Some(3), ..shape };
    let seeing = Discriminator::from_parameters(seeing, blind.parameters().clone()).expect("the same sizes");
    let ended = SeqBatch::from_rows([vec![5, 6], vec![], vec![4, 4, 4], vec![1, 2, 7, 8]], 4);
    let shown = SeqBatch::from_rows([vec![5, 6, 3], vec![3], vec![4, 4, 4, 3], vec![1, 2, 7, 8]], 4);
    assert_eq!(seeing.scores(&ended), blind.scores(&shown));
    assert_ne!(blind.scores(&ended)[..3], blind.scores(&shown)[..3]);
}
