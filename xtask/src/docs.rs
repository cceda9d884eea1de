//! `cargo xtask docs`: the page of settings, from the doc comments, the defaults and the presets in the code.

use anyhow::{Context, Result, bail};
use seqgan::config::{Config, Preset, RewardConfig};
use seqgan::reward::registry;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

const PAGE: &str = "docs/configuration.md";

/// Folder of the sections.
const SETTINGS: &str = "crates/seqgan/src/config/settings";

/// Files with the enumerations that settings may be of.
const ENUMS: [&str; 2] = ["crates/seqgan/src/config/baseline.rs", "crates/seqgan/src/config/schedule.rs"];

/// The tables that a list holds.
const REWARD: &str = "crates/seqgan/src/config/reward.rs";

const INTRODUCTION: &str = "\
<!-- Written by `cargo xtask docs` from the doc comments, defaults and presets in crates/seqgan/src/config; a change
     made here is lost, and `cargo xtask check` finds it. -->

# Configuration

Every setting of a run, with its default. The defaults are those of the preset `paper`; the columns `quick` and `smoke`
hold what these presets change for the synthetic task (`seqgan oracle`), and are empty where they keep the default. `best` is
`quick` with @BEST@. Other tasks than the paper's (`--task`) have
sizes, passes and a judge of their own, in any preset ([synthetic-tasks.md](synthetic-tasks.md)); `quick` has no row
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
before any work is done, with the file and line or the option that gave them.

In the table below B is the number of sequences of a batch, T the longest length, V the number of tokens, E the width
of an embedding, H the width of a hidden state, N the number of completions.
";

/// Writes the page.
pub fn write(root: &Path) -> Result<()> {
    let path = root.join(PAGE);
    fs::create_dir_all(path.parent().expect("the page lies in a folder"))?;
    fs::write(&path, page(root)?).with_context(|| format!("cannot write {PAGE}"))
}

/// Fails when the page is not what the code says.
pub fn check(root: &Path) -> Result<()> {
    let found = fs::read_to_string(root.join(PAGE)).unwrap_or_default();
    if found != page(root)? {
        bail!("{PAGE} is not what the code says; run `cargo xtask docs`");
    }
    Ok(())
}

fn page(root: &Path) -> Result<String> {
    let read =
        |name: &str| fs::read_to_string(root.join(name)).with_context(|| format!("cannot read {name}"));
    let mut items = Items::new();
    for entry in fs::read_dir(root.join(SETTINGS)).with_context(|| format!("cannot read {SETTINGS}"))? {
        items.extend(self::items(&fs::read_to_string(entry?.path())?));
    }
    for name in ENUMS.into_iter().chain([REWARD]) {
        items.extend(self::items(&read(name)?));
    }
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
        fields(&items, "Config")?.iter().partition(|field| columns[0][&field.name].is_table());
    text.push_str("\n## Top level\n\n");
    table(&mut text, &items, &general, &columns.each_ref())?;
    for section in sections {
        write!(text, "\n## `[{}]`\n\n{}\n\n", section.name, section.doc)?;
        let rows: Vec<_> = fields(&items, &section.kind)?.iter().collect();
        let columns = columns.each_ref().map(|column| column[&section.name].as_table().expect("a section"));
        table(&mut text, &items, &rows, &columns)?;
    }
    rewards(&mut text, &items)?;
    Ok(text)
}

/// What `other` sets otherwise, as `key = value`.
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

/// The keys of a part of a reward.
fn rewards(text: &mut String, items: &Items) -> Result<()> {
    text.push_str("\n## `[[reward]]`\n\nOne table for each part of the reward of the method `mixed`.\n\n");
    text.push_str("| key | default | meaning |\n|---|---|---|\n");
    // A kind must be given; a value that is not given is not written either.
    let part: RewardConfig = toml::from_str("kind = \"novel\"")?;
    let defaults = toml::Table::try_from(part)?;
    for field in fields(items, "RewardConfig")? {
        let default = defaults.get(&field.name).filter(|_| field.name != "kind").map_or(String::new(), shown);
        writeln!(text, "| `{}` | {default} | {} |", field.name, field.doc.replace('|', "\\|"))?;
    }
    text.push_str(
        "\nKinds:\n\n- `discriminator`: the discriminator's probability that the sequence is real.\n",
    );
    for kind in registry::kinds() {
        writeln!(text, "- `{}`: {}", kind.name(), uncapitalised(kind.about()))?;
    }
    Ok(())
}

fn table(text: &mut String, items: &Items, rows: &[&Field], columns: &[&toml::Table; 3]) -> Result<()> {
    text.push_str("| key | default | `quick` | `smoke` | meaning |\n|---|---|---|---|---|\n");
    let names: Vec<&str> = rows.iter().map(|field| field.name.as_str()).collect();
    if let Some((key, _)) =
        columns[0].iter().find(|(key, value)| !value.is_table() && !names.contains(&&***key))
    {
        bail!("`{key}` is a setting, but not a documented field in {SETTINGS}");
    }
    for field in rows {
        let value =
            |column: &toml::Table| column.get(&field.name).map(shown).context(format!("no `{}`", field.name));
        let default = value(columns[0])?;
        let change = |column| value(column).map(|value| if value == default { String::new() } else { value });
        let mut meaning = field.doc.clone();
        if let Some(variants) = items.get(&field.kind) {
            for variant in variants {
                write!(meaning, " `{}`: {}", kebab(&variant.name), uncapitalised(&variant.doc))?;
            }
        }
        let (name, quick, smoke) = (&field.name, change(columns[1])?, change(columns[2])?);
        writeln!(text, "| `{name}` | {default} | {quick} | {smoke} | {} |", meaning.replace('|', "\\|"))?;
    }
    Ok(())
}

/// A value as one writes it in TOML.
fn shown(value: &toml::Value) -> String {
    format!("`{value}`")
}

fn kebab(name: &str) -> String {
    let mut text = String::new();
    for (i, c) in name.char_indices() {
        if c.is_uppercase() && i > 0 {
            text.push('-');
        }
        text.extend(c.to_lowercase());
    }
    text
}

fn uncapitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

/// The documented fields of each structure, or variants of each enumeration.
type Items = BTreeMap<String, Vec<Field>>;

/// A field or a variant.
struct Field {
    name: String,
    /// Its type; empty for a variant.
    kind: String,
    /// Its doc comment, in one line.
    doc: String,
}

fn fields<'a>(items: &'a Items, name: &str) -> Result<&'a [Field]> {
    let fields = items.get(name).with_context(|| format!("no structure `{name}` in {SETTINGS}"))?;
    match fields.iter().find(|field| field.doc.is_empty()) {
        Some(field) => bail!("`{name}.{}` in {SETTINGS} has no doc comment", field.name),
        None => Ok(fields),
    }
}

/// Reads source as rustfmt leaves it: one field a line, attributes and doc comments above it.
fn items(source: &str) -> Items {
    let mut items = Items::new();
    let mut open: Option<Vec<Field>> = None;
    let (mut name, mut doc) = (String::new(), String::new());
    for line in source.lines() {
        let code = line.trim();
        if let Some(text) = code.strip_prefix("///") {
            doc = if doc.is_empty() { text.trim().to_owned() } else { format!("{doc} {}", text.trim()) };
            continue;
        }
        let opened = ["pub struct ", "pub enum "]
            .iter()
            .find_map(|keyword| code.strip_prefix(keyword)?.strip_suffix(" {"));
        if let Some(opened) = opened {
            (open, name) = (Some(Vec::new()), opened.to_owned());
        } else if line == "}" {
            if let Some(fields) = open.take() {
                items.insert(name.clone(), fields);
            }
        } else if let (Some(fields), Some(code)) = (&mut open, code.strip_suffix(',')) {
            let (name, kind) =
                code.strip_prefix("pub ").and_then(|code| code.split_once(": ")).unwrap_or((code, ""));
            fields.push(Field { name: name.to_owned(), kind: kind.to_owned(), doc: doc.clone() });
        }
        if !code.starts_with("#[") {
            doc.clear();
        }
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_variants_are_read_with_their_comments() {
        let source = "/// All.\n#[derive(Debug)]\npub struct A {\n    /// One\n    /// and more.\n    pub one: Vec<(u8, u8)>,\n\
                      \x20   pub two: B,\n}\n\n/// C.\npub enum B {\n    /// First.\n    #[default]\n    StepMean,\n}\n";
        let items = items(source);
        let described: Vec<_> =
            items.values().flatten().map(|f| (f.name.as_str(), f.kind.as_str(), f.doc.as_str())).collect();
        assert_eq!(
            described,
            [("one", "Vec<(u8, u8)>", "One and more."), ("two", "B", ""), ("StepMean", "", "First.")]
        );
        assert!(fields(&items, "A").err().unwrap().to_string().contains("`A.two`"));
        assert_eq!((kebab("StepMean"), kebab("None")), ("step-mean".to_owned(), "none".to_owned()));
    }

    #[test]
    fn the_page_holds_every_key_with_its_values() {
        let page = page(&crate::root()).unwrap();
        assert!(page.contains("\n## `[mle_tuned]`\n"));
        assert!(page.contains("\n| `seed` | `1` |  |  | "));
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
        let sections = fs::read_dir(crate::root().join(SETTINGS)).unwrap();
        let sections = sections.map(|entry| format!("{SETTINGS}/{}", entry.unwrap().file_name().display()));
        for name in sections.chain(ENUMS.map(String::from)).chain([REWARD.into()]) {
            let path = folder.path().join(&name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::copy(crate::root().join(name), path).unwrap();
        }
        assert!(check(folder.path()).unwrap_err().to_string().contains("run `cargo xtask docs`"));
        write(folder.path()).unwrap();
        check(folder.path()).unwrap();
        let path = folder.path().join(SETTINGS).join("mod.rs");
        fs::write(&path, fs::read_to_string(&path).unwrap().replace("Names every", "Gives every")).unwrap();
        assert!(check(folder.path()).is_err());
    }
}
