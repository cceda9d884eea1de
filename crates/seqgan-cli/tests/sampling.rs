//! The ways to sample: filters, beams, beginnings, what is different and new, and scores beside each sequence.

use std::collections::HashSet;

use serde_json::Value;

use crate::support::{Scratch, and, tiny_oracle};

fn lines(text: &str) -> Vec<&str> {
    text.lines().collect()
}

#[test]
fn greedy_beam_and_filters() {
    let scratch = Scratch::with_run();
    let sample = |more: &[&str]| scratch.output(&[&["sample", "run"], more].concat());
    let greedy = sample(&["-n", "3", "--greedy"]);
    assert!(lines(&greedy).windows(2).all(|pair| pair[0] == pair[1]), "{greedy}");
    assert_eq!(greedy, sample(&["-n", "3", "--top-k", "1", "--seed", "9"]));
    // The best of a beam is at least as likely as the greedy choice, and a beam is sorted.
    let scored = sample(&["-n", "8", "--beam", "8", "--score"]);
    let log_probs: Vec<f64> =
        lines(&scored).iter().map(|line| line.split('\t').nth(1).unwrap().parse().unwrap()).collect();
    assert!(log_probs.is_sorted_by(|a, b| *a >= *b - 1e-4), "{log_probs:?}");
    let of_greedy = sample(&["-n", "1", "--greedy", "--score"]);
    let of_greedy: f64 = of_greedy.trim().split('\t').nth(1).unwrap().parse().unwrap();
    assert!(log_probs[0] >= of_greedy - 1e-4);
    let few = sample(&["-n", "300", "--top-k", "2"]);
    let many = sample(&["-n", "300"]);
    let different = |text: &str| lines(text).into_iter().collect::<HashSet<_>>().len();
    assert!(different(&few) < different(&many));
    assert_eq!(sample(&["-n", "50", "--top-p", "1"]), sample(&["-n", "50"]));
    assert_eq!(sample(&["--beam", "4"]).lines().count(), 4);
    let parts = ["a beam of 4 finds at most 4 sequences, and -n asks for 5", "hint: give a wider"];
    scratch.refuses(2, &["sample", "run", "-n", "5", "--beam", "4"], &parts);
}

#[test]
fn beginnings_lengths_and_expressions_hold_for_every_sample() {
    let scratch = Scratch::with_run();
    let sample = |more: &[&str]| scratch.output(&[&["sample", "run", "-n", "400"], more].concat());
    let text = sample(&["--prefix", "dog likes"]);
    assert!(lines(&text).iter().all(|line| *line == "dog likes" || line.starts_with("dog likes ")), "{text}");
    let text = sample(&["--regex", "(cat|bird) .* milk( today)?"]);
    assert!(
        lines(&text)
            .iter()
            .all(|line| !line.starts_with("dog") && (line.ends_with("milk") || line.ends_with("milk today")))
    );
    let text = sample(&["--min-length", "4", "--max-length", "5", "--temperature", "3"]);
    assert!(lines(&text).iter().all(|line| (4..=5).contains(&line.split(' ').count())), "{text}");
    let unknown = ["`constraint.prefix` is \"horse\", expected a token of the training data's vocabulary"];
    scratch.refuses(2, &["sample", "run", "--prefix", "horse"], &unknown);
    scratch.refuses(2, &["sample", "run", "--regex", "x+"], &["`constraint.regex` is \"x+\""]);
}

#[test]
fn different_and_new_sequences_up_to_a_limit_of_tries() {
    let scratch = Scratch::with_run();
    let known: HashSet<String> = scratch.read("sentences.txt").lines().map(String::from).collect();
    let text = scratch.output(&["sample", "run", "-n", "200", "--unique", "--novel"]);
    let different: HashSet<&str> = text.lines().collect();
    assert!(different.len() == 200 && different.iter().all(|line| !known.contains(*line)), "{text}");
    // They are those of the plain sample, in its order.
    let plain = scratch.output(&["sample", "run", "-n", "3000"]);
    let mut seen = HashSet::new();
    let expected: Vec<&str> =
        plain.lines().filter(|line| !known.contains(*line) && seen.insert(*line)).take(200).collect();
    assert_eq!(lines(&text), expected);
    let arguments =
        ["sample", "run", "-n", "100", "--unique", "--greedy", "--max-tries", "2", "--out", "new.txt"];
    scratch.refuses(1, &arguments, &["run: only 1 of 100 different sequences in 2", "hint: ask for fewer"]);
    assert!(!scratch.path("new.txt").exists() && !scratch.path("new.txt.tmp").exists());
}

#[test]
fn scores_stand_beside_each_sequence() {
    let scratch = Scratch::with_run();
    let text =
        scratch.output(&["sample", "run", "-n", "50", "--method", "seqgan", "--score", "--format", "jsonl"]);
    for line in text.lines() {
        let object: Value = serde_json::from_str(line).unwrap();
        assert!(object["log_prob"].as_f64().unwrap() < 0.0, "{object}");
        assert!((0.0..=1.0).contains(&object["discriminator"].as_f64().unwrap()), "{object}");
    }
    // A likelihood model has no discriminator; its probabilities of all sequences it makes are at most 1 together.
    let text = scratch.output(&[
        "sample",
        "run",
        "-n",
        "2000",
        "--method",
        "mle-tuned",
        "--score",
        "--unique",
        "--max-tries",
        "1000",
        "--format",
        "tsv",
    ]);
    assert!(text.starts_with("sequence\tlog_prob\n"), "{text}");
    let total: f64 =
        text.lines().skip(1).map(|line| line.split('\t').nth(1).unwrap().parse::<f64>().unwrap().exp()).sum();
    assert!(total > 0.05 && total <= 1.0, "{total}");
    // What is constrained in sampling alone is scored by the run's own model.
    let scored = scratch.output(&["sample", "run", "-n", "1", "--greedy", "--score"]);
    let same = scored.trim().split('\t').next().unwrap();
    let again = scratch.output(&["sample", "run", "-n", "1", "--regex", same, "--score"]);
    assert_eq!(again, scored);
}

#[test]
fn a_run_of_the_synthetic_task_has_no_text() {
    let scratch = Scratch::new();
    scratch.run(and(&tiny_oracle(), &["--out", "run", "-q"])).expect_fine();
    scratch.refuses(2, &["sample", "run", "--prefix", "3"], &["has no text to constrain"]);
    scratch.refuses(2, &["sample", "run", "--novel"], &["has no training file"]);
    assert_eq!(scratch.output(&["sample", "run", "--unique", "-n", "20"]).lines().count(), 20);
}
