//! Settings that earlier versions knew by another name.

/// Old and new key of every renamed setting.
const RENAMED: [(&str, &str); 6] = [
    ("crossfit.needs_worth", "crossfit.require_validation_gain"),
    ("crossfit.sees_ensemble", "crossfit.ensemble_features"),
    ("crossfit.real_value", "crossfit.demonstration_value"),
    ("ensemble.soft_share", "ensemble.distillation_weight"),
    ("scheduled_sampling.truth_decrease", "scheduled_sampling.teacher_forcing_decay"),
    ("monitor.judge_accuracy", "monitor.discriminator_accuracy"),
];

/// Current key of the setting that was called `key` once.
pub(super) fn current_key(key: &str) -> Option<&'static str> {
    RENAMED.iter().find(|(old, _)| *old == key).map(|(_, new)| *new)
}

#[cfg(test)]
mod tests {
    use super::RENAMED;
    use crate::config::{Config, Layers};

    fn layers() -> Layers {
        Layers::new(toml::Table::try_from(Config::default()).unwrap())
    }

    #[test]
    fn a_file_with_an_old_key_is_refused_with_the_new_one() {
        for (old, new) in RENAMED {
            let (section, name) = old.split_once('.').unwrap();
            let text = format!("[{section}]\n{name} = 1\n");
            let error = layers().text(&text, "a.toml").unwrap_err();
            assert_eq!(error.to_string(), format!("`{old}` is called `{new}` now (a.toml, line 2)"));
            assert!(error.is_usage());
        }
    }

    #[test]
    fn an_option_with_an_old_key_is_refused_with_the_new_one() {
        let error = layers().set("crossfit.real_value=0.4").unwrap_err();
        let place = "(set crossfit.real_value=0.4)";
        let expected = format!("`crossfit.real_value` is called `crossfit.demonstration_value` now {place}");
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn every_new_key_is_a_setting_and_no_old_key_is() {
        let settings = toml::Value::try_from(Config::default()).unwrap();
        let find = |key: &str| {
            let (section, name) = key.split_once('.').unwrap();
            settings[section].get(name)
        };
        for (old, new) in RENAMED {
            assert!(find(old).is_none(), "{old}");
            assert!(find(new).is_some(), "{new}");
        }
    }
}
