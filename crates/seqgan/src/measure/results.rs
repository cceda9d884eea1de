//! Results of a run, as stored in summary.json.

use crate::metrics::{Estimate, Scorecard, Verdict, frontier::Differences};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Measures of a model at one temperature. Likelihoods, entropies and divergences are in nats per token. Measures that
/// do not apply to the task are absent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Measures {
    /// Mean -log p of the model's samples under the oracle (NLL_oracle of SeqGAN, section 4).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nll_oracle: Option<Estimate>,
    /// Mean -log p of the test sequences under the model: fresh samples of the oracle, or a test file.
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
    /// KL(model, oracle) = nll_oracle - entropy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reverse_kl: Option<Estimate>,
    /// KL(oracle, model) = nll_test - entropy of the oracle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forward_kl: Option<Estimate>,
    /// Share of the model's samples that satisfy the rule of a synthetic task.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub valid: Option<Estimate>,
    /// Number of distinct valid samples, relative to its expectation for as many samples of the true distribution.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub coverage: Option<Estimate>,
}

impl Measures {
    /// Names and values of the measures that are present, in order.
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
    /// Temperature: logits are divided by it.
    pub temperature: f64,
    /// Measures of the model at this temperature.
    #[serde(flatten)]
    pub measures: Measures,
    /// Metrics of its samples against the test file, if there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub scorecard: Option<Scorecard>,
}

/// Comparison of a method with its base at equal entropy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The method's temperature.
    pub temperature: f64,
    /// Temperature at which the base has the same entropy.
    pub base_temperature: f64,
    /// Measures of the method minus those of the base.
    #[serde(flatten)]
    pub differences: Differences,
    /// Difference in the share of valid samples, for a synthetic task with a rule: method minus base; positive is
    /// better.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub valid: Option<Estimate>,
}

/// A row of the table of results.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MethodRow {
    /// Name of the row, such as "mle-tuned" or "seqgan".
    pub name: String,
    /// Name of the model that training started from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// Measures at temperature 1.
    #[serde(flatten)]
    pub measures: Measures,
    /// Metrics of its samples against the test file, if there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub scorecard: Option<Scorecard>,
    /// Mean -log p in nats per token of the held-out sequences of each label. They are those of the test file, or else
    /// the validation part.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub nll_by_label: BTreeMap<String, Estimate>,
    /// Mean score of its samples under each part of `[[reward]]`, whether or not the method was trained with it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub rewards: BTreeMap<String, Estimate>,
    /// Effective sample size of the resampled candidates, as a share of their number; for residual rows.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub effective_candidates: Option<f64>,
    /// Measures at other temperatures.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub curve: Vec<CurveEntry>,
    /// Comparisons with the base at equal entropy.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub comparisons: Vec<Comparison>,
    /// Verdict of the comparisons.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
}

/// Reference values of a synthetic task's oracle, in nats per token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OracleReference {
    /// Entropy of the oracle, the lower bound of nll_test.
    pub entropy: Estimate,
    /// nll_oracle of uniformly random tokens.
    pub uniform_nll: Estimate,
}

/// Running sums of one quantity, for its mean and standard error.
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

    /// Mean and its standard error.
    pub fn estimate(&self) -> Estimate {
        let mean = self.sum / self.count;
        let variance = (self.squares / self.count - mean * mean).max(0.0) * self.count / (self.count - 1.0);
        Estimate { mean, stderr: (variance / self.count).sqrt() }
    }
}

/// Running sums for [`OracleReference`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct ReferenceSums {
    /// -log p per token of the oracle's own samples, in nats.
    pub entropy: Sums,
    /// -log p per token of uniformly random tokens, in nats.
    pub uniform: Sums,
}

/// Results so far, as stored in the training state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Number of completed measurements of the final evaluation.
    #[serde(default)]
    pub measured: usize,
    /// Running sums of the oracle's reference values.
    pub reference_sums: ReferenceSums,
    /// Reference values of a synthetic task's oracle.
    pub oracle: Option<OracleReference>,
    /// Rows of the table.
    pub methods: Vec<MethodRow>,
    /// Warnings about the results.
    pub notes: Vec<String>,
}

/// Content of summary.json.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Command of the run: "oracle" or "train".
    pub command: String,
    /// Version of the program.
    pub version: String,
    /// Name of the preset.
    pub preset: String,
    /// Random seed of the run.
    pub seed: u64,
    /// Run time in seconds. All other values are reproducible.
    pub seconds: f64,
    /// Reference values of a synthetic task's oracle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oracle: Option<OracleReference>,
    /// Rows of the table.
    pub methods: Vec<MethodRow>,
    /// Warnings about the results.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub notes: Vec<String>,
}
