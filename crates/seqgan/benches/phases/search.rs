//! Monte-Carlo search with the discriminator as reward.

use super::actor::Actor;
use super::judge::Judge;
use super::scale::Scale;
use seqgan::SeqBatch;
use seqgan::reward::Reward;
use seqgan::reward::values::MonteCarlo;
use seqgan::rng::{Purpose, Streams};

/// The value of every decision of `batch`, `[B, T]`.
pub fn values(scale: &Scale, actor: &Actor, judge: &Judge, batch: &SeqBatch) -> Vec<f32> {
    let search = MonteCarlo { num_rollouts: scale.rollouts, max_prefixes: scale.max_prefixes };
    search.values(&actor.policy(), judge.discriminator(), batch, &Streams::new(1, Purpose::Rollout), 0)
}

/// Values are means of scores, do not depend on the batch, and end in the sequence's own score.
pub fn verify(scale: &Scale, actor: &Actor, judge: &Judge, batch: &SeqBatch) {
    let two = batch.slice(0, 2);
    let got = values(scale, actor, judge, &two);
    assert!(got.iter().all(|value| (0.0..=1.0).contains(value)), "a value is no probability");
    assert!(got[..scale.length] == values(scale, actor, judge, &batch.slice(0, 1)), "a value alone");
    let own = judge.discriminator().score(&two);
    assert_eq!([got[scale.length - 1], got[2 * scale.length - 1]], own[..], "the last decision's value");
}
