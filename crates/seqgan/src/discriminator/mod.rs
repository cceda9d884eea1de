//! Discriminators: networks that tell real sequences from generated ones.
//!
//! [`Discriminator`] is the CNN of SeqGAN, section 3.3, which scores finished sequences; [`CausalDiscriminator`] scores every
//! step; [`Ranker`] ranks a sequence among others (RankGAN). [`crate::reward`] turns their outputs into rewards.

mod arithmetic;
mod causal;
mod cnn;
mod cnn_features;
mod completion_scorer;
mod ranker;
mod ranks;
mod shape;

pub(crate) use arithmetic::{Arithmetic, Exact, Pairs};
pub(crate) use causal::sigmoid;
pub use causal::{CausalDiscriminator, CausalObjective, CausalShape};
pub(crate) use cnn::layout as cnn_layout;
pub use cnn::{Discriminator, Regularisation};
pub(crate) use completion_scorer::Scorer;
pub use ranker::{RankObjective, Ranker};
pub use ranks::References;
pub(crate) use ranks::{log_sums, rank};
pub use shape::{BatchLoss, DiscriminatorShape};
