//! What the runs of a study say together, as its summary.json tells it.

use super::over_runs::rows;
use super::significance::{correct, paired_tests, sample_tests};
use super::{Study, Variant};
use crate::experiment::Kind;
use crate::measure::{MethodRow, OracleReference, Summary};
use crate::metrics::{OverRuns, Verdict};
use serde::{Serialize, Serializer};

/// Values by the name of what was measured, in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Named(pub Vec<(String, OverRuns)>);

impl Serialize for Named {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl Named {
    /// The value of one name.
    pub fn get(&self, name: &str) -> Option<OverRuns> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, value)| *value)
    }
}

/// A finished run of a study.
#[derive(Debug, Clone)]
pub struct RunRecord {
    /// Its folder in the study's.
    pub folder: String,
    /// Number of its oracle; 0 for a file.
    pub oracle: u64,
    /// Its seed.
    pub seed: u64,
    /// What is special about its settings.
    pub variant: Variant,
    /// Its own results.
    pub summary: Summary,
}

/// The part of a run that the study's summary repeats.
#[derive(Debug, Clone, Serialize)]
struct RunEntry {
    folder: String,
    oracle: u64,
    seed: u64,
    variant: Variant,
    methods: Vec<MethodRow>,
}

/// A point of a temperature curve.
#[derive(Debug, Clone, Serialize)]
pub struct StudyPoint {
    /// Logits are divided by it.
    pub temperature: f64,
    /// The model there.
    #[serde(flatten)]
    pub measures: Named,
    /// Its samples there beside a test file.
    #[serde(skip_serializing_if = "is_empty")]
    pub scorecard: Named,
}

/// A method and its base at equal entropy.
#[derive(Debug, Clone, Serialize)]
pub struct StudyComparison {
    /// The method's temperature.
    pub temperature: f64,
    /// The base's temperature of equal entropy, mean over runs.
    pub base_temperature: f64,
    /// Entropies, method minus base, before the correction.
    pub entropy: OverRuns,
    /// Forward KL, method minus base.
    pub forward_kl: OverRuns,
    /// Reverse KL, method minus base, where there is an oracle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reverse_kl: Option<OverRuns>,
    /// Reverse language-model score, method minus base, where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reverse_lm_score: Option<OverRuns>,
    /// Share of samples that keep the rule of a synthetic task, method minus base; positive is better.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid: Option<OverRuns>,
}

impl StudyComparison {
    /// What tells what a model makes up, as in a run's [differences](crate::metrics::frontier::Differences::reverse).
    pub fn reverse(&self) -> Option<OverRuns> {
        self.reverse_kl.or(self.reverse_lm_score)
    }
}

/// A method over all runs.
#[derive(Debug, Clone, Serialize)]
pub struct StudyRow {
    /// "mle-tuned", "seqgan", ..
    pub name: String,
    /// What is special about these runs' settings.
    #[serde(skip_serializing_if = "Variant::is_empty")]
    pub variant: Variant,
    /// The model it started from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// Number of runs.
    pub runs: usize,
    /// At temperature 1.
    #[serde(flatten)]
    pub measures: Named,
    /// Its samples beside a test file.
    #[serde(skip_serializing_if = "is_empty")]
    pub scorecard: Named,
    /// At other temperatures.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub curve: Vec<StudyPoint>,
    /// Against the base's curve at equal entropy.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub comparisons: Vec<StudyComparison>,
    /// What the comparisons say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
}

/// A paired test over runs.
#[derive(Debug, Clone, Serialize)]
pub struct Test {
    /// What is compared.
    pub measure: &'static str,
    /// A method.
    pub method: String,
    /// Another one, trained on the same data in each run.
    pub against: String,
    /// What is special about these runs' settings.
    #[serde(skip_serializing_if = "Variant::is_empty")]
    pub variant: Variant,
    /// Method minus the other.
    pub difference: OverRuns,
    /// Two-sided p of the paired t-test.
    pub p: Option<f64>,
    /// The same by Holm's correction for all tests of this measure.
    pub p_holm: Option<f64>,
}

/// The paper's test: over the samples of the first run.
#[derive(Debug, Clone, Serialize)]
pub struct SampleTest {
    /// What is compared.
    pub measure: &'static str,
    /// A method.
    pub method: String,
    /// Another one.
    pub against: String,
    /// Two-sided p over samples.
    pub p: f64,
}

/// summary.json of a study.
#[derive(Debug, Clone, Serialize)]
pub struct StudySummary {
    command: &'static str,
    version: &'static str,
    preset: String,
    /// Seconds of work of all runs; all else is equal in equal studies.
    pub seconds: f64,
    /// "oracle" or "file".
    pub task: &'static str,
    /// OracleReference of the first oracle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oracle: Option<OracleReference>,
    /// The table.
    pub methods: Vec<StudyRow>,
    /// Paired tests over runs.
    pub tests: Vec<Test>,
    /// Tests over the samples of the first run.
    pub per_sample: Vec<SampleTest>,
    runs: Vec<RunEntry>,
}

impl StudySummary {
    /// Puts finished runs together.
    pub(super) fn of(study: &Study, runs: Vec<RunRecord>) -> Self {
        let mut variants: Vec<&Variant> = Vec::new();
        for run in &runs {
            if !variants.contains(&&run.variant) {
                variants.push(&run.variant);
            }
        }
        let (mut methods, mut tests) = (Vec::new(), Vec::new());
        for variant in variants {
            let group: Vec<&RunRecord> = runs.iter().filter(|run| run.variant == *variant).collect();
            methods.extend(rows(&group));
            tests.extend(paired_tests(&group));
        }
        correct(&mut tests);
        Self {
            command: "compare",
            version: env!("CARGO_PKG_VERSION"),
            preset: study.preset.to_string(),
            seconds: (runs.iter().map(|run| run.summary.seconds).sum::<f64>() * 10.0).round() / 10.0,
            task: if study.kind == Kind::Oracle { "oracle" } else { "file" },
            oracle: runs.first().and_then(|run| run.summary.oracle.clone()),
            per_sample: runs.first().map(sample_tests).unwrap_or_default(),
            methods,
            tests,
            runs: runs
                .into_iter()
                .map(|run| RunEntry {
                    folder: run.folder,
                    oracle: run.oracle,
                    seed: run.seed,
                    variant: run.variant,
                    methods: run.summary.methods,
                })
                .collect(),
        }
    }

    /// Number of runs, and of oracles among them (0: a file).
    pub fn size(&self) -> (usize, usize) {
        let mut oracles: Vec<u64> = self.runs.iter().map(|run| run.oracle).filter(|&o| o > 0).collect();
        oracles.sort_unstable();
        oracles.dedup();
        (self.runs.len(), oracles.len())
    }
}

fn is_empty(named: &Named) -> bool {
    named.0.is_empty()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::measure::Measures;
    use crate::metrics::Estimate;

    /// A trained method's row.
    pub fn row(name: &str, base: Option<&str>, nll_test: f64) -> MethodRow {
        let known = |mean| Some(Estimate { mean, stderr: 0.01 });
        let measures = Measures { nll_test: known(nll_test), entropy: known(7.0), ..Measures::default() };
        MethodRow { name: name.into(), base: base.map(Into::into), measures, ..MethodRow::default() }
    }

    /// A run that has made these rows.
    pub fn record(oracle: u64, methods: Vec<MethodRow>) -> RunRecord {
        let summary = Summary {
            command: "oracle".into(),
            version: "0".into(),
            preset: "quick".into(),
            seed: 1,
            seconds: 1.0,
            oracle: None,
            methods,
            notes: Vec::new(),
        };
        RunRecord { folder: String::new(), oracle, seed: 1, variant: Variant::new(), summary }
    }
}
