//! Results of a run, as summary.json holds them and the table shows them.

use crate::metrics::{Estimate, Scorecard, Verdict, frontier::Differences};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Measures of a model at one temperature, in nats per token where they are likelihoods; what a task does not have is absent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Measures {
    /// Mean -log p of the model's samples under the oracle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nll_oracle: Option<Estimate>,
    /// Mean -log p of fresh sequences of the oracle under the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nll_test: Option<Estimate>,
    /// Mean -log p of the validation sequences under the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nll_validation: Option<Estimate>,
    /// Mean -log p of the training sequences under the model; the gap to nll_test is overfitting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nll_train: Option<Estimate>,
    /// Mean -log p of the model's samples under itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entropy: Option<Estimate>,
    /// nll_oracle - entropy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reverse_kl: Option<Estimate>,
    /// nll_test - entropy of the oracle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forward_kl: Option<Estimate>,
    /// Share of the model's samples that satisfy the rule of a synthetic task.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub valid: Option<Estimate>,
    /// Number of different valid samples, relative to the number expected of as many draws of the true distribution.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub coverage: Option<Estimate>,
}

impl Measures {
    /// Names and values of what is there, in order.
    pub fn entries(&self) -> Vec<(&'static str, Estimate)> {
        [
            ("nll_oracle", self.nll_oracle),
            ("nll_test", self.nll_test),
            ("nll_validation", self.nll_validation),
            ("nll_train", self.nll_train),
            ("entropy", self.entropy),
            ("reverse_kl", self.reverse_kl),
            ("forward_kl", self.forward_kl),
            ("valid", self.valid),
            ("coverage", self.coverage),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
    }
}

/// A point of a temperature curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CurveEntry {
    /// Logits are divided by it.
    pub temperature: f64,
    /// The model there.
    #[serde(flatten)]
    pub measures: Measures,
    /// Its samples there beside a test file.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub scorecard: Option<Scorecard>,
}

/// A method and its base at equal entropy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The method's temperature.
    pub temperature: f64,
    /// The base's temperature of equal entropy.
    pub base_temperature: f64,
    /// Method minus base.
    #[serde(flatten)]
    pub differences: Differences,
    /// Share of samples that keep the rule of a synthetic task, method minus base; positive is better.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub valid: Option<Estimate>,
}

/// One row of the table.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MethodRow {
    /// "mle-tuned", "seqgan", ..
    pub name: String,
    /// The model that training started from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// At temperature 1.
    #[serde(flatten)]
    pub measures: Measures,
    /// Its samples there beside a test file.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub scorecard: Option<Scorecard>,
    /// Mean -log p per token of the held-out sequences of each label: of the test file, or else of the validation part.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub nll_by_label: BTreeMap<String, Estimate>,
    /// Mean score of its samples under each part of the reward, whichever method was trained by it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub rewards: BTreeMap<String, Estimate>,
    /// Effective sample size of the candidates of which samples are kept, as a share of them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub effective_candidates: Option<f64>,
    /// At other temperatures.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub curve: Vec<CurveEntry>,
    /// Against the base's curve at equal entropy.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub comparisons: Vec<Comparison>,
    /// The verdict of the comparisons.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
}

/// The reference values of a synthetic task's oracle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OracleReference {
    /// Entropy of the oracle: no nll_test can be lower.
    pub entropy: Estimate,
    /// nll_oracle of uniformly random tokens.
    pub uniform_nll: Estimate,
}

/// Running sums of one quantity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Sums {
    count: f64,
    sum: f64,
    squares: f64,
}

impl Sums {
    /// Adds a value.
    pub fn add(&mut self, x: f64) {
        self.count += 1.0;
        self.sum += x;
        self.squares += x * x;
    }

    /// Mean and standard error of the values so far.
    pub fn estimate(&self) -> Estimate {
        let mean = self.sum / self.count;
        let variance = (self.squares / self.count - mean * mean).max(0.0) * self.count / (self.count - 1.0);
        Estimate { mean, stderr: (variance / self.count).sqrt() }
    }
}

/// Sums over the draws that measure the oracle.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct ReferenceSums {
    /// -log p per token of the oracle's own draws.
    pub entropy: Sums,
    /// -log p per token of uniform tokens.
    pub uniform: Sums,
}

/// Results so far.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Measurements of the final evaluation done.
    #[serde(default)]
    pub measured: usize,
    /// Draws that measure the oracle, so far.
    pub reference_sums: ReferenceSums,
    /// Reference values of a synthetic task's oracle.
    pub oracle: Option<OracleReference>,
    /// The table.
    pub methods: Vec<MethodRow>,
    /// Warnings that belong to the results.
    pub notes: Vec<String>,
}

/// summary.json.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// "oracle" or "train".
    pub command: String,
    /// Version of the program.
    pub version: String,
    /// Name of the preset.
    pub preset: String,
    /// The seed.
    pub seed: u64,
    /// Seconds of work; all else is equal in equal runs.
    pub seconds: f64,
    /// OracleReference of the synthetic task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oracle: Option<OracleReference>,
    /// The table.
    pub methods: Vec<MethodRow>,
    /// Warnings that belong to the results.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub notes: Vec<String>,
}
