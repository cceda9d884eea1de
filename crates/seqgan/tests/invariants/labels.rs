//! Sequences with labels: what a label changes, and what it does not.

use super::sampling::{SMALL, six_tokens};
use super::shared_windows::completions;
use crate::closeness::assert_close;
use crate::random::Random;
use seqgan::SeqBatch;
use seqgan::discriminator::DiscriminatorShape;
use seqgan::generator::{
    GeneratorPolicy, LstmGenerator, Policy, Prefix, RolloutPolicy, ScheduledInputs, SequenceSpace,
};
use seqgan::reward::Reward;
use seqgan::rng::{Purpose, Streams};

fn labelled(label_counts: Vec<u64>) -> LstmGenerator {
    Random::new(41).generator(SequenceSpace { label_counts, ..six_tokens(5, true, false) }, SMALL, 0.9)
}

#[test]
fn samples_have_the_frequencies_of_the_labels_and_the_likelihood_under_theirs() {
    let policy = GeneratorPolicy::new(&labelled(vec![6, 0, 2]), 1.0);
    let samples = policy.sample(&Streams::new(5, Purpose::Sample), 7, 4_000);
    let of = |label: u32| samples.sequences.labels().iter().filter(|&&l| l == label).count();
    // 3,000 and 1,000 expected, standard deviation 27; within four of them.
    assert!(of(0).abs_diff(3_000) < 110 && of(1) == 0 && of(0) + of(2) == 4_000, "{} {}", of(0), of(2));
    let likelihood = policy.sequence_log_prob(&samples.sequences);
    assert_close("log_prob", &samples.log_prob, &likelihood, 5e-6);
    // Under another label it is another one.
    let turned = samples.sequences.labels().iter().map(|&label| 2 - label).collect();
    let other = policy.sequence_log_prob(&samples.sequences.clone().with_labels(turned));
    let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
    assert!(mean(&likelihood) > mean(&other) + 0.05, "{} {}", mean(&likelihood), mean(&other));
    // A label that was asked for, and the beam's likeliest sequence of it.
    let only = GeneratorPolicy::new(&labelled(vec![6, 0, 2]), 1.0).with_label(1);
    let ones = only.sample(&Streams::new(5, Purpose::Sample), 0, 300);
    assert!(ones.sequences.labels().iter().all(|&label| label == 1));
    let best = &only.beam(50, Some(1))[0];
    let row = SeqBatch::from_rows([&best.0], 5).with_labels(vec![1]);
    assert!((only.sequence_log_prob(&row)[0] - best.1).abs() < 1e-4);
    assert!(ones.log_prob.iter().all(|&log_prob| log_prob <= best.1 + 1e-4));
}

/// Completions and scheduled sampling's draws are those of each row's own label: with vectors of zeros nothing
/// changes, to the bit, and with others each label has its own sequences.
#[test]
fn every_path_knows_the_label() {
    let plain = Random::new(43).generator(six_tokens(5, true, false), SMALL, 0.9);
    let mut with = labelled(vec![1, 1]);
    let v = plain.space().vocab_size * plain.shape().embedding_dim;
    for i in 0..6 {
        let own = plain.parameters()[i].to_vec();
        with.parameters_mut()[i][..own.len()].copy_from_slice(&own);
    }
    with.parameters_mut()[0][v..].fill(0.0);
    let streams = Streams::new(6, Purpose::Rollout);
    let batch = GeneratorPolicy::new(&plain, 1.0).sample(&streams, 0, 40).sequences;
    let rows = |batch: &SeqBatch| batch.rows().map(<[u32]>::to_vec).collect::<Vec<_>>();
    let prefixes: Vec<Prefix> = (0..40).map(|row| Prefix { row, length: 1 }).collect();
    let everything = |generator: &LstmGenerator, batch: &SeqBatch| {
        let policy = GeneratorPolicy::new(generator, 1.0);
        let scheduled =
            ScheduledInputs { teacher_forcing: 0.3, choices: &streams, draws: &streams, first: 0 };
        let mixed = policy.mixed_inputs(batch, scheduled);
        let completed = policy.complete(batch, &prefixes, 2, &streams, 90);
        assert_eq!(completed.labels().len(), if batch.labels().is_empty() { 0 } else { 80 });
        [rows(&policy.sample(&streams, 0, 40).sequences), rows(&completed), rows(&mixed)]
    };
    let half: Vec<u32> = (0..40).map(|b| b % 2).collect();
    let labelled = batch.clone().with_labels(half);
    assert_eq!(everything(&with, &labelled), everything(&plain, &batch));
    // Label 1 loves token 3: its vector is that of an input that the output layer answers so.
    let dim = with.shape().embedding_dim;
    with.parameters_mut()[0][v + dim..].fill(4.0);
    let [_, completed, mixed] = everything(&with, &labelled);
    let [_, completed_plain, mixed_plain] = everything(&plain, &batch);
    for b in 0..40 {
        if b % 2 == 0 {
            assert_eq!(completed[2 * b..2 * b + 2], completed_plain[2 * b..2 * b + 2], "row {b}");
            assert_eq!(mixed[b], mixed_plain[b], "row {b}");
        }
    }
    assert!(completed != completed_plain && mixed != mixed_plain);
}

#[test]
fn completions_are_scored_as_plain_sequences_of_their_label() {
    let mut random = Random::new(44);
    let filters = vec![(1, 9), (2, 7), (4, 5)];
    let shape = DiscriminatorShape {
        vocab_size: 9,
        embedding_dim: 5,
        max_length: 7,
        filters,
        end_token: Some(0),
        num_labels: 3,
    };
    let d = random.discriminator(shape, 0.4);
    let mut all = completions(&mut random, d.shape());
    let labels: Vec<u32> = (0..all.sequences.len()).map(|i| all.prefix(i).row as u32 % 3).collect();
    all.sequences = all.sequences.with_labels(labels.clone());
    let scores = d.scores(&all.sequences);
    assert_eq!(d.score_completions(&all).unwrap(), scores);
    let other = d.scores(&all.sequences.clone().with_labels(labels.iter().map(|l| (l + 1) % 3).collect()));
    assert!(scores.iter().zip(&other).all(|(a, b)| a != b));
}
