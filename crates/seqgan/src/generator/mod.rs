//! The generator: a stochastic policy over tokens (SeqGAN, section 3).
//!
//! [`LstmGenerator`] holds parameters and can be trained; [`LstmPolicy`] is a snapshot of it at a temperature,
//! packed for sampling. Sampling and likelihood go through the same snapshot, so they can't disagree about
//! temperature or about tokens that are never chosen.

mod beam;
pub mod constraint;
mod ensemble;
pub mod file;
mod filter;
mod lstm;
mod mixture;
pub mod oracle;
mod policy;
mod rules;
mod scheduled;
mod walk;

pub use beam::Scored;
pub use ensemble::{ensemble, weighted};
pub use file::GeneratorHeader;
pub use filter::Filter;
pub use lstm::{GeneratorShape, Guide, LstmGenerator};
pub use mixture::MixturePolicy;
pub use policy::LstmPolicy;
pub use rules::Rules;
pub use scheduled::ScheduledInputs;

/// A generator of any kind.
pub type BoxGenerator = LstmGenerator;

/// What every generator offers.
pub type Generator = LstmGenerator;

/// What every generator that can be trained offers.
pub type TrainableGenerator = LstmGenerator;

/// A generator of any kind that can be trained.
pub type BoxTrainable = LstmGenerator;

/// A generator of any kind at a temperature, for sampling.
pub type GeneratorPolicy = LstmPolicy;

/// What the data fix of every generator.
pub type SequenceSpace = GeneratorShape;

use crate::rng::Streams;
use crate::token::{SeqBatch, TokenId};

/// Sampled sequences with their log-probabilities under the policy that drew them.
#[derive(Debug, Clone)]
pub struct Samples {
    /// B sequences.
    pub sequences: SeqBatch,
    /// log p of each sequence, its end included, in nats: `[B]`.
    pub log_prob: Vec<f64>,
}

/// A beginning to be completed: the first `length` tokens of row `row`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prefix {
    /// Row of the batch.
    pub row: usize,
    /// Number of tokens kept, at least 1 and less than the maximum length.
    pub length: usize,
}

/// A distribution over sequences that can be sampled and asked for probabilities.
pub trait Policy: Sync {
    /// T, the most tokens a sequence can have.
    fn max_length(&self) -> usize;

    /// The token that ends a sequence, if sequences can end before T.
    fn end_token(&self) -> Option<TokenId>;

    /// Draws sequences number `first..first + n` of `streams`.
    fn sample(&self, streams: &Streams, first: u64, n: usize) -> Samples;

    /// log p of each decision, `[B, T]`, zero behind the last decision of a row.
    fn log_prob(&self, batch: &SeqBatch) -> Vec<f32>;

    /// log p of each sequence, `[B]`, in nats.
    fn sequence_log_prob(&self, batch: &SeqBatch) -> Vec<f64> {
        let steps = self.max_length();
        self.log_prob(batch).chunks(steps).map(|row| row.iter().map(|&x| f64::from(x)).sum()).collect()
    }
}

/// A policy that can also go on from a beginning, as Monte-Carlo search asks for.
pub trait RolloutPolicy: Policy {
    /// Draws `n` completions of each prefix; the result's rows are prefix after prefix. Completion i of prefix p
    /// is sequence number `first + p n + i` of `streams`. Prefixes of one row stand together, shortest first.
    fn complete(
        &self,
        batch: &SeqBatch,
        prefixes: &[Prefix],
        n: usize,
        streams: &Streams,
        first: u64,
    ) -> SeqBatch;
}

/// An untrained generator of the configured kind, with parameters from N(0, `std`).
pub fn untrained(
    space: &SequenceSpace,
    config: &crate::config::GeneratorConfig,
    std: f64,
    streams: &Streams,
) -> BoxTrainable {
    let shape = GeneratorShape {
        embedding_dim: config.embedding_dim,
        hidden_dim: config.hidden_dim,
        ..space.clone()
    };
    LstmGenerator::new(shape, std, streams)
}
