//! Scores of completions, which share what they have in common, are the plain scores to the bit.

use super::discriminator::random_discriminator;
use crate::random::{Random, widened_discriminator};
use seqgan::SeqBatch;
use seqgan::config::Precision;
use seqgan::discriminator::DiscriminatorShape;
use seqgan::generator::Prefix;
use seqgan::reward::{DiscriminatorReward, Reward};
use seqgan::rollout::Completions;

/// Completions of random prefixes of random rows; some end at once, some are cut at T.
pub fn completions(random: &mut Random, shape: &DiscriminatorShape) -> Completions {
    let usable: Vec<u32> = (0..shape.vocab_size as u32).filter(|&t| shape.end_token != Some(t)).collect();
    let shortest = if shape.end_token.is_some() { 1 } else { shape.max_length };
    let rows = random.batch(5, shortest, shape.max_length, &usable);
    let num_rollouts = random.between(1..=40);
    let (mut prefixes, mut sequences) = (Vec::new(), SeqBatch::new(shape.max_length));
    for (row, tokens) in rows.rows().enumerate() {
        for length in 1..tokens.len().max(2).min(shape.max_length) {
            if random.between(0..=3) == 0 {
                continue;
            }
            prefixes.push(Prefix { row, length });
            let others = random.batch(num_rollouts, shortest, shape.max_length, &usable);
            for other in others.rows() {
                let mut sequence = tokens[..length].to_vec();
                sequence.extend(other.iter().skip(length));
                sequences.push(&sequence);
            }
        }
    }
    Completions { sequences, prefixes, num_rollouts }
}

#[test]
fn scores_of_completions_are_the_plain_scores() {
    for seed in 0..40 {
        let mut random = Random::new(1200 + seed);
        let d = random_discriminator(&mut random);
        let completions = completions(&mut random, d.shape());
        assert_eq!(
            d.score_completions(&completions).unwrap(),
            d.scores(&completions.sequences),
            "seed {seed}"
        );
        let wide = widened_discriminator(&d);
        let (shared, plain) = (wide.completion_scores(&completions), wide.scores(&completions.sequences));
        assert_eq!(shared, plain, "seed {seed} in f64");
    }
}

#[test]
fn of_wide_filters_and_long_sequences_too() {
    let mut random = Random::new(1300);
    let filters = vec![(1, 100), (2, 70), (5, 48), (19, 10), (40, 33)];
    let shape = DiscriminatorShape {
        vocab_size: 30,
        embedding_dim: 16,
        max_length: 40,
        filters,
        end_token: Some(0),
        num_labels: 0,
    };
    let d = random.discriminator(shape, 0.2);
    let completions = completions(&mut random, d.shape());
    assert!(completions.sequences.len() > 700);
    assert_eq!(d.score_completions(&completions).unwrap(), d.scores(&completions.sequences));
}

/// Where the CPU has no products of bfloat16 the scores are those in f32, to the bit.
#[test]
fn scores_in_bfloat16_are_near() {
    let mut different = 0;
    for seed in 0..20 {
        let mut random = Random::new(1400 + seed);
        let d = random_discriminator(&mut random);
        let completions = completions(&mut random, d.shape());
        let rounded = DiscriminatorReward { discriminator: &d, precision: Precision::Bf16 };
        let (got, want) =
            (rounded.score_completions(&completions).unwrap(), d.score_completions(&completions).unwrap());
        for (got, want) in got.iter().zip(&want) {
            assert!((got - want).abs() < 0.02, "seed {seed}: {got} for {want}");
            different += usize::from(got != want);
        }
        assert_eq!(
            rounded.score(&completions.sequences).unwrap(),
            want,
            "finished sequences are scored in f32"
        );
    }
    eprintln!("{different} scores differ");
}
