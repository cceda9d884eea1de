//! Synthetic tasks by name.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Synthetic task: a distribution of sequences with known probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SyntheticTask {
    /// Samples of an LSTM with random parameters, as in the paper.
    #[default]
    Oracle,
    /// Balanced brackets of several kinds.
    Brackets,
    /// The second half repeats the first.
    Copy,
    /// The second half repeats the first backwards.
    Reversal,
    /// The last token is the sum of the others.
    Checksum,
    /// A hidden Markov model with persistent states.
    Markov,
}

impl SyntheticTask {
    /// All tasks.
    pub const ALL: [Self; 6] =
        [Self::Oracle, Self::Brackets, Self::Copy, Self::Reversal, Self::Checksum, Self::Markov];

    /// The name in settings and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Oracle => "oracle",
            Self::Brackets => "brackets",
            Self::Copy => "copy",
            Self::Reversal => "reversal",
            Self::Checksum => "checksum",
            Self::Markov => "markov",
        }
    }

    /// Whether the sequences satisfy a rule, so that each sequence is valid or invalid.
    pub fn has_rule(self) -> bool {
        !matches!(self, Self::Oracle | Self::Markov)
    }

    /// Whether the sequences have two halves.
    pub fn needs_even_length(self) -> bool {
        matches!(self, Self::Brackets | Self::Copy | Self::Reversal)
    }
}

impl std::str::FromStr for SyntheticTask {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let names = || Self::ALL.map(Self::name).join(", ");
        let found = Self::ALL.into_iter().find(|task| task.name() == name);
        found.ok_or_else(|| format!("unknown task {name}, expected one of {}", names()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_everywhere() {
        for task in SyntheticTask::ALL {
            assert_eq!(serde_json::to_value(task).unwrap(), task.name());
            assert_eq!(task.name().parse(), Ok(task));
        }
    }
}
