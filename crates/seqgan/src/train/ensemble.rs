//! Members of an ensemble: likelihood models that differ only in their initial parameters and the order of their
//! batches. The first is `mle-tuned` itself.

use super::mle::LikelihoodJob;
use crate::config::{Config, Method};
use crate::rng::{Purpose, Streams};
use crate::token::SeqBatch;
use std::borrow::Cow;

/// Seed of member number `member` of ensemble number `of`.
pub fn member_seed(config: &Config, member: usize, of: usize) -> u64 {
    let [a, b, ..] = Streams::new(config.seed, Purpose::Members).block(member as u64, of as u32, 0);
    u64::from(a) << 32 | u64::from(b)
}

/// Name of member number `member` (from 0) in records.
pub fn member_name(member: usize) -> String {
    format!("member-{}", member + 1)
}

/// Training job of member number `member`. Member 0 is `mle-tuned`, which has its own job.
pub fn member_job<'a>(config: &Config, train: &'a SeqBatch, member: usize) -> LikelihoodJob<'a> {
    LikelihoodJob {
        method: Method::MLE_TUNED,
        name: member_name(member),
        seed: member_seed(config, member, 0),
        teacher: None,
        train: Cow::Borrowed(train),
    }
}
