//! Training that goes on from the model of another run.

use std::fs;

use serde_json::Value;

use crate::resume::kill_everywhere;
use crate::support::{Scratch, TINY, and, and_set, sentences, tiny_oracle, tiny_train, with_settings};

/// Enough training for a model that is clearly better than chance.
const ENOUGH: [&str; 5] = [
    "mle_tuned.num_epochs=20",
    "mle_tuned.patience=20",
    "mle_tuned.batch_size=8",
    "mle_tuned.learning_rate=0.02",
    "data.validation_share=0.2",
];

/// Sentences with the words `horse`, `tonight` and `sings`, which `sentences` has not.
fn others() -> String {
    let line = |line: &str| {
        line.replace("cat", "horse").replace("today", "tonight").replace("and sleeps", "and sings") + "\n"
    };
    sentences().lines().take(60).map(line).collect()
}

/// A folder with the finished run `old`, trained on `sentences.txt` by more settings, and the file `mine.txt`.
fn with_old(methods: &str, more: &[&str]) -> Scratch {
    let scratch = Scratch::with_sentences();
    scratch.write("mine.txt", others());
    let arguments = and_set(&and_set(&tiny_train("sentences.txt"), &ENOUGH), &[methods]);
    scratch.run(and(&and(&arguments, more), &["--out", "old", "-q"])).expect_fine();
    scratch
}

/// `train --data data --init-from old`. Sizes of networks are those of `old`.
fn fine_tune(data: &str) -> Vec<String> {
    and(&and_set(&tiny_train(data), &ENOUGH), &["--init-from", "old"])
}

fn json(scratch: &Scratch, file: &str) -> Value {
    serde_json::from_str(&scratch.read(file)).unwrap()
}

/// `nll_validation` of each row of a run's table, in its order.
fn nll(scratch: &Scratch, run: &str) -> Vec<(String, f64)> {
    let summary = json(scratch, &format!("{run}/summary.json"));
    let of = |row: &Value| {
        (row["name"].as_str().unwrap().to_owned(), row["nll_validation"]["mean"].as_f64().unwrap())
    };
    summary["methods"].as_array().unwrap().iter().map(of).collect()
}

#[test]
fn a_run_goes_on_from_the_model_of_another_file() {
    let scratch = with_old(r#"methods=["mle-tuned"]"#, &[]);
    let ended = scratch.run(and(&fine_tune("mine.txt"), &["--out", "new"])).expect_fine();
    let line = "model: mle-tuned of old (lstm, 1 x 8), 14 of 17 tokens of the data known, 3 new: ";
    assert!(ended.stderr.contains(line), "{}", ended.stderr);
    assert!(ended.stderr.contains("3 of its tokens not in the data\n"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("fewer than half"), "{}", ended.stderr);
    let rows = nll(&scratch, "new");
    let names: Vec<&str> = rows.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["unigram", "pretrained", "mle-tuned", "seqgan"]);
    let (unigram, pretrained, tuned) = (rows[0].1, rows[1].1, rows[2].1);
    assert!(tuned < pretrained - 0.3 && tuned < unigram, "{rows:?}");
    let initial = &json(&scratch, "new/run.json")["data"]["initial"];
    assert_eq!((&initial["name"], &initial["known_tokens"]), (&"mle-tuned of old".into(), &14.into()));
    assert_eq!(initial["new_tokens"].as_array().unwrap().len(), 3);

    // A file of the run, and a method by its name, are the same model.
    let by_file = and_set(&tiny_train("mine.txt"), &ENOUGH);
    let by_file = and(&by_file, &["--init-from", "old/models/mle-tuned.safetensors", "--out", "file", "-q"]);
    scratch.run(by_file).expect_fine();
    let by_name = and(&fine_tune("mine.txt"), &["--init-method", "mle-tuned", "--out", "name", "-q"]);
    scratch.run(by_name).expect_fine();
    assert!(nll(&scratch, "file") == rows && nll(&scratch, "name") == rows);

    // What is made needs the first run no more, and can be gone on from itself.
    fs::rename(scratch.path("old"), scratch.path("away")).unwrap();
    scratch.write("test.txt", others());
    scratch.output(&["sample", "new", "-n", "5"]);
    scratch.output(&["evaluate", "new", "--test", "test.txt"]);
    let again = and_set(&and_set(&tiny_train("mine.txt"), &ENOUGH), &["methods=[\"pretrained\"]"]);
    scratch.run(and(&again, &["--init-from", "new", "--out", "again", "-q"])).expect_fine();
    let best = rows.iter().map(|row| row.1).fold(f64::INFINITY, f64::min);
    assert_eq!(
        nll(&scratch, "again")[0].1,
        best,
        "the best model of the run, and the same sequences set aside"
    );
}

#[test]
fn the_model_stays_as_it_is_where_no_pass_improves_on_it() {
    let scratch = with_old(r#"methods=["mle-tuned"]"#, &[]);
    let settings =
        [r#"methods=["pretrained", "mle-tuned"]"#, "mle_tuned.learning_rate=9", "mle_tuned.num_epochs=2"];
    let same_words = and_set(&fine_tune("sentences.txt"), &settings);
    scratch.run(and(&same_words, &["--out", "new", "-q"])).expect_fine();
    let rows = nll(&scratch, "new");
    assert_eq!(rows[0].1, rows[1].1);
    assert!(rows[0].1 == nll(&scratch, "old")[0].1, "a file of known words alone changes nothing: {rows:?}");
}

#[test]
fn rounds_begin_with_the_model_without_likelihood_training() {
    let scratch = with_old(r#"methods=["mle-tuned"]"#, &[]);
    let settings =
        [r#"methods=["pretrained", "seqgan"]"#, "adversarial.base=pretrained", "checkpoint.keep_best=9"];
    scratch.run(and(&and_set(&fine_tune("mine.txt"), &settings), &["--out", "new", "-q"])).expect_fine();
    assert!(!scratch.path("new/models/mle-tuned.safetensors").exists());
    let models = scratch.output(&["inspect", "new"]);
    let pretrained = nll(&scratch, "new")[0].1;
    let nll_of_round = format!("seqgan      0      {pretrained:.4}");
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(plain(&models).contains(&plain(&nll_of_round)), "{nll_of_round} in\n{models}");
    // Cross-fitted generators of folds are the same model, too.
    let settings = [r#"methods=["seqgan-crossfit"]"#, "adversarial.base=pretrained"];
    scratch.run(and(&and_set(&fine_tune("mine.txt"), &settings), &["--out", "folds", "-q"])).expect_fine();
}

#[test]
fn a_fine_tuning_killed_in_every_phase_ends_the_same() {
    let scratch = with_old(r#"methods=["mle-tuned"]"#, &[]);
    let methods = r#"methods=["pretrained", "mle-tuned", "mle-ensemble", "seqgan"]"#;
    let arguments = and_set(&fine_tune("mine.txt"), &[methods]);
    kill_everywhere(&scratch, &arguments, 6);
    // The model may lie elsewhere by now, and must be the same.
    scratch.write("killed/copy.json", scratch.read("killed/summary.json"));
    fs::remove_file(scratch.path("killed/summary.json")).unwrap();
    fs::rename(scratch.path("old"), scratch.path("moved")).unwrap();
    let resumed = |from: &str| {
        let arguments = and_set(&and_set(&tiny_train("mine.txt"), &ENOUGH), &[methods, "mle.num_epochs=8"]);
        let slower = [
            "mle_tuned.num_epochs=8",
            "mle_tuned.patience=8",
            "adversarial.num_rounds=8",
            "checkpoint.every_secs=0",
        ];
        and(&and_set(&arguments, &slower), &["--init-from", from, "--out", "killed", "--resume", "-q"])
    };
    scratch.run(resumed("moved")).expect_fine();
    assert!(scratch.read("killed/config.toml").contains("init_from = \"moved\""));
    fs::remove_file(scratch.path("killed/summary.json")).unwrap();
    scratch
        .run(and(&and_set(&tiny_train("sentences.txt"), &ENOUGH), &["--seed", "9", "--out", "other", "-q"]))
        .expect_fine();
    let parts = ["error: killed: the initial model has changed since the run was started, or is another one"];
    scratch.refuses(1, &resumed("other"), &parts);
}

#[test]
fn what_does_not_fit_is_refused() {
    let scratch = with_old(r#"methods=["mle-tuned", "mle-ensemble"]"#, &[]);
    let train = and_set(&tiny_train("mine.txt"), &ENOUGH);
    let from = |run: &str| and(&train, &["--init-from", run]);
    let expected = "expected the folder of a trained run, or the file of a model in one (--init-from)";
    fs::create_dir(scratch.path("empty")).unwrap();
    for run in ["none", "empty", "mine.txt"] {
        scratch.refuses(
            2,
            &from(run),
            &[&format!("`generator.init_from` is \"{run}\", {expected}"), "hint: "],
        );
    }
    let mine = fine_tune("mine.txt");
    let ensemble = and(&mine, &["--init-method", "mle-ensemble"]);
    let parts = [
        "`generator.init_method` is \"mle-ensemble\", expected one of mle-tuned, the models of old that can be trained",
    ];
    scratch.refuses(2, &ensemble, &parts);
    scratch.refuses(2, &from("old/models/mle-ensemble.safetensors"), &parts);
    let parts = ["`generator.init_method` is \"seqgan\", expected one of mle-tuned"];
    scratch.refuses(2, &and(&mine, &["--init-method", "seqgan"]), &parts);
    let file = and(&from("old/models/mle-tuned.safetensors"), &["--init-method", "mle-tuned"]);
    scratch.refuses(2, &file, &["expected a run folder where `generator.init_method` is set"]);
    let parts =
        ["`generator.hidden_dim` is 9, expected 8, as the model of old has (--set generator.hidden_dim=9)"];
    scratch.refuses(2, &and_set(&mine, &["generator.hidden_dim=9"]), &parts);
    let parts = [
        "`data.tokens` is \"chars\", expected \"words\", the tokens of mle-tuned of old",
        "hint: leave --tokens out",
    ];
    scratch.refuses(2, &and(&mine, &["--tokens", "chars"]), &parts);
    let tokenizer = and_set(&train, &["generator.init_method=mle-tuned"]);
    scratch.refuses(
        2,
        &tokenizer,
        &["`generator.init_method`", "expected none where `generator.init_from` names no run"],
    );
    let parts = [
        "`methods` is \"pretrained\", expected another method where `generator.init_from` is empty (--methods)",
        "hint: name the run whose model it is with --init-from RUN",
    ];
    scratch.refuses(2, &and(&train, &["--methods", "pretrained"]), &parts);
    scratch.refuses(
        2,
        &and_set(&train, &["adversarial.base=pretrained"]),
        &["`adversarial.base` is \"pretrained\""],
    );
    let oracle = and_set(&tiny_oracle(), &["generator.init_from=old"]);
    scratch.refuses(2, &oracle, &["`generator.init_from` is \"old\", expected none for the synthetic task"]);
    scratch.write("odd.txt", "x y z\ny z z\nz x x\nx x\n");
    let parts = ["odd.txt: mle-tuned of old knows none of its 3 tokens, such as x z y", "hint: "];
    scratch.refuses(1, &fine_tune("odd.txt"), &parts);
    scratch.write("half.txt", "cat x y z\ncat y z z\ncat z x x\nx x\n");
    let half = and_set(&fine_tune("half.txt"), &["methods=[\"pretrained\"]"]);
    let said = scratch.run(and(&half, &["--out", "half"])).expect_fine().stderr;
    assert!(said.contains("warning: mle-tuned of old knows fewer than half of the file's tokens"), "{said}");

    // A run that has been stopped before its first model.
    fs::remove_dir_all(scratch.path("old/models")).unwrap();
    fs::create_dir(scratch.path("old/models")).unwrap();
    scratch.refuses(1, &mine, &["error: old: holds no trained model yet", "hint: the run has not ended"]);
    scratch.refuses(
        1,
        &and(&mine, &["--init-method", "mle-tuned"]),
        &["error: old: holds no trained model yet"],
    );
}

/// 120 lines of a class each, and of letters that follow from it.
fn table(classes: &[(&str, &str)]) -> String {
    let line = |i: usize| {
        let (class, letters) = classes[i % classes.len()];
        let letter = |k: usize| letters.as_bytes()[(i * (k + 1) / 3 + k) % letters.len()] as char;
        format!("{},{class}\n", (0..3 + i % 4).map(letter).collect::<String>())
    };
    "text,class\n".to_owned() + &(0..120).map(line).collect::<String>()
}

#[test]
fn labels_are_known_by_their_names() {
    let scratch = Scratch::new();
    scratch.write("a.csv", table(&[("low", "ab"), ("high", "cd")]));
    scratch.write("b.csv", table(&[("other", "ce"), ("high", "cd")]));
    let methods = &[r#"methods=["mle-tuned"]"#][..];
    let labelled =
        |data: &str| and(&and_set(&and_set(&tiny_train(data), &ENOUGH), methods), &["--label", "class"]);
    scratch.run(and(&labelled("a.csv"), &["--out", "old", "-q"])).expect_fine();
    let new = and(
        &labelled("b.csv"),
        &["--init-from", "old", "--set", r#"methods=["pretrained", "mle-tuned"]"#, "--out", "new"],
    );
    let said = scratch.run(new).expect_fine().stderr;
    let line =
        "2 of 3 tokens of the data known, 1 new: e, 2 of its tokens not in the data, 1 of 2 classes known\n";
    assert!(said.contains(line), "{said}");
    let sample =
        ["sample", "new", "--method", "pretrained", "-n", "200", "--label", "high", "--format", "text"];
    let text = scratch.output(&sample);
    let right = text.lines().filter(|line| line.starts_with(['c', 'd'])).count();
    assert!(right > 150, "the class keeps what it means before any update: {right} of 200");
    let plain = and(
        &and_set(&and_set(&tiny_train("b.csv"), &ENOUGH), methods),
        &["--field", "text", "--init-from", "old"],
    );
    let parts = [
        "`data.label` is \"\", expected a column of classes, as mle-tuned of old has (low, high)",
        "hint: name the column of the classes with --label NAME",
    ];
    scratch.refuses(2, &plain, &parts);

    // A model without labels begins as it is.
    let without = and(
        &and_set(&and_set(&tiny_train("a.csv"), &ENOUGH), methods),
        &["--field", "text", "--tokens", "chars"],
    );
    scratch.run(and(&without, &["--out", "plain", "-q"])).expect_fine();
    let nll_of = |data: &[&str], out: &str| {
        let arguments =
            and_set(&tiny_train("a.csv"), &["methods=[\"pretrained\"]", "data.validation_share=0.2"]);
        scratch.run(and(&and(&arguments, data), &["--init-from", "plain", "--out", out, "-q"])).expect_fine();
        nll(&scratch, out)[0].1
    };
    let labelled = nll_of(&["--label", "class"], "with");
    let plain = nll_of(&["--field", "text"], "without");
    assert_eq!(labelled, plain);
}

#[test]
fn sequences_of_one_length_may_follow_those_of_several_and_not_the_other_way() {
    let scratch = Scratch::new();
    let rows = |length: fn(usize) -> usize| -> String {
        (0..80)
            .map(|i| (0..length(i)).map(|k| ["a ", "b ", "c "][(i + k * k) % 3]).collect::<String>() + "\n")
            .collect()
    };
    scratch.write("ends.txt", rows(|i| 3 + i % 3));
    scratch.write("fixed.txt", rows(|_| 4));
    let train = |data: &str, out: &str, more: &[&str]| {
        let arguments = and_set(&and_set(&tiny_train(data), &ENOUGH), &[r#"methods=["mle-tuned"]"#]);
        and(&and(&arguments, more), &["--out", out])
    };
    for data in ["ends", "fixed"] {
        scratch.run(train(&format!("{data}.txt"), data, &["-q"])).expect_fine();
    }
    let said = scratch.run(train("fixed.txt", "new", &["--init-from", "ends"])).expect_fine().stderr;
    assert!(said.contains("sequences end by a token of their own, or after 4 tokens"), "{said}");
    let parts = [
        "ends.txt: its sequences have different lengths, but all those of mle-tuned of fixed have 4 tokens",
        "hint: give sequences of one length, or train without --init-from",
    ];
    scratch.refuses(1, &train("ends.txt", "none", &["--init-from", "fixed"]), &parts);
}

#[test]
fn runs_of_a_comparison_go_on_from_one_model() {
    let scratch = with_old(r#"methods=["mle-tuned"]"#, &[]);
    let methods = "methods=[\"pretrained\", \"mle-tuned\"]";
    let compare =
        with_settings(&["compare", "--preset", "smoke"], TINY.iter().chain(&ENOUGH).chain([&methods]));
    let more =
        ["--data", "mine.txt", "--init-from", "old", "--seeds", "2", "--vary", "adversarial.num_rounds=1,2"];
    let arguments = and(&and(&compare, &more), &["--out", "table", "-q"]);
    scratch.run(&arguments).expect_fine();
    scratch.run(and(&arguments, &["--resume"])).expect_fine();
    let row = |run: &str| nll(&scratch, &format!("table/runs/{run}"));
    // Runs with another seed draw other rows for new tokens.
    assert_eq!(row("seed1-num_rounds_1"), row("seed1-num_rounds_2"));
    assert_ne!(row("seed1-num_rounds_1")[0], row("seed2-num_rounds_1")[0]);

    // Models that runs share are those of this initial model alone.
    let before = row("seed1-num_rounds_1");
    for folder in ["old", "table/runs"] {
        fs::remove_dir_all(scratch.path(folder)).unwrap();
    }
    let other = and_set(&tiny_train("sentences.txt"), &[r#"methods=["mle-tuned"]"#]);
    scratch.run(and(&other, &["--seed", "5", "--out", "old", "-q"])).expect_fine();
    scratch.run(and(&arguments, &["--resume"])).expect_fine();
    let after = row("seed1-num_rounds_1");
    assert!(before[0] != after[0] && before[1] != after[1], "{before:?} {after:?}");
}
