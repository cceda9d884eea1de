//! Rules of the parts of the reward, `[[reward]]`. Errors name a part by its number, from 1.

use super::rule::Rule;
use crate::Result;
use crate::config::method::Method;
use crate::config::provenance::Provenance;
use crate::config::reward::{RewardConfig, RewardKind};
use crate::config::settings::Config;

pub(super) const RULES: [Rule; 3] = [mixed_has_a_reward, parts_are_complete, names_are_distinct];

fn mixed_has_a_reward(config: &Config, provenance: &Provenance) -> Result<()> {
    if !config.methods.contains(&Method::Mixed) || !config.reward.is_empty() {
        return Ok(());
    }
    let expected = "a table [[reward]] or more for the method `mixed`";
    Err(provenance.refuse("reward", "empty", expected))
}

fn parts_are_complete(config: &Config, provenance: &Provenance) -> Result<()> {
    for (i, part) in config.reward.iter().enumerate() {
        if let Some((name, expected)) = missing(part) {
            return Err(provenance.refuse(&key(i, name), "empty", expected));
        }
    }
    Ok(())
}

/// Name and description of the setting that the kind of the part needs and the part lacks.
fn missing(part: &RewardConfig) -> Option<(&'static str, &'static str)> {
    match part.kind {
        RewardKind::Program if part.command.is_empty() => Some(("command", "a program and its arguments")),
        RewardKind::Regex if part.regex.is_empty() => Some(("regex", "a regular expression")),
        _ => None,
    }
}

fn names_are_distinct(config: &Config, provenance: &Provenance) -> Result<()> {
    let parts = &config.reward;
    for (i, part) in parts.iter().enumerate() {
        if parts[..i].iter().any(|other| other.name() == part.name()) {
            let expected = "a name of its own for each part; give `name`";
            return Err(provenance.refuse(&key(i, "name"), format!("\"{}\"", part.name()), expected));
        }
    }
    Ok(())
}

fn key(index: usize, name: &str) -> String {
    format!("reward[{}].{name}", index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::validate;

    fn part(text: &str) -> RewardConfig {
        toml::from_str(text).unwrap()
    }

    fn checked(parts: &[RewardConfig]) -> Result<()> {
        let config = Config { reward: parts.to_vec(), ..Config::default() };
        validate(&config, &Provenance::default()).map(drop)
    }

    #[test]
    fn a_part_names_the_setting_that_it_lacks() {
        let refused = |parts: &[RewardConfig]| checked(parts).unwrap_err().to_string();
        let program = part("kind = \"program\"");
        assert_eq!(refused(&[program]), "`reward[1].command` is empty, expected a program and its arguments");
        let novel = part("kind = \"novel\"");
        assert!(
            refused(&[novel.clone(), novel.clone()])
                .contains("`reward[2].name` is \"novel\", expected a name")
        );
        let named = RewardConfig { name: "b".into(), ..novel.clone() };
        assert!(checked(&[novel, named]).is_ok());
    }
}
