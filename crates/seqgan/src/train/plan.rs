//! Which stages a run has, in order.

use crate::config::Config;
use crate::{Error, Result};

/// One stage of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stage {
    /// Trains `mle` or `mle-tuned`.
    Likelihood(String),
    /// Algorithm 1, line 4.
    Discriminator,
    /// Algorithm 1, lines 6 to 18.
    Adversarial,
    /// The final measurements.
    Measure,
}

/// The stages that the configured methods need.
pub(super) fn plan(config: &Config) -> Result<Vec<Stage>> {
    let has = |method: &str| config.methods.iter().any(|m| m == method);
    if config.methods.is_empty() {
        return Err(Error::Config {
            key: "methods".into(),
            value: "empty".into(),
            expected: "at least one method".into(),
            source_place: None,
            hint: None,
        });
    }
    let mut stages = Vec::new();
    for method in ["mle", "mle-tuned"] {
        if has(method) || has("seqgan") && config.adversarial.base == method {
            stages.push(Stage::Likelihood(method.into()));
        }
    }
    if has("seqgan") {
        stages.extend([Stage::Discriminator, Stage::Adversarial]);
    }
    stages.push(Stage::Measure);
    Ok(stages)
}
