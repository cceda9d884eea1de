//! `seqgan score`: a line for each record, in every format, with the figures that `sample --score` gives.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{Scratch, and, tiny_train};

/// The fields of a line.
fn fields(line: &str) -> Vec<&str> {
    line.split('\t').collect()
}

#[test]
fn scores_are_those_of_sampling() {
    let scratch = Scratch::with_run();
    let samples = scratch.output(&["sample", "run", "-n", "300", "--method", "seqgan", "--score"]);
    // Text, log-probability, discriminator.
    let text: String = samples.lines().map(|line| format!("{}\n", fields(line)[0])).collect();
    scratch.write("new.txt", &text);
    let scored = scratch.output(&["score", "run", "new.txt", "--method", "seqgan"]);
    assert_eq!(scored.lines().count(), 300);
    let longest = scratch.read("sentences.txt").lines().map(|line| line.split(' ').count()).max().unwrap();
    for (sample, score) in samples.lines().zip(scored.lines()) {
        let (sample, score) = (fields(sample), fields(score));
        assert_eq!((score[0], score[3], score[5]), (sample[1], sample[2], sample[0]));
        let tokens = sample[0].split(' ').count();
        assert_eq!((score[2].parse(), score[4]), (Ok(tokens), ""));
        // The end is a decision unless the sequence is as long as any.
        let decisions = tokens + usize::from(tokens < longest);
        let mean = score[0].parse::<f64>().unwrap() / decisions as f64;
        assert!((score[1].parse::<f64>().unwrap() - mean).abs() < 1e-4, "{score:?}");
    }
}

#[test]
fn every_line_has_one_with_the_reason_where_it_has_no_likelihood() {
    let scratch = Scratch::with_run();
    scratch.write(
        "odd.txt",
        "cat sees fish\n\nhorse sees fish\ncat cat cat cat cat cat cat cat cat cat\ncat sees fish\n",
    );
    let ended = scratch.run(["score", "run", "odd.txt"]).expect_fine();
    let lines: Vec<Vec<&str>> = ended.stdout.lines().map(fields).collect();
    assert_eq!(lines.len(), 5);
    let remark = |line: usize| lines[line][lines[line].len() - 2];
    assert_eq!((remark(0), remark(1), remark(2)), ("", "blank", "unknown: \"horse\""));
    assert!(remark(3).starts_with("longer than "), "{}", remark(3));
    assert!(lines[1..4].iter().all(|line| line[0] == "-inf" && line[1] == "-inf"));
    assert_eq!(lines[0], lines[4]);
    assert!(
        ended.stderr.contains("sequences scored: 2; without a likelihood: 3, the first: line 2, blank"),
        "{}",
        ended.stderr
    );

    // In other formats, and through a pipe.
    let json: String = scratch
        .read("odd.txt")
        .lines()
        .map(|line| format!("{}\n", serde_json::json!({"x": line, "n": 1})))
        .collect();
    scratch.write("odd.jsonl", json);
    let of_json = scratch.output(&["score", "run", "odd.jsonl"]);
    assert_eq!(of_json, ended.stdout);
    let objects = scratch.output(&["score", "run", "odd.txt", "--json"]);
    let objects: Vec<Value> = objects.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(objects[0]["log_prob"].to_string(), lines[0][0]);
    assert!(objects[1]["log_prob"].is_null() && objects[2]["remark"] == "unknown: \"horse\"");
    let mut child = Command::new(env!("CARGO_BIN_EXE_seqgan"))
        .args(["score", "run", "-", "-q"])
        .current_dir(scratch.path(""))
        .stdin(std::fs::File::open(scratch.path("odd.txt")).unwrap())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut piped = String::new();
    std::io::Read::read_to_string(child.stdout.as_mut().unwrap(), &mut piped).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(piped, ended.stdout);
}

#[test]
fn classes_are_those_of_the_file_or_of_an_option() {
    let scratch = Scratch::new();
    let rows: String =
        (0..120).map(|i| format!("{} {},{}\n", ["a b", "c"][i % 2], i % 5, ["x", "y"][i % 2])).collect();
    scratch.write("a.csv", format!("text,class\n{rows}"));
    scratch
        .run(and(&tiny_train("a.csv"), &["--field", "text", "--label", "class", "--out", "run", "-q"]))
        .expect_fine();
    let with_column = scratch.output(&["score", "run", "a.csv"]);
    assert!(with_column.lines().count() == 120 && with_column.lines().all(|line| !line.starts_with("-inf")));
    scratch.write("b.txt", "a b 0\n");
    let of = |class: &str| scratch.output(&["score", "run", "b.txt", "--label", class]);
    assert_eq!(fields(&of("x"))[..3], fields(with_column.lines().next().unwrap())[..3]);
    assert_ne!(of("x"), of("y"));
    scratch.refuses(
        2,
        &["score", "run", "b.txt", "--label", "z"],
        &["no label \"z\"", "hint: its labels are x, y"],
    );
    let ended = scratch.run(["score", "run", "b.txt"]);
    assert!(ended.status == Some(1) && ended.stderr.contains("has no labels \"class\""), "{}", ended.stderr);
}
