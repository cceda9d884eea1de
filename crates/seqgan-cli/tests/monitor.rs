//! Signs of training that goes wrong, what is done about them, and the models of rounds that are kept.

use std::fs;

use serde_json::Value;

use crate::resume::kill_everywhere;
use crate::support::{Scratch, and, and_set, tiny_train};

/// Training that is drawn far from the file, by sequences of one token and a rate that is too high.
fn forgetting(more: &[&str]) -> Vec<String> {
    let settings = [
        r#"methods=["mle-tuned", "mixed"]"#,
        "adversarial.base=mle-tuned",
        "adversarial.learning_rate=0.1",
        "adversarial.num_rounds=12",
        "adversarial.measure_every_rounds=1",
        "checkpoint.keep_best=2",
        r#"reward=[{ kind = "length", min_length = 1, max_length = 1, search = false }]"#,
    ];
    and_set(&and_set(&tiny_train("sentences.txt"), &settings), more)
}

fn last_round(scratch: &Scratch, run: &str) -> u64 {
    scratch.records(run, "adversarial").last().unwrap()["step"].as_u64().unwrap()
}

fn model(scratch: &Scratch, run: &str, method: &str) -> Vec<u8> {
    fs::read(scratch.path(run).join(format!("models/{method}.safetensors"))).unwrap()
}

#[test]
fn a_diagnostic_is_reported_once_and_changes_nothing() {
    let scratch = Scratch::with_sentences();
    let warned = scratch.run(and(&forgetting(&[]), &["--out", "warned"])).expect_fine();
    let words = "real sequences have become unlikely";
    assert_eq!(warned.stderr.matches(words).count(), 1, "{}", warned.stderr);
    assert!(warned.stdout.contains("warning: mixed, round "), "{}", warned.stdout);
    let diagnostics = scratch.records("warned", "diagnostic");
    let forgotten: Vec<_> =
        diagnostics.iter().filter(|record| record["diagnostic"] == "forgetting").collect();
    assert_eq!(forgotten.len(), 1, "{diagnostics:?}");
    assert!(forgotten[0]["text"].as_str().unwrap().contains("The model of round "), "{diagnostics:?}");
    assert_eq!(last_round(&scratch, "warned"), 12);

    let off = ["collapse", "forgetting", "saturation", "vanishing", "memorising"]
        .map(|diagnostic| format!("monitor.{diagnostic}=off"));
    let off: Vec<&str> = off.iter().map(String::as_str).collect();
    let silent = scratch.run(and(&forgetting(&off), &["--out", "off"])).expect_fine();
    assert!(!silent.stderr.contains("warning") && !silent.stdout.contains("warning"), "{}", silent.stderr);
    assert_eq!(model(&scratch, "off", "mixed"), model(&scratch, "warned", "mixed"));
}

#[test]
fn training_stops_or_goes_back_when_asked_to() {
    let scratch = Scratch::with_sentences();
    let run = |action: &str| {
        let action_key = format!("monitor.forgetting={action}");
        scratch.run(and(&forgetting(&[&action_key]), &["--out", action])).expect_fine()
    };
    let stopped = run("stop");
    let diagnostics = scratch.records("stop", "diagnostic");
    let forgotten = diagnostics
        .iter()
        .find(|diagnostic| diagnostic["diagnostic"] == "forgetting")
        .expect("it is forgotten");
    let round = forgotten["step"].as_u64().unwrap();
    assert!(round < 12 && last_round(&scratch, "stop") == round);
    assert!(stopped.stderr.contains(&format!("mixed ends here, with its model of round {round}")));

    let back = run("roll-back");
    assert_eq!(last_round(&scratch, "roll-back"), round);
    let samples = |run: &str, more: &[&str]| {
        let arguments: Vec<String> = ["sample", run, "-n", "40"].map(String::from).into();
        scratch.run(and(&arguments, more)).expect_fine().stdout
    };
    let best = samples("stop", &["--round", "best"]);
    let value = |record: &Value| record["nll_validation"]["mean"].as_f64().unwrap();
    let measured = scratch.records("stop", "adversarial");
    let best_round = measured.iter().min_by(|a, b| value(a).total_cmp(&value(b))).unwrap()["step"].clone();
    let note = format!("mixed ends here, with its model of round {best_round}\n");
    assert!(back.stderr.contains(&note), "{note}{}", back.stderr);
    assert_eq!(samples("roll-back", &[]), best);
    assert_ne!(samples("stop", &[]), best);
}

#[test]
fn a_run_that_ends_early_and_is_killed_ends_the_same() {
    for action in ["monitor.forgetting=stop", "monitor.forgetting=roll-back"] {
        kill_everywhere(&Scratch::with_sentences(), &forgetting(&[action]), 2);
    }
}

#[test]
fn the_best_models_are_kept_and_found() {
    let scratch = Scratch::with_sentences();
    scratch.run(and(&forgetting(&[]), &["--out", "run", "-q"])).expect_fine();
    let values: Vec<(u64, f64)> = scratch
        .records("run", "adversarial")
        .iter()
        .map(|r| (r["step"].as_u64().unwrap(), r["nll_validation"]["mean"].as_f64().unwrap()))
        .collect();
    let mut best = values.clone();
    best.sort_by(|a, b| a.1.total_cmp(&b.1));
    let mut files: Vec<String> = fs::read_dir(scratch.path("run/checkpoints"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    let mut expected: Vec<String> = best[..2].iter().map(|b| format!("mixed-{}.safetensors", b.0)).collect();
    expected.sort();
    assert_eq!(files, expected);

    let inspected = scratch.run(["inspect", "run"]).expect_fine().stdout;
    // The validation part is small, so training has measured all of it.
    let rows = inspected.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let kept: Vec<_> =
        rows.filter(|row| matches!(row[..], ["mixed", round, _] if round.parse::<u64>().is_ok())).collect();
    let of = |b: &(u64, f64)| ["mixed".to_string(), b.0.to_string(), format!("{:.4}", b.1)];
    assert_eq!(kept, best[..2].iter().map(of).collect::<Vec<_>>(), "{inspected}");
    let second = best[1].0.to_string();
    scratch.run(["sample", "run", "--round", &second, "-n", "3"]).expect_fine();
    let kept = format!("it keeps mixed round {}, mixed round {second}", best[0].0);
    let message = "keeps no model of `mixed` of round 77";
    scratch.refuses(1, &["sample", "run", "--round", "77"], &[message, &kept]);
    let base = ["evaluate", "run", "--round", "best", "--method", "mle-tuned", "--test", "sentences.txt"];
    scratch.refuses(1, &base, &["keeps no model of a round of `mle-tuned`", "see `seqgan inspect`"]);
    let typo = ["sample", "run", "--round", "last"];
    scratch.refuses(2, &typo, &["expected best, or the number of a round"]);
}

#[test]
fn settings_that_contradict_are_refused() {
    let scratch = Scratch::with_sentences();
    let none_kept = forgetting(&["monitor.collapse=roll-back", "checkpoint.keep_best=0"]);
    scratch.refuses(2, &none_kept, &["`monitor.collapse` is \"roll-back\"", "`checkpoint.keep_best` is 0"]);
    let oracle = forgetting(&["checkpoint.keep_by=nll_oracle"]);
    scratch.refuses(2, &oracle, &["`checkpoint.keep_by` is \"nll_oracle\"", "which has no oracle"]);
}
