//! Rules of `[evaluate]`, `[monitor]` and `[checkpoint]`.

use super::rule::{Rule, first_repeated};
use crate::Result;
use crate::config::monitor::Action;
use crate::config::provenance::Provenance;
use crate::config::settings::Config;

pub(super) const RULES: [Rule; 4] = [
    temperatures_are_distinct,
    reverse_lm_has_test_data,
    roll_back_has_a_checkpoint,
    checkpoint_measure_has_an_oracle,
];

fn temperatures_are_distinct(config: &Config, provenance: &Provenance) -> Result<()> {
    match first_repeated(&config.evaluate.temperatures) {
        None => Ok(()),
        Some(temperature) => {
            let value = format!("{temperature} twice");
            Err(provenance.refuse("evaluate.temperatures", value, "each temperature once"))
        }
    }
}

fn reverse_lm_has_test_data(config: &Config, provenance: &Provenance) -> Result<()> {
    let data = &config.data;
    // A preset sets it before the data are known; only a user's own setting is refused.
    let is_set = provenance.origin("evaluate.reverse_lm").is_some() && config.evaluate.reverse_lm;
    if !is_set || data.path.is_empty() || !data.test.is_empty() {
        return Ok(());
    }
    let expected = "false without `data.test`: held-out sequences are compared";
    Err(provenance.refuse("evaluate.reverse_lm", true, expected))
}

fn roll_back_has_a_checkpoint(config: &Config, provenance: &Provenance) -> Result<()> {
    let monitor = &config.monitor;
    let actions = [
        ("monitor.collapse", monitor.collapse),
        ("monitor.forgetting", monitor.forgetting),
        ("monitor.saturation", monitor.saturation),
        ("monitor.vanishing", monitor.vanishing),
        ("monitor.memorising", monitor.memorising),
    ];
    match actions.into_iter().find(|(_, action)| *action == Action::RollBack) {
        Some((key, _)) if config.checkpoint.keep_best == 0 => {
            let expected = "off, warn or stop where `checkpoint.keep_best` is 0";
            Err(provenance.refuse(key, "\"roll-back\"", expected))
        }
        _ => Ok(()),
    }
}

fn checkpoint_measure_has_an_oracle(config: &Config, provenance: &Provenance) -> Result<()> {
    let keep_by = config.checkpoint.keep_by;
    if !keep_by.needs_oracle() || config.data.path.is_empty() {
        return Ok(());
    }
    let expected = "nll_validation or reward for a file of sequences, which has no oracle";
    Err(provenance.refuse("checkpoint.keep_by", format!("\"{}\"", keep_by.name()), expected))
}
