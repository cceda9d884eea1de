//! Synthetic tasks with a rule: what their tables say is what their samples are.

use serde_json::Value;

use crate::support::{Scratch, TINY, and, with_settings};

/// `oracle --task TASK` with tiny settings.
fn tiny(task: &str, more: &[&str]) -> Vec<String> {
    let sizes =
        ["oracle.num_train=320", "oracle.num_validation=64", "oracle.num_test=100", "oracle.num_floor=500"];
    with_settings(&["oracle", "--task", task, "--preset", "smoke"], TINY.iter().chain(&sizes).chain(more))
}

/// Counted from the written samples, by a checker of its own.
#[test]
fn the_share_of_valid_samples_is_that_of_the_samples_written() {
    let scratch = Scratch::new();
    let settings =
        ["methods=[\"random\",\"mle-tuned\",\"seqgan\"]", "oracle.length=6", "oracle.vocab_size=4"];
    let shown = scratch.run(and(&tiny("reversal", &settings), &["--out", "run"])).expect_fine().stdout;
    assert!(shown.lines().next().unwrap().contains("valid      coverage"), "{shown}");
    assert!(shown.contains("of valid positive"), "{shown}");
    let summary: Value = serde_json::from_str(&scratch.read("run/summary.json")).unwrap();
    let share = |lines: &str| {
        let keeps = |line: &&str| {
            let tokens: Vec<&str> = line.split_whitespace().collect();
            tokens.len() == 6 && (0..3).all(|i| tokens[i] == tokens[5 - i])
        };
        lines.lines().filter(keeps).count() as f64 / lines.lines().count() as f64
    };
    assert!(share(&scratch.read("run/samples/real.txt")) > 0.98, "the data keep the rule");
    for row in summary["methods"].as_array().unwrap() {
        let (name, valid) = (row["name"].as_str().unwrap(), row["valid"]["mean"].as_f64().unwrap());
        assert!((0.0..=1.0).contains(&row["coverage"]["mean"].as_f64().unwrap()), "{row}");
        if name == "random" {
            // 4^3 of 4^6.
            assert!((valid - 1.0 / 64.0).abs() < 0.05, "{valid}");
            continue;
        }
        // Other draws of the same model: 200 measured, 1,000 written.
        let written = share(&scratch.read(&format!("run/samples/{name}.txt")));
        assert!((valid - written).abs() < 4.0 * (0.25f64 / 200.0).sqrt(), "{name}: {valid}, {written}");
        assert_eq!(row["comparisons"].is_array(), name == "seqgan");
        if name == "seqgan" {
            assert!(row["comparisons"][0]["valid"]["stderr"].as_f64().unwrap() > 0.0, "{row}");
        }
    }
    scratch.output(&["report", "run"]);
    let page = scratch.read("run/report.html");
    assert!(page.contains("samples that keep the rule"), "the table of methods");
    let difference = &summary["methods"][2]["comparisons"][0]["valid"]["mean"].as_f64().unwrap();
    let shown = format!("{:.4}", difference.abs());
    let entropy_section = &page[page.find("At equal entropy</h2>").expect("a section")..];
    assert!(entropy_section.contains(&shown), "{shown} at equal entropy");
    // Exact: 64 sequences, one in a thousand at random.
    let entropy = summary["oracle"]["entropy"]["mean"].as_f64().unwrap();
    assert!((entropy * 6.0 - 64f64.ln()).abs() < 0.02, "{entropy}");
}

#[test]
fn every_task_is_learnt_and_compared() {
    let scratch = Scratch::new();
    for task in ["brackets", "copy", "checksum", "markov"] {
        let settings = ["methods=[\"mle-tuned\"]", "oracle.length=6", "oracle.vocab_size=6"];
        let shown = scratch.run(and(&tiny(task, &settings), &["--out", task])).expect_fine().stdout;
        assert_eq!(shown.contains("coverage"), task != "markov", "{shown}");
        let config = scratch.read(&format!("{task}/config.toml"));
        assert!(config.contains(&format!("task = \"{task}\"")), "{config}");
    }
    let methods = ["--seeds", "2", "--methods", "mle-tuned,seqgan", "--out", "both"];
    let settings = ["oracle.num_train=320", "oracle.num_test=100", "oracle.num_floor=500"];
    let compare =
        with_settings(&["compare", "--task", "copy", "--preset", "smoke"], TINY.iter().chain(&settings));
    let shown = scratch.run(and(&compare, &methods)).expect_fine().stdout;
    assert!(shown.contains("valid, T 0.8"), "{shown}");
    let config = scratch.read("both/runs/oracle1-seed2/config.toml");
    assert!(config.contains("length = 12"), "the task's own sizes: {config}");
}

#[test]
fn sizes_that_a_rule_cannot_have_are_refused() {
    let scratch = Scratch::new();
    for (task, setting, expected) in [
        ("brackets", "oracle.vocab_size=7", "an even number for the task brackets, two for each kind"),
        ("copy", "oracle.length=7", "an even number for the task copy"),
        ("checksum", "oracle.length=1", "2 or more for the task checksum"),
        ("markov", "oracle.params=file", "no file for the task markov"),
        ("copy", "oracle.noise=0", "0.000000001 to 0.5"),
    ] {
        scratch.refuses(2, &["oracle", "--task", task, "--set", setting], &[expected]);
    }
}
