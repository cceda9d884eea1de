//! Monte-Carlo search with the discriminator as reward.

use super::actor::Actor;
use super::discriminator::TrainedDiscriminator;
use super::scale::Scale;
use seqgan::SeqBatch;
use seqgan::config::Precision;
use seqgan::credit::MonteCarlo;
use seqgan::reward::{DiscriminatorReward, Reward};
use seqgan::rng::{Purpose, Streams};

/// The value of every decision of `batch`, `[B, T]`, completions scored in `precision`.
pub fn values(
    scale: &Scale,
    actor: &Actor,
    discriminator: &TrainedDiscriminator,
    batch: &SeqBatch,
    precision: Precision,
) -> Vec<f32> {
    let search = MonteCarlo { num_rollouts: scale.rollouts, max_prefixes: scale.max_prefixes };
    let reward = DiscriminatorReward { discriminator: discriminator.discriminator(), precision };
    search.values(&actor.policy(), &reward, batch, &Streams::new(1, Purpose::Rollout), 0).unwrap()
}

/// Values are means of scores, do not depend on the batch, and end in the sequence's own score.
pub fn verify(
    scale: &Scale,
    actor: &Actor,
    discriminator: &TrainedDiscriminator,
    batch: &SeqBatch,
    precision: Precision,
) {
    let two = batch.slice(0, 2);
    let got = values(scale, actor, discriminator, &two, precision);
    assert!(got.iter().all(|value| (0.0..=1.0).contains(value)), "a value is no probability");
    assert!(
        got[..scale.length] == values(scale, actor, discriminator, &batch.slice(0, 1), precision),
        "a value alone"
    );
    let own = discriminator.discriminator().score(&two).unwrap();
    assert_eq!([got[scale.length - 1], got[2 * scale.length - 1]], own[..], "the last decision's value");
}

/// Prints how far the values in bf16 are from those in f32, and refuses more than the settings promise.
pub fn verify_bf16(scale: &Scale, actor: &Actor, discriminator: &TrainedDiscriminator, batch: &SeqBatch) {
    let [exact, rounded] = [Precision::F32, Precision::Bf16]
        .map(|precision| values(scale, actor, discriminator, batch, precision));
    let errors = exact.iter().zip(&rounded).map(|(a, b)| f64::from((a - b).abs()));
    let (largest, sum) = errors.fold((0.0, 0.0), |(largest, sum), e| (f64::max(largest, e), sum + e));
    let mean = exact.iter().sum::<f32>() / exact.len() as f32;
    eprintln!(
        "bf16: values of mean {mean:.4}, error {:.1e} in the mean, {largest:.1e} at most",
        sum / exact.len() as f64
    );
    assert!(largest < 0.02, "a value in bf16 is off by {largest}");
}
