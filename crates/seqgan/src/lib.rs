//! SeqGAN: sequence generative adversarial nets with policy gradient.

pub mod error;
pub mod metrics;
pub mod ngram;
pub mod rng;
pub mod token;

pub use error::{Error, Result};
pub use token::{SeqBatch, TokenId};
