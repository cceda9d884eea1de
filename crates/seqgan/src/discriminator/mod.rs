//! Discriminators: networks that distinguish real sequences from generated ones.
//!
//! [`Discriminator`] is the CNN of SeqGAN, section 3.3, which scores finished sequences. [`CausalDiscriminator`] scores
//! every step. [`Ranker`] ranks a sequence against a comparison set (RankGAN). [`crate::reward`] converts their outputs
//! to rewards.

mod arithmetic;
mod causal;
mod cnn;
mod cnn_features;
mod completion_scorer;
pub mod file;
mod ranker;
mod ranks;
mod reference_features;
mod shape;

pub(crate) use arithmetic::{Arithmetic, Exact, Pairs};
pub(crate) use causal::sigmoid;
pub use causal::{CausalDiscriminator, CausalObjective, CausalShape};
pub use cnn::{Discriminator, Regularisation};
pub(crate) use completion_scorer::Scorer;
pub use ranker::{RankObjective, Ranker};
pub use ranks::References;
pub(crate) use ranks::{log_sums, rank};
pub use reference_features::ReferenceModels;
pub(crate) use reference_features::{LOG_P, LOG_P_DIFFERENCE, RUNNING_SUM, num_features};
pub use shape::{BatchLoss, DiscriminatorShape};
