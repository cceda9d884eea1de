//! Final evaluation of a run: table of results, temperature curves, comparisons at equal entropy, and metrics that
//! train a model.

mod equal_entropy;
mod residual;
mod table;
pub mod trained_metrics;
mod unigram;

pub use residual::{Resampled, ResidualModel, ResidualPolicy};
pub use table::{PHASE, evaluate};
