//! The shapes of summary.json and metrics.jsonl, as far as the page needs them. Unknown fields are skipped and
//! absent ones stay empty, so that folders of older and newer versions can be shown.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Half the width of a 95 % interval in standard errors, for means over many items.
const NORMAL_95: f64 = 1.959_964;

/// A mean as runs write it, with a standard error, and as comparisons write it, with an interval over runs.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub(super) struct Reading {
    /// The number itself; NaN where the file holds `null`.
    #[serde(deserialize_with = "null_is_nan")]
    pub mean: f64,
    /// Its standard error, if there is one.
    #[serde(default)]
    pub stderr: Option<f64>,
    /// Lower end of the 95 % interval over runs.
    #[serde(default)]
    pub low: Option<f64>,
    /// Upper end of the 95 % interval over runs.
    #[serde(default)]
    pub high: Option<f64>,
    /// Runs behind the mean.
    #[serde(default)]
    pub n: Option<u64>,
}

impl Reading {
    /// A number without an error.
    pub fn exact(mean: f64) -> Self {
        Self { mean, stderr: None, low: None, high: None, n: None }
    }

    /// The interval that the file gives, or the normal one from the standard error. An error of nothing (a quantity
    /// that is the same for all sequences) makes no interval.
    pub fn interval(&self) -> Option<(f64, f64)> {
        if let (Some(low), Some(high)) = (self.low, self.high) {
            return (high - low > 1e-9).then_some((low, high));
        }
        let stderr = self.stderr.filter(|e| e.is_finite() && *e > 1e-9)?;
        // A mean over runs without an interval has too few of them for one.
        (self.n.is_none()).then_some((self.mean - NORMAL_95 * stderr, self.mean + NORMAL_95 * stderr))
    }
}

fn null_is_nan<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

/// Named numbers, in the order of the file: those given as `{"mean": ..}` and plain ones.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Measures(pub Vec<(String, Reading)>);

impl Measures {
    /// The number of this name, if there is one and it is finite.
    pub fn get(&self, name: &str) -> Option<Reading> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, r)| *r).filter(|r| r.mean.is_finite())
    }
}

impl<'de> Deserialize<'de> for Measures {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map = Map::<String, Value>::deserialize(deserializer)?;
        let mut measures = Vec::new();
        for (name, value) in map {
            let reading = match &value {
                Value::Number(number) => number.as_f64().map(Reading::exact),
                Value::Object(object) if object.contains_key("mean") => {
                    let parsed = serde_json::from_value(value);
                    Some(parsed.map_err(|e| serde::de::Error::custom(format!("`{name}`: {e}")))?)
                }
                _ => None,
            };
            measures.extend(reading.map(|reading| (name, reading)));
        }
        Ok(Self(measures))
    }
}

/// A point of a temperature curve.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct CurvePoint {
    pub temperature: f64,
    #[serde(flatten)]
    pub measures: Measures,
}

/// A method and its base at equal entropy; the differences are method minus base.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Comparison {
    pub temperature: f64,
    #[serde(default)]
    pub base_temperature: Option<f64>,
    #[serde(flatten)]
    pub differences: Measures,
}

/// A row of the table of methods.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub(super) struct Method {
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub base: Option<String>,
    #[serde(default)]
    pub runs: Option<u64>,
    #[serde(default)]
    pub scorecard: Option<Measures>,
    #[serde(default)]
    pub curve: Vec<CurvePoint>,
    #[serde(default)]
    pub comparisons: Vec<Comparison>,
    #[serde(default)]
    pub verdict: Option<String>,
    #[serde(flatten)]
    pub measures: Measures,
}

impl Method {
    /// Whether it stands in the table only to be better than.
    pub fn is_yardstick(&self) -> bool {
        self.name == "random" || self.name == "unigram"
    }

    /// Its points over temperatures, coldest first; a method without a curve has its point at temperature 1.
    pub fn points(&self) -> Vec<CurvePoint> {
        let mut points = self.curve.clone();
        if points.is_empty() {
            points.push(CurvePoint { temperature: 1.0, measures: self.measures.clone() });
        }
        points.sort_by(|a, b| a.temperature.total_cmp(&b.temperature));
        points
    }
}

/// What nll is held against in a synthetic task: the entropy of the oracle, and nll_oracle of uniform tokens.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct OracleReference {
    #[serde(default)]
    pub entropy: Option<Reading>,
    #[serde(default)]
    pub uniform_nll: Option<Reading>,
}

/// A test of two methods over runs.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Test {
    pub measure: String,
    pub method: String,
    pub against: String,
    #[serde(default)]
    pub difference: Option<Reading>,
    #[serde(default)]
    pub p: Option<f64>,
    #[serde(default)]
    pub p_holm: Option<f64>,
}

/// A run of a comparison.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct RunEntry {
    #[serde(default)]
    pub folder: Option<String>,
    #[serde(default)]
    pub oracle: Option<u64>,
    #[serde(default)]
    pub seed: Option<u64>,
    #[serde(default)]
    pub variant: BTreeMap<String, Value>,
    #[serde(default)]
    pub methods: Vec<Method>,
}

/// summary.json of a run or of a comparison.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub(super) struct Summary {
    #[serde(default)]
    pub command: String,
    #[serde(default)]
    pub version: String,
    #[serde(default)]
    pub preset: String,
    #[serde(default)]
    pub seed: Option<u64>,
    #[serde(default)]
    pub seconds: Option<f64>,
    #[serde(default)]
    pub task: Option<String>,
    #[serde(default)]
    pub oracle: Option<OracleReference>,
    #[serde(default)]
    pub methods: Vec<Method>,
    #[serde(default)]
    pub real: Option<Method>,
    #[serde(default)]
    pub tests: Vec<Test>,
    #[serde(default)]
    pub per_sample: Vec<Test>,
    #[serde(default)]
    pub runs: Vec<RunEntry>,
    #[serde(default)]
    pub notes: Vec<String>,
}

/// A line of metrics.jsonl.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Record {
    pub phase: String,
    #[serde(default)]
    pub step: f64,
    #[serde(default)]
    pub elapsed_s: Option<f64>,
    /// The adversarial method, where there may be several.
    #[serde(default)]
    pub method: Option<String>,
    #[serde(flatten)]
    pub measures: Measures,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_a_run_and_a_row_of_a_comparison_are_read() {
        let row: Method = serde_json::from_str(
            r#"{"name":"seqgan","base":"mle","nll_test":{"mean":5.0,"stderr":0.1},"new":[1],
                "curve":[{"temperature":0.9,"entropy":{"mean":4.0,"stderr":null}}],"verdict":"on the curve"}"#,
        )
        .unwrap();
        let (low, high) = row.measures.get("nll_test").unwrap().interval().unwrap();
        assert!((low - 4.804_003_6).abs() < 1e-9 && (high - 5.195_996_4).abs() < 1e-9);
        assert_eq!(row.measures.0.len(), 1, "what is no measure is skipped");
        assert_eq!(row.points()[0].measures.get("entropy").unwrap().interval(), None);
        let row: Method = serde_json::from_str(
            r#"{"name":"a","runs":3,"nll_test":{"mean":5.0,"stderr":0.1,"low":4.6,"high":5.4,"n":3}}"#,
        )
        .unwrap();
        assert_eq!(row.measures.get("nll_test").unwrap().interval(), Some((4.6, 5.4)));
        assert_eq!(row.runs, Some(3));
    }

    #[test]
    fn an_interval_without_width_is_none() {
        let same = Reading { low: Some(5.0), high: Some(5.0), n: Some(3), ..Reading::exact(5.0) };
        assert_eq!(same.interval(), None);
        let sure = Reading { stderr: Some(1e-15), ..Reading::exact(5.0) };
        assert_eq!(sure.interval(), None);
    }

    #[test]
    fn numbers_that_are_none_are_not_shown() {
        let measures: Measures =
            serde_json::from_str(r#"{"a":{"mean":null,"stderr":null},"b":2,"c":"x","d":null}"#).unwrap();
        assert_eq!(measures.get("a"), None);
        assert_eq!(measures.get("b"), Some(Reading::exact(2.0)));
        assert_eq!((measures.get("c"), measures.get("d")), (None, None));
    }

    #[test]
    fn a_measure_of_the_wrong_type_is_named() {
        let error = serde_json::from_str::<Measures>(r#"{"nll_test":{"mean":"x"}}"#).unwrap_err().to_string();
        assert!(error.contains("`nll_test`") && error.contains("expected f64"), "{error}");
    }
}
