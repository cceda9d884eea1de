//! Tests of the ranges of all numeric settings, and of the checks themselves.

use super::*;
use crate::config::{Config, Provenance, schema, validate};
use std::collections::BTreeMap;

/// Range of every numeric setting, as a message shows it.
const RANGES: &str = "\
gradient_slices: 1 to 1024
data.max_length: 1 to 2048
data.max_line_bytes: 1 to 1073741824
data.max_vocab: 0 to 1048576
data.vocab_size: 0 to 1048576
data.min_count: 1 to 1073741824
data.midi_step_secs: 0.001 to 8
data.midi_channel: 0 to 16
data.validation_share: 0 to 0.5
constraint.min_length: 0 to 2048
constraint.max_length: 0 to 2048
oracle.vocab_size: 2 to 1048576
oracle.embedding_dim: 1 to 4096
oracle.hidden_dim: 1 to 4096
oracle.length: 1 to 2048
oracle.noise: 0.000000001 to 0.5
oracle.num_train: 2 to 10000000
oracle.num_validation: 2 to 10000000
oracle.num_test: 2 to 10000000
oracle.num_floor: 2 to 10000000
generator.embedding_dim: 1 to 4096
generator.hidden_dim: 1 to 4096
generator.num_layers: 1 to 32
generator.num_heads: 1 to 64
generator.feedforward_dim: 0 to 65536
generator.init_std: 0.000001 to 10
discriminator.embedding_dim: 1 to 4096
discriminator.filters: 1 to 64
discriminator.filters: 1 to 2048
discriminator.filters: 1 to 4096
discriminator.dropout_keep: 0.01 to 1
discriminator.l2: 0 to 100
discriminator.learning_rate: 0.000000001 to 10
discriminator.batch_size: 2 to 65536
mle.num_epochs: 1 to 1000000
mle.max_updates: 0 to 1099511627776
mle.batch_size: 1 to 65536
mle.learning_rate: 0 to 10
mle.l2: 0 to 100
mle.warmup_updates: 0 to 1099511627776
mle.weight_decay: 0 to 1
mle.input_dropout: 0 to 0.95
mle.hidden_dropout: 0 to 0.95
mle.output_dropout: 0 to 0.95
mle.embedding_dropout: 0 to 0.95
mle.recurrent_dropout: 0 to 0.95
mle.average_decay: 0 to 0.999999
mle.clip_norm: 0 to 1000000000
mle.patience: 1 to 1000000
mle.plateau_factor: 0 to 1
mle_tuned.num_epochs: 1 to 1000000
mle_tuned.max_updates: 0 to 1099511627776
mle_tuned.batch_size: 1 to 65536
mle_tuned.learning_rate: 0 to 10
mle_tuned.l2: 0 to 100
mle_tuned.warmup_updates: 0 to 1099511627776
mle_tuned.weight_decay: 0 to 1
mle_tuned.input_dropout: 0 to 0.95
mle_tuned.hidden_dropout: 0 to 0.95
mle_tuned.output_dropout: 0 to 0.95
mle_tuned.embedding_dropout: 0 to 0.95
mle_tuned.recurrent_dropout: 0 to 0.95
mle_tuned.average_decay: 0 to 0.999999
mle_tuned.clip_norm: 0 to 1000000000
mle_tuned.patience: 1 to 1000000
mle_tuned.plateau_factor: 0 to 1
rollout.num_rollouts: 1 to 1024
rollout.max_prefixes: 0 to 2048
rollout.delay: 0 to 0.9999
adversarial.num_rounds: 0 to 1000000
adversarial.patience: 0 to 1000000
adversarial.g_steps: 1 to 100000
adversarial.d_steps: 0 to 100000
adversarial.d_epochs: 1 to 100000
adversarial.d_pretrain_steps: 0 to 100000
adversarial.num_negatives: 1 to 10000000
adversarial.batch_size: 1 to 65536
adversarial.learning_rate: 0 to 10
adversarial.clip_norm: 0 to 1000000000
scheduled_sampling.teacher_forcing_decay: 0 to 1
pg_bleu.max_order: 1 to 9
seqgan_step.embedding_dim: 1 to 4096
seqgan_step.hidden_dim: 1 to 4096
seqgan_step.learning_rate: 0.000000001 to 10
seqgan_step.discount: 0 to 1
ensemble.num_members: 2 to 100
ensemble.distillation_weight: 0 to 1
ensemble.num_epochs: 1 to 100000
ensemble.l2: 0 to 1
crossfit.num_folds: 1 to 100
crossfit.embedding_dim: 1 to 4096
crossfit.hidden_dim: 1 to 4096
crossfit.d_epochs: 1 to 100000
crossfit.d_batch_size: 2 to 65536
crossfit.d_learning_rate: 0.000000001 to 10
crossfit.num_rounds: 0 to 1000000
crossfit.batch_size: 1 to 65536
crossfit.learning_rate: 0 to 10
crossfit.patience: 0 to 1000000
crossfit.refresh_every_rounds: 0 to 1000000
crossfit.discount: 0 to 1
crossfit.num_candidates: 0 to 1000
crossfit.demonstration_value: 0 to 1000000
crossfit.reward_scale: 0 to 1000
crossfit.kl: 0 to 1000
mixture.share: 0 to 1
mixture.temperature: 0.01 to 100
rankgan.num_references: 1 to 1024
rankgan.num_comparisons: 1 to 1024
rankgan.gamma: 0.001 to 1000
reward[].weight: -1000000 to 1000000
reward[].order: 0 to 9
reward[].min_length: 0 to 2048
reward[].max_length: 0 to 2048
reward[].num_processes: 1 to 1024
reward[].batch_size: 1 to 1048576
reward[].timeout_secs: 0.001 to 1000000
reward[].max_restarts: 0 to 1000
evaluate.num_samples: 2 to 10000000
evaluate.num_samples_training: 2 to 10000000
evaluate.temperatures: 0.05 to 20
monitor.entropy_share: 0 to 1
monitor.unique_share: 0 to 1
monitor.self_bleu_rise: 0 to 1
monitor.nll_rise: 0 to 100
monitor.discriminator_accuracy: 0.5 to 1
monitor.value_spread: 0 to 1
monitor.auc_gap: 0 to 1
monitor.num_samples: 2 to 1000000
checkpoint.every_secs: 0 to 86400
checkpoint.keep_best: 0 to 1000
reward[].weight_end: -1000000 to 1000000";

/// Numeric settings without a range, and the reason.
const UNBOUNDED: [(&str, &str); 10] = [
    ("evaluate.num_held_out", "a limit"),
    ("seed", "every seed is valid"),
    ("oracle.seed", "every seed is valid"),
    ("data.max_sequences", "a limit"),
    ("data.window", "a rule bounds it by `data.max_length`"),
    ("crossfit.max_folds", "a rule bounds it by `crossfit.num_folds`"),
    ("mle.measure_every_epochs", "a period"),
    ("mle_tuned.measure_every_epochs", "a period"),
    ("adversarial.measure_every_rounds", "a period"),
    ("crossfit.measure_every_rounds", "a period"),
];

/// Ranges of all numbers of a schema by key; `reward[]` is the key of the parts of a list.
fn ranges(key: &str, schema: &Schema, found: &mut BTreeMap<String, Vec<String>>) {
    for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
        ranges(&if key.is_empty() { name.clone() } else { format!("{key}.{name}") }, schema, found);
    }
    let items = &schema["items"];
    if items.is_object() {
        let key = if items["type"] == "object" { format!("{key}[]") } else { key.to_owned() };
        ranges(&key, items, found);
    }
    for item in schema["prefixItems"].as_array().into_iter().flatten() {
        ranges(key, item, found);
    }
    let mut add = |low: &str, high: &str| {
        let bounds = Bounds { low: schema[low].as_f64(), high: schema[high].as_f64() };
        found.entry(key.to_owned()).or_default().push(bounds.expected());
    };
    match schema["type"].as_str() {
        Some("integer" | "number") => add("minimum", "maximum"),
        Some("array") if schema.get("default").is_some() && schema.get("minItems").is_some() => {
            add("minItems", "maxItems");
        }
        _ => {}
    }
}

#[test]
fn every_numeric_setting_has_its_range() {
    let mut found = BTreeMap::new();
    ranges("", schema(), &mut found);
    for (key, _) in UNBOUNDED {
        assert_eq!(found.remove(key), Some(vec!["0 or more".to_owned()]), "{key}");
    }
    let mut expected: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (key, range) in RANGES.lines().filter_map(|line| line.split_once(": ")) {
        expected.entry(key.to_owned()).or_default().push(range.to_owned());
    }
    found.values_mut().chain(expected.values_mut()).for_each(|ranges| ranges.sort());
    assert_eq!(found, expected);
}

/// Message about the settings after `change`.
fn refused(change: impl FnOnce(&mut Config)) -> String {
    let mut config = Config::default();
    change(&mut config);
    validate(&config, &Provenance::default()).unwrap_err().to_string()
}

#[test]
fn values_outside_their_range_are_refused() {
    for (message, expected) in [
        (refused(|c| c.rollout.num_rollouts = 1025), "`rollout.num_rollouts` is 1025, expected 1 to 1024"),
        (refused(|c| c.rollout.delay = f64::NAN), "`rollout.delay` is NaN, expected 0 to 0.9999"),
        (refused(|c| c.mle.l2 = f64::INFINITY), "`mle.l2` is inf, expected 0 to 100"),
        (
            refused(|c| c.discriminator.learning_rate = 0.0),
            "`discriminator.learning_rate` is 0, expected 0.000000001 to 10",
        ),
        (refused(|c| c.discriminator.filters.clear()), "`discriminator.filters` is 0, expected 1 to 64"),
        (refused(|c| c.discriminator.filters[0].1 = 0), "`discriminator.filters` is 0, expected 1 to 4096"),
        (
            refused(|c| c.evaluate.temperatures.push(21.0)),
            "`evaluate.temperatures` is 21, expected 0.05 to 20",
        ),
        (
            refused(|c| c.data.long_sequences = "fold".into()),
            "`data.long_sequences` is \"fold\", expected one of drop, truncate",
        ),
        (
            refused(|c| c.reward.push(toml::from_str("kind = \"bleu\"\nweight_end = 1e7").unwrap())),
            "`reward[1].weight_end` is 10000000, expected -1000000 to 1000000",
        ),
        (refused(|c| c.crossfit.max_folds = 101), "`crossfit.max_folds` is 101, expected 0 to 4"),
        (refused(|c| c.data.window = 3000), "`data.window` is 3000, expected 0 to `data.max_length`, 512"),
    ] {
        assert_eq!(message, expected);
    }
}

#[test]
fn a_file_of_parameters_replaces_sizes() {
    let mut config = Config::default();
    config.oracle.vocab_size = 0;
    assert!(validate(&config, &Provenance::default()).is_err());
    config.oracle.params = "oracle.safetensors".into();
    assert!(validate(&config, &Provenance::default()).is_ok());
}

#[test]
fn texts_and_free_tables_have_no_range() {
    #[derive(serde::Serialize, schemars::JsonSchema)]
    struct Free {
        text: String,
        #[schemars(with = "BTreeMap<String, serde_json::Value>")]
        options: BTreeMap<String, Value>,
    }

    let schema = schemars::schema_for!(Free).to_value();
    let ranges = Ranges { unused: &[], provenance: &Provenance::default() };
    let check = |option: Value| {
        let free = Free { text: "any".into(), options: [("depth".to_owned(), option)].into() };
        ranges.table("free", &schema, &Table::try_from(&free).unwrap())
    };
    check(Value::Integer(-3)).unwrap();
    check(Value::Array(vec![Value::String("a".into())])).unwrap();
    let error = check(Value::Float(f64::NAN)).unwrap_err();
    assert_eq!(error.to_string(), "`free.options.depth` is NaN, expected a number");
}
