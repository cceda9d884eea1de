//! Completions of prefixes: they keep their prefix, follow the policy behind it, and do not depend on the batch.

use super::distribution::{all_sequences, assert_drawn_from, probabilities};
use super::probabilities::random_space;
use super::sampling::{SMALL, six_tokens};
use crate::random::{Random, usable};
use seqgan::SeqBatch;
use seqgan::generator::{GeneratorPolicy, Policy, Prefix, RolloutPolicy};
use seqgan::rng::{Purpose, Streams};

/// Every beginning of every row, of at most T - 1 tokens.
fn all_prefixes(batch: &SeqBatch) -> Vec<Prefix> {
    let lengths = |row| 1..=batch.length(row).min(batch.max_length() - 1);
    (0..batch.len()).flat_map(|row| lengths(row).map(move |length| Prefix { row, length })).collect()
}

#[test]
fn follow_the_policy_behind_their_prefix() {
    for (end, temperature) in [(false, 1.0), (true, 1.0), (true, 0.6)] {
        let space = six_tokens(4, end, false);
        let policy = GeneratorPolicy::new(&Random::new(3).generator(space.clone(), SMALL, 0.7), temperature);
        let batch = SeqBatch::from_rows([vec![2, 5, 3, 3], vec![4, 2, 2]], 4);
        let prefixes =
            [Prefix { row: 0, length: 1 }, Prefix { row: 0, length: 2 }, Prefix { row: 1, length: 2 }];
        let n = 15_000;
        let drawn = policy.complete(&batch, &prefixes, n, &Streams::new(2, Purpose::Rollout), 0);
        for (p, prefix) in prefixes.iter().enumerate() {
            let outcomes = all_sequences(&policy, &usable(&space), &batch.row(prefix.row)[..prefix.length]);
            let expected = probabilities(&policy, &outcomes, prefix.length);
            assert_drawn_from(
                &format!("{prefix:?} at {temperature}"),
                &drawn.slice(p * n, n),
                &outcomes,
                &expected,
            );
        }
    }
}

/// The same without the policy's own likelihood: samples that happen to begin so.
#[test]
fn follow_samples_with_the_same_beginning() {
    let space = six_tokens(3, true, false);
    let policy = GeneratorPolicy::new(&Random::new(4).generator(space.clone(), SMALL, 0.5), 1.0);
    let samples = policy.sample(&Streams::new(3, Purpose::Sample), 0, 200_000).sequences;
    let start = samples.select((0..samples.len()).filter(|&b| samples.row(b)[0] == 2));
    let outcomes = all_sequences(&policy, &usable(&space), &[2]);
    let share = |row: &[u32]| start.rows().filter(|r| *r == row).count() as f64 / start.len() as f64;
    let expected: Vec<f64> = outcomes.rows().map(share).collect();
    // So few completions that the samples' own noise is small beside theirs.
    let (prefix, n) = (Prefix { row: 0, length: 1 }, start.len() / 10);
    let batch = SeqBatch::from_rows([[2]], 3);
    let drawn = policy.complete(&batch, &[prefix], n, &Streams::new(4, Purpose::Rollout), 0);
    assert_drawn_from("completions and samples", &drawn, &outcomes, &expected);
}

#[test]
fn keep_their_prefix_and_hold_no_forbidden_token() {
    for seed in 600..660 {
        let mut random = Random::new(seed);
        let vocab = random.between(4..=60);
        let (space, sizes) = random_space(&mut random, vocab);
        let mut generator = random.generator(space.clone(), sizes, 0.5);
        space.never.iter().for_each(|&t| generator.parameters_mut()[5][t as usize] += 3.0);
        let policy = GeneratorPolicy::new(&generator, 1.0);
        let allowed = usable(&space);
        let batch = random.batch(6, 1, space.max_length, &allowed);
        let prefixes = all_prefixes(&batch);
        let done = policy.complete(&batch, &prefixes, 4, &Streams::new(seed, Purpose::Rollout), 9);
        assert_eq!(done.len(), prefixes.len() * 4);
        for (i, row) in done.rows().enumerate() {
            let prefix = prefixes[i / 4];
            assert!(
                row.starts_with(&batch.row(prefix.row)[..prefix.length]),
                "seed {seed}: {prefix:?} became {row:?}"
            );
            assert!(row.iter().all(|t| allowed.contains(t)), "seed {seed}: {row:?}");
            assert!(row.len() == space.max_length || space.end_token.is_some(), "seed {seed}: a short row");
        }
    }
}

/// A completion is named by its sequence number: alone or among others it has the same bits.
#[test]
fn do_not_depend_on_the_other_prefixes() {
    for seed in 700..712 {
        let mut random = Random::new(seed);
        let vocab = random.between(4..=400);
        let (space, sizes) = random_space(&mut random, vocab);
        let policy = GeneratorPolicy::new(&random.generator(space.clone(), sizes, 0.7), 1.0);
        let batch = random.batch(5, 1, space.max_length, &usable(&space));
        let (prefixes, streams) = (all_prefixes(&batch), Streams::new(seed, Purpose::Rollout));
        let whole = policy.complete(&batch, &prefixes, 7, &streams, 30);
        for (p, prefix) in prefixes.iter().enumerate() {
            let alone = policy.complete(&batch, &[*prefix], 7, &streams, 30 + 7 * p as u64);
            assert_eq!(alone, whole.slice(7 * p, 7), "seed {seed}, {prefix:?}");
        }
    }
}
