//! What a user does with a file of sequences: train on it, sample, evaluate, look at the run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{Ended, Scratch, and, sentences, tiny_oracle, tiny_train, wait_for};

/// Names that `evaluate --json` prints, without those whose inputs may be missing.
const MEASURES: [&str; 16] = [
    "bleu_2",
    "bleu_3",
    "bleu_4",
    "bleu_5",
    "self_bleu_2",
    "self_bleu_3",
    "self_bleu_4",
    "self_bleu_5",
    "ms_jaccard_2",
    "ms_jaccard_3",
    "ms_jaccard_4",
    "ms_jaccard_5",
    "distinct_1",
    "distinct_2",
    "distinct_3",
    "unique",
];

/// The same where there is a training file.
const BESIDE_TRAIN: [&str; 3] = ["novel", "nearest", "near_copies"];

fn words(text: &str) -> BTreeSet<&str> {
    text.split_whitespace().collect()
}

fn lengths(samples: &str) -> BTreeSet<usize> {
    samples.lines().map(|line| line.split_whitespace().count()).collect()
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// Different sequences among the lines.
fn variety(samples: &str) -> usize {
    samples.lines().collect::<BTreeSet<_>>().len()
}

#[track_caller]
fn assert_measures(card: &Value, names: &[&str]) {
    for name in names {
        let value = &card[name];
        let (mean, stderr) = (value["mean"].as_f64(), value["stderr"].as_f64());
        assert!(
            mean.is_some_and(f64::is_finite) && stderr.is_some_and(|e| e.is_finite() && e >= 0.0),
            "{name}: {value}"
        );
    }
}

#[test]
fn samples_are_made_of_known_words() {
    let scratch = Scratch::with_run();
    let samples = scratch.output(&["sample", "run", "-n", "300"]);
    assert_eq!(samples.lines().count(), 300);
    let text = sentences();
    assert!(words(&samples).is_subset(&words(&text)), "{samples}");
    let (found, known) = (lengths(&samples), lengths(&text));
    assert!(found.len() >= 3 && *found.first().unwrap() >= 1, "{found:?}");
    assert!(found.last() <= known.last(), "{found:?}");
    assert!(!samples.contains(" \n") && !samples.contains("  ") && samples.ends_with('\n'));
    assert_eq!(scratch.output(&["sample", "run"]).lines().count(), 10);
}

#[test]
fn samples_are_numbered_and_repeatable() {
    let scratch = Scratch::with_run();
    let of = |method: &str, n: &str, more: &[&str]| {
        scratch.output(&[&["sample", "run", "--method", method, "-n", n], more].concat())
    };
    let all = of("seqgan", "9000", &[]);
    for n in ["1", "17", "8192"] {
        assert!(all.starts_with(&of("seqgan", n, &[])), "the first {n}");
    }
    for more in [["--threads", "1"], ["--threads", "3"], ["--seed", "1"]] {
        assert_eq!(of("seqgan", "9000", &more), all, "{more:?}");
    }
    for more in [["--seed", "2"], ["--temperature", "0.9"]] {
        assert_ne!(of("seqgan", "9000", &more), all, "{more:?}");
    }
    assert_ne!(of("mle-tuned", "9000", &[]), all);
    // What the run itself wrote are the same samples.
    assert_eq!(scratch.read("run/samples/seqgan.txt"), of("seqgan", "1000", &[]));
}

#[test]
fn a_low_temperature_is_less_varied() {
    let scratch = Scratch::with_run();
    let at = |temperature: &str| {
        let seqgan = ["sample", "run", "--method", "seqgan"];
        variety(&scratch.output(&[&seqgan[..], &["-n", "500", "--temperature", temperature]].concat()))
    };
    let (cold, warm, hot) = (at("0.1"), at("1"), at("3"));
    assert!(cold < warm && warm < hot, "{cold} {warm} {hot}");
}

#[test]
fn samples_are_written_to_files() {
    let scratch = Scratch::with_run();
    let shown = scratch.output(&["sample", "run", "-n", "50"]);
    let ended = scratch.run(["sample", "run", "-n", "50", "--out", "new.txt"]).expect_fine();
    assert_eq!(ended.stdout, "");
    assert_eq!(scratch.read("new.txt"), shown);
    assert!(!scratch.path("new.txt.tmp").exists());
    // As numbers: the same sequences, one number a word.
    let ids = scratch.output(&["sample", "run", "-n", "50", "--format", "ids"]);
    let mut names = BTreeMap::new();
    for (text, ids) in shown.lines().zip(ids.lines()) {
        assert_eq!(text.split(' ').count(), ids.split(' ').count());
        for (word, id) in text.split(' ').zip(ids.split(' ')) {
            assert_eq!(names.entry(id.parse::<usize>().unwrap()).or_insert(word), &word);
        }
    }
    // From 0 without gaps, the words of the file in the order of vocab.json.
    let vocab: Value = serde_json::from_str(&scratch.read("run/vocab.json")).unwrap();
    assert!(names.iter().all(|(&id, word)| vocab["entries"][id] == *word), "{names:?}");
    assert_eq!(scratch.output(&["sample", "run", "-n", "50", "--format", "text"]), shown);
}

#[test]
fn a_run_is_evaluated() {
    let scratch = Scratch::with_run();
    // Half of it is known, a word and a line are not.
    scratch.write(
        "test.txt",
        "cat sees fish\nbird likes wool today\ndog has corn\nzebra has corn for us\n".repeat(10),
    );
    let evaluate = ["evaluate", "run", "--method", "seqgan", "--test", "test.txt", "--json"];
    let json = scratch.output(&evaluate);
    let card: Value = serde_json::from_str(&json).unwrap();
    let expected: BTreeSet<_> =
        MEASURES.into_iter().chain(BESIDE_TRAIN).chain(["nll_test", "real", "facts"]).collect();
    assert_eq!(keys(&card), expected);
    let expected: BTreeSet<_> = MEASURES.into_iter().chain(BESIDE_TRAIN).collect();
    assert_eq!(keys(&card["real"]), expected);
    assert_measures(&card, &MEASURES);
    assert_measures(&card, &["nll_test"]);
    assert_measures(&card, &BESIDE_TRAIN);
    assert_measures(&card["real"], &MEASURES);
    assert_measures(&card["real"], &BESIDE_TRAIN);
    let facts = &card["facts"];
    assert_eq!((&facts["method"], &facts["num_samples"]), (&"seqgan".into(), &40.into()), "{facts}");
    assert_eq!(facts["test_sequences_in_nll"], 30, "{facts}");
    assert_eq!(facts["test_sequences_with_unknown_share"], 0.25, "{facts}");
    // Equal again, and the likelihood whatever is sampled beside it.
    assert_eq!(scratch.output(&[&evaluate[..], &["--threads", "1"]].concat()), json);
    let other = scratch.output(&[&evaluate[..], &["--seed", "2", "-n", "20"]].concat());
    let other: Value = serde_json::from_str(&other).unwrap();
    assert_eq!(other["nll_test"], card["nll_test"]);
    assert_ne!(other["distinct_2"], card["distinct_2"]);
    assert_eq!(other["facts"]["num_samples"], 20);
    let cold: Value =
        serde_json::from_str(&scratch.output(&[&evaluate[..], &["--temperature", "0.2"]].concat())).unwrap();
    assert_ne!(cold["nll_test"], card["nll_test"]);
    let mean = |card: &Value, name: &str| card[name]["mean"].as_f64().unwrap();
    assert!(mean(&cold, "self_bleu_2") > mean(&card, "self_bleu_2"));

    let table = scratch.output(&["evaluate", "run", "--test", "test.txt"]);
    assert!(table.starts_with("measure "), "{table}");
    let shown =
        |name: &str| table.lines().find(|line| line.starts_with(&format!("{name} "))).map(str::to_owned);
    for name in MEASURES.into_iter().chain(BESIDE_TRAIN).chain(["nll_test"]) {
        let line = shown(name).unwrap_or_else(|| panic!("no {name} in\n{table}"));
        assert!(line.contains(&format!(" {:.4}", mean(&card, name))), "{line}");
    }
    assert!(table.contains("\nnum samples: 40\n"), "{table}");
}

/// What can be said of the best and the worst samples by hand.
#[test]
fn a_file_of_samples_is_evaluated() {
    let scratch = Scratch::with_sentences();
    let test = "red green blue\ngreen blue red\nblue red green\n";
    scratch.write("test.txt", test);
    scratch.write("same.txt", "red green blue\n".repeat(6));
    scratch.write("other.txt", "one two three four\nfive six seven eight\n");
    let evaluate = |samples: &str, more: &[&str]| -> Value {
        let arguments = [&["evaluate", "--samples", samples, "--test", "test.txt", "--json"], more].concat();
        serde_json::from_str(&scratch.output(&arguments)).unwrap()
    };
    let mean = |card: &Value, name: &str| card[name]["mean"].as_f64().unwrap();
    let card = evaluate("same.txt", &[]);
    // All three words occur as often; of the bigrams red-green and green-blue stand in two of three test lines,
    // blue-red in two: (2/3 + 2/3) / (1 + 1 + 2/3); one of three trigrams.
    let jaccard = (1.0f64 * (4.0 / 8.0) * (1.0 / 3.0) / (1.0 + 2.0 / 3.0)).cbrt();
    let expected: BTreeSet<_> = MEASURES.into_iter().chain(["facts"]).collect();
    assert_eq!(keys(&card), expected, "no training file, nothing beside it");
    for (name, value) in [
        ("bleu_2", 1.0),
        ("bleu_3", 1.0),
        ("self_bleu_2", 1.0),
        ("unique", 1.0 / 6.0),
        ("ms_jaccard_3", jaccard),
    ] {
        assert!((mean(&card, name) - value).abs() < 1e-9, "{name}: {}", card[name]);
    }
    assert!((mean(&card, "distinct_1") - 3.0 / 18.0).abs() < 1e-9, "{}", card["distinct_1"]);
    let card = evaluate("other.txt", &["--train", "other.txt"]);
    let expected: BTreeSet<_> = MEASURES.into_iter().chain(BESIDE_TRAIN).chain(["real", "facts"]).collect();
    assert_eq!(keys(&card), expected);
    for (name, value) in [
        ("distinct_1", 1.0),
        ("distinct_3", 1.0),
        ("unique", 1.0),
        ("novel", 0.0),
        ("nearest", 0.0),
        ("near_copies", 1.0),
    ] {
        assert!((mean(&card, name) - value).abs() < 1e-9, "{name}: {}", card[name]);
    }
    assert_eq!((mean(&card["real"], "nearest"), mean(&card["real"], "near_copies")), (1.0, 0.0), "{card}");
    assert!(mean(&card, "bleu_2") < 0.1 && mean(&card, "self_bleu_2") < 0.1, "{card}");
    assert_eq!(evaluate("same.txt", &["-n", "2"])["facts"]["num_samples"], 2);
    // As characters many more n-grams are shared.
    let chars = evaluate("other.txt", &["--tokens", "chars"]);
    assert!(mean(&chars, "distinct_1") < 0.6, "{chars}");
    assert!(
        scratch.output(&["evaluate", "--samples", "same.txt", "--test", "test.txt"]).starts_with("measure ")
    );
}

const TRAINED_METRICS: [&str; 3] = ["lm_score", "reverse_lm_score", "classifier_accuracy"];

/// Each trained metric tells lines in reverse order from real lines, and finds no difference between real lines.
#[test]
fn trained_metrics_are_measured_when_asked_for() {
    let scratch = Scratch::new();
    // Each word is one or two behind the last, on a circle of 30.
    let line = |i: u32| {
        let bits = i.wrapping_mul(2_654_435_761) >> 8;
        let steps = |k: u32| (0..k).map(|j| 1 + (bits >> (8 + j) & 1)).sum::<u32>();
        (0..6).map(|k| format!("w{}", (bits + steps(k)) % 30)).collect::<Vec<_>>()
    };
    let reversed = |i: u32| line(i).into_iter().rev().collect::<Vec<_>>();
    let text = |lines: Vec<Vec<String>>| lines.into_iter().map(|l| l.join(" ") + "\n").collect::<String>();
    scratch.write("noise.txt", text((0..300).map(reversed).collect()));
    scratch.write("same.txt", text((0..300).map(line).collect()));
    scratch.write("test.txt", text((300..600).map(line).collect()));
    scratch.write("train.txt", text((600..1200).map(line).collect()));
    let evaluate = |samples: &str, more: &[&str]| -> Value {
        let arguments = ["evaluate", "--samples", samples, "--test", "test.txt", "--json"];
        serde_json::from_str(&scratch.output(&[&arguments[..], more].concat())).unwrap()
    };
    let trained = ["--train", "train.txt", "--trained-metrics"];
    let mean = |card: &Value, name: &str| card[name]["mean"].as_f64().unwrap();
    let (noise, same) = (evaluate("noise.txt", &trained), evaluate("same.txt", &trained));
    for card in [&noise, &same, &noise["real"], &same["real"]] {
        assert_measures(card, &TRAINED_METRICS);
    }
    assert_eq!(noise["real"], same["real"], "the row `real` does not depend on the samples");
    for name in TRAINED_METRICS {
        assert!(mean(&noise, name) > mean(&same, name) + 0.2, "{name}: {noise} {same}");
    }
    assert_eq!(evaluate("same.txt", &[&trained[..], &["--threads", "1"]].concat()), same);
    let without = evaluate("same.txt", &trained[..2]);
    assert!(TRAINED_METRICS.iter().all(|name| without.get(name).is_none()), "{without}");

    let lonely = ["evaluate", "--samples", "same.txt", "--test", "test.txt", "--trained-metrics"];
    scratch.refuses(2, &lonely, &["--trained-metrics", "--train"]);
    let few = [&lonely[..], &["--train", "train.txt", "-n", "19"]].concat();
    scratch.refuses(2, &few, &["at least 20"]);
}

#[test]
fn characters_are_tokens_too() {
    let scratch = Scratch::new();
    let text: String = (0..60)
        .map(|i| ["春眠不觉晓", "处处闻啼鸟", "夜来", "花落知多少"][i % 4].to_owned() + "\n")
        .collect();
    scratch.write("poems.txt", &text);
    // Without blanks in the file it is one of characters, told so or not.
    for (out, more) in [("auto", &[][..]), ("told", &["--tokens", "chars"])] {
        scratch.run(and(&and(&tiny_train("poems.txt"), &["--out", out, "-q"]), more)).expect_fine();
        let samples = scratch.output(&["sample", out, "-n", "200"]);
        let known: BTreeSet<char> = text.chars().collect();
        assert!(samples.chars().all(|c| known.contains(&c)), "{samples}");
        let lengths: BTreeSet<_> = samples.lines().map(|line| line.chars().count()).collect();
        assert!(lengths.len() > 1 && *lengths.last().unwrap() <= 5 && !lengths.contains(&0), "{lengths:?}");
        let card: Value =
            serde_json::from_str(&scratch.output(&["evaluate", out, "--test", "poems.txt", "--json"]))
                .unwrap();
        assert_measures(&card, &MEASURES);
        assert_eq!(card["facts"]["test_sequences_in_nll"], 60);
    }
    assert_eq!(scratch.output(&["sample", "auto"]), scratch.output(&["sample", "told"]));
}

#[test]
fn numbers_are_tokens_too() {
    let scratch = Scratch::new();
    let text: String = (0..60).map(|i| ["7 0 7\n", "3 3\n", "0 11 5 2 9\n", "2 11\n"][i % 4]).collect();
    scratch.write("notes.txt", &text);
    for (out, more, largest) in [
        ("tokens", &["--tokens", "ids"][..], 11),
        ("format", &["--format", "ids"], 11),
        ("more", &["--tokens", "ids", "--set", "data.vocab_size=20"], 19),
    ] {
        scratch.run(and(&and(&tiny_train("notes.txt"), &["--out", out, "-q"]), more)).expect_fine();
        let samples = scratch.output(&["sample", out, "-n", "400", "--temperature", "3"]);
        let ids: BTreeSet<u32> = samples.split_whitespace().map(|id| id.parse().unwrap()).collect();
        assert_eq!((ids.first(), ids.last()), (Some(&0), Some(&largest)), "{out}");
        assert!(lengths(&samples).is_subset(&(1..=5).collect()), "{out}");
        assert_eq!(
            scratch.output(&["sample", out, "-n", "400", "--temperature", "3", "--format", "ids"]),
            samples
        );
        let card: Value =
            serde_json::from_str(&scratch.output(&["evaluate", out, "--test", "notes.txt", "--json"]))
                .unwrap();
        assert_measures(&card, &MEASURES);
    }
}

#[test]
fn sequences_of_one_length_have_no_end() {
    let scratch = Scratch::new();
    let text: String = (0..80).map(|i| ["a b c d\n", "b c d a\n", "d d a b\n"][i % 3]).collect();
    scratch.write("fixed.txt", &text);
    scratch.run(and(&tiny_train("fixed.txt"), &["--out", "run", "-q"])).expect_fine();
    for temperature in ["0.2", "1", "5"] {
        let samples = scratch.output(&["sample", "run", "-n", "300", "--temperature", temperature]);
        assert_eq!(lengths(&samples), BTreeSet::from([4]), "{temperature}");
        assert!(words(&samples).is_subset(&words(&text)));
    }
    // A line of another length has no likelihood.
    scratch.write("test.txt", "a b c d\na b\nb c d a b\n");
    let card: Value =
        serde_json::from_str(&scratch.output(&["evaluate", "run", "--test", "test.txt", "--json"])).unwrap();
    assert_eq!(card["facts"]["test_sequences_in_nll"], 1, "{}", card["facts"]);
}

#[test]
fn unknown_words_are_never_sampled() {
    let scratch = Scratch::with_sentences();
    let more = ["--out", "run", "-q", "--set", "data.max_vocab=6", "--set", "mle_tuned.learning_rate=0"];
    let more = [&more[..], &["--set", "data.validation_share=0.3"]].concat();
    scratch.run(and(&tiny_train("sentences.txt"), &more)).expect_fine();
    // Untrained and hot: any token with a probability turns up.
    let samples = scratch.output(&["sample", "run", "-n", "500", "--temperature", "5"]);
    assert_eq!(words(&samples).len(), 6, "{:?}", words(&samples));
    assert!(!samples.contains("<unk>") && !samples.contains("<end>") && !samples.contains("\n\n"));
}

#[test]
fn a_configuration_file_is_followed_and_options_win() {
    let scratch = Scratch::with_sentences();
    let mut text =
        "seed = 5\nmethods = [\"unigram\", \"mle-tuned\"]\n\n[data]\npath = \"sentences.txt\"\n".to_owned();
    text += "tokens = \"chars\"\n\n[generator]\nhidden_dim = 7\nembedding_dim = 6\n";
    scratch.write("a.toml", text);
    let run = [
        "train",
        "a.toml",
        "--preset",
        "smoke",
        "--out",
        "run",
        "--seed",
        "8",
        "--set",
        "generator.hidden_dim=9",
    ];
    let ended = scratch.run(run).expect_fine();
    let config = scratch.read("run/config.toml");
    for part in ["seed = 8\n", "hidden_dim = 9\n", "embedding_dim = 6\n", "tokens = \"chars\"\n"] {
        assert!(config.contains(part), "{part} is missing in\n{config}");
    }
    let names: Vec<_> = ended.stdout.lines().skip(2).take(3).map(|l| l.split(' ').next().unwrap()).collect();
    assert_eq!(names, ["unigram", "mle-tuned", ""]);
    let summary: Value = serde_json::from_str(&scratch.read("run/summary.json")).unwrap();
    assert_eq!(
        (&summary["command"], &summary["preset"], &summary["seed"]),
        (&"train".into(), &"smoke".into(), &8.into())
    );
    assert!(scratch.output(&["sample", "run"]).contains(' '));
}

#[test]
fn runs_are_inspected_finished_or_not() {
    let scratch = Scratch::with_sentences();
    let arguments = and(&tiny_train("sentences.txt"), &["--out", "run", "--set", "checkpoint.every_secs=0"]);
    let mut child = scratch.start(&arguments);
    wait_for("a model", || scratch.path("run/models/mle-tuned.safetensors").is_file().then_some(()));
    child.kill().unwrap();
    drop(child.wait());
    let shown = scratch.output(&["inspect", "run"]);
    for part in ["train smoke, seed 1, version ", "sentences.txt", "\nstate       unfinished", "mle-tuned"] {
        assert!(shown.contains(part), "{part} is missing in\n{shown}");
    }
    // The model that is done can be used already.
    assert_eq!(scratch.output(&["sample", "run", "--method", "mle-tuned", "-n", "3"]).lines().count(), 3);

    let table = scratch.run(and(&arguments, &["--resume", "-q"])).expect_fine().stdout;
    let shown = scratch.output(&["inspect", "run"]);
    for part in ["\nstate       finished after ", "\nmodel       ", &table] {
        assert!(shown.contains(part), "{part} is missing in\n{shown}");
    }
    scratch.run(and(&tiny_oracle(), &["--out", "oracle", "-q"])).expect_fine();
    let shown = scratch.output(&["inspect", "oracle"]);
    for part in [
        "oracle smoke, seed 1",
        "the synthetic task",
        "320 to train, 64 to validate; vocabulary 50, length up to 8",
    ] {
        assert!(shown.contains(part), "{part} is missing in\n{shown}");
    }
    let has_row = |name: &str| shown.lines().any(|line| line.split_whitespace().any(|word| word == name));
    assert!(["mle", "mle-tuned", "seqgan"].into_iter().all(has_row), "{shown}");
}

#[test]
fn a_run_without_a_model_is_told() {
    let scratch = Scratch::with_run();
    for name in ["mle-tuned", "seqgan"] {
        fs::remove_file(scratch.path(&format!("run/models/{name}.safetensors"))).unwrap();
    }
    for kept in fs::read_dir(scratch.path("run/checkpoints")).unwrap() {
        fs::remove_file(kept.unwrap().path()).unwrap();
    }
    scratch.refuses(1, &["sample", "run"], &["run: holds no trained model yet", "hint: "]);
    assert!(scratch.output(&["inspect", "run"]).contains("\nmodels      none yet\n"));
}

/// A test file is read for the last measurements alone: it adds rows and columns and changes no model.
#[test]
fn a_test_file_is_measured_and_not_learnt_from() {
    let scratch = Scratch::with_sentences();
    scratch.write("test.txt", "cat sees fish\nzebra sees milk\ndog has corn today\n");
    let train = tiny_train("sentences.txt");
    scratch.run(and(&train, &["--out", "without", "-q"])).expect_fine();
    let table = scratch.run(and(&train, &["--out", "with", "-q", "--test", "test.txt"])).expect_fine().stdout;
    assert!(table.contains("against the test file") && table.contains("real"), "{table}");
    for model in ["mle-tuned", "seqgan", "seqgan.discriminator"] {
        let bytes = |run| fs::read(scratch.path(&format!("{run}/models/{model}.safetensors"))).unwrap();
        assert_eq!(bytes("without"), bytes("with"), "{model}");
    }
    let summary: Value = serde_json::from_str(&scratch.read("with/summary.json")).unwrap();
    let row = |name: &str| {
        let rows = summary["methods"].as_array().unwrap();
        rows.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("no row {name}")).clone()
    };
    // What training measures in between is the validation part, never the test file.
    let log = scratch.read("with/metrics.jsonl");
    let before = log.lines().take_while(|line| !line.contains("\"final\""));
    assert!(before.clone().count() > 3 && !before.into_iter().any(|line| line.contains("nll_test")), "{log}");
    // The same figures as `evaluate` gives with its own seed.
    let evaluate = ["evaluate", "with", "--test", "test.txt", "--json", "--method", "mle-tuned"];
    let alone: Value = serde_json::from_str(&scratch.output(&evaluate)).unwrap();
    assert_eq!(row("mle-tuned")["scorecard"]["bleu_2"], alone["bleu_2"]);
    assert_eq!(row("mle-tuned")["nll_test"], alone["nll_test"]);
    assert_eq!(row("real")["scorecard"]["bleu_2"], alone["real"]["bleu_2"]);
    assert!(row("seqgan")["curve"][0]["scorecard"]["self_bleu_2"]["mean"].is_f64());
}

#[test]
fn results_stand_on_stdout_alone() {
    let scratch = Scratch::with_sentences();
    let train = and(&tiny_train("sentences.txt"), &["--out", "run"]);
    let ended = scratch.run(&train).expect_fine();
    assert!(ended.stdout.starts_with("method ") && !ended.stdout.contains("run folder"), "{}", ended.stdout);
    let stages = ["mle-tuned", "seqgan discriminator", "seqgan", "measure"];
    let outline = format!("to do: {}\n", stages.join(", "));
    for part in stages.map(|name| format!("{name}: ")).iter().chain([&outline, &"run folder: run\n".into()]) {
        assert!(ended.stderr.contains(part), "{part} is missing in\n{}", ended.stderr);
    }
    assert!(!ended.stderr.contains('\x1b') && !ended.stdout.contains('\x1b'));
    for arguments in [
        &["sample", "run", "-n", "20"][..],
        &["evaluate", "run", "--test", "sentences.txt"],
        &["evaluate", "run", "--test", "sentences.txt", "--json"],
        &["inspect", "run"],
    ] {
        let ended = scratch.run(arguments).expect_fine();
        let lines: Vec<&str> = ended.stderr.lines().collect();
        match arguments[0] {
            "inspect" => assert!(lines.is_empty(), "{lines:?}"),
            // Which model it is; and how the test file was read.
            "sample" => assert!(matches!(lines[..], [line] if line.starts_with("model: ")), "{lines:?}"),
            _ => assert!(
                matches!(lines[..], [model, test, warning] if model.starts_with("model: ")
                    && test.starts_with("sentences.txt: text") && warning.starts_with("warning: the test file")),
                "{lines:?}"
            ),
        }
        assert!(!ended.stdout.is_empty() && !ended.stdout.contains('\x1b'), "{arguments:?}");
    }
    // Quiet: the result and the folder's name.
    let quiet = scratch.run(and(&tiny_train("sentences.txt"), &["--out", "quiet", "-q"])).expect_fine();
    assert_eq!((quiet.stdout, quiet.stderr.as_str()), (ended.stdout, "run folder: quiet\n"));
}

/// `seqgan sample run -n 100000 | head -1`
#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let scratch = Scratch::with_run();
    for arguments in [
        &["sample", "run", "-n", "100000", "-q"][..],
        &["inspect", "run"],
        &["evaluate", "run", "--test", "sentences.txt", "--json", "-q"],
    ] {
        let mut child = scratch.start(arguments);
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(!line.is_empty());
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert_eq!((child.wait().unwrap().code(), stderr.as_str()), (Some(0), ""), "{arguments:?}");
    }
}

/// On a terminal, which `script` makes, errors are coloured unless NO_COLOR is set.
#[test]
fn colour_is_for_terminals_that_want_it() {
    let scratch = Scratch::new();
    if Command::new("script").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
        eprintln!("SKIPPED: there is no `script` here to make a terminal");
        return;
    }
    let shown = |name: &str, value: &str| {
        let inspect = format!("{} inspect nowhere", env!("CARGO_BIN_EXE_seqgan"));
        let mut command = Command::new("script");
        command
            .args(["-qec", &inspect, "/dev/null"])
            .env_remove("NO_COLOR")
            .env("TERM", "xterm")
            .env(name, value);
        command
            .current_dir(scratch.path("."))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let ended = Ended::of(command.spawn().unwrap());
        assert_eq!(ended.status, Some(1));
        assert!(ended.stdout.contains("nowhere: no run folder"), "{}", ended.stdout);
        ended.stdout.contains('\x1b')
    };
    assert!(shown("LANG", "C"), "a terminal shows colour");
    assert!(!shown("NO_COLOR", "1") && !shown("TERM", "dumb"));
}
