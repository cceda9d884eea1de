//! `cargo xtask docs`: the page of settings, from the schema and the presets of the library.

use anyhow::{Context, Result, bail};
use seqgan::config::{Config, Preset, RewardConfig, schema};
use seqgan::reward::registry;
use seqgan::train::method;
use serde_json::Value;
use std::fmt::Write;
use std::fs;
use std::path::Path;

const PAGE: &str = "docs/configuration.md";

const INTRODUCTION: &str = "\
<!-- Written by `cargo xtask docs` from the doc comments, defaults and presets in crates/seqgan/src/config; a change
     made here is lost, and `cargo xtask check` finds it. -->

# Configuration

Every setting of a run, with its default. The defaults are those of the preset `paper`; the columns `quick` and `smoke`
hold what these presets change for the synthetic task (`seqgan oracle`), and are empty where they keep the default. `best` is
`quick` with @BEST@. Other tasks than the paper's (`--task`) have
sizes, passes and a discriminator of `seqgan-crossfit` of their own, in any preset ([synthetic-tasks.md](synthetic-tasks.md)); `quick` has no row
`seqgan-crossfit` for them nor for files.

For a file of sequences (`seqgan train`), `quick` and `smoke` choose the generator's sizes and learning rate, epochs,
updates, batch sizes, filters, rounds, rollouts, prefixes, negatives and numbers of samples from the size of the file, so
that they keep their promise of time. The choice is a fixed function of the
file: equal files give equal settings on every machine, and the folder of a run holds them in `config.toml`.

Values come from defaults, preset, configuration file, options and `--set KEY=VALUE`; the later one wins. Keys are
written in TOML, sections as tables:

```toml
seed = 3

[rollout]
num_rollouts = 8
```

or on the command line, `--set rollout.num_rollouts=8`. Unknown keys, wrong types and values out of range are refused
before any work is done, with the file and line or the option that gave them. After `seqgan schema > seqgan.schema.json`,
editors that use Taplo (such as VS Code with Even Better TOML) complete and check every file whose first line is
`#:schema seqgan.schema.json`.

In the table below B is the number of sequences of a batch, T the longest length, V the number of tokens, E the width
of an embedding, H the width of a hidden state, N the number of completions.
";

/// Writes the page.
pub fn write(root: &Path) -> Result<()> {
    let path = root.join(PAGE);
    fs::create_dir_all(path.parent().expect("the page lies in a folder"))?;
    fs::write(&path, page()?).with_context(|| format!("cannot write {PAGE}"))
}

/// Fails if the page differs from the code.
pub fn check(root: &Path) -> Result<()> {
    let found = fs::read_to_string(root.join(PAGE)).unwrap_or_default();
    if found != page()? {
        bail!("{PAGE} is not what the code says; run `cargo xtask docs`");
    }
    Ok(())
}

fn page() -> Result<String> {
    let columns =
        [Preset::Paper, Preset::Quick, Preset::Smoke].map(|preset| toml::Table::try_from(preset.config()));
    let [paper, quick, smoke] = columns;
    let columns = [paper?, quick?, smoke?];
    if columns[0] != toml::Table::try_from(Config::default())? {
        bail!("the preset `paper` differs from the defaults: the page of settings needs a column for it");
    }
    let best = toml::Table::try_from(Preset::Best.config())?;
    let mut text = INTRODUCTION.replace("@BEST@", &differences("", &columns[1], &best).join(", "));
    let (sections, general): (Vec<_>, Vec<_>) =
        properties(schema())?.into_iter().partition(|(_, setting)| setting["properties"].is_object());
    text.push_str("\n## Top level\n\n");
    table(&mut text, "", &general, &columns.each_ref())?;
    text.push_str("\nMethods:\n\n");
    for method in method::all() {
        writeln!(text, "- `{}`: {}", method.name(), uncapitalised(method.about()))?;
    }
    for (name, section) in sections {
        let about = description(name, section)?;
        write!(text, "\n## `[{name}]`\n\n{about}\n\n")?;
        let columns = columns.each_ref().map(|column| column[name].as_table().expect("a section"));
        table(&mut text, &about, &properties(section)?, &columns)?;
    }
    rewards(&mut text)?;
    Ok(text)
}

/// Differences of `other` from `one`, as `key = value`.
fn differences(prefix: &str, one: &toml::Table, other: &toml::Table) -> Vec<String> {
    let of = |(key, value): (&String, &toml::Value)| match (value, one.get(key)) {
        (toml::Value::Table(inner), Some(toml::Value::Table(before))) => {
            differences(&format!("{prefix}{key}."), before, inner)
        }
        (value, before) if before == Some(value) => Vec::new(),
        (value, _) => vec![format!("`{prefix}{key} = {value}`")],
    };
    other.iter().flat_map(of).collect()
}

/// Section of the parts of a reward.
fn rewards(text: &mut String) -> Result<()> {
    text.push_str("\n## `[[reward]]`\n\nOne table for each part of the reward of the method `mixed`.\n\n");
    text.push_str("| key | default | range | meaning |\n|---|---|---|---|\n");
    // `kind` has no default; it must be given.
    let part: RewardConfig = toml::from_str("kind = \"novel\"")?;
    let defaults = toml::Table::try_from(part)?;
    let part = &schema()["properties"]["reward"]["items"];
    for (name, setting) in properties(part)? {
        let default = defaults.get(name).filter(|_| name != "kind").map_or(String::new(), shown);
        let meaning = description(name, setting)?;
        writeln!(text, "| `{name}` | {default} | {} | {} |", range(setting), cell(&meaning))?;
    }
    text.push_str(
        "\nKinds:\n\n- `discriminator`: the discriminator's probability that the sequence is real.\n",
    );
    for kind in registry::kinds() {
        writeln!(text, "- `{}`: {}", kind.name(), uncapitalised(kind.about()))?;
    }
    Ok(())
}

/// Table of settings; `about` is the description of their section.
fn table(
    text: &mut String,
    about: &str,
    rows: &[(&String, &Value)],
    columns: &[&toml::Table; 3],
) -> Result<()> {
    text.push_str("| key | default | `quick` | `smoke` | range | meaning |\n|---|---|---|---|---|---|\n");
    for (name, setting) in rows {
        let value =
            |column: &toml::Table| column.get(*name).map(shown).with_context(|| format!("no `{name}`"));
        let default = value(columns[0])?;
        let change = |column| value(column).map(|value| if value == default { String::new() } else { value });
        let mut meaning = description(name, setting)?;
        let named = format!("{about} {meaning}");
        let explained = variants(setting);
        if explained.iter().any(|(variant, _)| !named.contains(&format!("`{variant}`"))) {
            for (variant, text) in explained {
                write!(meaning, " `{variant}`: {}", uncapitalised(text))?;
            }
        }
        let (quick, smoke) = (change(columns[1])?, change(columns[2])?);
        let (range, meaning) = (range(setting), cell(&meaning));
        writeln!(text, "| `{name}` | {default} | {quick} | {smoke} | {range} | {meaning} |")?;
    }
    Ok(())
}

/// Settings of a section, or of a part of a list, with their schemas.
fn properties(section: &Value) -> Result<Vec<(&String, &Value)>> {
    Ok(section["properties"].as_object().context("a section without settings")?.iter().collect())
}

/// Description of a setting, in one line.
fn description(name: &str, setting: &Value) -> Result<String> {
    let text = setting["description"].as_str().with_context(|| format!("`{name}` has no description"))?;
    Ok(text.replace('\n', " "))
}

/// Allowed values of a setting; empty if its type says everything.
fn range(setting: &Value) -> String {
    let choices = choices(setting);
    if !choices.is_empty() {
        return choices.iter().map(|choice| format!("`\"{choice}\"`")).collect::<Vec<_>>().join(", ");
    }
    let length = bounds(&setting["minItems"], &setting["maxItems"]).map(|range| format!("{range} items"));
    let item = match setting["items"]["prefixItems"].as_array() {
        Some(parts) => format!("[{}]", parts.iter().map(range).collect::<Vec<_>>().join(", ")),
        None if setting["items"].is_object() => range(&setting["items"]),
        None => String::new(),
    };
    let each = (!item.is_empty()).then(|| format!("each {item}"));
    let number = bounds(&setting["minimum"], &setting["maximum"]);
    [number, length, each].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn bounds(low: &Value, high: &Value) -> Option<String> {
    match (low.as_f64(), high.as_f64()) {
        (Some(low), Some(high)) => Some(format!("{} to {}", number(low), number(high))),
        (Some(low), None) => Some(format!("from {}", number(low))),
        (None, Some(high)) => Some(format!("up to {}", number(high))),
        (None, None) => None,
    }
}

/// A number with an exponent if it is tiny.
fn number(number: f64) -> String {
    if number != 0.0 && number.abs() < 1e-4 { format!("{number:e}") } else { number.to_string() }
}

/// Names that a setting may have, if they are listed.
fn choices(setting: &Value) -> Vec<&str> {
    match setting["enum"].as_array() {
        Some(names) => names.iter().filter_map(Value::as_str).collect(),
        None => {
            let all = setting["oneOf"].as_array().into_iter().flatten();
            all.filter_map(|variant| variant["const"].as_str()).collect()
        }
    }
}

/// Names that a setting may have, with their descriptions.
fn variants(setting: &Value) -> Vec<(&str, &str)> {
    let allowed = choices(setting);
    let all = setting["oneOf"].as_array().into_iter().flatten();
    all.filter_map(|variant| Some((variant["const"].as_str()?, variant["description"].as_str()?)))
        .filter(|(name, _)| allowed.contains(name))
        .collect()
}

/// Text of a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// A value as one writes it in TOML.
fn shown(value: &toml::Value) -> String {
    format!("`{value}`")
}

fn uncapitalised(text: &str) -> String {
    let text = text.replace('\n', " ");
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_short() {
        let of = |text: &str| range(&serde_json::from_str(text).unwrap());
        assert_eq!(of(r#"{"minimum": 1e-9, "maximum": 10.0}"#), "1e-9 to 10");
        assert_eq!(of(r#"{"minimum": 0}"#), "from 0");
        assert_eq!(of(r#"{"enum": ["a", "b"]}"#), "`\"a\"`, `\"b\"`");
        assert_eq!(of(r#"{"type": "string"}"#), "");
        let pairs =
            r#"{"minItems": 1, "maxItems": 9, "items": {"prefixItems": [{"minimum": 2}, {"maximum": 3}]}}"#;
        assert_eq!(of(pairs), "1 to 9 items, each [from 2, up to 3]");
    }

    #[test]
    fn the_page_holds_every_key_with_its_values() {
        let page = page().unwrap();
        assert!(page.contains("\n## `[mle_tuned]`\n"));
        assert!(page.contains("\n| `seed` | `1` |  |  | from 0 | "));
        assert!(page.contains(" | 1 to 1024 | Number N of completions per prefix. |"));
        assert!(page.contains("`step-mean`: "));
        let rows = page.lines().filter(|line| line.starts_with("| `")).count();
        let settings = toml::Table::try_from(Config::default()).unwrap();
        let keys: usize = settings.values().map(|value| value.as_table().map_or(1, toml::Table::len)).sum();
        let part: RewardConfig =
            toml::from_str("kind = \"novel\"\nweight_end = 1.0\noptions = { a = 1 }").unwrap();
        assert_eq!(rows, keys + toml::Table::try_from(part).unwrap().len());
    }

    #[test]
    fn a_page_that_is_out_of_date_is_found() {
        let folder = tempfile::tempdir().unwrap();
        assert!(check(folder.path()).unwrap_err().to_string().contains("run `cargo xtask docs`"));
        write(folder.path()).unwrap();
        check(folder.path()).unwrap();
        let path = folder.path().join(PAGE);
        fs::write(&path, fs::read_to_string(&path).unwrap().replace("Seed of every", "Seed of no")).unwrap();
        assert!(check(folder.path()).is_err());
    }
}
