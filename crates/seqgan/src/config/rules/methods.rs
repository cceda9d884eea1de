//! Rules of `methods` and `[crossfit]`.

use super::rule::{Rule, first_repeated};
use crate::config::baseline::Baseline;
use crate::config::method::Method;
use crate::config::provenance::Provenance;
use crate::config::settings::Config;
use crate::{Error, Result};

pub(super) const RULES: [Rule; 6] = [
    summed_rewards_are_not_normalised,
    folds_in_use_exist,
    patience_has_measurements,
    methods_are_distinct,
    pretrained_has_an_origin,
    initial_method_has_a_run,
];

fn summed_rewards_are_not_normalised(config: &Config, provenance: &Provenance) -> Result<()> {
    let crossfit = &config.crossfit;
    if !crossfit.all_actions || crossfit.baseline != Baseline::StepNormalised {
        return Ok(());
    }
    let expected = "none or step-mean where crossfit.all_actions is true: the expected reward over all \
                    tokens is not normalised";
    Err(provenance.refuse("crossfit.baseline", "\"step-normalised\"", expected))
}

fn folds_in_use_exist(config: &Config, provenance: &Provenance) -> Result<()> {
    let crossfit = &config.crossfit;
    if crossfit.max_folds <= crossfit.num_folds {
        return Ok(());
    }
    let expected = format!("0 to {}", crossfit.num_folds);
    Err(provenance.refuse("crossfit.max_folds", crossfit.max_folds, expected))
}

fn patience_has_measurements(config: &Config, provenance: &Provenance) -> Result<()> {
    let Config { adversarial, crossfit, .. } = config;
    for (section, patience, every) in [
        ("adversarial", adversarial.patience, adversarial.measure_every_rounds),
        ("crossfit", crossfit.patience, crossfit.measure_every_rounds),
    ] {
        if patience > 0 && every == 0 {
            let expected = format!(
                "0 where {section}.measure_every_rounds is 0: only rounds that are measured can be the best"
            );
            return Err(provenance.refuse(&format!("{section}.patience"), patience, expected));
        }
    }
    Ok(())
}

fn methods_are_distinct(config: &Config, provenance: &Provenance) -> Result<()> {
    match first_repeated(&config.methods) {
        None => Ok(()),
        Some(method) => Err(provenance.refuse("methods", format!("\"{method}\" twice"), "each method once")),
    }
}

fn pretrained_has_an_origin(config: &Config, provenance: &Provenance) -> Result<()> {
    if !config.generator.init_from.is_empty() {
        return Ok(());
    }
    let named = [
        ("methods", config.methods.contains(&Method::PRETRAINED)),
        ("adversarial.base", config.adversarial.base == Method::PRETRAINED),
    ];
    let Some((key, _)) = named.into_iter().find(|(_, is_named)| *is_named) else { return Ok(()) };
    Err(Error::Config {
        key: key.into(),
        value: format!("\"{}\"", Method::PRETRAINED),
        expected: "another method where `generator.init_from` is empty".into(),
        source_place: provenance.origin(key).map(String::from),
        hint: Some("name the run whose model it is with `generator.init_from = \"RUN\"`".into()),
    })
}

fn initial_method_has_a_run(config: &Config, provenance: &Provenance) -> Result<()> {
    let generator = &config.generator;
    if generator.init_method.is_empty() || !generator.init_from.is_empty() {
        return Ok(());
    }
    let expected = "none where `generator.init_from` names no run";
    Err(provenance.refuse("generator.init_method", format!("{:?}", generator.init_method), expected))
}
