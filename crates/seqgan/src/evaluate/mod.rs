//! The final measurements of a run: the table, temperature curves, comparisons at equal entropy, and metrics that need a model to
//! be trained first.

mod equal_entropy;
mod residual;
mod table;
pub mod trained_metrics;
mod unigram;

pub use residual::{Resampled, ResidualModel, ResidualPolicy};
pub use table::{PHASE, evaluate};
