//! Constraints and rewards of the user's own: what they bring about, and what happens when a program fails.

use std::fs;

use serde_json::Value;

use crate::resume::kill_everywhere;
use crate::support::{Results, Scratch, and, tiny_train};

/// Letters, 200 lines of 3 to 8, some of them equal.
fn letters() -> Scratch {
    let scratch = Scratch::new();
    let letter = |i: usize, k: usize| ["a", "b", "c", "d"][(i * (k + 3) + k * k + i / 5) % 4];
    let line = |i: usize| (0..3 + i % 6).map(|k| letter(i, k)).collect::<String>() + "\n";
    scratch.write("letters.txt", (0..200).map(line).collect::<String>());
    scratch
}

/// A program that counts the letter a; `extra` comes before each answer.
fn counts_a(extra: &str) -> String {
    let count = "n=$(printf %s \"${line##*:}\" | tr -cd a | wc -c); echo $((n))";
    format!("while read -r line; do {extra}\n  {count}; done\n")
}

fn train(more: &[&str]) -> Vec<String> {
    and(&tiny_train("letters.txt"), more)
}

fn mixed(reward: &str) -> Vec<String> {
    let setting = format!("reward={reward}");
    train(&["--set", &setting, "--set", "methods=[\"mle-tuned\", \"mixed\"]"])
}

fn method<'a>(summary: &'a Value, name: &str) -> &'a Value {
    summary["methods"].as_array().unwrap().iter().find(|row| row["name"] == name).expect("a row of that name")
}

#[test]
fn every_sample_of_a_constrained_run_satisfies_its_constraint() {
    let scratch = letters();
    let constraint =
        ["--set", "constraint.regex=[ab]*c?[abd]*", "--set", "constraint.forbidden=[\"aa\", \"dbd\"]"];
    let constraint = [&constraint[..], &["--set", "constraint.min_length=2", "--out", "run"]].concat();
    let ended = scratch.run(train(&constraint)).expect_fine();
    assert!(ended.stderr.contains(" against the constraint"), "{}", ended.stderr);
    let satisfies = |line: &str| {
        let c = line.matches('c').count();
        let d_before_c = line.split_once('c').is_some_and(|(before, _)| before.contains('d'));
        c <= 1 && !d_before_c && !line.contains("aa") && !line.contains("dbd") && line.len() >= 2
    };
    let samples = scratch.output(&["sample", "run", "-n", "2000"]);
    assert!(samples.lines().count() == 2000 && samples.lines().all(satisfies), "{samples}");
    for method in ["mle-tuned", "seqgan"] {
        let samples =
            scratch.output(&["sample", "run", "-n", "500", "--method", method, "--temperature", "2"]);
        assert!(samples.lines().all(satisfies), "{samples}");
    }
    // The validation likelihood is one of the constrained model: finite, and of allowed sequences.
    let summary: Value = serde_json::from_str(&scratch.read("run/summary.json")).unwrap();
    assert!(method(&summary, "seqgan")["nll_validation"]["mean"].as_f64().unwrap() < 2.0, "{summary}");
    let none = ["`constraint.regex` is \"(abcd){3}\"", "sequence of up to 8 tokens"];
    scratch.refuses(2, &train(&["--set", "constraint.regex=(abcd){3}"]), &none);
    let unknown = ["`constraint.prefix` is \"x\", expected a token"];
    scratch.refuses(2, &train(&["--set", "constraint.prefix=xy"]), &unknown);
    let synthetic = ["`constraint` is set, expected nothing for the synthetic task"];
    scratch.refuses(2, &["oracle", "--preset", "smoke", "--set", "constraint.min_length=3"], &synthetic);
}

#[test]
fn a_reward_of_parts_steers_and_is_logged_part_by_part() {
    let scratch = letters();
    scratch.write("count.sh", counts_a(""));
    let reward = "[{kind=\"program\", command=[\"sh\", \"count.sh\"], search=false, batch_size=64}, \
                  {kind=\"regex\", regex=\"a.*\", weight=2}, {kind=\"novel\", weight=0.5, weight_end=0}]";
    let more = [
        "--out",
        "run",
        "-q",
        "--set",
        "adversarial.num_rounds=30",
        "--set",
        "adversarial.learning_rate=0.02",
    ];
    scratch.run(and(&mixed(reward), &more)).expect_fine();
    let rounds = scratch.records("run", "adversarial");
    let of = |name: &str| -> Vec<f64> {
        let mixed = rounds.iter().filter(|record| record["method"] == "mixed");
        mixed.filter_map(|record| record[name].as_f64()).collect()
    };
    let (program, regex, novel) = (of("reward_program"), of("reward_regex"), of("reward_novel"));
    assert!(program.len() > 10 && regex.len() == program.len() && novel.len() == program.len(), "{rounds:?}");
    assert!(of("reward").last() > of("reward").first());
    // Letters a at the start and anywhere are what is paid for.
    let starts = |method: &str| {
        let samples = scratch.output(&["sample", "run", "-n", "1000", "--method", method]);
        let count = |line: &str| line.matches('a').count() as f64;
        let first = samples.lines().filter(|line| line.starts_with('a')).count();
        (first, samples.lines().map(count).sum::<f64>() / 1000.0)
    };
    let (before, after) = (starts("mle-tuned"), starts("mixed"));
    assert!(after.0 > before.0 + 100 && after.1 > before.1 + 0.3, "{before:?} {after:?}");
    // The same in the summary, for every method and for real sequences: the first 1,000 samples are those just seen.
    let summary: Value = serde_json::from_str(&scratch.read("run/summary.json")).unwrap();
    let mean = |name: &str, part: &str| method(&summary, name)["rewards"][part]["mean"].as_f64().unwrap();
    for (name, (first, letters)) in [("mle-tuned", before), ("mixed", after)] {
        assert!((mean(name, "regex") - first as f64 / 1000.0).abs() < 1e-9, "{summary}");
        assert!((mean(name, "program") - letters).abs() < 1e-6, "{summary}");
    }
    // Real sequences are those of the validation part, of which some occur in training.
    let run: Value = serde_json::from_str(&scratch.read("run/run.json")).unwrap();
    let number = |name: &str| run["reading"][name].as_f64().unwrap();
    let novel = 1.0 - number("validation_in_training") / number("validation");
    assert!((mean("real", "novel") - novel).abs() < 1e-9, "{summary}");
}

#[test]
fn a_mixed_run_killed_in_every_phase_ends_the_same() {
    let scratch = letters();
    scratch.write("count.sh", counts_a(""));
    let reward = "[{kind=\"discriminator\"}, {kind=\"program\", command=[\"sh\", \"count.sh\"], search=false}, \
                  {kind=\"unique\"}, {kind=\"repetition\", order=1, weight_end=0}, {kind=\"bleu\", order=2}, \
                  {kind=\"length\", min_length=4, max_length=6}]";
    kill_everywhere(&scratch, &mixed(reward), 3);
}

/// A program that hangs, dies or answers rubbish in the middle: one message, and the run goes on when it is put right.
#[test]
fn a_program_that_fails_costs_no_progress() {
    let reward = "[{kind=\"program\", command=[\"sh\", \"count.sh\"], search=false, batch_size=16, timeout_secs=0.7, max_restarts=1}]";
    let scratch = letters();
    scratch.write("count.sh", counts_a(""));
    let arguments = and(&mixed(reward), &["-q", "--set", "checkpoint.every_secs=3600"]);
    scratch.run(and(&arguments, &["--out", "whole"])).expect_fine();
    for (name, fault, part, hint) in [
        ("hangs", "sleep 60", "", "flush"),
        ("dies", "echo went wrong >&2; exit 3", "went wrong", ""),
        ("rubbish", "echo maybe; continue", "maybe", ""),
    ] {
        // Good for the question before the run and the first batches of 16 sequences.
        let marked =
            format!("echo >> asked; if [ -e fail ] && [ $(wc -l < asked) -gt 40 ]; then {fault}; fi");
        scratch.write("count.sh", counts_a(&marked));
        scratch.write("fail", "");
        scratch.write("asked", "");
        let ended = scratch.run(and(&arguments, &["--out", name]));
        assert_eq!(ended.status, Some(1), "{name}: {}", ended.stderr);
        let errors = ended.stderr.lines().filter(|line| line.starts_with("error: ")).count();
        assert_eq!(errors, 1, "{}", ended.stderr);
        for part in ["error: reward program `sh count.sh`", part, hint] {
            assert!(ended.stderr.contains(part), "{name}: {part}: {}", ended.stderr);
        }
        // Though checkpoints are an hour apart, what was learnt until then is there.
        assert!(scratch.path(name).join("checkpoints").read_dir().unwrap().next().is_some());
        fs::remove_file(scratch.path("fail")).unwrap();
        scratch.run(and(&arguments, &["--out", name, "--resume"])).expect_fine();
        Results::of(&scratch.path(name)).assert_same(&Results::of(&scratch.path("whole")), name);
    }
    scratch.write("count.sh", "echo no; cat > /dev/null\n");
    let wrong = ["error: reward program `sh count.sh`", "no"];
    scratch.refuses(1, &and(&arguments, &["--out", "never"]), &wrong);
    assert!(!scratch.path("never").exists(), "a wrong program is found before anything is made");
}

/// The cause is said, and before anything is made.
#[test]
fn a_program_that_answers_at_the_end_is_found_before_the_run() {
    let scratch = letters();
    scratch.write("count.sh", "n=0; while read -r line; do n=$((n + 1)); done; echo $n\n");
    let reward = "[{kind=\"program\", command=[\"sh\", \"count.sh\"], timeout_secs=4, max_restarts=3}]";
    let note = "reward program `sh count.sh`: no answer yet; it may still be loading";
    let error = "error: reward program `sh count.sh`: answers only when its input ends";
    scratch.refuses(1, &and(&mixed(reward), &["--out", "never"]), &[note, error, "hint: ", "flush=True"]);
    for (answer, why, hint) in [
        ("nan", "NaN and infinities are no scores", "finite number, such as 0"),
        ("null", "null is no score", "finite number"),
        ("0,19", "there is a comma in the number", "decimal point"),
        ("007", "begins with a needless 0", "7 instead of 007"),
        ("Loading ...", "that is no number", "messages belong on standard error"),
    ] {
        scratch.write("count.sh", format!("read -r line; echo '{answer}'; cat > /dev/null\n"));
        let error = format!("error: reward program `sh count.sh`: answered \"{answer}\" to the sequence");
        scratch.refuses(1, &and(&mixed(reward), &["--out", "never", "-q"]), &[&error, why, "hint: ", hint]);
    }
    let good = "while read -r line; do echo .5; read -r line && echo '\"+5.\"'; done\n";
    scratch.write("count.sh", good);
    scratch.run(and(&mixed(reward), &["--out", "run", "-q"])).expect_fine();
}

#[test]
fn parts_that_lack_something_are_refused() {
    let scratch = letters();
    for (reward, parts) in [
        ("[{kind=\"program\"}]", &["`reward[1].command` is empty, expected a program"][..]),
        ("[{kind=\"novel\"}, {kind=\"novel\"}]", &["`reward[2].name` is \"novel\""]),
        (
            "[{kind=\"nonsense\"}]",
            &["`reward[1].kind` is \"nonsense\", expected one of `discriminator`", "--set reward"],
        ),
        ("[{kind=\"novel\", wieght=2}]", &["unknown key `reward[1].wieght`", "hint: did you mean `weight`?"]),
        ("[{kind=\"regex\", regex=\"(\"}]", &["`reward[1].regex` is \"(\"", "unclosed"]),
        ("[{kind=\"program\", command=[\"./not-there\"]}]", &["reward program `./not-there`", "hint: "]),
    ] {
        let status = if reward.contains("not-there") { 1 } else { 2 };
        scratch.refuses(status, &mixed(reward), parts);
    }
    let empty = train(&["--set", "methods=[\"mixed\"]"]);
    scratch.refuses(
        2,
        &empty,
        &["`reward` is empty, expected a table [[reward]] or more for the method `mixed`"],
    );
}

/// In a file each part has lines of its own.
#[test]
fn a_part_in_a_file_is_named_with_its_line() {
    let scratch = letters();
    let file = "[data]\npath = \"letters.txt\"\n\n[[reward]]\nkind = \"novel\"\n\n[[reward]]\nkind = \"unique\"\nweight = \"x\"\n";
    scratch.write("a.toml", file);
    scratch.refuses(2, &["train", "a.toml"], &["reward[2].weight", "(a.toml, line 9)"]);
    scratch.write("a.toml", file.replace("weight = \"x\"", "search = true\norder = 12"));
    scratch.refuses(2, &["train", "a.toml"], &["`reward[2].order` is 12, expected 0 to 9 (a.toml, line 10)"]);
}
