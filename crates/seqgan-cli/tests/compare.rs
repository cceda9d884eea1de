//! `seqgan compare`: many runs, stopped and gone on with, and what they say together.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::{Results, Scratch, TINY, and, tiny_compare, wait_for};

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
    let parts = ["error: a: no run folder", "hint: it holds a comparison; give one of its runs, in a/runs"];
    scratch.refuses(1, &["sample", "a"], &parts);
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

    // What a setting of the base touches is not shared.
    let more =
        ["--methods", "mle-tuned", "--seeds", "1", "--vary", "mle_tuned.l2=0,0.1", "--out", "bases", "-q"];
    scratch.run(and(&tiny_compare(), &more)).expect_fine();
    let [weak, strong] = <[PathBuf; 2]>::try_from(run_folders(&scratch, "bases")).unwrap();
    assert!(model(&weak) != model(&strong), "a model of other settings was taken");
}

/// What a discriminator's settings do not touch, ensembles and the models of its folds, is trained once as well, and to the same bits.
#[test]
fn a_grid_shares_members_and_folds() {
    let scratch = Scratch::new();
    let methods = ["--methods", "mle-tuned,distilled,seqgan-crossfit", "--seeds", "1", "-q"];
    let arguments =
        and(&tiny_compare(), &[&methods[..], &["--set", "crossfit.ensemble_features=true"]].concat());
    scratch.run(and(&arguments, &["--vary", "crossfit.kl=1,3", "--out", "grid"])).expect_fine();
    scratch.run(and(&arguments, &["--set", "crossfit.kl=3", "--out", "alone"])).expect_fine();
    // mle-tuned and the three members of each of two folds, of which one is used; two more members; distilled.
    let models = fs::read_dir(scratch.path("grid/models")).unwrap().map(|entry| entry.unwrap().file_name());
    let mut models: Vec<String> = models.map(|name| name.into_string().unwrap()).collect();
    models.retain(|name| name.ends_with(".safetensors"));
    assert!(models.len() >= 7 && models.iter().any(|name| name.starts_with("fold-1-member-3")), "{models:?}");
    assert_eq!(fs::read_dir(scratch.path("alone/models")).unwrap().count(), 0);
    let [first, second] = <[PathBuf; 2]>::try_from(run_folders(&scratch, "grid")).unwrap();
    let log = |run: &PathBuf| fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    for phase in ["mle-tuned", "member-2", "fold-1-member-3", "distilled"] {
        let count = |log: &str| log.matches(&format!("\"phase\":\"{phase}\"")).count();
        assert!(count(&log(&first)) > 0 && count(&log(&first)) == count(&log(&second)), "{phase}");
    }
    // What was made on the way can be sampled as well.
    let run = run_folders(&scratch, "alone")[0].display().to_string();
    scratch.run(["sample", &run, "--method", "mle-ensemble", "-n", "2", "-q"]).expect_fine();
    for name in ["mle-ensemble", "distilled", "seqgan-crossfit"] {
        let model = |run: &PathBuf| fs::read(run.join(format!("models/{name}.safetensors"))).unwrap();
        let alone = model(&run_folders(&scratch, "alone")[0]);
        assert!(model(&second) == alone, "{name}");
        assert_eq!(model(&first) == alone, name != "seqgan-crossfit", "{name}");
    }
}

/// Each oracle has data of its own, and is one unit of what is said over runs.
#[test]
fn oracles_are_units() {
    let scratch = Scratch::new();
    let more = ["--methods", "mle-tuned,seqgan", "--oracles", "2", "--seeds", "2", "--out", "a", "-q"];
    scratch.run(and(&tiny_compare(), &more)).expect_fine();
    let runs = run_folders(&scratch, "a");
    let real: Vec<_> = runs.iter().map(|run| fs::read(run.join("samples/real.txt")).unwrap()).collect();
    assert!(real.len() == 4 && (0..4).all(|i| (0..i).all(|j| real[i] != real[j])));
    let summary = summary(&scratch, "a");
    let values: Vec<f64> = summary["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| row(run, "seqgan")["nll_oracle"]["mean"].as_f64().unwrap())
        .collect();
    let units = [0.5 * (values[0] + values[1]), 0.5 * (values[2] + values[3])];
    let got = &row(&summary, "seqgan")["nll_oracle"];
    assert_eq!(got["n"], 2);
    let close = |a: &Value, b: f64| assert!((a.as_f64().unwrap() - b).abs() < 1e-9, "{a} {b}");
    close(&got["mean"], 0.5 * (units[0] + units[1]));
    close(&got["stderr"], 0.5 * (units[0] - units[1]).abs());
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
    for (arguments, parts) in [
        (
            &["--task", "brackets", "--oracles", "2"][..],
            "`--oracles 2`, but the rule of the task brackets is always the same",
        ),
        (&["--set", "oracle.seed=5", "--oracles", "2"], "`--oracles 2`, but the oracle's seed is given"),
        (
            &["--set", "oracle.params=o.safetensors", "--oracles", "3"],
            "but the oracle's parameters are given",
        ),
        (&["--vary", "seed=1,2"], "`--vary seed` would give runs that others have"),
        (&["--vary", "data.path=,a.txt"], "`--vary` mixes a file and a synthetic task"),
        (&["--methods", "mle,seqgan,mle"], "`methods` is \"mle\" twice, expected each method once"),
    ] {
        scratch.refuses(2, &[&["compare"], arguments].concat(), &[parts]);
    }
    fs::create_dir(scratch.path("mine")).unwrap();
    scratch.write("mine/letters.txt", "a");
    scratch.refuses(1, &["compare", "--out", "mine"], &["exists already"]);
    scratch.refuses(1, &["compare", "--out", "mine", "--resume"], &["no folder of a comparison"]);
}

/// The runs of a comparison are resumed by the content of the file as well.
#[test]
fn a_file_that_has_moved_is_the_same_file() {
    let scratch = Scratch::with_sentences();
    let compare = |data: &str| {
        let settings: Vec<&str> = TINY.iter().flat_map(|setting| ["--set", *setting]).collect();
        let arguments =
            ["compare", "--preset", "smoke", "--data", data, "--methods", "mle-tuned", "--seeds", "2"];
        let arguments: Vec<String> = arguments.into_iter().chain(settings).map(String::from).collect();
        and(&arguments, &["--out", "study", "-q", "--resume"])
    };
    scratch.run(compare("sentences.txt")).expect_fine();
    let before = summary(&scratch, "study");
    fs::rename(scratch.path("sentences.txt"), scratch.path("moved.txt")).unwrap();
    scratch.run(compare("./moved.txt")).expect_fine();
    assert_eq!(summary(&scratch, "study"), before);
    for run in run_folders(&scratch, "study") {
        let config = fs::read_to_string(run.join("config.toml")).unwrap();
        assert!(config.contains("path = \"./moved.txt\""), "{config}");
    }
    scratch.write("moved.txt", scratch.read("moved.txt").replacen("cat", "dog", 1));
    let ended = scratch.run(compare("moved.txt"));
    assert!(
        ended.status == Some(1) && ended.stderr.contains("the data file has changed"),
        "{}",
        ended.stderr
    );
}
