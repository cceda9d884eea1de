//! Samples kept by a discriminator's odds.

use std::fs;

use serde_json::Value;

use crate::support::{Scratch, and, and_set, tiny_oracle, tiny_train};

/// Sequences, and what the discriminator says of each.
fn resampled(scratch: &Scratch, more: &[&str]) -> Vec<(String, f64)> {
    let arguments = [&["sample", "run", "-n", "200", "--score", "--format", "jsonl"], more].concat();
    let read = |line: &str| {
        let object: Value = serde_json::from_str(line).unwrap();
        (object["sequence"].as_str().unwrap().to_string(), object["discriminator"].as_f64().unwrap())
    };
    scratch.output(&arguments).lines().map(read).collect()
}

#[test]
fn the_discriminator_prefers_what_is_kept() {
    let scratch = Scratch::with_sentences();
    // A poor generator, and a discriminator that knows.
    let more = [
        "adversarial.d_pretrain_steps=30",
        "discriminator.learning_rate=0.01",
        "adversarial.num_rounds=1",
        "mle.num_epochs=1",
    ];
    scratch.run(and(&and_set(&tiny_train("sentences.txt"), &more), &["--out", "run"])).expect_fine();
    let mean = |samples: &[(String, f64)]| samples.iter().map(|s| s.1).sum::<f64>() / samples.len() as f64;
    let plain = resampled(&scratch, &["--method", "seqgan"]);
    let kept = resampled(&scratch, &["--resample", "20"]);
    assert!(mean(&kept) > mean(&plain) + 0.05, "{} {}", mean(&kept), mean(&plain));
    assert_eq!(kept.len(), 200);

    // Whatever else is asked for holds, too; and how many are drawn at a time changes nothing.
    let begun = resampled(&scratch, &["--resample", "20", "--prefix", "cat", "--top-k", "9", "--unique"]);
    assert!(begun.iter().all(|(text, _)| text.starts_with("cat")), "{begun:?}");
    let few = scratch.output(&["sample", "run", "-n", "3", "--resample", "20"]);
    let texts: Vec<&str> = kept.iter().take(3).map(|(text, _)| text.as_str()).collect();
    assert_eq!(few.lines().collect::<Vec<_>>(), texts);

    let said =
        scratch.run(["sample", "run", "-n", "2000", "--resample", "3", "--out", "new.txt"]).expect_fine();
    assert!(
        said.stderr.contains("resampled: one of 3; by the discriminator's odds 3 draws count as "),
        "{}",
        said.stderr
    );
    assert!(said.stderr.contains("more candidates would come nearer"), "{}", said.stderr);

    let none = ["sample", "run", "--method", "mle-tuned", "--resample", "4"];
    scratch.refuses(
        2,
        &none,
        &["the method mle-tuned has no discriminator of single sequences", "hint: choose another"],
    );
    scratch.refuses(2, &["sample", "run", "--resample", "1"], &["1 is not in 2..=10000"]);
    scratch.refuses(2, &["sample", "run", "--resample", "4", "--beam", "10"], &["cannot be used with"]);
}

/// The discriminator of folds knows the base, so candidates come from the base; it asks the ensemble, which has no row. Each method with
/// such a discriminator has a row of its own, against its own base.
#[test]
fn a_cross_fitted_discriminator_keeps_candidates_of_the_base() {
    let scratch = Scratch::new();
    let settings = [
        r#"methods=["mle-tuned", "distilled", "distilled-seqgan-crossfit", "seqgan-crossfit"]"#,
        "adversarial.base=mle-tuned",
        "crossfit.num_candidates=5",
        "crossfit.ensemble_features=true",
    ];
    let run = and(&and_set(&tiny_oracle(), &settings), &["--out", "run"]);
    let table = scratch.run(&run).expect_fine().stdout;
    assert!(table.contains("\nresidual  ") && table.contains("verdict: residual "), "{table}");
    let summary: Value = serde_json::from_str(&scratch.read("run/summary.json")).unwrap();
    let rows = summary["methods"].as_array().unwrap();
    let row = rows.iter().find(|row| row["name"] == "residual").unwrap();
    let effective = row["effective_candidates"].as_f64().unwrap();
    assert!(effective > 0.0 && effective <= 1.0, "{row}");
    for (name, base) in [
        ("residual", "mle-tuned"),
        ("seqgan-crossfit", "mle-tuned"),
        ("distilled-residual", "distilled"),
        ("distilled-seqgan-crossfit", "distilled"),
    ] {
        let row = rows.iter().find(|row| row["name"] == name).unwrap();
        assert_eq!(
            (row["base"].as_str(), row["comparisons"].as_array().unwrap().len()),
            (Some(base), 3),
            "{name}"
        );
    }
    // The normalising constant is estimated, which no likelihood hides.
    let stderr = |name: &str, of: &str| {
        let row = rows.iter().find(|row| row["name"] == name).unwrap();
        row[of]["stderr"].as_f64().unwrap()
    };
    assert!(stderr("residual", "nll_test") > 0.0 && stderr("residual", "forward_kl") > 0.0);
    for row in ["residual", "distilled-residual"] {
        assert_eq!(scratch.read(&format!("run/samples/{row}.txt")).lines().count(), 1000);
    }
    assert_ne!(scratch.read("run/samples/residual.txt"), scratch.read("run/samples/distilled-residual.txt"));

    let crossfit = ["sample", "run", "--method", "seqgan-crossfit", "--resample", "5"];
    let kept = scratch.output(&[&crossfit[..], &["-n", "50"]].concat());
    let base = scratch.output(&["sample", "run", "-n", "250", "--method", "mle-tuned"]);
    let candidates: Vec<&str> = base.lines().collect();
    for (group, line) in kept.lines().enumerate() {
        assert!(candidates[5 * group..5 * group + 5].contains(&line), "group {group}: {line}");
    }
    assert_ne!(kept, scratch.output(&["sample", "run", "-n", "50", "--method", "mle-tuned"]));

    let discriminator = "run/models/seqgan-crossfit.discriminator.safetensors";
    let good = fs::read(scratch.path(discriminator)).unwrap();
    scratch.write(discriminator, &good[..good.len() / 2]);
    let place = format!("error: {discriminator}: ");
    scratch.refuses(1, &crossfit, &[place.as_str(), "not a complete safetensors file"]);
    scratch.output(&["sample", "run"]);
}

/// On a file there is no oracle to compare with, and the samples are compared with the test file.
#[test]
fn the_row_of_a_file_has_a_scorecard() {
    let scratch = Scratch::with_sentences();
    let settings = [
        r#"methods=["mle-tuned", "seqgan-crossfit"]"#,
        "adversarial.base=mle-tuned",
        "crossfit.num_candidates=2",
        r#"constraint.regex=".*(fish|milk).*""#,
    ];
    let more = ["--test", "sentences.txt", "--out", "run"];
    scratch.run(and(&and_set(&tiny_train("sentences.txt"), &settings), &more)).expect_fine();
    let summary: Value = serde_json::from_str(&scratch.read("run/summary.json")).unwrap();
    let row = summary["methods"].as_array().unwrap().iter().find(|row| row["name"] == "residual").unwrap();
    assert!(row["scorecard"]["bleu_2"]["mean"].is_f64(), "{row}");
    assert!(row["nll_test"].is_null() == row["nll_validation"].is_f64(), "{row}");
    let constrained = |line: &str| line.contains("fish") || line.contains("milk");
    assert!(scratch.read("run/samples/residual.txt").lines().all(constrained));
    // Without the run's constraint, candidates that the discriminator's generators cannot make are kept last.
    let free = scratch.output(&["sample", "run", "-n", "100", "--resample", "30", "--regex", ".*"]);
    assert!(free.lines().filter(|line| constrained(line)).count() > 95, "{free}");
}
