//! Reads the published data sets in the folder that the variable `SEQGAN_DATA` names.

use std::io::Write;
use std::path::PathBuf;

use super::*;

/// The folder of data sets. Without the variable the test says so past the capture of its output; with it, a
/// missing file is a failure.
fn data_dir(test: &str) -> Option<PathBuf> {
    let dir = std::env::var_os("SEQGAN_DATA");
    if dir.is_none() {
        // An unwritable standard error is no reason to fail.
        let _ = writeln!(std::io::stderr(), "\nSKIPPED: {test}: SEQGAN_DATA names no folder of data sets\n");
    }
    dir.map(PathBuf::from)
}

fn options(tokens: Tokens) -> ReadOptions {
    ReadOptions { tokens, ..ReadOptions::default() }
}

#[test]
fn the_counts_of_the_published_sets_are_met() {
    let Some(dir) = data_dir("the_counts_of_the_published_sets_are_met") else { return };

    let poems = read_training(dir.join("chinese_poems/train.txt"), &options(Tokens::Chars)).unwrap();
    let report = &poems.report;
    assert_eq!((report.read, report.kept, report.vocabulary), (13_334, 13_334, 4_608));
    assert_eq!((report.shortest, report.longest), (20, 20));
    // 13,334 lines of 20 characters of 3 bytes and a line end, which the last line lacks.
    assert_eq!(report.bytes, 13_334 * 61 - 1);
    assert_eq!(report.sha256, "a7a7a318ecd9622f9493f74ec734d9956d4a966bcf0de530bc82b83cd561cd9d");

    let captions = read_training(dir.join("image_coco/train.txt"), &options(Tokens::Words)).unwrap();
    let report = &captions.report;
    assert_eq!((report.kept, report.tokens, report.vocabulary), (10_000, 113_622, 4_653));
    assert_eq!((report.shortest, report.longest, captions.sequences.max_length()), (7, 37, 37));
    assert_eq!(
        captions.vocab.decode(captions.sequences.row(0)),
        "a bicycle replica with a clock as the front wheel ."
    );

    let bases = read_training(dir.join("dna_splice/train.txt"), &options(Tokens::Chars)).unwrap();
    assert_eq!((bases.report.vocabulary, bases.vocab.len(), bases.report.longest), (4, 6, 60));

    // The rule of tokens of the published counts: 46 kinds of atoms, bonds and rings.
    let molecules = read_training(dir.join("smiles_qm9/train.txt"), &options(Tokens::Smiles)).unwrap();
    let report = &molecules.report;
    assert_eq!((report.kept, report.tokens, report.vocabulary), (108_102, 1_590_265, 46));
    assert_eq!((report.shortest, report.longest), (1, 22));

    let tunes = read_training(dir.join("nottingham/train.len32.txt"), &options(Tokens::Ids)).unwrap();
    assert_eq!((tunes.report.kept, tunes.report.longest), (5_355, 32));
}

#[test]
fn test_files_are_read_with_the_training_vocabulary() {
    let Some(dir) = data_dir("test_files_are_read_with_the_training_vocabulary") else { return };
    let mut options = options(Tokens::Words);
    let training = read_training(dir.join("image_coco/train.txt"), &options).unwrap();
    options.max_length = training.sequences.max_length();
    let (test, report) = read_with(dir.join("image_coco/test.txt"), &options, &training.vocab, &[]).unwrap();
    assert_eq!((report.read, report.tokens), (5_000, 55_758));
    assert_eq!((test.len(), test.max_length()), (5_000, 37));

    let split = split_by_hash(training.sequences.rows(), DEFAULT_VALIDATION_SHARE);
    // 500 of 10,000 expected, standard deviation 22; within four of them.
    assert!(split.validation.len().abs_diff(500) < 88, "{}", split.validation.len());
}

/// Each of 920 MIDI files against the numbers that another reader made of it.
#[test]
fn folk_tunes_in_midi_give_the_published_pitches() {
    let Some(dir) = data_dir("folk_tunes_in_midi_give_the_published_pitches") else { return };
    let dir = dir.join("nottingham");
    let format = FileFormat::Midi;
    let options = ReadOptions { format, vocab_size: NUM_PITCHES, ..options(Tokens::Ids) };
    let mut compared = 0;
    for part in ["train", "valid", "test"] {
        let read = read_training(dir.join("midi").join(part), &options).unwrap();
        let answers = std::fs::read_to_string(dir.join(format!("{part}.midi_0.4s.tsv"))).unwrap();
        // The folder is read by name, and so are the lines here.
        let mut answers: Vec<(&str, &str)> = answers
            .lines()
            .map(|line| (line.split('\t').next().unwrap(), line.rsplit('\t').next().unwrap()))
            .collect();
        answers.sort_by_key(|(name, _)| format!("{}.mid", name.trim_end_matches(".mid")));
        assert_eq!(read.sequences.len(), answers.len(), "{part}");
        for (row, (name, numbers)) in read.sequences.rows().zip(&answers) {
            assert_eq!(read.vocab.decode(row), *numbers, "{part} {name}");
            compared += 1;
        }
    }
    assert_eq!(compared, 669 + 168 + 83);
}
