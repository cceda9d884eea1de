//! The paper's generator: embedding, LSTM, output layer (SeqGAN, section 3 and appendix), with any number of layers.

mod blocks;
mod decoding;
mod extension;
mod generator;
mod gradient;
mod inference;
mod masks;
mod model;
mod shape;

pub use blocks::weighted_blocks;
pub(super) use generator::LstmKind;
pub use model::LstmGenerator;
pub use shape::LstmShape;
