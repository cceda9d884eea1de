//! Rules about settings that depend on each other. Ranges of single settings stand beside the
//! fields.

mod methods;
mod reward;
mod rule;
mod task;
mod watching;

use super::provenance::Provenance;
use super::settings::Config;
use crate::Result;
use rule::Rule;

/// Checks all rules, in the order of the sections.
pub(super) fn check(config: &Config, provenance: &Provenance) -> Result<()> {
    let rules: [&[Rule]; 4] = [&task::RULES, &methods::RULES, &reward::RULES, &watching::RULES];
    rules.into_iter().flatten().try_for_each(|rule| rule(config, provenance))
}

/// Keys of settings without effect beside the other settings.
pub(super) fn unused(config: &Config) -> &'static [&'static str] {
    if config.oracle.params.is_empty() { &[] } else { &task::SIZES_OF_PARAMS }
}
