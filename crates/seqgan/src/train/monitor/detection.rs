//! Detection of each diagnostic from the statistics, and the text of its report.

use super::diagnostic::Diagnostic;
use super::state::MonitorBaseline;
use super::statistics::MonitorStatistics;
use crate::config::MonitorConfig;
use crate::metrics::Estimate;

/// Significance threshold of a difference of two areas under the ROC curve, in standard errors.
const SURE: f64 = 3.0;

impl Diagnostic {
    /// Describes the observation if this diagnostic applies.
    pub(super) fn seen(
        self,
        config: &MonitorConfig,
        now: &MonitorStatistics,
        baseline: &MonitorBaseline,
    ) -> Option<String> {
        match self {
            Self::Collapse => collapse(config, now, baseline),
            Self::Forgetting => (now.nll > baseline.nll * (1.0 + config.nll_rise)).then(|| {
                format!(
                    "real sequences have become unlikely: {:.2} nats per token on the validation part ({:.2} before)",
                    now.nll, baseline.nll
                )
            }),
            Self::Saturation => {
                let accuracy = now.discriminator_accuracy.filter(|&accuracy| accuracy >= config.discriminator_accuracy)?;
                let reward =
                    now.reward.map_or(String::new(), |r| format!(", and the mean reward of samples is {r:.3}"));
                Some(format!("the discriminator is right about {} of its sequences{reward}", percent(accuracy)))
            }
            Self::Vanishing => {
                let (spread, reward) = (now.value_spread?, now.reward?);
                (spread <= config.value_spread * reward.abs()).then(|| {
                    format!(
                        "all samples of a batch have nearly the same reward: {reward:.3}, give or take {spread:.1e}"
                    )
                })
            }
            Self::Memorising => memorising(config, now.auc_train, now.auc_validation?),
        }
    }
}

fn collapse(config: &MonitorConfig, now: &MonitorStatistics, baseline: &MonitorBaseline) -> Option<String> {
    let mut seen = Vec::new();
    if now.entropy < config.entropy_share * baseline.entropy {
        seen.push(format!(
            "their entropy is {:.2} nats per token ({:.2} before)",
            now.entropy, baseline.entropy
        ));
    }
    if now.unique < config.unique_share * baseline.unique {
        seen.push(format!(
            "{} of them are different ({} before)",
            percent(now.unique),
            percent(baseline.unique)
        ));
    }
    if now.self_bleu > baseline.self_bleu + config.self_bleu_rise {
        seen.push(format!("their self-BLEU-3 is {:.2} ({:.2} before)", now.self_bleu, baseline.self_bleu));
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
    let areas = format!("the discriminator prefers a real sequence to a sample in {shares} where it has not");
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

    fn baseline() -> MonitorBaseline {
        MonitorBaseline { entropy: 4.0, unique: 0.9, self_bleu: 0.3, nll: 4.1 }
    }

    fn healthy() -> MonitorStatistics {
        let area = |mean| Some(Estimate { mean, stderr: 0.02 });
        MonitorStatistics {
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

    fn diagnostics(figures: &MonitorStatistics) -> Vec<(Diagnostic, String)> {
        let config = Config::default().monitor;
        Diagnostic::ALL
            .into_iter()
            .filter_map(|d| Some((d, d.seen(&config, figures, &baseline())?)))
            .collect()
    }

    #[test]
    fn a_healthy_training_has_no_diagnostic() {
        assert_eq!(diagnostics(&healthy()), []);
        // A reward model without a network, and one before the first update, has no statistics.
        let unknown = MonitorStatistics {
            reward: None,
            value_spread: None,
            discriminator_accuracy: None,
            auc_train: None,
            auc_validation: None,
            ..healthy()
        };
        assert_eq!(diagnostics(&unknown), []);
    }

    #[test]
    fn each_diagnostic_follows_from_its_statistics_alone() {
        let only = |figures: MonitorStatistics, diagnostic: Diagnostic, words: &str| {
            let found = diagnostics(&figures);
            assert!(found.len() == 1 && found[0].0 == diagnostic && found[0].1.contains(words), "{found:?}");
        };
        only(
            MonitorStatistics { entropy: 2.0, ..healthy() },
            Diagnostic::Collapse,
            "2.00 nats per token (4.00 before)",
        );
        only(
            MonitorStatistics { unique: 0.5, ..healthy() },
            Diagnostic::Collapse,
            "50 % of them are different (90 % before)",
        );
        only(
            MonitorStatistics { self_bleu: 0.6, ..healthy() },
            Diagnostic::Collapse,
            "self-BLEU-3 is 0.60 (0.30 before)",
        );
        only(
            MonitorStatistics { nll: 5.0, ..healthy() },
            Diagnostic::Forgetting,
            "5.00 nats per token on the validation part (4.10",
        );
        only(
            MonitorStatistics { discriminator_accuracy: Some(0.99), ..healthy() },
            Diagnostic::Saturation,
            "right about 99 % of its sequences, and the mean reward of samples is 0.500",
        );
        only(
            MonitorStatistics { value_spread: Some(0.004), ..healthy() },
            Diagnostic::Vanishing,
            "0.500, give or take 4.0e-3",
        );
        let all_zero = MonitorStatistics { reward: Some(0.0), value_spread: Some(0.0), ..healthy() };
        only(all_zero, Diagnostic::Vanishing, "0.000");
        let area = |mean| Some(Estimate { mean, stderr: 0.02 });
        only(
            MonitorStatistics { auc_train: area(0.8), ..healthy() },
            Diagnostic::Memorising,
            "80 % of pairs",
        );
        let wrong = MonitorStatistics { auc_train: area(0.5), auc_validation: area(0.43), ..healthy() };
        only(wrong, Diagnostic::Memorising, "43 % where it has not, which is worse than a coin");
        // A discriminator without a training area: its training sequences now have other features.
        let unseen =
            |validation| MonitorStatistics { auc_train: None, auc_validation: area(validation), ..healthy() };
        only(
            unseen(0.43),
            Diagnostic::Memorising,
            "a sample in 43 % of pairs where it has not, which is worse than a coin",
        );
        assert_eq!(diagnostics(&unseen(0.58)), []);
    }

    #[test]
    fn a_difference_within_the_error_is_no_diagnostic() {
        let area = |mean| Some(Estimate { mean, stderr: 0.05 });
        let figures = MonitorStatistics { auc_train: area(0.7), auc_validation: area(0.5), ..healthy() };
        assert_eq!(diagnostics(&figures), []);
    }
}
