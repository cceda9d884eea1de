//! The ranker: ranks in 0..=1 that depend on the sequence, the references and the comparison set, and on nothing else.

use super::discriminator::random_discriminator;
use super::shared_windows::completions;
use super::threads::same_bits;
use crate::closeness::assert_close;
use crate::random::{Random, widened_ranker};
use seqgan::SeqBatch;
use seqgan::config::Precision;
use seqgan::discriminator::{BatchLoss, DiscriminatorShape, RankObjective, Ranker};
use seqgan::optim::{Optimizer, RankedBatch, RankerUpdate, ranker_step};
use seqgan::reward::{Ranking, Reward};
use seqgan::rng::{Purpose, Streams};

const GAMMA: f64 = 16.0;

fn random_ranker(random: &mut Random) -> Ranker {
    let shape = random_discriminator(random).shape().clone();
    random.ranker(shape, 0.2)
}

fn random_batch(random: &mut Random, ranker: &Ranker, rows: usize) -> SeqBatch {
    let first = u32::from(ranker.shape().end_token.is_some());
    random.batch(rows, 0, ranker.shape().max_length, &(first..30).collect::<Vec<_>>())
}

fn ranking<'a>(ranker: &'a Ranker, references: &SeqBatch, comparison: &SeqBatch) -> Ranking<'a> {
    Ranking::new(ranker, references, comparison, GAMMA, Precision::F32)
}

#[test]
fn ranks_do_not_depend_on_the_batch_and_agree_with_plain_f64() {
    for seed in 1500..1530 {
        let mut random = Random::new(seed);
        let ranker = random_ranker(&mut random);
        // 300 are more than are scored together.
        let rows = if seed == 1500 { 300 } else { random.between(1..=50) };
        let [references, comparison] = [random.between(1..=20), random.between(1..=40)]
            .map(|rows| random_batch(&mut random, &ranker, rows));
        let batch = random_batch(&mut random, &ranker, rows);
        let reward = ranking(&ranker, &references, &comparison);
        let scores = reward.score(&batch).unwrap();
        assert!(scores.iter().all(|s| (0.0..=1.0).contains(s)));
        let wide = widened_ranker(&ranker);
        let wide = Ranking::new(&wide, &references, &comparison, GAMMA, Precision::F32);
        assert_close("ranks", &scores, &wide.scores(&batch), 2e-5);
        for (b, &score) in scores.iter().enumerate() {
            assert_eq!(reward.score(&batch.slice(b, 1)).unwrap(), [score], "seed {seed}, row {b} alone");
        }
    }
}

#[test]
fn the_order_of_references_and_comparison_does_not_matter() {
    for seed in 1600..1610 {
        let mut random = Random::new(seed);
        let ranker = random_ranker(&mut random);
        let [references, comparison, batch] = [17, 30, 20].map(|n| random_batch(&mut random, &ranker, n));
        let turned = |batch: &SeqBatch| batch.select((0..batch.len()).rev());
        let ranks = ranking(&ranker, &references, &comparison).score(&batch).unwrap();
        let again = ranking(&ranker, &turned(&references), &turned(&comparison)).score(&batch).unwrap();
        for (a, b) in ranks.iter().zip(&again) {
            assert!((a - b).abs() <= 1e-6 * a, "seed {seed}: {a} and {b}");
        }
        let others = ranking(&ranker, &batch, &comparison).score(&batch).unwrap();
        assert!(others != ranks, "other references, the same ranks");
    }
}

/// P of one of C + 1 equal sequences.
#[test]
fn equals_share_the_rank() {
    let mut random = Random::new(1650);
    let ranker = random_ranker(&mut random);
    let [references, one] = [5, 1].map(|n| random_batch(&mut random, &ranker, n));
    let comparison = one.select([0; 7]);
    let ranks = ranking(&ranker, &references, &comparison).score(&one).unwrap();
    assert!((ranks[0] - 0.125).abs() < 1e-6, "{ranks:?}");
}

#[test]
fn ranks_of_completions_are_the_plain_ranks() {
    for seed in 1700..1720 {
        let mut random = Random::new(seed);
        let ranker = random_ranker(&mut random);
        let [references, comparison] = [5, 9].map(|n| random_batch(&mut random, &ranker, n));
        let completions = completions(&mut random, ranker.shape());
        let reward = ranking(&ranker, &references, &comparison);
        let plain = reward.score(&completions.sequences).unwrap();
        assert_eq!(reward.score_completions(&completions).unwrap(), plain, "seed {seed}");
        let rounded = Ranking::new(&ranker, &references, &comparison, GAMMA, Precision::Bf16);
        for (got, want) in rounded.score_completions(&completions).unwrap().iter().zip(&plain) {
            assert!((got - want).abs() < 0.02, "seed {seed}: {got} for {want} in bfloat16");
        }
    }
}

#[test]
fn the_number_of_threads_does_not_change_a_bit() {
    // Wide enough that the products of the highway layer are cut as well.
    let filters = vec![(1, 50), (2, 100), (3, 60), (8, 30)];
    let shape = DiscriminatorShape {
        vocab_size: 30,
        embedding_dim: 8,
        max_length: 8,
        filters,
        end_token: Some(0),
        num_labels: 0,
    };
    let mut random = Random::new(1750);
    let ranker = random.ranker(shape, 0.2);
    let [batch, references, comparison] = [300, 40, 60].map(|n| random_batch(&mut random, &ranker, n));
    let real: Vec<bool> = (0..300).map(|b| b % 2 == 0).collect();
    let streams = Streams::new(25, Purpose::Dropout);
    let objective = RankObjective { gamma: GAMMA, dropout_keep: 0.75, masks: Some((&streams, 7)) };
    same_bits("ranker's accumulate", || {
        let mut gradients = ranker.gradients();
        let references = ranker.references(&references);
        let result = ranker.accumulate(&batch, &real, &references, objective, &mut gradients);
        (result, gradients.to_tensors())
    });
    same_bits("ranks", || ranking(&ranker, &references, &comparison).score(&batch).unwrap());
}

/// Real sequences rise from token to token, generated ones are random; none is seen twice.
#[test]
fn learns_to_rank_real_sequences_higher() {
    let filters = vec![(1, 20), (2, 30), (3, 20)];
    let shape = DiscriminatorShape {
        vocab_size: 30,
        embedding_dim: 8,
        max_length: 6,
        filters,
        end_token: None,
        num_labels: 0,
    };
    let mut random = Random::new(1800);
    let mut ranker = Ranker::new(shape, &Streams::new(3, Purpose::DiscriminatorInit));
    let mut optimizer = Optimizer::new(ranker.parameters(), ranker.gradients());
    let rising = |random: &mut Random, rows: usize| {
        let first: Vec<u32> = (0..rows).map(|_| random.between(0..=24) as u32).collect();
        SeqBatch::from_rows(first.iter().map(|&t| (t..t + 6).collect::<Vec<_>>()), 6)
    };
    let anything = |random: &mut Random, rows| random.batch(rows, 6, 6, &(0..30).collect::<Vec<_>>());
    let update = RankerUpdate { learning_rate: 3e-3, dropout_keep: 0.75, gamma: GAMMA };
    let masks = Streams::new(4, Purpose::Dropout);
    let real: Vec<bool> = (0..64).map(|b| b < 32).collect();
    let mut results = Vec::new();
    for step in 0..150 {
        let (mut sequences, references) = (rising(&mut random, 32), rising(&mut random, 16));
        sequences.extend(&anything(&mut random, 32));
        let batch = RankedBatch { sequences: &sequences, real: &real, references: &references };
        let result = ranker_step(&mut ranker, &mut optimizer, batch, update, &masks, 64 * step);
        results.push(result.expect("finite"));
    }
    let (references, comparison) = (rising(&mut random, 16), rising(&mut random, 63));
    let reward = ranking(&ranker, &references, &comparison);
    let mean = |batch: &SeqBatch| reward.score(batch).unwrap().iter().sum::<f32>() / batch.len() as f32;
    let (real, generated) = (mean(&rising(&mut random, 100)), mean(&anything(&mut random, 100)));
    // The mean of the last steps: a single one hangs on rounding, which differs between instruction sets.
    let last = |of: fn(&BatchLoss) -> f64| results[130..].iter().map(of).sum::<f64>() / 20.0;
    let (loss, accuracy) = (last(|r| r.loss), last(|r| r.accuracy));
    println!("{:?} to {loss}, {accuracy}; ranks {real} and {generated}", results[0]);
    assert!(loss < -0.5 && accuracy > 0.9, "{loss}, {accuracy}");
    assert!(real > 2.0 * generated && (0.008..0.03).contains(&real), "ranks {real} and {generated}");
}
