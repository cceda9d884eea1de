//! The policy's probabilities: they sum to one, at any temperature and whatever is forbidden.

use crate::random::{Random, usable, widened};
use seqgan::SeqBatch;
use seqgan::generator::{GeneratorPolicy, LstmShape, Policy, SequenceSpace};

/// A random space, and sizes. The end is never `never`, and token 2 is always usable.
pub fn random_space(random: &mut Random, vocab_size: usize) -> (SequenceSpace, LstmShape) {
    let sizes = LstmShape::new(random.between(1..=20), random.between(1..=40));
    let space = SequenceSpace {
        vocab_size,
        max_length: random.between(1..=9),
        start_token: random.between(0..=vocab_size - 1) as u32,
        end_token: [None, Some(0)][random.between(0..=1)],
        never: [vec![], vec![1], vec![1, vocab_size as u32 - 1]][random.between(0..=2)].clone(),
        allow_empty: random.between(0..=1) == 1,
        label_counts: Vec::new(),
    };
    (space, sizes)
}

/// For a random beginning, the probabilities of all decisions that may follow it.
#[test]
fn sum_to_one() {
    for seed in 0..60 {
        let mut random = Random::new(seed);
        let vocab = [4, 16, 17, 100, 600, 1030][seed as usize % 6];
        let (space, sizes) = random_space(&mut random, vocab);
        let temperature = [1.0, 0.5, 1.7][seed as usize % 3];
        let policy = GeneratorPolicy::new(&random.generator(space.clone(), sizes, 1.0), temperature);
        let tokens = usable(&space);
        let beginning = random.batch(1, 0, space.max_length - 1, &tokens);
        let step = beginning.length(0);
        let mut batch = SeqBatch::new(space.max_length);
        tokens.iter().for_each(|&t| batch.push(&[beginning.row(0), &[t]].concat()));
        if space.end_token.is_some() && (step > 0 || space.allow_empty) {
            batch.push(beginning.row(0));
        }
        let decisions = policy.log_prob(&batch);
        let sum: f64 = decisions.chunks(space.max_length).map(|row| f64::from(row[step]).exp()).sum();
        assert!((sum - 1.0).abs() < 2e-6, "seed {seed}: the probabilities of step {step} sum to {sum}");
        assert!(decisions.iter().all(|&l| l <= 1e-6), "seed {seed}: a probability above one");
    }
}

#[test]
fn are_zero_for_what_is_forbidden_and_behind_the_end() {
    let mut random = Random::new(100);
    let never = vec![1, 3];
    let (space, sizes) = random_space(&mut random, 9);
    let space = SequenceSpace { end_token: Some(0), allow_empty: false, never, max_length: 4, ..space };
    let policy = GeneratorPolicy::new(&random.generator(space, sizes, 1.0), 0.8);
    let batch = SeqBatch::from_rows([vec![], vec![1, 2], vec![4, 3, 2, 5], vec![6]], 4);
    let l = policy.log_prob(&batch);
    let impossible = |x: f32| x.is_finite() && x < -1e20;
    assert!(impossible(l[0]) && impossible(l[4]) && impossible(l[9]), "{l:?}");
    assert!(l[1..4].iter().chain(&l[7..8]).chain(&l[14..]).all(|&x| x == 0.0), "{l:?}");
    assert!([5, 6, 8, 10, 11, 12, 13].iter().all(|&i| l[i] < 0.0 && l[i] > -50.0), "{l:?}");
}

/// The f32 likelihood against the plain f64 one, and of a row alone against the row in its batch.
#[test]
fn do_not_depend_on_the_batch_and_agree_with_plain_f64() {
    for seed in 200..230 {
        let mut random = Random::new(seed);
        let vocab = random.between(4..=700);
        let (space, sizes) = random_space(&mut random, vocab);
        let generator = random.generator(space.clone(), sizes, 0.5);
        let rows = random.between(1..=40);
        let batch = random.batch(rows, usize::from(!space.allow_empty), space.max_length, &usable(&space));
        let got = generator.log_prob(&batch);
        crate::closeness::assert_close("log_prob", &got, &widened(&generator).log_prob(&batch), 5e-6);
        for (b, row) in got.chunks(space.max_length).enumerate() {
            assert_eq!(generator.log_prob(&batch.slice(b, 1)), row, "seed {seed}, row {b}");
        }
    }
}
