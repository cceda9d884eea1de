//! Which model of a run is used, and why, in words.

use seqgan::saved::{ModelChoice, ModelInfo, Reason};

/// Digits behind the point of a likelihood: one more than in the table, because models may lie close together.
const DECIMALS: usize = 4;

/// `seqgan-crossfit, round 40`.
pub fn name(model: &ModelInfo) -> String {
    match model.round() {
        Some(round) => format!("{}, round {round}", model.method),
        None => model.method.to_string(),
    }
}

/// The validation likelihood of a model, if it is known.
pub fn nll(model: &ModelInfo) -> Option<String> {
    model.nll_validation.map(|nll| format!("{nll:.DECIMALS$}"))
}

/// The model with its likelihood: `seqgan-crossfit, round 40: nll_validation 0.7421`.
pub fn model(choice: &ModelChoice) -> String {
    let nll = nll(&choice.model).unwrap_or_else(|| "unknown".into());
    format!("{}: nll_validation {nll}", name(&choice.model))
}

/// Why it is this one; nothing if it was named.
pub fn reason(choice: &ModelChoice) -> Option<String> {
    match choice.reason {
        Reason::Named => None,
        Reason::Best(1) => Some("the only single model".into()),
        Reason::Best(of) => Some(format!("the best of {of} single models")),
        Reason::BestToResample(1) => Some("the only one whose discriminator can resample".into()),
        Reason::BestToResample(of) => Some(format!("the best of {of} whose discriminator can resample")),
        Reason::Rewarded => Some("at the end of its training by [[reward]]".into()),
        Reason::Last => Some("the last one trained".into()),
    }
}

/// Which model would be better, and by which options it is used.
pub fn better(choice: &ModelChoice) -> Option<String> {
    let better = choice.better.as_ref()?;
    let nll = nll(better)?;
    Some(match better.round() {
        Some(round) if better.method == choice.model.method => {
            format!("its round {round} has {nll} (--round {round})")
        }
        Some(round) => format!("{} has {nll} (--method {} --round {round})", name(better), better.method),
        None => format!("{} has {nll} (--method {})", better.method, better.method),
    })
}

/// All of it in one sentence.
pub fn sentence(choice: &ModelChoice) -> String {
    let mut text = model(choice);
    if let Some(reason) = reason(choice) {
        text.push_str(&format!(", {reason}"));
    }
    if let Some(better) = better(choice) {
        text.push_str(&format!("; {better}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use seqgan::config::Method;
    use seqgan::saved::Checkpoint;

    #[test]
    fn choices_in_words() {
        let trained = |method, nll| ModelInfo::trained(method).with_nll_validation(nll);
        let checkpoint = Some(Checkpoint { round: 40, value: 0.7 });
        let seqgan = trained(Method::SEQGAN, 0.75);
        let round = ModelInfo { checkpoint, ..trained(Method::SEQGAN, 0.742_06) };
        let ensemble = trained(Method::MLE_ENSEMBLE, 0.731);
        let of = |model, reason, better| sentence(&ModelChoice { model, reason, better });
        for (said, text) in [
            (
                of(round, Reason::Best(6), Some(ensemble)),
                "seqgan, round 40: nll_validation 0.7421, the best of 6 single models; mle-ensemble has 0.7310 \
                 (--method mle-ensemble)",
            ),
            (of(seqgan, Reason::Best(1), None), "seqgan: nll_validation 0.7500, the only single model"),
            (
                of(seqgan, Reason::Named, Some(round)),
                "seqgan: nll_validation 0.7500; its round 40 has 0.7421 (--round 40)",
            ),
            (
                of(ModelInfo::trained(Method::MLE), Reason::Last, None),
                "mle: nll_validation unknown, the last one trained",
            ),
        ] {
            assert_eq!(said, text);
        }
    }
}
