//! Rules of `[data]`, `[constraint]` and `[oracle]`.

use super::rule::Rule;
use crate::config::provenance::Provenance;
use crate::config::settings::{Config, ConstraintConfig};
use crate::config::synthetic_task::SyntheticTask;
use crate::{Error, Result};

pub(super) const RULES: [Rule; 11] = [
    window_fits_in_a_sequence,
    separator_is_a_character,
    order_is_within_groups,
    grouped_rows_are_tokens,
    tokenizer_has_subwords,
    subwords_have_a_tokenizer,
    constraint_has_data,
    initial_model_has_data,
    params_are_of_an_lstm,
    length_fits_the_rule,
    brackets_come_in_pairs,
];

/// Sizes that come from `oracle.params` if that is set.
pub(super) const SIZES_OF_PARAMS: [&str; 3] =
    ["oracle.vocab_size", "oracle.embedding_dim", "oracle.hidden_dim"];

fn window_fits_in_a_sequence(config: &Config, provenance: &Provenance) -> Result<()> {
    let data = &config.data;
    if data.window <= data.max_length {
        return Ok(());
    }
    let expected = format!("0 to `data.max_length`, {}", data.max_length);
    Err(provenance.refuse("data.window", data.window, expected))
}

fn separator_is_a_character(config: &Config, provenance: &Provenance) -> Result<()> {
    let separator = config.data.separator.as_str();
    let one_byte = separator.len() == 1 && !matches!(separator, "\n" | "\r" | "\"");
    if one_byte || matches!(separator, "auto" | "tab") {
        return Ok(());
    }
    let expected = "auto, tab, or one ASCII character such as ; or |";
    Err(provenance.refuse("data.separator", format!("{separator:?}"), expected))
}

fn order_is_within_groups(config: &Config, provenance: &Provenance) -> Result<()> {
    let data = &config.data;
    if data.order_by.is_empty() || !data.group_by.is_empty() {
        return Ok(());
    }
    let expected = "none without `data.group_by`: only rows of one sequence are sorted";
    Err(provenance.refuse("data.order_by", format!("{:?}", data.order_by), expected))
}

fn grouped_rows_are_tokens(config: &Config, provenance: &Provenance) -> Result<()> {
    let data = &config.data;
    let are_whole = matches!(data.tokens.as_str(), "auto" | "words" | "ids") && !has_subwords(config);
    if data.group_by.is_empty() || are_whole {
        return Ok(());
    }
    let expected = "auto, words or ids with `data.group_by`: every row is one token";
    Err(provenance.refuse("data.tokens", format!("\"{}\"", data.tokens), expected))
}

/// Whether sequences are tokenised into subwords.
fn has_subwords(config: &Config) -> bool {
    let data = &config.data;
    data.tokens == "bpe" || data.tokens == "auto" && !data.tokenizer.is_empty()
}

fn tokenizer_has_subwords(config: &Config, provenance: &Provenance) -> Result<()> {
    let data = &config.data;
    if has_subwords(config) || data.tokenizer.is_empty() {
        return Ok(());
    }
    let expected = format!("none where `data.tokens` is \"{}\"", data.tokens);
    Err(provenance.refuse("data.tokenizer", format!("{:?}", data.tokenizer), expected))
}

fn subwords_have_a_tokenizer(config: &Config, provenance: &Provenance) -> Result<()> {
    if !has_subwords(config) || !config.data.tokenizer.is_empty() {
        return Ok(());
    }
    Err(Error::Config {
        key: "data.tokenizer".into(),
        value: "\"\"".into(),
        expected: "the path of a tokenizer.json where `data.tokens` is \"bpe\"".into(),
        source_place: provenance.origin("data.tokens").map(String::from),
        hint: Some("set `data.tokenizer` to the path of a tokenizer.json".into()),
    })
}

fn constraint_has_data(config: &Config, provenance: &Provenance) -> Result<()> {
    if !config.data.path.is_empty() || config.constraint == ConstraintConfig::default() {
        return Ok(());
    }
    let expected = "nothing for the synthetic task, whose sequences are the oracle's";
    Err(provenance.refuse("constraint", "set", expected))
}

fn initial_model_has_data(config: &Config, provenance: &Provenance) -> Result<()> {
    let generator = &config.generator;
    if !config.data.path.is_empty() || generator.init_from.is_empty() {
        return Ok(());
    }
    let expected = "none for the synthetic task: a model is fine-tuned on a file of sequences";
    Err(provenance.refuse("generator.init_from", format!("{:?}", generator.init_from), expected))
}

fn params_are_of_an_lstm(config: &Config, provenance: &Provenance) -> Result<()> {
    let oracle = &config.oracle;
    if oracle.task == SyntheticTask::Oracle || oracle.params.is_empty() {
        return Ok(());
    }
    let expected = format!("no file for the task {}, which has no such parameters", oracle.task.name());
    Err(provenance.refuse("oracle.params", &oracle.params, expected))
}

fn length_fits_the_rule(config: &Config, provenance: &Provenance) -> Result<()> {
    let (task, length) = (config.oracle.task, config.oracle.length);
    let expected = if task.needs_even_length() && !length.is_multiple_of(2) {
        "an even number"
    } else if task.has_rule() && length < 2 {
        "2 or more"
    } else {
        return Ok(());
    };
    Err(provenance.refuse("oracle.length", length, format!("{expected} for the task {}", task.name())))
}

fn brackets_come_in_pairs(config: &Config, provenance: &Provenance) -> Result<()> {
    let oracle = &config.oracle;
    if oracle.task != SyntheticTask::Brackets || oracle.vocab_size.is_multiple_of(2) {
        return Ok(());
    }
    let expected = "an even number for the task brackets, two for each kind";
    Err(provenance.refuse("oracle.vocab_size", oracle.vocab_size, expected))
}
