//! Rates, sizes and data at the ends of what is allowed, and numbers that are not finite.

use std::fs;

use serde_json::Value;

use crate::support::{Ended, Results, Scratch, and, and_set, tiny_oracle, tiny_train};

fn trained(scratch: &Scratch, data: &str, settings: &[&str]) -> Ended {
    scratch.run(and(&and_set(&tiny_train(data), settings), &["--out", "run", "-q"]))
}

/// A run that ends well, and whose every figure is a number or told to be none.
fn fine(data: &str, content: &str, settings: &[&str]) {
    let scratch = Scratch::new();
    scratch.write(data, content);
    trained(&scratch, data, settings).expect_fine();
    let summary: Value = serde_json::from_str(&scratch.read("run/summary.json")).unwrap();
    for row in summary["methods"].as_array().unwrap() {
        let mean = row["nll_train"]["mean"].as_f64();
        assert!(mean.is_some_and(|mean| mean.is_finite() && mean >= 0.0), "{row}");
    }
    scratch.run(["sample", "run", "-n", "5"]).expect_fine();
}

/// Letters by chance, the same each time.
fn lines(count: usize, length: impl Fn(usize) -> usize, letters: &[char]) -> String {
    let mut state = 1u32;
    let mut letter = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        letters[(state >> 16) as usize % letters.len()]
    };
    (0..count).map(|i| (0..length(i)).map(|_| letter()).chain(['\n']).collect::<String>()).collect()
}

#[test]
fn rates_at_both_ends_stay_finite() {
    let text = lines(120, |i| 1 + i % 7, &['a', 'b', 'c', 'd']);
    for rate in ["10.0", "0.0"] {
        let settings = ["mle_tuned", "adversarial"].map(|section| format!("{section}.learning_rate={rate}"));
        let unclipped = ["mle_tuned.clip_norm=0", "adversarial.clip_norm=0"];
        let settings: Vec<&str> = settings.iter().map(String::as_str).chain(unclipped).collect();
        fine("a.txt", &text, &settings);
    }
    fine("a.txt", &text, &["discriminator.learning_rate=10.0", "generator.init_std=10.0"]);
}

#[test]
fn sizes_at_both_ends_are_learnt() {
    fine("length-1.txt", &lines(64, |_| 1, &['a', 'b', 'c']), &[]);
    fine("two-tokens.txt", &lines(64, |i| 1 + i % 5, &['a', 'b']), &[]);
    let batches =
        ["mle_tuned.batch_size=60000", "discriminator.batch_size=60000", "adversarial.batch_size=1"];
    fine("batch.txt", &lines(64, |i| 1 + i % 5, &['a', 'b']), &batches);
    let long = ["data.max_length=2048", "adversarial.num_rounds=1", "evaluate.num_samples=4"];
    fine("length-2048.txt", &lines(12, |_| 2048, &['a', 'b']), &long);
    fine("two-lines.txt", "abc\nabd\n", &[]);
}

#[test]
fn a_vocabulary_of_a_million_is_learnt() {
    let ids: String = (0..40).map(|i| format!("{} {} {}\n", i * 24_001, 999_999 - i, i % 3)).collect();
    let settings =
        ["data.tokens=ids", "data.vocab_size=1000000", "evaluate.num_samples=2", "checkpoint.keep_best=0"];
    let small = ["generator.embedding_dim=2", "generator.hidden_dim=2", "discriminator.embedding_dim=2"];
    let one = [
        "methods=[\"mle-tuned\", \"seqgan\"]",
        "adversarial.num_rounds=1",
        "evaluate.num_samples_training=2",
    ];
    let few = ["adversarial.num_negatives=8", "adversarial.batch_size=2", "monitor.num_samples=4"];
    fine("ids.txt", &ids, &[&settings[..], &small, &one, &few].concat());
}

#[test]
fn data_that_teach_nothing_are_refused() {
    let scratch = Scratch::new();
    for (name, content, message) in [
        ("one.txt", "abc\n", "all lines are equal"),
        ("equal.txt", &"abc\n".repeat(50), "all lines are equal"),
        ("blank.txt", &"\n".repeat(50), "blank lines alone"),
    ] {
        scratch.write(name, content);
        scratch.refuses(1, &and(&tiny_train(name), &["--out", "run", "-q"]), &[name, message, "hint: "]);
    }
    // Every word but one is rare, so there is no sequence with a likelihood.
    let rare: String = (0..60).map(|i| format!("{}word{i}\n", "the ".repeat(1 + i % 7))).collect();
    scratch.write("rare.txt", rare);
    let arguments = and(&tiny_train("rare.txt"), &["--set", "data.min_count=2", "--out", "run", "-q"]);
    let message = "every sequence to train on has a token that is too rare to be known";
    scratch.refuses(1, &arguments, &["rare.txt", message, "hint: lower `data.min_count`"]);
}

/// Wherever a loss or a reward becomes NaN, no weight changes, the place is named, and the run goes on as if nothing had been.
#[test]
fn a_number_that_is_not_finite_stops_before_it_does_harm() {
    let scratch = Scratch::new();
    // Saved at the end of stages alone, so that what is found was saved because of the fault.
    let arguments = and(&tiny_oracle(), &["--set", "checkpoint.every_secs=3600", "-q"]);
    scratch.run(and(&arguments, &["--out", "whole"])).expect_fine();
    let whole = Results::of(&scratch.path("whole"));
    let mut places = Vec::new();
    for number in [1, 8, 20, 45, 61, 64, 65, 66, 67, 68, 69, 70, 72, 75] {
        let fault = format!("nan:{number}");
        let child = scratch.start_with(and(&arguments, &["--out", "run"]), &[("SEQGAN_FAULT", &fault)]);
        let ended = Ended::of(child);
        if ended.status == Some(0) {
            break;
        }
        assert_eq!(ended.status, Some(1), "{}", ended.stderr);
        let (_, place) = ended.stderr.split_once("error: ").unwrap();
        let (place, _) = place.split_once(" became NaN at step ").unwrap_or_else(|| panic!("{place}"));
        places.push(place.to_string());
        assert!(ended.stderr.contains("hint: lower the learning rate of this phase"), "{}", ended.stderr);
        scratch.run(and(&arguments, &["--out", "run", "--resume"])).expect_fine();
        Results::of(&scratch.path("run")).assert_same(&whole, &fault);
        fs::remove_dir_all(scratch.path("run")).unwrap();
    }
    places.sort();
    places.dedup();
    assert_eq!(places, ["a reward", "the discriminator's loss", "the likelihood's loss"]);
}

/// The same where a discriminator begins with a fit that is recorded: that is not made again.
#[test]
fn a_cross_fitted_discriminator_begins_once() {
    let scratch = Scratch::new();
    let settings =
        ["--set", r#"methods=["mle-tuned", "seqgan-crossfit"]"#, "--set", "checkpoint.every_secs=3600", "-q"];
    let arguments = and(&tiny_oracle(), &settings);
    scratch.run(and(&arguments, &["--out", "whole"])).expect_fine();
    let whole = Results::of(&scratch.path("whole"));
    let mut trained = 0;
    for number in 30..120 {
        let fault = format!("nan:{number}");
        let child = scratch.start_with(and(&arguments, &["--out", "run"]), &[("SEQGAN_FAULT", &fault)]);
        let ended = Ended::of(child);
        if ended.status == Some(0) {
            break;
        }
        if ended.stderr.contains("the discriminator's loss") || ended.stderr.contains("discriminator's loss")
        {
            trained += 1;
            scratch.run(and(&arguments, &["--out", "run", "--resume"])).expect_fine();
            Results::of(&scratch.path("run")).assert_same(&whole, &fault);
        }
        fs::remove_dir_all(scratch.path("run")).unwrap();
        if trained == 2 {
            break;
        }
    }
    assert_eq!(trained, 2, "the discriminator's first update and its second");
}

/// A panic is a bug, and says so; here one is provoked by a fault that cannot be read.
#[test]
fn a_bug_says_that_it_is_one() {
    let scratch = Scratch::new();
    let child =
        scratch.start_with(and(&tiny_oracle(), &["--out", "run", "-q"]), &[("SEQGAN_FAULT", "rubbish")]);
    let ended = Ended::of(child);
    assert_eq!(ended.status, Some(101));
    for part in ["error: a bug in seqgan 0.", "SEQGAN_FAULT is KIND:N (", "fault.rs:", "hint: report it"] {
        assert!(ended.stderr.contains(part), "`{part}` is missing in\n{}", ended.stderr);
    }
}
