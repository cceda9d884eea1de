//! All metrics of a set of samples, under the names that `evaluate --json` prints.

use super::Estimate;
use super::metric::{Reference, SampleContext};
use super::registry;
use crate::token::SeqBatch;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// Named estimates of one set of sequences, in the order of tables. A name is absent where its input is missing.
///
/// [`registry::metrics`] lists those that samples give by themselves. Others are inserted by whoever has the model or
/// the networks that they need:
///
/// - `nll_test`: mean -log p of the test sequences under the model, nats a decision.
/// - `lm_score`: mean -log p of the samples under a language model of real sequences, nats a decision.
/// - `reverse_lm_score`: mean -log p of the test sequences under a language model of the samples, nats a decision.
/// - `classifier_accuracy`: accuracy of a classifier of real sequences and samples on held-out ones.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scorecard {
    entries: Vec<(String, Estimate)>,
}

impl Scorecard {
    /// Measures `samples` against `test` and, where it is given, `train`.
    pub fn of(samples: &SeqBatch, test: &SeqBatch, train: Option<&SeqBatch>) -> Self {
        Self::measure(&SampleContext { train, ..SampleContext::new(samples, test) })
    }

    /// All registered metrics of a context.
    pub fn measure(context: &SampleContext<'_>) -> Self {
        registry::metrics().into_iter().flat_map(|metric| metric.entries(context)).collect()
    }

    /// The `real` row: what real sequences score where samples are measured. The first `n` training sequences, in the order
    /// given, take the place of samples ([`Scorecard::hypotheses`]).
    pub fn of_real(train: &SeqBatch, test: &SeqBatch, n: usize) -> Self {
        let hypotheses = Self::hypotheses(train, n);
        Self::measure_real(&SampleContext { train: Some(train), ..SampleContext::new(&hypotheses, test) })
    }

    /// The `real` row of a context whose samples are real sequences. Metrics that compare with training sequences measure
    /// the test sequences instead, since training sequences are copies of themselves.
    pub fn measure_real(context: &SampleContext<'_>) -> Self {
        let of_test = SampleContext { samples: context.test, ..*context };
        let measured = registry::metrics().into_iter().flat_map(|metric| match metric.reference {
            Reference::Test => metric.entries(context),
            Reference::Train => metric.entries(&of_test),
        });
        measured.collect()
    }

    /// The sequences that take the place of samples in the `real` row: repeats, and sequences that the test file has too,
    /// stay among them, as a perfect model makes them.
    pub fn hypotheses(train: &SeqBatch, n: usize) -> SeqBatch {
        SeqBatch::from_rows(train.rows().take(n), train.max_length())
    }

    /// The estimate of a name.
    pub fn get(&self, name: &str) -> Option<Estimate> {
        self.entries.iter().find(|(other, _)| other == name).map(|(_, estimate)| *estimate)
    }

    /// Sets the estimate of a name; a new name is the last.
    pub fn insert(&mut self, name: impl Into<String>, estimate: Estimate) {
        let name = name.into();
        match self.entries.iter_mut().find(|(other, _)| *other == name) {
            Some((_, old)) => *old = estimate,
            None => self.entries.push((name, estimate)),
        }
    }

    /// Names and estimates, in order.
    pub fn entries(&self) -> Vec<(&str, Estimate)> {
        self.entries.iter().map(|(name, estimate)| (name.as_str(), *estimate)).collect()
    }
}

impl<S: Into<String>> Extend<(S, Estimate)> for Scorecard {
    fn extend<I: IntoIterator<Item = (S, Estimate)>>(&mut self, entries: I) {
        entries.into_iter().for_each(|(name, estimate)| self.insert(name, estimate));
    }
}

impl<S: Into<String>> FromIterator<(S, Estimate)> for Scorecard {
    fn from_iter<I: IntoIterator<Item = (S, Estimate)>>(entries: I) -> Self {
        let mut card = Self::default();
        card.extend(entries);
        card
    }
}

impl IntoIterator for Scorecard {
    type Item = (String, Estimate);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

impl Serialize for Scorecard {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.entries.iter().map(|(name, estimate)| (name, estimate)))
    }
}

impl<'de> Deserialize<'de> for Scorecard {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries)
    }
}

/// Reads an object of estimates; a name whose value is null is absent.
struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = Scorecard;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object of named estimates")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scorecard, A::Error> {
        let mut card = Scorecard::default();
        while let Some((name, estimate)) = map.next_entry::<String, Option<Estimate>>()? {
            card.extend(estimate.map(|estimate| (name, estimate)));
        }
        Ok(card)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_real_row_keeps_repeats_and_lines_of_the_test_file() {
        let test = SeqBatch::from_rows([vec![1, 2, 3], vec![4, 5, 6]], 3);
        let train = SeqBatch::from_rows([vec![1, 2, 3], vec![1, 2, 3], vec![7, 8, 9], vec![9, 8, 7]], 3);
        let card = Scorecard::of_real(&train, &test, 3);
        // 1 2 3 is in the test file, 7 8 9 shares nothing with it: two of three hypotheses, one of two different ones.
        assert!((card.get("bleu_2").unwrap().mean - 2.0 / 3.0).abs() < 1e-12);
        assert!((card.get("unique").unwrap().mean - 2.0 / 3.0).abs() < 1e-12);
        // One of the two test lines is not in the training file.
        assert_eq!(card.get("novel").unwrap().mean, 0.5);
    }

    #[test]
    fn a_card_is_an_object_of_estimates_in_order() {
        let mut card = Scorecard::default();
        card.insert("b", Estimate { mean: 1.5, stderr: f64::NAN });
        card.extend([("a", Estimate { mean: 2.0, stderr: 0.5 })]);
        card.insert("b", Estimate { mean: 3.0, stderr: 0.25 });
        let text = serde_json::to_string(&card).unwrap();
        assert_eq!(text, r#"{"b":{"mean":3.0,"stderr":0.25},"a":{"mean":2.0,"stderr":0.5}}"#);
        assert_eq!(serde_json::from_str::<Scorecard>(&text).unwrap(), card);
        let null: Scorecard = serde_json::from_str(r#"{"bleu_2":null}"#).unwrap();
        assert_eq!(null, Scorecard::default());
    }

    #[test]
    fn what_has_no_input_is_absent() {
        let samples = SeqBatch::from_rows([vec![1, 2, 3], vec![4, 5, 6]], 3);
        let names = |train| -> Vec<String> {
            let card = Scorecard::of(&samples, &samples, train);
            card.into_iter().map(|(name, _)| name).collect()
        };
        let without = names(None);
        let absent = ["novel", "pitch_mse", "nearest", "near_copies"];
        assert!(without.len() >= 15 && absent.iter().all(|name| !without.iter().any(|n| n == name)));
        let with = names(Some(&samples));
        assert_eq!(with.len(), without.len() + 3, "{with:?}");
    }
}
