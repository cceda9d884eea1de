//! What people's files hold: streams, repeats, other formats than the name says, tables of events, odd labels. Each is learnt
//! as it is meant, with a line that says so, or refused.

use std::io::Write;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::support::{Ended, Scratch, and, sentences, tiny_train};

/// How the run read its data.
fn reading(scratch: &Scratch, run: &str) -> Value {
    let description: Value = serde_json::from_str(&scratch.read(&format!("{run}/run.json"))).unwrap();
    description["reading"].clone()
}

/// Trains on `name` as `run`, and tells what was said.
fn trained(scratch: &Scratch, name: &str, more: &[&str]) -> String {
    scratch.run(and(&tiny_train(name), &[more, &["--out", "run"]].concat())).expect_fine().stderr
}

/// Runs a line of the shell in which `seqgan` is the program.
#[cfg(unix)]
fn shell(scratch: &Scratch, line: &str) -> Child {
    let line = line.replace("seqgan ", &format!("{} ", env!("CARGO_BIN_EXE_seqgan")));
    let mut command = Command::new("bash");
    command.args(["-c", &line]).current_dir(scratch.path(""));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("bash")
}

/// What follows `train --data FILE` for a tiny run, as a shell takes it.
fn tiny(run: &str) -> String {
    let arguments = tiny_train("");
    let others = arguments[1..].iter().filter(|argument| !argument.is_empty() && *argument != "--data");
    others.map(|argument| format!("'{argument}' ")).collect::<String>() + &format!("--out {run} -q")
}

/// Long enough that a pipe holds only a part of it.
fn many_sentences() -> String {
    (0..4_000).map(|i| format!("{} {i}\n", ["one two", "three four five", "six"][i % 3])).collect()
}

#[cfg(unix)]
#[test]
fn a_stream_is_read_once_from_its_first_byte() {
    let scratch = Scratch::new();
    scratch.write("a.txt", many_sentences());
    scratch.write("test.txt", sentences());
    let run = |line: String| Ended::of(shell(&scratch, &line)).expect_fine();
    run(format!("seqgan train --data a.txt --test test.txt --format text {}", tiny("plain")));
    let ways = [
        ("substituted", "seqgan train --data <(cat a.txt) --test <(cat test.txt)"),
        ("standard", "cat a.txt | seqgan train --data - --test test.txt"),
        ("device", "cat a.txt | seqgan train --data /dev/stdin --test test.txt"),
        ("packed", "gzip -c a.txt | seqgan train --data - --test test.txt"),
        ("fifo", "mkfifo p q; cat a.txt > p & cat test.txt > q & seqgan train --data p --test q"),
    ];
    for (name, line) in ways {
        run(format!("{line} --format text {}", tiny(name)));
        let (plain, streamed) = (reading(&scratch, "plain"), reading(&scratch, name));
        assert_eq!((&streamed["read"], &streamed["train"]), (&plain["read"], &plain["train"]), "{name}");
        for file in ["vocab.json", "samples/seqgan.txt"] {
            let of = |run: &str| scratch.read(&format!("{run}/{file}"));
            assert_eq!(of(name), of("plain"), "{name}: {file}");
        }
    }
    let measure = |samples: &str| {
        let line =
            format!("seqgan evaluate --samples {samples} --test <(cat a.txt) --train <(cat a.txt) --json -q");
        run(line).stdout
    };
    assert_eq!(measure("<(cat test.txt)"), measure("test.txt"));
    // What came through a pipe is gone afterwards; what needs it says so.
    let novel = scratch.run(["sample", "standard", "--novel"]);
    assert!(
        novel.status == Some(1)
            && novel.stderr.contains("came through a stream, standard input, and are not kept"),
        "{}",
        novel.stderr
    );
}

#[cfg(unix)]
#[test]
fn a_signal_ends_the_wait_for_a_stream() {
    let scratch = Scratch::new();
    Command::new("mkfifo").arg(scratch.path("p")).status().unwrap();
    let mut child = scratch.start(and(&tiny_train("p"), &["--out", "run"]));
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert!(child.try_wait().unwrap().is_none(), "it waits for somebody to write");
    Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    let start = std::time::Instant::now();
    child.wait().unwrap();
    assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
    assert!(!scratch.path("run").exists());
}

/// 500 commands, 350 of them the same one.
#[test]
fn what_is_frequent_stays_frequent() {
    let scratch = Scratch::new();
    let text: String = (0..500)
        .map(|i| if i % 10 < 7 { "git status\n".into() } else { format!("edit notes {}\n", i % 97) })
        .collect();
    scratch.write("history.txt", text);
    let longer =
        ["--methods", "mle-tuned", "--set", "mle_tuned.num_epochs=40", "--set", "mle_tuned.patience=40"];
    let said = trained(&scratch, "history.txt", &longer);
    let reading = reading(&scratch, "run");
    let (train, validation) = (reading["train"].as_u64().unwrap(), reading["validation"].as_u64().unwrap());
    // 25 expected, standard deviation 4.9; within three of them.
    assert!(train + validation == 500 && validation.abs_diff(25) < 15, "{reading}");
    assert_eq!(reading["split_by"], "occurrences");
    let in_both = reading["validation_in_training"].as_u64().unwrap();
    assert!(
        in_both > 10
            && said.contains(&format!("as many sequences repeat; {in_both} of them occur in training")),
        "{said}"
    );
    let samples = scratch.output(&["sample", "run", "-n", "200"]);
    assert!(samples.lines().filter(|line| *line == "git status").count() > 20, "{samples}");

    // None set aside: all lines are trained on, and figures of validation are still there.
    let all = ["--set", "data.validation_share=0", "--out", "all"];
    let said = scratch.run(and(&tiny_train("history.txt"), &all)).expect_fine().stderr;
    assert!(said.contains("500 sequences to train, none set aside: validation figures are of"), "{said}");
    let reading = self::reading(&scratch, "all");
    assert_eq!(
        (&reading["train"], &reading["validation"], &reading["split_by"]),
        (&500.into(), &0.into(), &"none".into())
    );
    let summary: Value = serde_json::from_str(&scratch.read("all/summary.json")).unwrap();
    assert!(summary["methods"][0]["nll_validation"]["mean"].is_number(), "{summary}");
}

#[test]
fn one_line_says_how_a_file_was_read() {
    let scratch = Scratch::new();
    let mut text = "id;text;class\r\n".to_string();
    for (i, line) in sentences().lines().enumerate() {
        text.push_str(&format!("{i};{line};{}\r\n", ["good", "bad"][i % 2]));
    }
    text.push_str("100;;odd\r\n101;\"one; two\";good\r\n102;no class;\r\n");
    scratch.write("a.csv", text);
    let said = trained(&scratch, "a.csv", &["--field", "text", "--label", "class"]);
    let line = said.lines().find(|line| line.starts_with("a.csv: ")).unwrap();
    for part in [
        "csv (by its name), separator ';', column \"text\", tokens words (102 of the first 102 rows hold blanks)",
        "; 103 rows, 101 kept; ",
        "; dropped: 1 blank (line 102); dropped: 1 without a label (line 104: \"no class\")",
        "; 2 classes: good 51, bad 50",
    ] {
        assert!(line.contains(part), "{part}: {line}");
    }
    let reading = reading(&scratch, "run");
    for (name, expected) in [
        ("format", Value::from("csv")),
        ("tokens", "words".into()),
        ("separator", ";".into()),
        ("read", 103.into()),
        ("kept", 101.into()),
        ("dropped", serde_json::json!({ "blank": 1, "without a label": 1 })),
        ("classes", serde_json::json!({ "good": 51, "bad": 50 })),
    ] {
        assert_eq!(reading[name], expected, "{name}");
    }
    // The class of a dropped row is none.
    assert_eq!(
        serde_json::from_str::<Value>(&scratch.read("run/labels.json")).unwrap(),
        serde_json::json!(["good", "bad"])
    );
}

#[test]
fn a_separator_that_rows_do_not_agree_on_is_asked_about() {
    let scratch = Scratch::new();
    scratch.write("a.csv", "id;events\n1;login view\n2;login; out\n3;view\n");
    let parts =
        ["a.csv, line 1: one column, \"id;events\"; is ';' the separator?", "hint: say --separator C"];
    scratch.refuses(1, &tiny_train("a.csv"), &parts);
    let whole = ["--separator", ",", "--methods", "unigram"];
    trained(&scratch, "a.csv", &whole);
    assert_eq!(reading(&scratch, "run")["field"], "id;events");
}

#[test]
fn endings_of_the_field_and_first_bytes_tell_the_format() {
    let fasta: String =
        (0..60).map(|i| format!(">p{i} of it\n{}\n{}\n", "MKWT", &"ACDEFGHIKL"[i % 6..])).collect();
    let json: String =
        sentences().lines().map(|line| format!("{}\n", serde_json::json!({"id": 1, "t": line}))).collect();
    for (name, content, format) in [
        ("a.fas", &fasta, "fasta"),
        ("a.txt", &fasta, "fasta"),
        ("a.dat", &fasta, "fasta"),
        ("a.jl", &json, "jsonl"),
        ("a", &json, "jsonl"),
        ("names.lst", &sentences(), "text"),
    ] {
        let scratch = Scratch::new();
        scratch.write(name, content);
        let said = trained(&scratch, name, &["--methods", "unigram"]);
        assert_eq!(reading(&scratch, "run")["format"], format, "{said}");
    }
    let scratch = Scratch::new();
    // Text with quotes and arrows in it stays text.
    scratch.write("quoted.txt", "> he said that\nI do not know\n> again and again\nnor do I\n".repeat(9));
    trained(&scratch, "quoted.txt", &["--methods", "unigram"]);
    assert_eq!(reading(&scratch, "run")["format"], "text");
    let wide: Vec<u8> = sentences().encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (name, bytes, parts) in [
        ("wide.txt", wide, ["this is text in UTF-16LE", "iconv -f UTF-16LE"]),
        ("page.csv", b"<!DOCTYPE html>\n<html>\n".to_vec(), ["this is a web page", "the link to the page"]),
        ("a.fastq", b"@r\nAC\n+\nII\n".to_vec(), ["this is a FASTQ file", "seqtk"]),
        ("a.bin", b"PAR1....".to_vec(), ["this is a Parquet file", "JSON lines"]),
    ] {
        scratch.write(name, bytes);
        scratch.refuses(1, &tiny_train(name), &[&["error: "], &parts[..]].concat());
    }
}

#[test]
fn an_event_per_row_is_asked_about_and_grouped() {
    let scratch = Scratch::new();
    let events = ["login", "view item", "add", "pay", "logout"];
    let mut rows: Vec<String> = (0..40)
        .flat_map(|session| {
            (0..3 + session % 3).map(move |k| {
                format!("s{session},2024-05-31T09:{:02}:0{k}Z,{}\n", session, events[(session + k) % 5])
            })
        })
        .collect();
    rows.reverse();
    scratch.write("log.csv", format!("session,time,event\n{}", rows.concat()));
    scratch.write("short.csv", format!("session,event\n{}", "s1,login\ns2,logout\n".repeat(50)));
    let asked = [
        "\"event\" has 2 different values in the first 100 rows",
        "hint: name the column",
        "--group-by NAME",
    ];
    scratch.refuses(1, &and(&tiny_train("short.csv"), &["--field", "event"]), &asked);
    // Said to be meant, it is learnt.
    let letters = ["--field", "event", "--tokens", "chars", "--methods", "unigram", "--out", "letters"];
    scratch.run(and(&tiny_train("short.csv"), &letters)).expect_fine();

    let grouped = ["--field", "event", "--group-by", "session", "--order-by", "time"];
    let said = trained(&scratch, "log.csv", &grouped);
    assert!(said.contains("made of 159 rows, sorted by time; blanks written as _ in"), "{said}");
    let reading = reading(&scratch, "run");
    assert_eq!((&reading["read"], &reading["tokens"]), (&40.into(), &"words".into()));
    let real = scratch.read("run/samples/real.txt");
    // Sessions come in the order of their first rows, the last one first.
    assert!(real.lines().any(|line| line == "logout login view_item"), "{real}");
    let scored = scratch.output(&["score", "run", "log.csv"]);
    let first = scored.lines().next().unwrap();
    assert!(scored.lines().count() == 40 && first.contains("\ts39\t"), "{scored}");
}

#[test]
fn labels_that_are_no_classes_are_refused() {
    let scratch = Scratch::new();
    let rows: String = (0..200).map(|i| format!("a b {},{}\n", i % 7, f64::from(i) / 7.0)).collect();
    scratch.write("a.csv", format!("text,score\n{rows}"));
    let parts = [
        "the labels \"score\" are 200 different ones for 200 sequences, such as 0, 0.14",
        "hint: labels are classes",
    ];
    scratch.refuses(1, &and(&tiny_train("a.csv"), &["--field", "text", "--label", "score"]), &parts);
    // Many classes are fine where each has sequences enough, and in a smaller test file, too.
    let rows = |n: i32| (0..n).map(|i| format!("a b {},c{}\n", i % 7, i % 25)).collect::<String>();
    scratch.write("b.csv", format!("text,class\n{}", rows(400)));
    scratch.write("test.csv", format!("text,class\n{}", rows(50)));
    let more = ["--field", "text", "--label", "class", "--test", "test.csv", "--methods", "unigram"];
    trained(&scratch, "b.csv", &more);
    assert_eq!(reading(&scratch, "run")["classes"].as_object().unwrap().len(), 25);
}

#[test]
fn damaged_records_are_all_named_or_left_out() {
    let scratch = Scratch::new();
    let mut text: String =
        sentences().lines().map(|line| format!("{}\n", serde_json::json!({ "t": line }))).collect();
    text.push_str("{\"t\": \n{\"t\": 5}\n");
    scratch.write("a.jsonl", text);
    let parts = [
        "a.jsonl, line 101: no JSON: ",
        "; so is 1 other of 102 lines: line 102",
        "leave such lines out with --skip-bad",
    ];
    scratch.refuses(1, &tiny_train("a.jsonl"), &parts);
    let said = trained(&scratch, "a.jsonl", &["--skip-bad"]);
    assert!(said.contains("dropped: 2 unreadable (line 101, line 102: "), "{said}");
    assert_eq!(reading(&scratch, "run")["dropped"]["unreadable"], 2);
}

#[test]
fn a_test_file_that_measures_nothing_is_told() {
    let scratch = Scratch::with_run();
    let said = scratch.run(["evaluate", "run", "--test", "sentences.txt"]).expect_fine();
    assert!(said.stderr.contains("warning: the test file holds the training sequences"), "{}", said.stderr);
    assert!(!said.stdout.contains("NaN") && !said.stdout.contains("nan"), "{}", said.stdout);
    scratch.write("other.txt", "un deux trois\nquatre cinq\n".repeat(10));
    let said = scratch.run(["evaluate", "run", "--test", "other.txt"]).expect_fine().stderr;
    assert!(
        said.contains("warning: 20 of 20 test sequences hold tokens that the model does not know"),
        "{said}"
    );
    let samples = ["evaluate", "--samples", "other.txt", "--test", "sentences.txt"];
    let said = scratch.run(samples).expect_fine().stderr;
    assert!(said.contains("warning: 50 of 50 tokens of the samples are in no test sequence"), "{said}");
}

#[test]
fn samples_are_not_written_under_a_name_of_another_kind() {
    let scratch = Scratch::with_run();
    for name in ["x.parquet", "x.json", "x.XLSX"] {
        let parts = ["files of the kind ", "are not written", "hint: name a .jsonl"];
        scratch.refuses(2, &["sample", "run", "--out", name], &parts);
    }
    scratch.output(&["sample", "run", "--out", "x.json", "--format", "jsonl"]);
    assert!(scratch.read("x.json").starts_with("{\"sequence\":"));
}

#[cfg(unix)]
#[test]
fn paths_of_any_bytes_are_read() {
    use std::os::unix::ffi::OsStrExt;
    let scratch = Scratch::new();
    let name = std::ffi::OsStr::from_bytes(b"x\xe9 100%.txt");
    std::fs::File::create(scratch.path("").join(name)).unwrap().write_all(sentences().as_bytes()).unwrap();
    let line = format!("seqgan train --data $'x\\xe9 100%.txt' {}", tiny("run"));
    Ended::of(shell(&scratch, &line)).expect_fine();
    assert!(scratch.read("run/config.toml").contains("x%E9%20100%25.txt"));
    // Found again by a later command.
    assert!(scratch.output(&["sample", "run", "-n", "3", "--novel"]).lines().count() == 3);
}
