//! Measures of a model on a task: likelihoods, divergences from the oracle, validity under a rule.
//!
//! All models, methods and temperatures use the same random numbers, which reduces the noise of their differences.

mod measures;
mod results;
mod sampled;

pub use measures::{measure, measure_in_training, measured, validation_nll, within_support};
pub use results::{
    Comparison, CurveEntry, Measures, MethodRow, OracleReference, Outcome, ReferenceSums, Summary, Sums,
};
pub(crate) use sampled::{Sampled, oracle_nats, rule_measures, sample};
