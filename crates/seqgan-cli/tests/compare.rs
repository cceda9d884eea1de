//! `seqgan compare`: many runs, stopped and gone on with, and what they say together.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::{Results, Scratch, and, tiny_compare, wait_for};

fn summary(scratch: &Scratch, folder: &str) -> Value {
    let mut summary: Value = serde_json::from_str(&scratch.read(&format!("{folder}/summary.json"))).unwrap();
    summary["seconds"] = 0.into();
    summary
}

fn row<'a>(summary: &'a Value, name: &str) -> &'a Value {
    let rows = summary["methods"].as_array().unwrap();
    rows.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("no row {name}"))
}

fn run_folders(scratch: &Scratch, folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(scratch.path(&format!("{folder}/runs"))).unwrap();
    let mut list: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    list.sort();
    list
}

/// Means, intervals and tests by hand from the single runs.
#[test]
fn runs_are_put_together() {
    let scratch = Scratch::new();
    let methods = ["--methods", "random,mle,mle-tuned,seqgan", "--seeds", "3"];
    let table =
        scratch.run(and(&tiny_compare(), &[&methods[..], &["--out", "a", "-q"]].concat())).expect_fine();
    let summary = summary(&scratch, "a");
    let of_runs = |name: &str, measure: &str| -> Vec<f64> {
        let runs = summary["runs"].as_array().unwrap().iter();
        runs.map(|run| row(run, name)[measure]["mean"].as_f64().unwrap()).collect()
    };
    let values = of_runs("seqgan", "nll_oracle");
    let mean = values.iter().sum::<f64>() / 3.0;
    let stderr = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 6.0).sqrt();
    let got = &row(&summary, "seqgan")["nll_oracle"];
    let close = |a: &Value, b: f64| assert!((a.as_f64().unwrap() - b).abs() < 1e-9, "{a} {b}");
    close(&got["mean"], mean);
    close(&got["stderr"], stderr);
    // Student's t of 2 degrees of freedom at 0.975 is 4.30265.
    assert!((got["high"].as_f64().unwrap() - mean - 4.30265 * stderr).abs() < 1e-4 * stderr);
    assert_eq!(got["n"], 3);

    let test = |measure: &str, method: &str, against: &str| {
        let tests = summary["tests"].as_array().unwrap().iter();
        let mut found =
            tests.filter(|t| t["measure"] == measure && t["method"] == method && t["against"] == against);
        found.next().unwrap_or_else(|| panic!("no test of {method} against {against}")).clone()
    };
    let paired = test("nll_oracle", "seqgan", "mle");
    let differences: Vec<f64> = values.iter().zip(of_runs("mle", "nll_oracle")).map(|(a, b)| a - b).collect();
    close(&paired["difference"]["mean"], differences.iter().sum::<f64>() / 3.0);
    let (p, holm) = (paired["p"].as_f64().unwrap(), paired["p_holm"].as_f64().unwrap());
    assert!(p > 0.0 && p <= holm && holm <= 1.0, "{p} {holm}");
    assert!(test("forward_kl at equal entropy", "seqgan", "mle-tuned")["difference"]["n"] == 3);
    // The paper's test stands in the footnote alone.
    assert_eq!(summary["per_sample"][0]["measure"], "nll_oracle");
    for part in ["means over 3 runs", "p (Holm)", "Footnote: the paper's own test"] {
        assert!(table.stdout.contains(part), "{part} is missing in\n{}", table.stdout);
    }
    // Each run has its own data, and all methods of a run the same base.
    let logs: Vec<_> = run_folders(&scratch, "a")
        .iter()
        .map(|run| fs::read(run.join("samples/real.txt")).unwrap())
        .collect();
    assert!(logs.len() == 3 && logs[0] != logs[1] && logs[1] != logs[2]);
}

/// Neither jobs, nor threads, nor an interrupt, nor seeds that are asked for later change a run.
#[test]
fn stopped_and_gone_on_with() {
    let scratch = Scratch::new();
    let methods = ["--methods", "mle-tuned,seqgan", "-q"];
    let arguments = and(&tiny_compare(), &methods);
    scratch.run(and(&arguments, &["--seeds", "3", "--out", "whole", "--jobs", "1"])).expect_fine();
    let whole = summary(&scratch, "whole");

    // Killed when the second run has begun, then more seeds than at first.
    let part = and(&arguments, &["--seeds", "2", "--out", "part", "--jobs", "2", "--threads", "3"]);
    let mut child = scratch.start(&part);
    wait_for("a second run", || scratch.path("part/runs/oracle1-seed2/run.json").is_file().then_some(()));
    child.kill().unwrap();
    child.wait().unwrap();
    scratch.run(and(&part, &["--resume"])).expect_fine();
    let before: Vec<_> = run_folders(&scratch, "part")
        .iter()
        .map(|run| fs::metadata(run.join("summary.json")).unwrap().modified().unwrap())
        .collect();
    scratch.run(and(&arguments, &["--seeds", "3", "--out", "part", "--jobs", "2", "--resume"])).expect_fine();
    assert_eq!(summary(&scratch, "part"), whole);
    for (run, before) in run_folders(&scratch, "part").iter().zip(before) {
        let after = fs::metadata(run.join("summary.json")).unwrap().modified().unwrap();
        assert_eq!(after, before, "{} was made again", run.display());
    }
    for (a, b) in run_folders(&scratch, "whole").iter().zip(run_folders(&scratch, "part")) {
        Results::of(a).assert_same(&Results::of(&b), &a.display().to_string());
    }
}

/// Settings that vary make a grid; what they do not touch is trained once.
#[test]
fn a_grid_shares_its_base() {
    let scratch = Scratch::new();
    let grid = ["--vary", "adversarial.g_steps=1,2", "--vary", "adversarial.d_steps=1,2"];
    let more = ["--methods", "mle-tuned,seqgan", "--seeds", "1", "--out", "grid"];
    let ended = scratch.run(and(&tiny_compare(), &[&grid[..], &more].concat())).expect_fine();
    let summary = summary(&scratch, "grid");
    assert_eq!(summary["methods"].as_array().unwrap().len(), 8);
    assert_eq!(run_folders(&scratch, "grid").len(), 4);
    // One model and what was measured while it was trained, which each run's log tells.
    assert_eq!(fs::read_dir(scratch.path("grid/models")).unwrap().count(), 2);
    for run in run_folders(&scratch, "grid") {
        let log = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
        assert_eq!(log.matches("\"phase\":\"mle-tuned\"").count(), 3, "{log}");
    }
    assert!(ended.stdout.contains("seqgan d_steps=2 g_steps=1"), "{}", ended.stdout);
    let model = |run: &PathBuf| fs::read(run.join("models/mle-tuned.safetensors")).unwrap();
    let runs = run_folders(&scratch, "grid");
    assert!(runs.iter().all(|run| model(run) == model(&runs[0])));
    let trained: Vec<_> =
        runs.iter().map(|run| fs::read(run.join("models/seqgan.safetensors")).unwrap()).collect();
    assert!((0..4).all(|i| (0..i).all(|j| trained[i] != trained[j])), "a setting had no effect");
}

#[test]
fn wrong_use_is_told() {
    let scratch = Scratch::new();
    scratch.refuses(
        2,
        &["compare", "--methods", "gpt"],
        &["unknown method gpt, expected one of random, unigram, mixture"],
    );
    scratch.refuses(
        2,
        &["compare", "--vary", "adversarial.g_steps"],
        &["is not of the form KEY=VALUE,VALUE", "hint: "],
    );
    scratch.refuses(
        2,
        &["compare", "--vary", "adversarial.gsteps=1,2"],
        &["unknown key `adversarial.gsteps`", "did you mean"],
    );
    fs::create_dir(scratch.path("mine")).unwrap();
    scratch.write("mine/letters.txt", "a");
    scratch.refuses(1, &["compare", "--out", "mine"], &["exists already"]);
    scratch.refuses(1, &["compare", "--out", "mine", "--resume"], &["no folder of `seqgan compare`"]);
}
