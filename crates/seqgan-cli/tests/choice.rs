//! Which of a run's models is used without a name, and what is said of it.

use std::fs;

use serde_json::Value;

use crate::support::{Scratch, and, and_set, safetensors, tiny_oracle, tiny_train, with_header};

/// A run whose last method spoils the model; the likelihoods of training are those of a few validation sequences.
fn spoiled(more: &[&str]) -> Vec<String> {
    let settings = [
        r#"methods=["mle-tuned", "mle-ensemble", "seqgan"]"#,
        "adversarial.base=mle-tuned",
        "adversarial.learning_rate=0.3",
        "adversarial.patience=0",
        "mle_tuned.learning_rate=0.1",
        "evaluate.num_samples_training=3",
        "data.validation_share=0.3",
        "ensemble.num_members=5",
    ];
    and_set(&and_set(&tiny_train("sentences.txt"), &settings), more)
}

/// The description in a model's file.
fn meta(scratch: &Scratch, file: &str) -> Value {
    let bytes = fs::read(scratch.path(file)).unwrap();
    let (header, _) = safetensors(&bytes);
    serde_json::from_str(header["__metadata__"]["meta"].as_str().unwrap()).unwrap()
}

fn nll(scratch: &Scratch, file: &str) -> f64 {
    meta(scratch, file)["nll_validation"].as_f64().unwrap_or_else(|| panic!("{file} has no likelihood"))
}

fn model(method: &str) -> String {
    format!("run/models/{method}.safetensors")
}

/// The only file of a checkpoint, and its round.
fn checkpoint(scratch: &Scratch) -> (String, u64) {
    let mut files = fs::read_dir(scratch.path("run/checkpoints")).unwrap();
    let name = files.next().unwrap().unwrap().file_name().into_string().unwrap();
    assert!(files.next().is_none());
    let file = format!("run/checkpoints/{name}");
    let round = meta(scratch, &file)["checkpoint"]["round"].as_u64().unwrap();
    (file, round)
}

fn said(scratch: &Scratch, arguments: &[&str]) -> String {
    scratch.run(arguments).expect_fine().stderr
}

#[test]
fn the_best_single_model_is_used_and_an_ensemble_by_its_name() {
    let scratch = Scratch::with_sentences();
    scratch.run(and(&spoiled(&[]), &["--out", "run", "-q"])).expect_fine();
    let [tuned, ensemble, seqgan] =
        ["mle-tuned", "mle-ensemble", "seqgan"].map(|method| nll(&scratch, &model(method)));
    assert!(ensemble < tuned && tuned < seqgan, "{ensemble} {tuned} {seqgan}");
    let (file, round) = checkpoint(&scratch);
    assert!((0, tuned) == (round, nll(&scratch, &file)), "the only good round is the base itself");

    let line = format!(
        "model: mle-tuned: nll_validation {tuned:.4}, the best of 3 single models; mle-ensemble has {ensemble:.4} \
         (--method mle-ensemble)\n"
    );
    assert_eq!(said(&scratch, &["sample", "run"]), line);
    assert_eq!(said(&scratch, &["sample", "run", "-q"]), "");
    let sample = |more: &[&str]| scratch.output(&[&["sample", "run", "-n", "40"], more].concat());
    assert_eq!(sample(&[]), sample(&["--method", "mle-tuned"]));
    assert_eq!(sample(&[]), sample(&["--round", "best"]));
    assert_ne!(sample(&[]), sample(&["--method", "mle-ensemble"]));
    assert_ne!(sample(&[]), sample(&["--method", "seqgan"]));
    let line = format!("model: seqgan: nll_validation {seqgan:.4}; its round 0 has {tuned:.4} (--round 0)\n");
    assert_eq!(said(&scratch, &["sample", "run", "--method", "seqgan"]), line);
    let line = format!(
        "model: seqgan: nll_validation {seqgan:.4}, the only one whose discriminator can resample\nresampled"
    );
    let resampled = said(&scratch, &["sample", "run", "--resample", "2"]);
    assert!(resampled.starts_with(&line), "{resampled}");

    let evaluate = ["evaluate", "run", "--test", "sentences.txt", "--json"];
    let facts = |more: &[&str]| {
        let text = scratch.output(&[&evaluate[..], more].concat());
        serde_json::from_str::<Value>(&text).unwrap()["facts"].clone()
    };
    let of = |facts: Value| {
        (facts["method"].clone(), facts["round"].clone(), facts["nll_validation"].as_f64().unwrap())
    };
    assert_eq!(of(facts(&[])), ("mle-tuned".into(), Value::Null, tuned));
    assert_eq!(of(facts(&["--round", "0"])), ("seqgan".into(), 0.into(), tuned));
    assert!(said(&scratch, &evaluate).starts_with("model: mle-tuned: nll_validation "));

    // The page says the same, and shows the model's samples first.
    scratch.run(["report", "run", "-q"]).expect_fine();
    let page = scratch.read("run/report.html");
    let sentence = format!("seqgan sample takes mle-tuned: nll_validation {tuned:.4}, the best of 3 single");
    assert!(page.contains(&sentence), "{sentence}");
    let columns: Vec<&str> = page
        .split("<div class=\"samples\">")
        .nth(1)
        .unwrap()
        .split("<h3>")
        .skip(1)
        .map(|column| column.split('<').next().unwrap())
        .take(4)
        .collect();
    assert_eq!(columns, ["real", "mle-tuned", "mle-ensemble", "seqgan"]);
}

#[test]
fn the_likelihood_of_a_model_is_the_same_wherever_it_stands() {
    let scratch = Scratch::with_sentences();
    let gentle =
        ["adversarial.learning_rate=0.001", "checkpoint.keep_best=4", "adversarial.measure_every_rounds=1"];
    scratch.run(and(&spoiled(&gentle), &["--out", "run", "-q"])).expect_fine();
    let summary: Value = serde_json::from_str(&scratch.read("run/summary.json")).unwrap();
    let shown = scratch.output(&["inspect", "run"]);
    let rows: Vec<Vec<&str>> =
        shown.lines().map(|line| line.trim_start_matches(['*', ' ']).split_whitespace().collect()).collect();
    for row in summary["methods"].as_array().unwrap() {
        let (name, mean) = (row["name"].as_str().unwrap(), row["nll_validation"]["mean"].as_f64().unwrap());
        assert_eq!(nll(&scratch, &model(name)), mean, "{name}");
        assert!(rows.contains(&vec![name, "-", &format!("{mean:.4}")]), "{name} {mean} in\n{shown}");
        assert!(shown.contains(&format!("{mean:.3} ±")), "{mean} in the table below\n{shown}");
    }
    // Round 0 is the base; training has measured it on three sequences.
    let base = nll(&scratch, &model("mle-tuned"));
    assert_eq!(nll(&scratch, "run/checkpoints/seqgan-0.safetensors"), base);
    assert_ne!(meta(&scratch, "run/checkpoints/seqgan-0.safetensors")["checkpoint"]["value"], base);
    assert!(rows.contains(&vec!["seqgan", "0", &format!("{base:.4}")]), "{shown}");
    // The last round is the model at the end.
    let rounds = scratch.records("run", "adversarial").last().unwrap()["step"].as_u64().unwrap();
    let last = nll(&scratch, &model("seqgan"));
    assert_eq!(nll(&scratch, &format!("run/checkpoints/seqgan-{rounds}.safetensors")), last);
    assert_eq!(shown.lines().filter(|line| line.starts_with("* ")).count(), 2, "a model, and the legend");
    let (list, _) = shown.split_once("* is used").unwrap();
    assert!(list.lines().all(|line| line.chars().count() <= 80), "{list}");
}

#[test]
fn a_run_with_rewards_is_used_with_the_model_that_follows_them() {
    let scratch = Scratch::with_sentences();
    let settings = [
        r#"methods=["mixed", "mle-tuned"]"#,
        "adversarial.base=mle-tuned",
        "adversarial.learning_rate=0.1",
        "checkpoint.keep_by=reward",
        r#"reward=[{ kind = "length", min_length = 1, max_length = 1, search = false }]"#,
    ];
    scratch
        .run(and(&and_set(&tiny_train("sentences.txt"), &settings), &["--out", "run", "-q"]))
        .expect_fine();
    let [tuned, mixed] = ["mle-tuned", "mixed"].map(|method| nll(&scratch, &model(method)));
    assert!(tuned < mixed, "{tuned} {mixed}");
    let line = format!("model: mixed: nll_validation {mixed:.4}, at the end of its training by [[reward]]\n");
    assert_eq!(said(&scratch, &["sample", "run"]), line);
    let sample = |more: &[&str]| scratch.output(&[&["sample", "run", "-n", "40"], more].concat());
    assert_eq!(sample(&[]), sample(&["--method", "mixed"]));
    assert_ne!(sample(&[]), sample(&["--method", "mle-tuned"]));
    // What a checkpoint was kept by has its own column.
    let (_, round) = checkpoint(&scratch);
    let shown = scratch.output(&["inspect", "run"]);
    assert!(shown.contains("  reward in training\n"), "{shown}");
    assert!(shown.lines().any(|line| line.starts_with("* mixed ")), "{shown}");
    assert!(shown.contains(&format!("model       mixed: nll_validation {mixed:.4}\n")), "{shown}");
    let round = said(&scratch, &["sample", "run", "--round", &round.to_string()]);
    assert!(round.starts_with("model: mixed, round "), "{round}");
}

/// Writes a model's file without its likelihood, as older versions did.
fn forget_likelihood(scratch: &Scratch, file: &str) {
    let bytes = fs::read(scratch.path(file)).unwrap();
    let (mut header, data) = safetensors(&bytes);
    let mut meta = meta(scratch, file);
    meta.as_object_mut().unwrap().remove("nll_validation").unwrap();
    header["__metadata__"]["meta"] = meta.to_string().into();
    scratch.write(file, with_header(&header, data));
}

#[test]
fn files_without_a_likelihood_are_read_with_that_of_the_summary_or_none() {
    let scratch = Scratch::with_sentences();
    scratch.run(and(&spoiled(&[]), &["--out", "run", "-q"])).expect_fine();
    let [tuned, ensemble] = ["mle-tuned", "mle-ensemble"].map(|method| nll(&scratch, &model(method)));
    let (checkpoint, _) = checkpoint(&scratch);
    for file in [checkpoint, model("mle-tuned"), model("mle-ensemble"), model("seqgan")] {
        forget_likelihood(&scratch, &file);
    }
    let line = format!(
        "model: mle-tuned: nll_validation {tuned:.4}, the best of 2 single models; mle-ensemble has {ensemble:.4} \
         (--method mle-ensemble)\n"
    );
    assert_eq!(said(&scratch, &["sample", "run"]), line);
    let shown = scratch.output(&["inspect", "run"]);
    let unknown = |line: &str| line.split_whitespace().eq(["seqgan", "0", "-"]);
    assert!(shown.lines().any(unknown), "{shown}");
    fs::remove_file(scratch.path("run/summary.json")).unwrap();
    assert_eq!(
        said(&scratch, &["sample", "run"]),
        "model: seqgan: nll_validation unknown, the last one trained\n"
    );
    scratch.run(["sample", "run", "--round", "best"]).expect_fine();
}

#[test]
fn a_run_of_the_synthetic_task_knows_its_likelihoods_too() {
    let scratch = Scratch::new();
    scratch.run(and(&tiny_oracle(), &["--out", "run", "-q"])).expect_fine();
    let (file, _) = checkpoint(&scratch);
    let files = [model("mle"), model("mle-tuned"), model("seqgan"), file];
    let best = files.map(|file| nll(&scratch, &file)).into_iter().fold(f64::INFINITY, f64::min);
    let line = said(&scratch, &["sample", "run"]);
    let end = format!(": nll_validation {best:.4}, the best of 4 single models\n");
    assert!(line.starts_with("model: ") && line.ends_with(&end), "{line}");
}
