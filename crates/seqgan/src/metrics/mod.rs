//! Measurements of samples and models. They read and never change what they measure, and keep nothing
//! between calls.
//!
//! A metric of samples is one file here, with its [`Metric`], and one line in [`registry`]; [`registry::register`] adds
//! one from outside the crate.

pub mod auc;
pub mod bleu;
pub mod coverage;
pub mod distinct;
pub mod estimate;
pub mod frontier;
pub mod likelihood;
pub mod match_entropy;
mod metric;
pub mod ms_jaccard;
pub mod nearest;
pub mod pitch_error;
pub mod registry;
pub mod residual;
pub mod scorecard;
pub mod self_bleu;
pub mod significance;

pub use auc::auc;
pub use bleu::bleu;
pub use coverage::coverage;
pub use distinct::{distinct, novel, unique};
pub use estimate::Estimate;
pub use frontier::{Verdict, compare};
pub use likelihood::{nll, per_token};
pub use match_entropy::match_entropy;
pub use metric::{Metric, Reference, SampleContext};
pub use ms_jaccard::ms_jaccard;
pub use nearest::{Nearest, nearest};
pub use pitch_error::pitch_mse;
pub use residual::residual;
pub use scorecard::Scorecard;
pub use self_bleu::self_bleu;
pub use significance::{OverRuns, holm, paired_p, samples_p};
