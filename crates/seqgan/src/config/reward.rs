//! Parts of a reward that is put together, a table `[[reward]]` each.

use super::layers::Provenance;
use super::validate::Check;
use crate::Result;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One part of the reward of the method `mixed`: its score times its weight is added to the others'.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RewardConfig {
    /// A kind of the list below, or one that a program registers.
    pub kind: String,
    /// The name in logs; empty: the kind's.
    #[serde(default)]
    pub name: String,
    /// Factor of the score in the first round; below 0: a penalty.
    #[serde(default = "one")]
    pub weight: f64,
    /// Factor in the last round, with a straight line between; not given: as in the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_end: Option<f64>,
    /// Whether completions are scored too, so that each decision has a value of its own; else all decisions of a sequence earn its
    /// own score, which asks 300 times fewer scores of a slow program.
    #[serde(default = "yes")]
    pub search: bool,
    /// bleu: longest n-gram; 0: as `pg_bleu.max_order` says. repetition: length of the n-grams; 0: 2.
    #[serde(default)]
    pub order: usize,
    /// length: fewest tokens.
    #[serde(default)]
    pub min_length: usize,
    /// length: most tokens; 0: T.
    #[serde(default)]
    pub max_length: usize,
    /// regex: the expression.
    #[serde(default)]
    pub regex: String,
    /// program: the program and its arguments, each a string; no shell comes between.
    #[serde(default)]
    pub command: Vec<String>,
    /// program: processes that share the work.
    #[serde(default = "one_process")]
    pub num_processes: usize,
    /// program: most sequences that are handed to a process before its answers are awaited.
    #[serde(default = "batch")]
    pub batch_size: usize,
    /// program: seconds that it may take for a batch.
    #[serde(default = "minute")]
    pub timeout_secs: f64,
    /// program: how often it is started again, in a row, when it died or hung.
    #[serde(default = "three")]
    pub max_restarts: usize,
    /// Settings of a registered reward, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, toml::Value>,
}

fn one() -> f64 {
    1.0
}

fn yes() -> bool {
    true
}

fn one_process() -> usize {
    1
}

fn batch() -> usize {
    256
}

fn minute() -> f64 {
    60.0
}

fn three() -> usize {
    3
}

impl RewardConfig {
    /// The name in logs.
    pub fn name(&self) -> &str {
        if self.name.is_empty() { &self.kind } else { &self.name }
    }

    /// The weight in a round of `num_rounds`.
    pub fn weight(&self, round: usize, num_rounds: usize) -> f64 {
        let end = self.weight_end.unwrap_or(self.weight);
        let share = round as f64 / (num_rounds.max(2) - 1) as f64;
        self.weight + (end - self.weight) * share.min(1.0)
    }
}

/// Checks all parts; the error names the part by its number, from 1.
pub(super) fn validate(parts: &[RewardConfig], provenance: &Provenance) -> Result<()> {
    let check = Check { provenance };
    for (i, part) in parts.iter().enumerate() {
        let key = |name: &str| format!("reward[{}].{name}", i + 1);
        for weight in [part.weight, part.weight_end.unwrap_or(0.0)] {
            check.range(&key("weight"), weight, -1e6, 1e6)?;
        }
        check.range(&key("order"), part.order, 0, 9)?;
        check.range(&key("min_length"), part.min_length, 0, 2048)?;
        check.range(&key("max_length"), part.max_length, 0, 2048)?;
        check.range(&key("num_processes"), part.num_processes, 1, 1024)?;
        check.range(&key("batch_size"), part.batch_size, 1, 1 << 20)?;
        check.range(&key("timeout_secs"), part.timeout_secs, 0.001, 1e6)?;
        check.range(&key("max_restarts"), part.max_restarts, 0, 1000)?;
        if parts[..i].iter().any(|other| other.name() == part.name()) {
            let expected = "a name of its own for each part; give `name`".into();
            return Err(check.fault(&key("name"), format!("\"{}\"", part.name()), expected));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(text: &str) -> RewardConfig {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn weights_go_in_a_line_from_the_first_round_to_the_last() {
        let moving = part("kind = \"novel\"\nweight = 1.0\nweight_end = 0.0\n");
        assert_eq!([0, 1, 4, 9].map(|round| moving.weight(round, 5)), [1.0, 0.75, 0.0, 0.0]);
        assert_eq!(part("kind = \"novel\"\nweight = 3.0").weight(7, 1), 3.0);
        assert_eq!(moving.weight(0, 1), 1.0);
    }

    #[test]
    fn parts_have_names_of_their_own() {
        let refused =
            |parts: &[RewardConfig]| validate(parts, &Provenance::default()).unwrap_err().to_string();
        let novel = part("kind = \"novel\"");
        assert!(
            refused(&[novel.clone(), novel.clone()])
                .contains("`reward[2].name` is \"novel\", expected a name")
        );
        let named = RewardConfig { name: "b".into(), ..novel.clone() };
        assert!(validate(&[novel, named], &Provenance::default()).is_ok());
    }
}
