//! SeqGAN: sequence generative adversarial nets with policy gradient.
//!
//! A reward of one's own, and one round of training by it:
//!
//! ```
//! use seqgan::config::Baseline;
//! use seqgan::generator::{GeneratorPolicy, LstmGenerator, LstmShape, Policy, oracle::synthetic_space};
//! use seqgan::credit::MonteCarlo;
//! use seqgan::reward::Reward;
//! use seqgan::rng::{Purpose, Streams};
//! use seqgan::optim::{GeneratorUpdate, Optimizer, policy_gradient_step};
//! use seqgan::{Result, SeqBatch};
//!
//! /// The share of tokens that are even.
//! struct Even;
//!
//! impl Reward for Even {
//!     fn score(&self, sequences: &SeqBatch) -> Result<Vec<f32>> {
//!         let share = |row: &[u32]| row.iter().filter(|&t| t % 2 == 0).count() as f32 / row.len() as f32;
//!         Ok(sequences.rows().map(share).collect())
//!     }
//! }
//!
//! // 20 tokens, sequences of length 5, embeddings of 8, a hidden state of 16; seed 1.
//! let (space, shape) = (synthetic_space(20, 5), LstmShape::new(8, 16));
//! let mut generator = LstmGenerator::new(space, shape, 0.1, &Streams::new(1, Purpose::GeneratorInit));
//! let mut optimizer = Optimizer::new(generator.parameters(), generator.gradients());
//!
//! let policy = GeneratorPolicy::new(&generator, 1.0);
//! let batch = policy.sample(&Streams::new(1, Purpose::PolicySample), 0, 64).sequences;
//! // The action value of each decision: the mean reward of 4 completions of the prefix that ends with it.
//! let search = MonteCarlo { num_rollouts: 4, max_prefixes: 0 };
//! let values = search.values(&policy, &Even, &batch, &Streams::new(1, Purpose::Rollout), 0)?;
//! let update = GeneratorUpdate { learning_rate: 0.01, clip_norm: 5.0, ..GeneratorUpdate::default() };
//! policy_gradient_step(&mut generator, &mut optimizer, &batch, &values, Baseline::StepMean, update)?;
//!
//! let mean = |scores: Vec<f32>| scores.iter().sum::<f32>() / scores.len() as f32;
//! let after = GeneratorPolicy::new(&generator, 1.0).sample(&Streams::new(1, Purpose::Sample), 0, 1000).sequences;
//! assert!(mean(Even.score(&after)?) > mean(Even.score(&batch)?));
//! # Ok::<(), seqgan::Error>(())
//! ```
//!
//! A whole run, from a file to a table and models in a folder, is [`experiment::run`]: [`experiment::Settings`] holds layers of
//! settings, [`experiment::Experiment`] a run with its checked settings ([`config::CheckedConfig`]), [`train::Observer`] receives
//! its events, and [`saved::SavedRun`] opens its folder again. `examples/smallest_run.rs` makes such a run and samples from it,
//! `examples/custom_reward.rs` trains by a reward, `examples/custom_method.rs` registers a method, and `examples/resume.rs`
//! interrupts a run and resumes it.
//!
//! A program can add its own kinds of generators ([`generator::register`]), methods ([`train::method::register`]), rewards
//! ([`reward::registry::register`]) and metrics ([`metrics::registry::register`]). Settings can name them from then on.
//!
//! CONTRIBUTING.md says what each module is for, and which modules it may use.

pub mod checkpoint;
pub mod config;
pub mod credit;
pub mod data;
pub mod discriminator;
pub mod error;
pub mod evaluate;
pub mod experiment;
pub(crate) mod fault;
pub mod generator;
pub mod kernel;
pub mod measure;
pub mod metrics;
pub mod ngram;
pub mod nn;
pub mod optim;
pub mod report;
pub mod reward;
pub mod rng;
pub mod rollout;
pub mod run;
pub mod saved;
pub mod space;
pub mod study;
pub mod task;
pub mod token;
pub mod train;

pub use error::{Error, Result};
pub use token::{Label, SeqBatch, TokenId};
