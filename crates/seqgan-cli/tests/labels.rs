//! Sequences with labels: a class each, from a column of the data to the samples.

use serde_json::{Value, json};

use crate::resume::kill_everywhere;
use crate::support::{Scratch, and, tiny_train};

/// 240 lines: letters a and b of the class "low", c and d of the class "high, very", twice as many of the first.
fn table() -> String {
    let line = |i: usize| {
        let letters = if i % 3 < 2 { ["a", "b"] } else { ["c", "d"] };
        let text: String = (0..3 + i % 4).map(|k| letters[(i * (k + 1) / 3 + k) % 2]).collect();
        format!("{text},{}\n", if i % 3 < 2 { "low" } else { "\"high, very\"" })
    };
    "text,class\n".to_string() + &(0..240).map(line).collect::<String>()
}

fn with_table() -> Scratch {
    let scratch = Scratch::new();
    scratch.write("a.csv", table());
    scratch
}

fn labelled_train(data: &str) -> Vec<String> {
    let enough = ["mle_tuned.num_epochs=30", "mle_tuned.patience=30", "mle_tuned.batch_size=8"];
    let enough = enough.iter().flat_map(|setting| ["--set", setting]);
    and(&tiny_train(data), &["--label", "class"].into_iter().chain(enough).collect::<Vec<_>>())
}

#[test]
fn samples_of_a_class_are_those_of_the_class() {
    let scratch = with_table();
    scratch.write("held.csv", table());
    scratch.run(and(&labelled_train("a.csv"), &["--out", "run", "-q", "--test", "held.csv"])).expect_fine();
    let of = |label: &str, method: &str| -> f64 {
        let arguments =
            ["sample", "run", "-n", "500", "--label", label, "--method", method, "--format", "text"];
        let text = scratch.output(&arguments);
        let low = text.lines().filter(|line| line.starts_with(['a', 'b'])).count() as f64;
        assert!(text.lines().all(|line| line.ends_with(&format!("\t{label}"))), "{text}");
        low / 500.0
    };
    for method in ["mle-tuned", "seqgan"] {
        let (low, high) = (of("low", method), of("high, very", method));
        assert!(low > 0.9 && high < 0.1, "{method}: {low} {high}");
    }
    // Without a wish, labels are as frequent as in the data, and stand beside the sequences.
    let text = scratch.output(&["sample", "run", "-n", "900"]);
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("sequence,class"));
    let low = lines.filter(|line| line.ends_with(",low")).count();
    assert!(low.abs_diff(600) < 60, "{low}");
    let seqgan = ["sample", "run", "--method", "seqgan"];
    let line = [&seqgan[..], &["-n", "1", "--format", "jsonl", "--label", "low", "--score"]].concat();
    let line = scratch.output(&line);
    let object: Value = serde_json::from_str(&line).unwrap();
    assert!(object["class"] == json!("low") && object["discriminator"].is_f64(), "{object}");

    // Labels of another run.
    let labels = scratch.read("run/labels.json");
    scratch.write("run/labels.json", r#"["low", "high, very", "other"]"#);
    let parts = ["error: run/labels.json: holds 3 labels, but the model 2", "hint: "];
    scratch.refuses(1, &["sample", "run", "--label", "other"], &parts);
    scratch.write("run/labels.json", labels);

    let summary: Value = serde_json::from_str(&scratch.read("run/summary.json")).unwrap();
    for row in summary["methods"].as_array().unwrap().iter().filter(|row| row["name"] == "seqgan") {
        let nll = |label: &str| row["nll_by_label"][label]["mean"].as_f64().unwrap();
        let (whole, low, high) = (row["nll_test"]["mean"].as_f64().unwrap(), nll("low"), nll("high, very"));
        assert!(low.min(high) <= whole && whole <= low.max(high), "{row}");
    }
    scratch.output(&["evaluate", "run", "--test", "held.csv"]);

    let parts = ["run: no label \"middle\"", "hint: its labels are low, high, very"];
    scratch.refuses(2, &["sample", "run", "--label", "middle"], &parts);
    scratch.refuses(
        2,
        &["sample", "run", "--beam", "3"],
        &["a beam searches the sequences of one class", "--label"],
    );
    assert_eq!(scratch.output(&["sample", "run", "--beam", "3", "--label", "low"]).lines().count(), 4);
    scratch.write("other.csv", "text,class\nab,middle\n");
    let parts =
        ["other.csv, line 2: the label \"middle\" is not one of the training data's", "hint: they are"];
    scratch.refuses(1, &["evaluate", "run", "--test", "other.csv"], &parts);
}

#[test]
fn labels_stand_in_columns_and_members() {
    let scratch = with_table();
    scratch.write("a.txt", "ab\ncd\n");
    let text = and(&tiny_train("a.txt"), &["--label", "class"]);
    scratch.refuses(1, &text, &["a file of the format text has no labels", "hint: labels stand in a column"]);
    let missing = and(&tiny_train("a.csv"), &["--label", "kind"]);
    scratch.refuses(1, &missing, &["a.csv, line 1: no column \"kind\"; the table has \"text\", \"class\""]);
    scratch.write("a.jsonl", "{\"s\":\"ab\"}\n{\"s\":\"cd\",\"n\":null}\n");
    let missing = and(&tiny_train("a.jsonl"), &["--label", "n"]);
    let parts = [
        "no sequence is left: 2 of 2 are without a label, the first at line 1: \"ab\"",
        "hint: name the column",
    ];
    scratch.refuses(1, &missing, &parts);
    let many: String = (0..1_100).map(|i| format!("{i} x,{i}\n")).collect();
    scratch.write("many.csv", format!("text,class\n{many}"));
    let many = and(&tiny_train("many.csv"), &["--label", "class"]);
    scratch.refuses(1, &many, &["many.csv, line 1002: the label \"1000\" is the 1001th different one"]);
    let plain = Scratch::with_run();
    plain.refuses(
        2,
        &["sample", "run", "--label", "x"],
        &["its sequences have no labels", "hint: train with --label"],
    );
}

#[test]
fn a_run_with_labels_killed_in_every_phase_ends_the_same() {
    let methods = "methods=[\"mle-tuned\", \"scheduled-sampling\", \"seqgan\", \"maligan\", \"rankgan\"]";
    let scratch = with_table();
    let arguments = and(&tiny_train("a.csv"), &["--label", "class", "--set", methods]);
    kill_everywhere(&scratch, &arguments, 5);
}
