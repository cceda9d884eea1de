//! The cross-fitted judge: what its folds learn from, and what is recorded of it.

use serde_json::Value;

use crate::support::{Scratch, and, tiny_oracle};

/// Updates that a phase of a run promises on standard error.
fn updates(told: &str, phase: &str) -> u64 {
    let line = told.lines().find_map(|line| line.strip_prefix(&format!("{phase}: ")));
    let line = line.unwrap_or_else(|| panic!("no phase {phase} in {told}"));
    line.split(' ').next().unwrap().parse().unwrap()
}

#[test]
fn folds_learn_from_the_others_and_the_judge_is_weighed_after_each_pass() {
    let scratch = Scratch::new();
    let methods = r#"methods=["mle-tuned", "seqgan-crossfit"]"#;
    let more = ["--set", methods, "--set", "adversarial.base=mle-tuned", "--set", "mle_tuned.batch_size=4"];
    let told = |folds: &str, out: &str| {
        let setting = format!("crossfit.num_folds={folds}");
        let more = and(&and(&tiny_oracle(), &more), &["--set", &setting, "--out", out]);
        scratch.run(more).expect_fine().stderr
    };
    let two = told("2", "two");
    let all = updates(&two, "mle-tuned");
    for fold in ["fold-1", "fold-2"] {
        assert!(updates(&two, fold).abs_diff(all / 2) <= 2, "{fold}: {two}");
    }
    let one = told("1", "one");
    assert_eq!(updates(&one, "fold-1"), all, "without other folds, from all");
    assert!(!one.contains("fold-2"), "{one}");

    // What the setting `crossfit.d_epochs` of the tiny run says.
    let passes: Vec<Value> = scratch
        .read("two/metrics.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|line: &Value| line["phase"] == "discriminator")
        .collect();
    assert_eq!(passes.len(), 2);
    for pass in &passes {
        let effective = pass["d_effective"].as_f64().unwrap();
        assert!(pass["d_worth"].is_f64() && effective > 0.0 && effective <= 1.0, "{pass}");
    }
}
