//! The metrics of samples that a [`Scorecard`](super::Scorecard) holds.
//!
//! ```
//! use seqgan::SeqBatch;
//! use seqgan::metrics::{Estimate, Metric, Reference, Scorecard, registry};
//!
//! static MEAN_LENGTH: Metric = Metric {
//!     names: &["mean_length"],
//!     about: "Mean number of tokens; standard error over samples.",
//!     reference: Reference::Test,
//!     measure: |context| vec![Estimate::from_values(context.samples.rows().map(|row| row.len() as f64))],
//! };
//!
//! registry::register(&MEAN_LENGTH)?;
//! let samples = SeqBatch::from_rows([vec![5], vec![5, 6, 7]], 3);
//! let card = Scorecard::of(&samples, &samples, None);
//! assert_eq!(card.get("mean_length").unwrap().mean, 2.0);
//! # Ok::<(), seqgan::Error>(())
//! ```

use super::bleu::BLEU;
use super::distinct::{DISTINCT, NOVEL, UNIQUE};
use super::metric::Metric;
use super::ms_jaccard::MS_JACCARD;
use super::nearest::NEAREST;
use super::pitch_error::PITCH_MSE;
use super::self_bleu::SELF_BLEU;
use crate::{Error, Result};
use std::sync::{PoisonError, RwLock};

/// The metrics of this crate, in the order of tables.
static BUILT_IN: [&Metric; 8] =
    [&BLEU, &SELF_BLEU, &MS_JACCARD, &DISTINCT, &UNIQUE, &NOVEL, &PITCH_MSE, &NEAREST];

/// Metrics of other crates, in the order of their registration.
static REGISTERED: RwLock<Vec<&'static Metric>> = RwLock::new(Vec::new());

/// Names of a scorecard that are measured with the help of a model or a trained network, and so by no [`Metric`].
const RESERVED: [&str; 4] = ["nll_test", "lm_score", "reverse_lm_score", "classifier_accuracy"];

/// Adds a metric. A name that another metric has is refused.
pub fn register(metric: &'static Metric) -> Result<()> {
    let mut registered = REGISTERED.write().unwrap_or_else(PoisonError::into_inner);
    let others = BUILT_IN.iter().chain(registered.iter()).flat_map(|other| other.names);
    let taken: Vec<&str> = RESERVED.into_iter().chain(others.copied()).collect();
    if let Some(name) = metric.names.iter().find(|name| taken.contains(name)) {
        return Err(Error::Config {
            key: "metric".into(),
            value: format!("\"{name}\""),
            expected: "a name that no other metric has".into(),
            source_place: None,
            hint: None,
        });
    }
    registered.push(metric);
    Ok(())
}

/// All metrics, those of this crate first.
pub fn metrics() -> Vec<&'static Metric> {
    let registered = REGISTERED.read().unwrap_or_else(PoisonError::into_inner);
    BUILT_IN.iter().chain(registered.iter()).copied().collect()
}

/// The metric that gives the estimate of this name.
pub fn find(name: &str) -> Option<&'static Metric> {
    metrics().into_iter().find(|metric| metric.names.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_measured_by_one_metric() {
        let mut names: Vec<&str> = BUILT_IN.iter().flat_map(|metric| metric.names).copied().collect();
        assert_eq!(names.len(), 20);
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 20);
        assert!(RESERVED.iter().all(|name| find(name).is_none()));
        assert_eq!(find("near_copies").unwrap().names, ["nearest", "near_copies"]);
    }

    #[test]
    fn a_name_of_another_metric_is_refused() {
        let error = register(&BLEU).unwrap_err().to_string();
        assert_eq!(error, "`metric` is \"bleu_2\", expected a name that no other metric has");
    }
}
