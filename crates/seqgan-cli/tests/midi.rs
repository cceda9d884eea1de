//! Melodies: MIDI files in, MIDI files out.

use std::fs;

use seqgan::data::to_midi;
use serde_json::Value;

use crate::support::{Scratch, and, tiny_train};

/// A folder `tunes` of 30 melodies of 40 numbers, rests among them, and `held` with 10 others.
fn with_tunes() -> Scratch {
    let scratch = Scratch::new();
    for (folder, first, n) in [("tunes", 0, 30), ("held", 30, 10)] {
        fs::create_dir(scratch.path(folder)).unwrap();
        for i in first..first + n {
            let number = |t: u32| if (t + i) % 7 == 3 { 0 } else { 30 + (t * (1 + i % 3) + i) % 12 };
            let melody: Vec<u32> = (0..40).map(number).collect();
            scratch.write(&format!("{folder}/{i:03}.mid"), to_midi(&melody, 0.4));
        }
    }
    scratch
}

fn midi_train() -> Vec<String> {
    and(&tiny_train("tunes"), &["--set", "data.window=16", "--out", "run", "-q"])
}

/// What the run said of reading.
fn reading_line(scratch: &Scratch, more: &[&str]) -> String {
    let said = scratch
        .run(and(&tiny_train("tunes"), &[more, &["--methods", "unigram"]].concat()))
        .expect_fine()
        .stderr;
    said.lines().find(|line| line.starts_with("tunes: ")).unwrap_or_default().into()
}

#[test]
fn bad_hidden_and_nested_files_of_a_folder() {
    let scratch = with_tunes();
    // Folders in it are read, what begins with a dot is not.
    fs::create_dir(scratch.path("tunes/more")).unwrap();
    fs::rename(scratch.path("held/030.mid"), scratch.path("tunes/more/1.MID")).unwrap();
    scratch.write("tunes/._000.mid", "Mac OS X");
    let line = reading_line(&scratch, &["--out", "run"]);
    assert!(line.contains("track 1, channel 1, tokens ids") && line.contains("31 files, 31 kept"), "{line}");
    assert!(line.contains("1 hidden file skipped"), "{line}");
    // All bad ones are named at once, and left out when that is asked for.
    scratch.write("tunes/005b.mid", "");
    scratch.write("tunes/007b.mid", "no melody");
    let parts = [
        "tunes/005b.mid: is empty (0 bytes); so is 1 other of 33 files: tunes/007b.mid",
        "hint: ",
        "--skip-bad",
    ];
    scratch.refuses(1, &tiny_train("tunes"), &parts);
    #[cfg(unix)]
    std::os::unix::fs::symlink("nowhere.mid", scratch.path("tunes/more/2.mid")).unwrap();
    let line = reading_line(&scratch, &["--skip-bad", "--out", "other"]);
    assert!(
        line.contains("31 kept") && line.contains(" unreadable (tunes/005b.mid, tunes/007b.mid"),
        "{line}"
    );
}

#[test]
fn a_track_or_channel_that_is_not_there_is_told() {
    let scratch = with_tunes();
    let parts = ["tunes/000.mid: ", "track 1", "so are 29 others of 30 files", "hint: "];
    scratch.refuses(1, &and(&tiny_train("tunes"), &["--track", "Piano"]), &parts);
    scratch.refuses(1, &and(&tiny_train("tunes"), &["--channel", "10"]), &parts);
    assert!(reading_line(&scratch, &["--track", "1", "--channel", "1"]).contains("30 kept"));
    scratch.refuses(2, &and(&tiny_train("tunes"), &["--channel", "17"]), &["--channel", "1..=16"]);
}

#[test]
fn from_a_folder_to_a_folder() {
    let scratch = with_tunes();
    scratch.run(and(&midi_train(), &["--test", "held"])).expect_fine();
    let summary: Value = serde_json::from_str(&scratch.read("run/summary.json")).unwrap();
    let rows = summary["methods"].as_array().unwrap();
    let row = |name: &str| rows.iter().find(|row| row["name"] == name).unwrap();
    assert!(row("seqgan")["scorecard"]["pitch_mse"]["mean"].as_f64().unwrap() > 0.0);
    assert!(row("real")["scorecard"]["pitch_mse"]["mean"].as_f64().unwrap() > 0.0);
    // 30 melodies of 40 numbers are 60 windows of 16.
    let facts: Value = serde_json::from_str(&scratch.read("run/run.json")).unwrap();
    let sequences =
        facts["train_sequences"].as_u64().unwrap() + facts["validation_sequences"].as_u64().unwrap();
    assert_eq!((sequences, &facts["max_length"]), (60, &16.into()));

    scratch.output(&["sample", "run", "-n", "12", "--out", "new"]);
    let ids = scratch.output(&["sample", "run", "-n", "12", "--format", "ids"]);
    assert_eq!(fs::read_dir(scratch.path("new")).unwrap().count(), 12);
    // Read back, the files are the numbers; a new run of them tells so.
    let lines: Vec<&str> = ids.lines().collect();
    let first: Vec<u32> = lines[0].split(' ').map(|n| n.parse().unwrap()).collect();
    assert_eq!(fs::read(scratch.path("new/0001.mid")).unwrap(), to_midi(&first, 0.4));
    assert!(lines.iter().all(|line| line.split(' ').count() == 16), "{ids}");
    scratch.refuses(1, &["sample", "run", "--out", "new"], &["new: exists already", "hint: "]);
    scratch.refuses(
        2,
        &["sample", "run"],
        &["melodies are written as MIDI files", "hint: give --out FOLDER"],
    );
    let card: Value =
        serde_json::from_str(&scratch.output(&["evaluate", "run", "--test", "held", "--json"])).unwrap();
    assert!(card["bleu_4"]["mean"].is_f64() && card["pitch_mse"]["mean"].is_f64(), "{card}");
}

#[test]
fn rests_can_be_filled() {
    let scratch = with_tunes();
    scratch.run(and(&midi_train(), &["--set", "data.midi_rests=fill"])).expect_fine();
    let real = scratch.read("run/samples/real.txt");
    assert!(real.lines().count() > 40 && !real.split_whitespace().any(|number| number == "0"), "{real}");
}

#[test]
fn what_is_no_midi_is_refused() {
    let scratch = with_tunes();
    scratch.write("tunes/zzz.mid", "MThd, or so it says");
    scratch.refuses(1, &midi_train(), &["tunes/zzz.mid: no MIDI file", "hint: leave the file out"]);
    fs::create_dir(scratch.path("empty")).unwrap();
    scratch.refuses(1, &["train", "--data", "empty"], &["empty: this is a folder"]);
    let named = ["train", "--data", "empty", "--format", "midi"];
    scratch.refuses(1, &named, &["empty: the folder holds no .mid or .midi file"]);
    scratch.write("words.txt", "a b\nc d\ne f\n");
    scratch.run(and(&tiny_train("words.txt"), &["--out", "words", "-q"])).expect_fine();
    let midi = ["sample", "words", "--format", "midi", "--out", "x"];
    scratch.refuses(2, &midi, &["words: its tokens are no pitches from 0 to 88"]);
}
