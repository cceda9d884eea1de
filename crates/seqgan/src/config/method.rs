//! Methods by name; the name means the same everywhere.

use serde::{Deserialize, Serialize};

/// A way to get a generator, a row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// Every token alike; untrained.
    Random,
    /// Tokens by their frequency, in no order.
    Unigram,
    /// The base at a low temperature by chance, else as it is; untrained, and lower in nll_oracle for no good.
    Mixture,
    /// Maximum likelihood on the paper's schedule.
    Mle,
    /// Maximum likelihood with early stopping, L2 and a cosine.
    #[serde(rename = "mle-tuned")]
    MleTuned,
    /// Several such models as one, by the geometric mean of their distributions.
    #[serde(rename = "mle-ensemble")]
    MleEnsemble,
    /// A generator of the usual size that learns from the ensemble's distributions (Hinton et al., 2015).
    Distilled,
    /// Maximum likelihood whose inputs are more and more the model's own (Bengio et al., NIPS 2015).
    #[serde(rename = "scheduled-sampling")]
    ScheduledSampling,
    /// Policy gradient with BLEU against the training data as the reward (SeqGAN, section 4.1).
    #[serde(rename = "pg-bleu")]
    PgBleu,
    /// Policy gradient with a discriminator's judgement, searched by Monte Carlo (SeqGAN, Algorithm 1).
    SeqGan,
    /// The same with a judgement at every step from a causal discriminator, and no search.
    #[serde(rename = "seqgan-step")]
    SeqGanStep,
    /// A causal judge that sees the generator's probabilities, cross-fitted over folds, once; with a KL penalty.
    #[serde(rename = "seqgan-crossfit")]
    SeqGanCrossfit,
    /// The same on top of `distilled`.
    #[serde(rename = "distilled-seqgan-crossfit")]
    DistilledSeqGanCrossfit,
    /// Sequences weighted by the odds that they are real (Che et al., 2017).
    MaliGan,
    /// A ranker among real sequences in place of the discriminator (Lin et al., NIPS 2017).
    RankGan,
    /// Policy gradient with a reward put together of parts (`[[reward]]`).
    Mixed,
}

impl Method {
    /// All methods, in the order in which tables are best read.
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

    /// Names in a line, for messages.
    pub fn list(methods: &[Self]) -> String {
        methods.iter().map(|m| m.name()).collect::<Vec<_>>().join(", ")
    }

    /// Whether something is trained for it, or it is put together of what was.
    pub fn is_trained(self) -> bool {
        !matches!(self, Self::Random | Self::Unigram | Self::Mixture)
    }

    /// Whether it is trained by likelihood from the start, and so can be what others start from.
    pub fn is_likelihood(self) -> bool {
        matches!(self, Self::Mle | Self::MleTuned | Self::Distilled | Self::ScheduledSampling)
    }

    /// Whether it starts from a likelihood model and follows a reward in rounds.
    pub fn follows_reward(self) -> bool {
        self.is_trained() && !self.is_likelihood() && self != Self::MleEnsemble
    }

    /// Whether its judge is cross-fitted over folds of the training sequences.
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
