//! SeqGAN: sequence generative adversarial nets with policy gradient.

pub mod config;
pub mod error;
pub mod generator;
pub mod kernel;
pub mod nn;
pub mod rng;
pub mod reward;
pub mod rollout;
pub mod token;
pub mod update;

pub use error::{Error, Result};
pub use token::{SeqBatch, TokenId};
