//! The signs of training that goes wrong: how each is told from the figures, and in which words.

use super::{Figures, First};
use crate::config::{Action, MonitorConfig};
use crate::metrics::Estimate;
use serde::{Deserialize, Serialize};

/// A sign of training that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sign {
    /// Samples become few and alike.
    Collapse,
    /// Real sequences become unlikely.
    Forgetting,
    /// The judge is hardly ever wrong.
    Saturation,
    /// All values of a batch are nearly equal.
    Vanishing,
    /// The judge knows the training sequences by heart.
    Memorising,
}

/// Standard errors that a difference of two areas under the curve must have to be believed.
const SURE: f64 = 3.0;

impl Sign {
    /// All signs.
    pub const ALL: [Self; 5] =
        [Self::Collapse, Self::Forgetting, Self::Saturation, Self::Vanishing, Self::Memorising];

    /// The name in settings and records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Collapse => "collapse",
            Self::Forgetting => "forgetting",
            Self::Saturation => "saturation",
            Self::Vanishing => "vanishing",
            Self::Memorising => "memorising",
        }
    }

    /// What is to be done about it.
    pub(super) fn action(self, config: &MonitorConfig) -> Action {
        match self {
            Self::Collapse => config.collapse,
            Self::Forgetting => config.forgetting,
            Self::Saturation => config.saturation,
            Self::Vanishing => config.vanishing,
            Self::Memorising => config.memorising,
        }
    }

    /// What was seen, if this is it.
    pub(super) fn seen(self, config: &MonitorConfig, now: &Figures, first: &First) -> Option<String> {
        match self {
            Self::Collapse => collapse(config, now, first),
            Self::Forgetting => (now.nll > first.nll * (1.0 + config.nll_rise)).then(|| {
                format!(
                    "real sequences have become unlikely: {:.2} nats a token on the validation part ({:.2} before)",
                    now.nll, first.nll
                )
            }),
            Self::Saturation => {
                let accuracy = now.discriminator_accuracy.filter(|&accuracy| accuracy >= config.discriminator_accuracy)?;
                let reward =
                    now.reward.map_or(String::new(), |r| format!(", and samples earn {r:.3} on average"));
                Some(format!("the judge is right about {} of its sequences{reward}", percent(accuracy)))
            }
            Self::Vanishing => {
                let (spread, reward) = (now.value_spread?, now.reward?);
                (spread <= config.value_spread * reward.abs()).then(|| {
                    format!(
                        "all samples of a batch earn nearly the same: {reward:.3}, give or take {spread:.1e}"
                    )
                })
            }
            Self::Memorising => memorising(config, now.auc_train, now.auc_validation?),
        }
    }
}

fn collapse(config: &MonitorConfig, now: &Figures, first: &First) -> Option<String> {
    let mut seen = Vec::new();
    if now.entropy < config.entropy_share * first.entropy {
        seen.push(format!("their entropy is {:.2} nats a token ({:.2} before)", now.entropy, first.entropy));
    }
    if now.unique < config.unique_share * first.unique {
        seen.push(format!(
            "{} of them are different ({} before)",
            percent(now.unique),
            percent(first.unique)
        ));
    }
    if now.self_bleu > first.self_bleu + config.self_bleu_rise {
        seen.push(format!("their self-BLEU-3 is {:.2} ({:.2} before)", now.self_bleu, first.self_bleu));
    }
    (!seen.is_empty()).then(|| format!("samples have become few and alike: {}", seen.join(", ")))
}

fn memorising(config: &MonitorConfig, train: Option<Estimate>, validation: Estimate) -> Option<String> {
    let gap = train.map(|train| train.minus_independent(validation));
    let parted = gap.is_some_and(|gap| gap.mean > config.auc_gap && gap.mean > SURE * gap.stderr);
    let wrong = validation.mean < 0.5 - SURE * validation.stderr;
    let unseen = percent(validation.mean);
    let shares = match train {
        Some(train) => {
            format!("{} of pairs where it has seen the real one, in {unseen}", percent(train.mean))
        }
        None => format!("{unseen} of pairs"),
    };
    let areas = format!("the judge prefers a real sequence to a sample in {shares} where it has not");
    match (wrong, parted) {
        (true, _) => Some(format!("{areas}, which is worse than a coin")),
        (false, true) => Some(areas),
        (false, false) => None,
    }
}

fn percent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn first() -> First {
        First { entropy: 4.0, unique: 0.9, self_bleu: 0.3, nll: 4.1 }
    }

    fn healthy() -> Figures {
        let area = |mean| Some(Estimate { mean, stderr: 0.02 });
        Figures {
            entropy: 3.9,
            unique: 0.88,
            self_bleu: 0.35,
            nll: 4.2,
            reward: Some(0.5),
            value_spread: Some(0.05),
            discriminator_accuracy: Some(0.6),
            auc_train: area(0.6),
            auc_validation: area(0.58),
        }
    }

    fn signs(figures: &Figures) -> Vec<(Sign, String)> {
        let config = Config::default().monitor;
        Sign::ALL
            .into_iter()
            .filter_map(|sign| Some((sign, sign.seen(&config, figures, &first())?)))
            .collect()
    }

    #[test]
    fn a_healthy_training_shows_no_sign() {
        assert_eq!(signs(&healthy()), []);
        // Nothing is known of a judge that is no network, nor before the first update.
        let unknown = Figures {
            reward: None,
            value_spread: None,
            discriminator_accuracy: None,
            auc_train: None,
            auc_validation: None,
            ..healthy()
        };
        assert_eq!(signs(&unknown), []);
    }

    #[test]
    fn each_sign_is_told_by_its_figures_alone() {
        let only = |figures: Figures, sign: Sign, words: &str| {
            let found = signs(&figures);
            assert!(found.len() == 1 && found[0].0 == sign && found[0].1.contains(words), "{found:?}");
        };
        only(Figures { entropy: 2.0, ..healthy() }, Sign::Collapse, "2.00 nats a token (4.00 before)");
        only(
            Figures { unique: 0.5, ..healthy() },
            Sign::Collapse,
            "50 % of them are different (90 % before)",
        );
        only(Figures { self_bleu: 0.6, ..healthy() }, Sign::Collapse, "self-BLEU-3 is 0.60 (0.30 before)");
        only(
            Figures { nll: 5.0, ..healthy() },
            Sign::Forgetting,
            "5.00 nats a token on the validation part (4.10",
        );
        only(
            Figures { discriminator_accuracy: Some(0.99), ..healthy() },
            Sign::Saturation,
            "right about 99 % of its sequences, and samples earn 0.500",
        );
        only(
            Figures { value_spread: Some(0.004), ..healthy() },
            Sign::Vanishing,
            "0.500, give or take 4.0e-3",
        );
        let all_zero = Figures { reward: Some(0.0), value_spread: Some(0.0), ..healthy() };
        only(all_zero, Sign::Vanishing, "0.000");
        let area = |mean| Some(Estimate { mean, stderr: 0.02 });
        only(Figures { auc_train: area(0.8), ..healthy() }, Sign::Memorising, "80 % of pairs");
        let wrong = Figures { auc_train: area(0.5), auc_validation: area(0.43), ..healthy() };
        only(wrong, Sign::Memorising, "43 % where it has not, which is worse than a coin");
        // A judge that none of its own sequences can be shown again as it saw them.
        let unseen = |validation| Figures { auc_train: None, auc_validation: area(validation), ..healthy() };
        only(
            unseen(0.43),
            Sign::Memorising,
            "a sample in 43 % of pairs where it has not, which is worse than a coin",
        );
        assert_eq!(signs(&unseen(0.58)), []);
    }

    #[test]
    fn a_difference_within_the_error_is_no_sign() {
        let area = |mean| Some(Estimate { mean, stderr: 0.05 });
        let figures = Figures { auc_train: area(0.7), auc_validation: area(0.5), ..healthy() };
        assert_eq!(signs(&figures), []);
    }
}
