//! Rules of the parts of the reward, `[[reward]]`. Errors name a part by its number, from 1.

use super::rule::Rule;
use crate::Result;
use crate::config::method::Method;
use crate::config::provenance::Provenance;
use crate::config::settings::Config;

pub(super) const RULES: [Rule; 2] = [mixed_has_a_reward, names_are_distinct];

fn mixed_has_a_reward(config: &Config, provenance: &Provenance) -> Result<()> {
    if !config.methods.contains(&Method::MIXED) || !config.reward.is_empty() {
        return Ok(());
    }
    let expected = "a table [[reward]] or more for the method `mixed`";
    Err(provenance.refuse("reward", "empty", expected))
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
    use crate::config::{RewardConfig, validate};

    fn part(text: &str) -> RewardConfig {
        toml::from_str(text).unwrap()
    }

    fn checked(parts: &[RewardConfig]) -> Result<()> {
        let config = Config { reward: parts.to_vec(), ..Config::default() };
        validate(&config, &Provenance::default()).map(drop)
    }

    #[test]
    fn parts_have_names_of_their_own() {
        let refused = |parts: &[RewardConfig]| checked(parts).unwrap_err().to_string();
        let novel = part("kind = \"novel\"");
        assert!(
            refused(&[novel.clone(), novel.clone()])
                .contains("`reward[2].name` is \"novel\", expected a name")
        );
        let named = RewardConfig { name: "b".into(), ..novel.clone() };
        assert!(checked(&[novel, named]).is_ok());
    }
}
