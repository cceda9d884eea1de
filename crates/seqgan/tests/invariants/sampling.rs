//! Samples: their distribution, their likelihood, what they may hold, and that they do not depend on the batch.

use super::distribution::{all_sequences, assert_drawn_from, probabilities};
use super::probabilities::random_space;
use crate::random::{Random, usable};
use seqgan::generator::{Filter, GeneratorPolicy, LstmShape, Policy, SequenceSpace};
use seqgan::rng::{Purpose, Streams};

/// Sizes of generators over few tokens.
pub const SMALL: LstmShape = LstmShape::new(3, 5);

/// Six tokens, so that all sequences can be listed; the end is 0 and 1 is never chosen.
pub fn six_tokens(max_length: usize, end: bool, allow_empty: bool) -> SequenceSpace {
    SequenceSpace {
        vocab_size: 6,
        max_length,
        start_token: 0,
        end_token: end.then_some(0),
        never: vec![1],
        allow_empty,
        label_counts: Vec::new(),
    }
}

#[test]
fn follow_the_policy_at_any_temperature() {
    for (case, (end, allow_empty)) in [(false, false), (true, false), (true, true)].into_iter().enumerate() {
        for temperature in [1.0, 0.6, 1.5] {
            let space = six_tokens(3, end, allow_empty);
            let generator = Random::new(case as u64).generator(space.clone(), SMALL, 0.7);
            let policy = GeneratorPolicy::new(&generator, temperature);
            let mut outcomes = all_sequences(&policy, &usable(&space), &[]);
            if !allow_empty {
                outcomes = outcomes.select((0..outcomes.len()).filter(|&b| outcomes.length(b) > 0));
            }
            let drawn = policy.sample(&Streams::new(1, Purpose::Sample), 0, 30_000).sequences;
            let expected = probabilities(&policy, &outcomes, 0);
            assert_drawn_from(&format!("case {case} at {temperature}"), &drawn, &outcomes, &expected);
        }
    }
}

/// A policy at a low temperature is another distribution: the bound above would notice the wrong one.
#[test]
#[should_panic(expected = "Pearson's sum")]
fn the_test_of_frequencies_can_fail() {
    let space = six_tokens(3, false, false);
    let generator = Random::new(0).generator(space.clone(), SMALL, 0.7);
    let [policy, other] = [1.0, 0.9].map(|temperature| GeneratorPolicy::new(&generator, temperature));
    let outcomes = all_sequences(&policy, &usable(&space), &[]);
    let drawn = policy.sample(&Streams::new(1, Purpose::Sample), 0, 30_000).sequences;
    assert_drawn_from("another temperature", &drawn, &outcomes, &probabilities(&other, &outcomes, 0));
}

#[test]
fn know_their_likelihood() {
    for seed in 300..340 {
        let mut random = Random::new(seed);
        let vocab = random.between(4..=600);
        let policy =
            GeneratorPolicy::new(&random_generator(&mut random, vocab), [1.0, 0.7, 1.3][seed as usize % 3]);
        let samples = policy.sample(&Streams::new(seed, Purpose::Sample), 5, 150);
        let want = policy.sequence_log_prob(&samples.sequences);
        crate::closeness::assert_close("log_prob of samples", &samples.log_prob, &want, 5e-6);
    }
}

#[test]
fn hold_no_forbidden_token_and_are_not_empty_unless_allowed() {
    let (mut empty, mut ended) = (0, 0);
    for seed in 400..500 {
        let mut random = Random::new(seed);
        let vocab = random.between(4..=40);
        let (space, sizes) = random_space(&mut random, vocab);
        // Forbidden tokens would be the likeliest.
        let mut generator = random.generator(space.clone(), sizes, 0.5);
        space
            .never
            .iter()
            .chain(&space.never_first())
            .for_each(|&t| generator.parameters_mut()[5][t as usize] += 3.0);
        let samples = GeneratorPolicy::new(&generator, 1.0)
            .sample(&Streams::new(seed, Purpose::Sample), 0, 200)
            .sequences;
        let allowed = usable(&space);
        for row in samples.rows() {
            assert!(row.iter().all(|t| allowed.contains(t)), "seed {seed}: {row:?}");
            assert!(
                !row.is_empty() || (space.allow_empty && space.end_token.is_some()),
                "seed {seed}: an empty row"
            );
            assert!(row.len() == space.max_length || space.end_token.is_some(), "seed {seed}: a short row");
            empty += usize::from(row.is_empty());
            ended += usize::from(row.len() < space.max_length);
        }
    }
    assert!(empty > 100 && ended > 1000, "{empty} empty and {ended} ended rows: too few to mean anything");
}

/// 300 rows are three tasks; a sequence keeps its bits wherever a call begins and however many it draws.
#[test]
fn do_not_depend_on_the_batch() {
    for seed in 500..515 {
        let mut random = Random::new(seed);
        let vocab = random.between(4..=500);
        let policy = GeneratorPolicy::new(&random_generator(&mut random, vocab), 1.0);
        let streams = Streams::new(seed, Purpose::Sample);
        let whole = policy.sample(&streams, 0, 300);
        for (first, n) in [(5, 5), (5, 295), (127, 2), (299, 1), (0, 130)] {
            let part = policy.sample(&streams, first as u64, n);
            assert_eq!(part.sequences, whole.sequences.slice(first, n), "seed {seed}, {n} from {first}");
            assert_eq!(part.log_prob, whole.log_prob[first..first + n], "seed {seed}, {n} from {first}");
        }
    }
}

fn random_generator(random: &mut Random, vocab: usize) -> seqgan::generator::LstmGenerator {
    let (space, sizes) = random_space(random, vocab);
    random.generator(space, sizes, 0.7)
}

/// The plain draw of a filter beside the fast kernel's.
#[test]
fn with_a_filter_that_keeps_all_are_those_without() {
    for seed in 600..620 {
        let mut random = Random::new(seed);
        let vocab = random.between(4..=300);
        let (space, sizes) = random_space(&mut random, vocab);
        let policy = GeneratorPolicy::new(&random.generator(space, sizes, 1.0), 0.9);
        let streams = Streams::new(seed, Purpose::Sample);
        let plain = policy.sample(&streams, 3, 140);
        let all = Filter { top_k: vocab, top_p: 1.0 };
        let filtered = policy.sample_filtered(Some(all), &streams, 3, 140);
        assert_eq!(plain.sequences, filtered.sequences, "seed {seed}");
        crate::closeness::assert_close("log_prob", &filtered.log_prob, &plain.log_prob, 1e-5);
        // The greedy choice does not depend on the random numbers, and is the beam's of width one.
        let greedy = Filter { top_k: 1, top_p: 1.0 };
        let rows = policy.sample_filtered(Some(greedy), &streams, 0, 3).sequences;
        assert!(rows.row(0) == rows.row(1) && rows.row(0) == rows.row(2));
        let kept = policy.sample_filtered(Some(Filter { top_k: 2, top_p: 1.0 }), &streams, 0, 60);
        let likelihood = policy.sequence_log_prob(&kept.sequences);
        assert!(kept.log_prob.iter().zip(likelihood).all(|(own, all)| *own > all - 1e-5));
    }
}
