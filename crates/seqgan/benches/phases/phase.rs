//! The phases: what they are called, and how one is made ready.

use super::actor::Actor;
use super::discriminator::TrainedDiscriminator;
use super::monte_carlo;
use super::product::Square;
use super::scale::{Scale, settings};
use seqgan::config::Precision;
use seqgan::rng::{Purpose, Streams};
use std::fmt;
use std::str::FromStr;

/// A part of training that is timed by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// An epoch of maximum likelihood.
    Mle,
    /// Drawing as many sequences as the epoch has.
    Sample,
    /// An epoch of the discriminator.
    Dtrain,
    /// The values of one batch.
    Reward,
    /// The same with completions scored in bf16, by a discriminator that has begun to tell real from generated.
    RewardBf16,
    /// One policy-gradient update.
    Pg,
    /// A round of adversarial training.
    Round,
    /// A large matrix product.
    Product,
}

impl Phase {
    /// All of them, by name; what is long comes last.
    pub const ALL: [(&str, Self); 8] = [
        ("mle", Self::Mle),
        ("sample", Self::Sample),
        ("dtrain", Self::Dtrain),
        ("reward", Self::Reward),
        ("reward-bf16", Self::RewardBf16),
        ("pg", Self::Pg),
        ("product", Self::Product),
        ("round", Self::Round),
    ];

    /// Makes the data and the models, checks that they compute the right thing, and returns what is to be timed.
    pub fn prepare(self, scale: Scale) -> Box<dyn FnMut()> {
        let real = |n| scale.draw_oracle(Purpose::OracleTrain, n);
        let mut actor = Actor::new(&scale);
        match self {
            Self::Mle => {
                let real = real(scale.sequences);
                actor.verify_likelihood(&real);
                Box::new(move || actor.likelihood_epoch(&real))
            }
            Self::Sample => {
                actor.verify_sampling();
                Box::new(move || drop(actor.sample(scale.sequences)))
            }
            Self::Dtrain => {
                let (real, negatives) = (real(scale.sequences), actor.sample(scale.sequences));
                let mut discriminator = TrainedDiscriminator::new(&scale);
                discriminator.verify(&real, &negatives);
                Box::new(move || discriminator.epoch(&real, &negatives))
            }
            Self::Reward => {
                let (batch, discriminator) = (real(scale.batch), TrainedDiscriminator::new(&scale));
                monte_carlo::verify(&scale, &actor, &discriminator, &batch, Precision::F32);
                Box::new(move || {
                    drop(monte_carlo::values(&scale, &actor, &discriminator, &batch, Precision::F32))
                })
            }
            Self::RewardBf16 => {
                let (batch, mut discriminator) = (real(scale.batch), TrainedDiscriminator::new(&scale));
                monte_carlo::verify(&scale, &actor, &discriminator, &batch, Precision::Bf16);
                let few = 8 * scale.batch;
                discriminator.epoch(&real(few), &actor.sample(few));
                monte_carlo::verify_bf16(&scale, &actor, &discriminator, &batch);
                Box::new(move || {
                    drop(monte_carlo::values(&scale, &actor, &discriminator, &batch, Precision::Bf16))
                })
            }
            Self::Pg => {
                let batch = real(scale.batch);
                actor.verify_policy_gradient(&batch);
                let streams = Streams::new(1, Purpose::Bootstrap);
                let value = |i: usize| streams.uniform(i as u64, 0) as f32;
                let values: Vec<f32> = (0..batch.total_tokens()).map(value).collect();
                Box::new(move || actor.policy_gradient(&batch, &values))
            }
            Self::Product => {
                let mut square = Square::new();
                square.verify();
                Box::new(move || square.run())
            }
            Self::Round => {
                let (real, mut discriminator) = (real(scale.sequences), TrainedDiscriminator::new(&scale));
                actor.verify_sampling();
                actor.verify_policy_gradient(&real);
                monte_carlo::verify(&scale, &actor, &discriminator, &real, settings().rollout.precision);
                discriminator.verify(&real, &actor.sample(scale.batch));
                Box::new(move || round(&scale, &mut actor, &mut discriminator, &real))
            }
        }
    }
}

/// One round of Algorithm 1 with the paper's numbers of steps.
fn round(
    scale: &Scale,
    actor: &mut Actor,
    discriminator: &mut TrainedDiscriminator,
    real: &seqgan::SeqBatch,
) {
    let steps = settings().adversarial;
    for _ in 0..steps.g_steps {
        let batch = actor.sample(scale.batch);
        let values = monte_carlo::values(scale, actor, discriminator, &batch, settings().rollout.precision);
        actor.policy_gradient(&batch, &values);
    }
    for _ in 0..steps.d_steps {
        let negatives = actor.sample(scale.sequences);
        (0..steps.d_epochs).for_each(|_| discriminator.epoch(real, &negatives));
    }
}

impl FromStr for Phase {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = Self::ALL.iter().find(|(known, _)| *known == name);
        known.map(|&(_, phase)| phase).ok_or_else(|| {
            format!("unknown phase `{name}`, expected {}", Self::ALL.map(|(name, _)| name).join(", "))
        })
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::ALL.iter().find(|(_, phase)| phase == self).expect("all are listed").0)
    }
}
