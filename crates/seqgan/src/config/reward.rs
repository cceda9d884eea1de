//! Parts of the reward of the method `mixed`, one table `[[reward]]` each.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Part of the reward of the method `mixed`. The reward is the sum of the parts' weighted scores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RewardConfig {
    /// Kind of score: one of the list below, or one that a program registers.
    pub kind: String,
    /// Name in logs. Empty: the name of the kind.
    #[serde(default)]
    pub name: String,
    /// Weight of the score in the first round. A negative weight is a penalty.
    #[serde(default = "one")]
    #[schemars(range(min = -1e6, max = 1e6))]
    pub weight: f64,
    /// Weight in the last round, with linear interpolation between. Not set: the weight of the
    /// first round.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "f64", range(min = -1e6, max = 1e6))]
    pub weight_end: Option<f64>,
    /// Whether completions are scored too, so that each decision has an action value of its own.
    /// Otherwise every decision has the score of its whole sequence, which takes 300 times fewer
    /// scores of a slow program.
    #[serde(default = "yes")]
    pub search: bool,
    /// bleu: length of the longest n-grams; 0: that of `pg_bleu.max_order`. repetition: length of
    /// the n-grams; 0: 2.
    #[serde(default)]
    #[schemars(range(min = 0, max = 9))]
    pub order: usize,
    /// length: smallest number of tokens.
    #[serde(default)]
    #[schemars(range(min = 0, max = 2048))]
    pub min_length: usize,
    /// length: largest number of tokens. 0: T.
    #[serde(default)]
    #[schemars(range(min = 0, max = 2048))]
    pub max_length: usize,
    /// regex: regular expression.
    #[serde(default)]
    pub regex: String,
    /// program: program and its arguments, one string each. No shell interprets them.
    #[serde(default)]
    pub command: Vec<String>,
    /// program: number of processes that share the work.
    #[serde(default = "one_process")]
    #[schemars(range(min = 1, max = 1024))]
    pub num_processes: usize,
    /// program: largest number of sequences sent to a process before its answers are read.
    #[serde(default = "batch")]
    #[schemars(range(min = 1, max = 1 << 20))]
    pub batch_size: usize,
    /// program: time limit for a batch, in seconds.
    #[serde(default = "minute")]
    #[schemars(range(min = 0.001, max = 1e6))]
    pub timeout_secs: f64,
    /// program: largest number of consecutive restarts after it died or hung.
    #[serde(default = "three")]
    #[schemars(range(min = 0, max = 1000))]
    pub max_restarts: usize,
    /// Settings of a registered reward, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(with = "BTreeMap<String, serde_json::Value>")]
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
}
