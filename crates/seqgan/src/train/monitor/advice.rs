//! What a sign means in the rounds of a method, and which of its settings to change.

use super::super::judge::Judge;
use super::sign::Sign;
use crate::config::{Config, Method};

/// Sentences for a user of `method`; what it has not, or has already, is not among them.
pub(super) fn advice(sign: Sign, method: Method, config: &Config) -> String {
    match method.is_crossfit() {
        true => of_crossfit(sign).into(),
        false => of_rounds(sign, method, config),
    }
}

fn of_crossfit(sign: Sign) -> &'static str {
    match sign {
        Sign::Collapse | Sign::Forgetting => {
            "Lower crossfit.learning_rate or crossfit.num_rounds, or raise crossfit.kl or crossfit.demonstration_value, which keep \
             the generator near the base and the data"
        }
        Sign::Memorising => {
            "What it learnt from one part of the data is wrong of another. Raise crossfit.num_folds and max_folds, lower \
             crossfit.d_epochs, or give it more data"
        }
        Sign::Vanishing => {
            "What the generator learns from them is noise. Raise crossfit.batch_size, or tell the judge more \
             (crossfit.ensemble_features)"
        }
        Sign::Saturation => "Lower crossfit.d_epochs or crossfit.d_learning_rate",
    }
}

fn of_rounds(sign: Sign, method: Method, config: &Config) -> String {
    let lacks = |kind| method == Method::Mixed && !config.reward.iter().any(|part| part.kind == kind);
    let mut ways = vec![match sign {
        Sign::Collapse => {
            "The generator repeats what its reward likes. Lower adversarial.learning_rate or adversarial.num_rounds"
        }
        Sign::Forgetting => {
            "The generator leaves out more and more of what the file holds. Lower adversarial.learning_rate or \
             adversarial.num_rounds"
        }
        Sign::Saturation => {
            "A judge that is always right cannot say which samples are better. Train it less (adversarial.d_steps, \
             d_epochs, d_pretrain_steps), lower discriminator.learning_rate or discriminator.dropout_keep"
        }
        Sign::Vanishing if searches(method, config) => {
            "What the generator learns from them is noise. Raise rollout.num_rollouts or adversarial.batch_size"
        }
        Sign::Vanishing => "What the generator learns from them is noise. Raise adversarial.batch_size",
        Sign::Memorising => {
            "Its reward draws the generator to copies of the training sequences. Train it less (adversarial.d_epochs, \
             d_steps), lower discriminator.dropout_keep, or give it more data"
        }
    }];
    match sign {
        Sign::Collapse => {
            if Judge::is_trained_in_rounds(method, config) {
                ways.push("train the judge more (adversarial.d_steps)");
            }
            if lacks("unique") {
                ways.push("add a [[reward]] of kind \"unique\"");
            }
        }
        Sign::Forgetting if lacks("discriminator") => {
            ways.push("add a [[reward]] of kind \"discriminator\"");
        }
        Sign::Vanishing if method == Method::Mixed => ways.push("take a reward that differs between samples"),
        _ => {}
    }
    ways.join(", or ")
}

/// Whether values of decisions are found by completing sequences.
fn searches(method: Method, config: &Config) -> bool {
    match method {
        Method::SeqGan | Method::PgBleu | Method::RankGan => true,
        Method::Mixed => config.reward.iter().any(|part| part.search),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::RewardConfig;

    fn mixed(kinds: &[&str], search: bool) -> Config {
        let part = |kind: &&str| -> RewardConfig {
            toml::from_str(&format!("kind = \"{}\"\nsearch = {search}", kind)).unwrap()
        };
        Config { reward: kinds.iter().map(part).collect(), ..Config::default() }
    }

    #[test]
    fn what_a_method_has_not_is_not_advised() {
        let of = |sign, method, config: &Config| advice(sign, method, config);
        let plain = Config::default();
        let seqgan = of(Sign::Collapse, Method::SeqGan, &plain);
        assert!(seqgan.contains("adversarial.d_steps") && !seqgan.contains("[[reward]]"), "{seqgan}");
        assert!(!of(Sign::Collapse, Method::PgBleu, &plain).contains("judge"));
        assert!(of(Sign::Vanishing, Method::SeqGan, &plain).contains("rollout.num_rollouts"));
        assert!(!of(Sign::Vanishing, Method::SeqGanStep, &plain).contains("rollout"));
    }

    #[test]
    fn what_a_mix_has_already_is_not_advised() {
        let bare = mixed(&["bleu"], false);
        let full = mixed(&["unique", "discriminator"], true);
        let of = |sign, config: &Config| advice(sign, Method::Mixed, config);
        assert!(
            of(Sign::Collapse, &bare).contains("\"unique\"") && !of(Sign::Collapse, &bare).contains("judge")
        );
        assert!(
            !of(Sign::Collapse, &full).contains("\"unique\"") && of(Sign::Collapse, &full).contains("judge")
        );
        assert!(of(Sign::Forgetting, &bare).contains("\"discriminator\""));
        assert!(!of(Sign::Forgetting, &full).contains("\"discriminator\""));
        assert!(
            !of(Sign::Vanishing, &bare).contains("rollout") && of(Sign::Vanishing, &full).contains("rollout")
        );
    }
}
