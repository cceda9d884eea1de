//! The paper's generator: embedding, LSTM, output layer (SeqGAN, section 3 and appendix).

mod blocks;
mod decoding;
mod generator;
mod gradient;
mod inference;
mod model;

pub use blocks::weighted_blocks;
pub(super) use generator::LstmKind;
pub use model::{LstmGenerator, LstmShape};
