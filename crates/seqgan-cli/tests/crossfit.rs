//! The cross-fitted discriminator: what its folds learn from, and what is recorded of it.

use std::fs;

use crate::support::{Scratch, and, and_set, safetensors, tiny_oracle};

/// Updates that a phase of a run promises on standard error.
fn updates(told: &str, phase: &str) -> u64 {
    let line = told.lines().find_map(|line| line.strip_prefix(&format!("{phase}: ")));
    let line = line.unwrap_or_else(|| panic!("no phase {phase} in {told}"));
    line.split(' ').next().unwrap().parse().unwrap()
}

#[test]
fn folds_learn_from_the_others_and_the_discriminator_is_validated_after_each_epoch() {
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
    for fold in ["fold-1-mle-tuned", "fold-2-mle-tuned"] {
        assert!(updates(&two, fold).abs_diff(all / 2) <= 2, "{fold}: {two}");
    }
    let one = told("1", "one");
    assert_eq!(updates(&one, "fold-1-mle-tuned"), all, "without other folds, from all");
    assert!(!one.contains("fold-2"), "{one}");
    // What it has learnt from is not described by the base as it was by the folds.
    for (out, shown) in [("two", false), ("one", true)] {
        let round = &scratch.records(out, "adversarial")[0];
        assert!(round["auc_validation"].is_f64() && round["auc_train"].is_f64() == shown, "{round}");
    }

    // Before the first, and as often as the setting `crossfit.d_epochs` of the tiny run says.
    let passes = scratch.records("two", "discriminator");
    assert_eq!(passes.len(), 1 + 2);
    for pass in &passes {
        let effective = pass["d_effective_sample_size"].as_f64().unwrap();
        assert!(pass["d_gain"].is_f64() && effective > 0.0 && effective <= 1.0, "{pass}");
    }
}

/// A discriminator of so little data is wrong about sequences that it has not seen: nothing is trained by it, not even by real
/// sequences, unless it is followed all the same.
#[test]
fn a_discriminator_without_gain_has_no_rounds() {
    let scratch = Scratch::new();
    let settings = [
        r#"methods=["mle-tuned", "seqgan-crossfit"]"#,
        "adversarial.base=mle-tuned",
        "mle_tuned.num_epochs=8",
        "mle_tuned.patience=8",
        "crossfit.demonstration_value=0.5",
    ];
    let run = |out: &str, require_validation_gain: &str| {
        let more = ["--set", require_validation_gain, "--out", out];
        let told = scratch.run(and(&and_set(&tiny_oracle(), &settings), &more)).expect_fine().stderr;
        let worth: Vec<f64> = scratch
            .records(out, "discriminator")
            .iter()
            .map(|pass| pass["d_gain"].as_f64().unwrap())
            .collect();
        assert!(worth.iter().all(|&worth| worth < 0.0), "{worth:?}");
        let model = |name: &str| {
            let bytes = fs::read(scratch.path(&format!("{out}/models/{name}.safetensors"))).unwrap();
            let (header, values) = safetensors(&bytes);
            (header["w"].clone(), values.to_vec())
        };
        (told.contains("than a coin: there are no rounds"), model("seqgan-crossfit") == model("mle-tuned"))
    };
    assert_eq!(run("left-out", "crossfit.require_validation_gain=true"), (true, true));
    assert_eq!(run("followed", "crossfit.require_validation_gain=false"), (false, false));
}

/// Rounds that go wrong at once: with patience the model is that of the best round, and training ends early.
#[test]
fn rounds_end_with_the_best_model_when_they_have_patience() {
    let scratch = Scratch::new();
    let settings = [
        r#"methods=["mle-tuned", "seqgan-crossfit"]"#,
        "adversarial.base=mle-tuned",
        "crossfit.require_validation_gain=false",
        "crossfit.learning_rate=1.0",
        "crossfit.num_rounds=9",
        "crossfit.measure_every_rounds=2",
        // As many as are measured while training.
        "oracle.num_validation=50",
    ];
    let run = |out: &str, patience: &str| {
        let more = ["--set", patience, "--out", out];
        let told = scratch.run(and(&and_set(&tiny_oracle(), &settings), &more)).expect_fine().stderr;
        let measured: Vec<(u64, f64)> = scratch
            .records(out, "adversarial")
            .iter()
            .map(|round| (round["step"].as_u64().unwrap(), round["nll_validation"]["mean"].as_f64().unwrap()))
            .collect();
        let best = measured.iter().min_by(|a, b| a.1.total_cmp(&b.1)).unwrap().0;
        let model = scratch.output(&["sample", out, "-n", "30", "--method", "seqgan-crossfit"]);
        let is_best = model == scratch.output(&["sample", out, "-n", "30", "--round", "best"]);
        (told, measured.last().unwrap().0, best, is_best)
    };
    let (_, last, best, is_best) = run("none", "crossfit.patience=0");
    assert!(last == 8 && best < 8 && !is_best, "{last} {best}");
    let (told, last, best, is_best) = run("some", "crossfit.patience=3");
    // Rounds are measured in twos.
    assert!(last == best + 4 && is_best, "{last} {best}");
    let which =
        if best == 0 { "its base, mle-tuned".to_owned() } else { format!("its model of round {best}") };
    let note = format!("seqgan-crossfit is {which}, with nll_validation ");
    assert!(told.contains(&note) && told.contains(&format!(": after round {last} it is ")), "{told}");
    // The last round is among those compared.
    let (_, last, _, is_best) = run("much", "crossfit.patience=100");
    assert!(last == 9 && is_best, "{last}");
    let unmeasured = and_set(&tiny_oracle(), &["crossfit.patience=3", "crossfit.measure_every_rounds=0"]);
    scratch.refuses(
        2,
        &unmeasured,
        &["`crossfit.patience` is 3", "only rounds that are measured can be the best"],
    );
}

/// Rounds that lower the validation likelihood from the first on: `seqgan` is its base, and the table says so.
#[test]
fn rounds_that_only_harm_end_with_the_base() {
    let scratch = Scratch::new();
    let settings = [
        r#"methods=["mle-tuned", "seqgan"]"#,
        "adversarial.base=mle-tuned",
        "adversarial.learning_rate=1.0",
        "adversarial.num_rounds=4",
        "adversarial.measure_every_rounds=1",
        "oracle.num_validation=50",
    ];
    let run = |out: &str, patience: &str| {
        let more = ["--set", patience, "--out", out];
        let told = scratch.run(and(&and_set(&tiny_oracle(), &settings), &more)).expect_fine();
        let samples = |method| scratch.output(&["sample", out, "-n", "30", "--method", method]);
        (told.stdout, samples("seqgan") == samples("mle-tuned"), scratch.records(out, "adversarial").len())
    };
    let (table, is_base, _) = run("all", "adversarial.patience=0");
    assert!(!table.contains("seqgan is its base") && !is_base, "{table}");
    let (table, is_base, measured) = run("kept", "adversarial.patience=100");
    assert!(
        table.contains("warning: seqgan is its base, mle-tuned, with nll_validation ") && is_base,
        "{table}"
    );
    assert_eq!(measured, 5);
    let (table, _, measured) = run("ended", "adversarial.patience=2");
    assert!(table.contains(": after round 2 it is ") && measured == 3, "{table}");
    let unmeasured = ["adversarial.patience=3", "adversarial.measure_every_rounds=0"];
    scratch.refuses(2, &and_set(&tiny_oracle(), &unmeasured), &["`adversarial.patience` is 3"]);
}

/// A second base adds what is like it to each fold, and nothing else; neither base needs a row.
#[test]
fn two_bases_share_the_members_of_their_folds() {
    let scratch = Scratch::new();
    let methods = r#"methods=["seqgan-crossfit", "distilled-seqgan-crossfit"]"#;
    let more = ["--set", methods, "--set", "adversarial.base=mle", "--set", "crossfit.num_candidates=3"];
    let told = scratch.run(and(&and(&tiny_oracle(), &more), &["--out", "run"])).expect_fine();
    let phases: Vec<&str> = told
        .stderr
        .lines()
        .filter(|line| line.starts_with("fold-1-") && line.ends_with(" steps"))
        .filter_map(|l| l.split(':').next())
        .collect();
    let mut different = phases.clone();
    different.sort_unstable();
    different.dedup();
    assert_eq!(
        different,
        ["fold-1-distilled", "fold-1-member-1", "fold-1-member-2", "fold-1-member-3", "fold-1-mle"]
    );
    assert_eq!(phases.len(), different.len(), "{phases:?}");

    let trained = scratch.records("run", "discriminator");
    let trained: Vec<&str> = trained.iter().map(|line| line["method"].as_str().unwrap()).collect();
    let each = ["seqgan-crossfit", "distilled-seqgan-crossfit"].map(|method| [method; 1 + 2]);
    assert_eq!(trained, each.concat());
    // The discriminators of single sequences keep candidates of their own bases.
    for (method, base) in [("seqgan-crossfit", "mle"), ("distilled-seqgan-crossfit", "distilled")] {
        let kept = scratch.output(&["sample", "run", "-n", "20", "--method", method, "--resample", "5"]);
        let candidates = scratch.output(&["sample", "run", "-n", "100", "--method", base]);
        let candidates: Vec<&str> = candidates.lines().collect();
        for (group, line) in kept.lines().enumerate() {
            assert!(candidates[5 * group..5 * group + 5].contains(&line), "{method}, group {group}: {line}");
        }
    }
}
