//! SeqGAN: sequence generative adversarial nets with policy gradient.

pub mod checkpoint;
pub mod config;
pub mod data;
pub mod error;
pub mod generator;
pub mod kernel;
pub mod metrics;
pub mod ngram;
pub mod nn;
pub mod report;
pub mod reward;
pub mod rng;
pub mod rollout;
pub mod run;
pub mod token;
pub mod train;
pub mod update;

pub use error::{Error, Result};
pub use token::{Label, SeqBatch, TokenId};
