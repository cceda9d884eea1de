//! Files of sequences, in every format, packed or not.

use super::scratch;
use seqgan::data::{FileFormat, LongSequences, ReadOptions, Tokens, Vocab, read_training, read_with};

/// Most bytes of a packed file.
const MOST_PACKED: usize = 512;

/// The first byte is the format, the second says how it is read, the rest is the file.
pub fn read(bytes: &[u8]) -> bool {
    let [format, how, bytes @ ..] = bytes else { return false };
    let is_set = |bit: u8| how & 1 << bit != 0;
    let options = ReadOptions {
        format: FileFormat::ALL[usize::from(*format) % 7],
        tokens: Tokens::ALL[usize::from(how & 3)],
        keep_empty: is_set(2),
        long: if is_set(3) { LongSequences::Truncate } else { LongSequences::Drop },
        max_length: 64,
        max_sequences: if is_set(4) { 3 } else { 0 },
        window: if is_set(5) { 2 } else { 0 },
        field: is_set(6).then(|| "s".into()),
        label: is_set(7).then(|| "l".into()),
        ..ReadOptions::default()
    };
    // A page of packed line ends takes seconds to read; a small file shows as much.
    let is_packed = bytes.starts_with(&[0x1f, 0x8b]) || bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]);
    if is_packed && bytes.len() > MOST_PACKED {
        return false;
    }
    let path = scratch::file("data", bytes);
    let Ok(text) = read_training(&path, &options) else { return false };
    let vocab = &text.vocab;
    for row in text.sequences.rows() {
        assert!(row.len() <= 64);
        vocab.decode(row);
    }
    assert!(text.sequences.labels().iter().all(|&label| (label as usize) < text.labels.len()));
    // A packed file of a few bytes may hold very many sequences.
    if text.sequences.len() > 10_000 {
        return true;
    }
    // What training has read, evaluation reads: with the vocabulary as the run folder keeps it.
    let kept: Vocab = serde_json::from_str(&serde_json::to_string(vocab).unwrap()).expect("a vocabulary");
    assert_eq!(kept, *vocab);
    let (again, _) = read_with(&path, &options, &kept, &text.labels).expect("the file was read before");
    assert!(again.rows().eq(text.sequences.rows()));
    true
}
