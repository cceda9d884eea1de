//! Files whose format, separator and tokens are told by what they hold.

use super::scratch;
use seqgan::config::DataConfig;
use seqgan::data::{
    EncodedRecords, ReadOptions, Tokens, read_options, read_options_for, read_training, read_with,
};

/// Names that say nothing, little, or something that the file may not be.
const NAMES: [&str; 8] = ["a", "a.txt", "a.csv", "a.tsv", "a.jsonl", "a.smi", "a.fasta", "a.json"];

/// Most bytes of a packed file.
const MOST_PACKED: usize = 512;

/// The first byte is the name, the second says how it is read, the rest is the file.
pub fn read(bytes: &[u8]) -> bool {
    let [name, how, bytes @ ..] = bytes else { return false };
    let is_set = |bit: u8| how & 1 << bit != 0;
    let named = |bit: u8, name: &str| if is_set(bit) { name.to_string() } else { String::new() };
    let path = scratch::file(NAMES[usize::from(*name) % NAMES.len()], bytes);
    let order_by = if is_set(2) { named(3, "o") } else { String::new() };
    let config = DataConfig {
        path: path.display().to_string(),
        field: named(0, "s"),
        label: named(1, "l"),
        group_by: named(2, "g"),
        order_by,
        skip_bad: is_set(4),
        max_length: 64,
        ..seqgan::config::Config::default().data
    };
    // A page of packed line ends takes seconds to read; a small file shows as much.
    let is_packed = bytes.starts_with(&[0x1f, 0x8b]) || bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]);
    if is_packed && bytes.len() > MOST_PACKED {
        return false;
    }
    let Ok(options) = read_options(&config, &path) else { return false };
    assert!(options.tokens != Tokens::Bpe, "no tokenizer is named");
    let Ok(text) = read_training(&path, &options) else { return false };
    // A packed file of a few bytes may hold very many sequences.
    if text.sequences.len() > 10_000 {
        return true;
    }
    let report = &text.report;
    let dropped: usize = report.dropped.iter().map(|dropped| dropped.count).sum();
    assert_eq!((report.kept + dropped, report.kept), (report.read, text.sequences.len()));
    assert!(report.classes.iter().all(|(_, count)| *count > 0));
    let again = read_options_for(&config, &path, options.tokens).expect("the file was read before");
    let again = ReadOptions { max_length: 64, ..again };
    let (sequences, _) =
        read_with(&path, &again, &text.vocab, &text.labels).expect("the file was read before");
    assert!(sequences.rows().eq(text.sequences.rows()));
    // Record by record it is the same, and none is left out.
    let records = EncodedRecords::open(&path, &again, &text.vocab, &text.labels).expect("it was read before");
    let records: Result<Vec<_>, _> = records.collect();
    assert_eq!(records.expect("the file was read before").len(), report.read);
    true
}
