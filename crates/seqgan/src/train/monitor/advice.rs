//! Advice for the user: what a diagnostic means in the rounds of a method, and which settings to change.

use super::diagnostic::Diagnostic;

/// Facts about a method that the advice depends on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Facts<'a> {
    /// Whether a discriminator is trained between the generator's updates.
    pub trains_discriminator: bool,
    /// Whether action values are estimated from rollouts (Monte-Carlo search).
    pub uses_rollouts: bool,
    /// Kinds of rewards that a reward with parts lacks; none if the reward has no parts.
    pub missing_rewards: Option<&'a [&'a str]>,
}

/// Advice for a method with a discriminator that was trained on folds.
pub fn of_crossfit(diagnostic: Diagnostic) -> &'static str {
    match diagnostic {
        Diagnostic::Collapse | Diagnostic::Forgetting => {
            "Lower crossfit.learning_rate or crossfit.num_rounds, or raise crossfit.kl or crossfit.demonstration_value, \
             which keep the generator near the base and the data"
        }
        Diagnostic::Memorising => {
            "What it learnt from one part of the data is wrong of another. Raise crossfit.num_folds and max_folds, lower \
             crossfit.d_epochs, or give it more data"
        }
        Diagnostic::Vanishing => {
            "What the generator learns from them is noise. Raise crossfit.batch_size, or give the discriminator more \
             features (crossfit.ensemble_features)"
        }
        Diagnostic::Saturation => "Lower crossfit.d_epochs or crossfit.d_learning_rate",
    }
}

/// Advice for an adversarial method. It suggests only settings that apply to the method and are not in use already.
pub fn of_rounds(diagnostic: Diagnostic, facts: Facts<'_>) -> String {
    let lacks = |kind| facts.missing_rewards.is_some_and(|missing| missing.contains(&kind));
    let mut ways = vec![match diagnostic {
        Diagnostic::Collapse => {
            "The generator repeats what its reward likes. Lower adversarial.learning_rate or adversarial.num_rounds"
        }
        Diagnostic::Forgetting => {
            "The generator leaves out more and more of what the file holds. Lower adversarial.learning_rate or \
             adversarial.num_rounds"
        }
        Diagnostic::Saturation => {
            "A discriminator that is always right cannot say which samples are better. Train it less \
             (adversarial.d_steps, d_epochs, d_pretrain_steps), lower discriminator.learning_rate or \
             discriminator.dropout_keep"
        }
        Diagnostic::Vanishing if facts.uses_rollouts => {
            "What the generator learns from them is noise. Raise rollout.num_rollouts or adversarial.batch_size"
        }
        Diagnostic::Vanishing => "What the generator learns from them is noise. Raise adversarial.batch_size",
        Diagnostic::Memorising => {
            "Its reward draws the generator to copies of the training sequences. Train it less (adversarial.d_epochs, \
             d_steps), lower discriminator.dropout_keep, or give it more data"
        }
    }];
    match diagnostic {
        Diagnostic::Collapse => {
            if facts.trains_discriminator {
                ways.push("train the discriminator more (adversarial.d_steps)");
            }
            if lacks("unique") {
                ways.push("add a [[reward]] of kind \"unique\"");
            }
        }
        Diagnostic::Forgetting if lacks("discriminator") => {
            ways.push("add a [[reward]] of kind \"discriminator\"");
        }
        Diagnostic::Vanishing if facts.missing_rewards.is_some() => {
            ways.push("take a reward that differs between samples");
        }
        _ => {}
    }
    ways.join(", or ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_method_does_not_have_is_not_advised() {
        let seqgan = Facts { trains_discriminator: true, uses_rollouts: true, missing_rewards: None };
        let collapse = of_rounds(Diagnostic::Collapse, seqgan);
        assert!(collapse.contains("adversarial.d_steps") && !collapse.contains("[[reward]]"), "{collapse}");
        let bleu = Facts { trains_discriminator: false, ..seqgan };
        assert!(!of_rounds(Diagnostic::Collapse, bleu).contains("discriminator"));
        assert!(of_rounds(Diagnostic::Vanishing, seqgan).contains("rollout.num_rollouts"));
        let step = Facts { uses_rollouts: false, ..seqgan };
        assert!(!of_rounds(Diagnostic::Vanishing, step).contains("rollout"));
    }

    #[test]
    fn rewards_that_a_sum_holds_already_are_not_advised() {
        let bare = Facts { missing_rewards: Some(&["unique", "discriminator"]), ..Facts::default() };
        let full = Facts { trains_discriminator: true, uses_rollouts: true, missing_rewards: Some(&[]) };
        let (of_bare, of_full) = (|d| of_rounds(d, bare), |d| of_rounds(d, full));
        let collapse = of_bare(Diagnostic::Collapse);
        assert!(collapse.contains("\"unique\"") && !collapse.contains("discriminator"));
        let collapse = of_full(Diagnostic::Collapse);
        assert!(!collapse.contains("\"unique\"") && collapse.contains("discriminator"));
        assert!(of_bare(Diagnostic::Forgetting).contains("\"discriminator\""));
        assert!(!of_full(Diagnostic::Forgetting).contains("\"discriminator\""));
        assert!(!of_bare(Diagnostic::Vanishing).contains("rollout"));
        assert!(of_full(Diagnostic::Vanishing).contains("rollout"));
    }
}
