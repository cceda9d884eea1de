//! Methods, by name.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Method that makes a generator, one row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// Uniformly random tokens; untrained.
    Random,
    /// Independent tokens by their frequency.
    Unigram,
    /// The base, with a low temperature for a random share of the sequences; untrained. Its lower
    /// nll_oracle is no improvement.
    Mixture,
    /// Maximum likelihood on the paper's schedule.
    Mle,
    /// Maximum likelihood with early stopping, L2 and a cosine.
    #[serde(rename = "mle-tuned")]
    MleTuned,
    /// Ensemble of `mle-tuned` models by the geometric mean of their distributions.
    #[serde(rename = "mle-ensemble")]
    MleEnsemble,
    /// Distillation of the ensemble into one generator of the usual size (Hinton et al., 2015).
    Distilled,
    /// Scheduled sampling: maximum likelihood with a growing share of inputs from the model itself
    /// (Bengio et al., NIPS 2015).
    #[serde(rename = "scheduled-sampling")]
    ScheduledSampling,
    /// Policy gradient with BLEU against the training data as the reward (SeqGAN, section 4.1).
    #[serde(rename = "pg-bleu")]
    PgBleu,
    /// Policy gradient with the discriminator's score as the reward and Monte Carlo search (SeqGAN,
    /// Algorithm 1).
    SeqGan,
    /// Policy gradient with the score of a causal discriminator at every step, without search.
    #[serde(rename = "seqgan-step")]
    SeqGanStep,
    /// Policy gradient with a KL penalty and a causal discriminator of the generator's
    /// probabilities, which is cross-fitted over folds.
    #[serde(rename = "seqgan-crossfit")]
    SeqGanCrossfit,
    /// `seqgan-crossfit` with the base `distilled`.
    #[serde(rename = "distilled-seqgan-crossfit")]
    DistilledSeqGanCrossfit,
    /// MaliGAN: sequences weighted by the odds that they are real (Che et al., 2017).
    MaliGan,
    /// RankGAN: a ranker among real sequences in place of the discriminator (Lin et al., NIPS
    /// 2017).
    RankGan,
    /// Policy gradient with a weighted sum of rewards (`[[reward]]`).
    Mixed,
}

impl Method {
    /// All methods, in the order of tables.
    pub const ALL: [Self; 16] = [
        Self::Random,
        Self::Unigram,
        Self::Mixture,
        Self::Mle,
        Self::MleTuned,
        Self::MleEnsemble,
        Self::Distilled,
        Self::ScheduledSampling,
        Self::PgBleu,
        Self::SeqGan,
        Self::SeqGanStep,
        Self::SeqGanCrossfit,
        Self::DistilledSeqGanCrossfit,
        Self::MaliGan,
        Self::RankGan,
        Self::Mixed,
    ];

    /// The name in settings, tables and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Unigram => "unigram",
            Self::Mixture => "mixture",
            Self::Mle => "mle",
            Self::MleTuned => "mle-tuned",
            Self::MleEnsemble => "mle-ensemble",
            Self::Distilled => "distilled",
            Self::ScheduledSampling => "scheduled-sampling",
            Self::PgBleu => "pg-bleu",
            Self::SeqGan => "seqgan",
            Self::SeqGanStep => "seqgan-step",
            Self::SeqGanCrossfit => "seqgan-crossfit",
            Self::DistilledSeqGanCrossfit => "distilled-seqgan-crossfit",
            Self::MaliGan => "maligan",
            Self::RankGan => "rankgan",
            Self::Mixed => "mixed",
        }
    }

    /// Comma-separated names, for messages.
    pub fn list(methods: &[Self]) -> String {
        methods.iter().map(|m| m.name()).collect::<Vec<_>>().join(", ")
    }

    /// Whether the method trains a model or combines trained models.
    pub fn is_trained(self) -> bool {
        !matches!(self, Self::Random | Self::Unigram | Self::Mixture)
    }

    /// Whether the method trains a generator by maximum likelihood from the start, so that other
    /// methods can start from it.
    pub fn is_likelihood(self) -> bool {
        matches!(self, Self::Mle | Self::MleTuned | Self::Distilled | Self::ScheduledSampling)
    }

    /// Whether the method trains a likelihood model further by a reward, in rounds.
    pub fn follows_reward(self) -> bool {
        self.is_trained() && !self.is_likelihood() && self != Self::MleEnsemble
    }

    /// Whether the discriminator is cross-fitted over folds of the training sequences.
    pub fn is_crossfit(self) -> bool {
        matches!(self, Self::SeqGanCrossfit | Self::DistilledSeqGanCrossfit)
    }
}

impl std::fmt::Display for Method {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

impl std::str::FromStr for Method {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|m| m.name() == name);
        found.ok_or_else(|| format!("unknown method {name}, expected one of {}", Self::list(&Self::ALL)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_a_reward_is_trained() {
        assert!(Method::ALL.into_iter().all(|method| method.is_trained() || !method.follows_reward()));
        assert!(!Method::Mixture.is_trained() && Method::MleEnsemble.is_trained());
        assert!(Method::Mixed.follows_reward() && !Method::MleEnsemble.follows_reward());
    }

    #[test]
    fn one_name_everywhere() {
        for method in Method::ALL {
            assert_eq!(serde_json::to_value(method).unwrap(), method.name());
            assert_eq!(method.name().parse(), Ok(method));
        }
    }
}
