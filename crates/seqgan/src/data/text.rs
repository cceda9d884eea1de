//! Files of sequences as ids.

use std::path::Path;

use super::integer::IdRange;
use super::options::ReadOptions;
use super::report::ReadReport;
use super::rows::{Rows, Splitter, bad};
use super::tokens::Tokens;
use super::vocab::Vocab;
use super::vocab_builder::VocabBuilder;
use crate::token::Label;
use crate::{Error, Result, SeqBatch};

/// Training data and the vocabulary made from them.
#[derive(Debug, Clone)]
pub struct TrainingText {
    /// The vocabulary of the kept sequences.
    pub vocab: Vocab,
    /// The kept sequences in the order of the file; their maximum length is that of the longest one.
    pub sequences: SeqBatch,
    /// What happened to the lines.
    pub report: ReadReport,
    /// The names of the sequences' labels, by number; none where no labels were asked for.
    pub labels: Vec<String>,
}

impl TrainingText {
    /// Leaves out all sequences but `rows`, for a reason in a few words, and labels of which none is left.
    pub fn keep(&mut self, rows: &[usize], reason: &'static str) {
        let dropped = self.sequences.len() - rows.len();
        let sequences = self.sequences.select(rows.iter().copied());
        let used: Vec<Label> =
            (0..self.labels.len() as Label).filter(|label| sequences.labels().contains(label)).collect();
        let number = |label: &Label| used.iter().position(|old| old == label).unwrap_or(0) as Label;
        let labels: Vec<Label> = sequences.labels().iter().map(number).collect();
        self.labels = used.iter().map(|&label| self.labels[label as usize].clone()).collect();
        self.sequences = if labels.is_empty() { sequences } else { sequences.with_labels(labels) };
        self.report.keep(&self.sequences, &self.labels, &self.vocab, (reason, dropped));
    }
}

/// Reads a training file and makes its vocabulary.
pub fn read_training(path: impl AsRef<Path>, options: &ReadOptions) -> Result<TrainingText> {
    read_training_from(path, options, None)
}

/// Reads a training file whose vocabulary is `known` with the file's new tokens behind it. `known` must be of the kind
/// `options.tokens`, and of the same tokenizer.
pub fn read_training_from(
    path: impl AsRef<Path>,
    options: &ReadOptions,
    known: Option<&Vocab>,
) -> Result<TrainingText> {
    let path = path.as_ref();
    let (vocab, rows) = match options.tokens {
        Tokens::Ids => read_ids(path, options, known.map_or(0, Vocab::num_user_tokens) as u32)?,
        Tokens::Words | Tokens::Chars | Tokens::Smiles | Tokens::Bpe => {
            let tokenizer = options.tokenizer.as_ref().filter(|_| options.tokens == Tokens::Bpe);
            let mut builder = VocabBuilder::new(options.tokens, tokenizer.cloned()).extending(known);
            let splitter = Splitter::new(options.tokens, tokenizer);
            let mut rows =
                Rows::read(path, options, splitter, |token| Ok(builder.provisional_id(token)), None)?;
            let vocab = builder
                .finish(&mut rows.tokens, options.min_count, options.max_vocab)
                .map_err(|(token, count)| no_vocabulary(path, options.min_count, &token, count))?;
            (vocab, rows)
        }
    };
    let longest = rows.longest;
    let labels = rows.label_names.clone();
    let (sequences, report) = rows.finish(path, options, longest, &vocab)?;
    // The limit that was asked for explains what was dropped; the batch only knows the longest row.
    let max_length = if options.max_length > 0 { options.max_length } else { longest };
    Ok(TrainingText { vocab, sequences, report: ReadReport { max_length, ..report }, labels })
}

/// Reads a further file, a test file say, with the vocabulary of the training data.
///
/// The batch has the maximum length `options.max_length`, or that of its own longest sequence when this is 0.
/// The kind of tokens and its tokenizer are the vocabulary's; `tokens`, `tokenizer`, `min_count`, `max_vocab` and `vocab_size` of the options
/// are not used, and labels are those of `labels`. Words and characters outside the vocabulary become unknown and are counted; such an id is
/// an error.
pub fn read_with(
    path: impl AsRef<Path>,
    options: &ReadOptions,
    vocab: &Vocab,
    labels: &[String],
) -> Result<(SeqBatch, ReadReport)> {
    let path = path.as_ref();
    let size = vocab.num_user_tokens() as u32;
    let id_of = |token: &str| match vocab.tokens() {
        Tokens::Ids => IdRange::Vocabulary(size).parse(token),
        Tokens::Words | Tokens::Chars | Tokens::Smiles | Tokens::Bpe => {
            Ok(vocab.id(token).unwrap_or(Vocab::UNKNOWN))
        }
    };
    let rows =
        Rows::read(path, options, Splitter::new(vocab.tokens(), vocab.tokenizer()), id_of, Some(labels))?;
    let max_length = if options.max_length > 0 { options.max_length } else { rows.longest };
    rows.finish(path, options, max_length, vocab)
}

/// Reads integers. The vocabulary has `known` or more.
fn read_ids(path: &Path, options: &ReadOptions, known: u32) -> Result<(Vocab, Rows)> {
    let range = match options.vocab_size {
        0 => IdRange::Any,
        size @ 1..=Vocab::MAX_TOKENS => IdRange::Setting(size),
        too_large => {
            return Err(Error::Config {
                key: "data.vocab_size".into(),
                value: too_large.to_string(),
                expected: format!("0 to {}", Vocab::MAX_TOKENS),
                source_place: None,
                hint: Some("0 takes the largest id of the training data".into()),
            });
        }
    };
    // Of lines that are dropped as well: the same file is read again with this vocabulary, to be evaluated say.
    let mut largest = 0;
    let id_of = |token: &str| range.parse(token).inspect(|&id| largest = largest.max(id));
    let rows = Rows::read(path, options, Splitter::Kind(Tokens::Ids), id_of, None)?;
    let size = match options.vocab_size {
        // Rows hold at least one token, and integer n is id n + 2, so the size is the largest id - 1.
        0 => largest - 1,
        size => size,
    };
    let vocab = Vocab::integers(size.max(known))
        .map_err(|error| bad(path, None, error.to_string(), "number the ids from 0"))?;
    Ok((vocab, rows))
}

fn no_vocabulary(path: &Path, min_count: u64, token: &str, count: u64) -> Error {
    let message = format!(
        "the vocabulary is empty: no token occurs {min_count} times, the most frequent one, {token:?}, {count}"
    );
    bad(path, None, message, "lower `data.min_count`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::LongSequences;

    fn options(tokens: Tokens) -> ReadOptions {
        ReadOptions { tokens, ..ReadOptions::default() }
    }

    /// Writes `text` to a file and hands it to `read`; errors come back without the folder's name.
    fn with_file<T>(text: &str, read: impl FnOnce(&Path) -> Result<T>) -> Result<T, (String, String)> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f.txt");
        std::fs::write(&path, text).unwrap();
        read(&path).map_err(|error| {
            let folder = format!("{}/", dir.path().display());
            (error.to_string().replace(&folder, ""), error.hint().unwrap_or_default().into())
        })
    }

    fn dropped(report: &ReadReport) -> Vec<(&str, usize)> {
        report.dropped.iter().map(|dropped| (dropped.reason, dropped.count)).collect()
    }

    fn training(text: &str, options: &ReadOptions) -> Result<TrainingText, (String, String)> {
        with_file(text, |path| read_training(path, options))
    }

    /// The message of a refused training file, whose hint must hold `hint`.
    fn refused(text: &str, options: &ReadOptions, hint: &str) -> String {
        let (message, found) = training(text, options).map(|read| read.report).unwrap_err();
        assert!(found.contains(hint), "{message}: {found}");
        message
    }

    #[test]
    fn a_training_file_becomes_ids_and_counts() {
        let data = training("\u{feff}b a b\r\n\n  \nc b\n", &options(Tokens::Words)).unwrap();
        // Counts: b 3, a 1, c 1, so b is 2, a 3, c 4.
        assert_eq!(data.sequences.rows().collect::<Vec<_>>(), [&[2, 3, 2][..], &[4, 2]]);
        assert_eq!(data.sequences.max_length(), 3);
        let report = data.report;
        assert_eq!((report.read, report.kept, dropped(&report)), (4, 2, vec![("blank", 2)]));
        assert_eq!((report.tokens, report.vocabulary, report.unknown_tokens), (5, 3, 0));
        // 5 tokens in 2 sequences; bytes 3 + 7 + 1 + 3 + 4.
        assert_eq!((report.shortest, report.longest, report.mean_length, report.bytes), (2, 3, 2.5, 18));
    }

    #[test]
    fn spaces_are_characters_and_not_blank() {
        let data = training("a a\n \n\n", &options(Tokens::Chars)).unwrap();
        // Both tokens stand twice; the space is the lower code point.
        assert_eq!(data.sequences.rows().collect::<Vec<_>>(), [&[3, 2, 3][..], &[2]]);
        assert_eq!(dropped(&data.report), [("blank", 1)]);
    }

    #[test]
    fn empty_sequences_are_kept_on_request() {
        let options = ReadOptions { keep_empty: true, ..options(Tokens::Words) };
        let data = training("a\n\nb\n", &options).unwrap();
        assert_eq!((data.sequences.len(), data.sequences.length(1)), (3, 0));
        assert_eq!((data.report.shortest, dropped(&data.report)), (0, vec![]));
        assert_eq!(refused("\n\n", &options, "one sequence"), "f.txt: the file holds blank lines alone (2)");
    }

    #[test]
    fn long_sequences_are_dropped_or_cut() {
        let text = "a b c\nd\ne f\n";
        let mut options = ReadOptions { max_length: 2, ..options(Tokens::Words) };
        let data = training(text, &options).unwrap();
        assert_eq!((data.report.kept, data.report.dropped_long(), data.report.truncated), (2, 1, 0));
        // Tokens of a dropped line are in no vocabulary.
        assert_eq!((data.vocab.num_user_tokens(), data.vocab.id("a")), (3, None));
        assert!(
            data.report.to_string().ends_with("; dropped: 1 too long, over 2 tokens (line 1: \"a b c\")")
        );
        options.long = LongSequences::Truncate;
        let data = training(text, &options).unwrap();
        assert_eq!((data.report.kept, data.report.dropped_long(), data.report.truncated), (3, 0, 1));
        assert_eq!((data.vocab.decode(data.sequences.row(0)), data.vocab.id("c")), ("a b".into(), None));
        // The batch is as long as its longest row, not as the limit.
        options.max_length = 9;
        let data = training(text, &options).unwrap();
        assert_eq!((data.sequences.max_length(), data.report.max_length), (3, 9));
    }

    #[test]
    fn rare_words_become_unknown_and_are_counted() {
        let options = ReadOptions { min_count: 2, ..options(Tokens::Words) };
        let data = training("a a x\ny z\na\n", &options).unwrap();
        assert_eq!(data.sequences.row(0), [2, 2, Vocab::UNKNOWN]);
        // x, y, z are unknown, in two of three sequences.
        assert_eq!((data.report.unknown_tokens, data.report.sequences_with_unknown), (3, 2));
        assert_eq!(
            refused("a b\na c\n", &ReadOptions { min_count: 3, ..options }, "lower `data.min_count`"),
            "f.txt: the vocabulary is empty: no token occurs 3 times, the most frequent one, \"a\", 2"
        );
    }

    #[test]
    fn ids_keep_their_numbers() {
        let mut options = options(Tokens::Ids);
        let data = training("0 7\n3\n", &options).unwrap();
        // Integers 0 to 7 are 8, and two special tokens.
        assert_eq!((data.vocab.len(), data.report.vocabulary), (10, 8));
        assert_eq!(data.sequences.row(0), [2, 9]);
        options.vocab_size = 89;
        assert_eq!(training("0 7\n88\n", &options).unwrap().vocab.len(), 91);
        let message = refused("0 7\n3 89\n", &options, "raise it");
        let expected = "\"89\" is outside `data.vocab_size`, expected an integer from 0 to 88";
        assert_eq!(message, format!("f.txt, line 2: {expected}"));
        options.vocab_size = u32::MAX;
        let message = refused("0\n", &options, "largest id");
        assert_eq!(message, "`data.vocab_size` is 4294967295, expected 0 to 16777216");
    }

    /// Whichever way a line is dropped.
    #[test]
    fn ids_of_dropped_lines_count_so_that_the_file_can_be_read_again() {
        let plain = options(Tokens::Ids);
        for (text, options) in [
            ("3\n0 29\n70\n", ReadOptions { window: 2, ..plain.clone() }),
            ("0 29\n1 2 70\n", ReadOptions { max_length: 2, ..plain.clone() }),
            ("0 29 70\n", ReadOptions { max_length: 2, long: LongSequences::Truncate, ..plain }),
        ] {
            with_file(text, |path| {
                let data = read_training(path, &options)?;
                assert_eq!((data.sequences.len(), data.report.vocabulary), (1, 71), "{text}");
                let (again, _) = read_with(path, &options, &data.vocab, &[])?;
                assert!(again.rows().eq(data.sequences.rows()));
                Ok(())
            })
            .unwrap();
        }
    }

    #[test]
    fn files_without_integers_are_refused_in_ids_mode() {
        let mut options = options(Tokens::Ids);
        assert!(
            refused("1 2\nthe cat\n", &options, "`data.tokens = \"words\"`")
                .starts_with("f.txt, line 2: \"the\" is not")
        );
        assert!(refused("1 -2\n", &options, "from 0").starts_with("f.txt, line 1: \"-2\" is negative"));
        assert!(refused("1.5\n", &options, "white space").starts_with("f.txt, line 1: \"1.5\" is not"));
        assert!(refused("1700000000\n", &options, "without gaps").contains("from 0 to 1048575"));
        // A line that would be dropped is checked as well.
        options.max_length = 1;
        assert!(refused("1\n2 x\n", &options, "words").starts_with("f.txt, line 2"));
    }

    #[test]
    fn a_test_file_uses_the_vocabulary_of_the_training_data() {
        let vocab = Vocab::new(Tokens::Words, vec!["a".into(), "b".into()]).unwrap();
        // The kind of the options is not looked at.
        let options = ReadOptions { max_length: 5, ..options(Tokens::Chars) };
        let (batch, report) =
            with_file("b new a\na\n", |path| read_with(path, &options, &vocab, &[])).unwrap();
        assert_eq!((batch.row(0), batch.max_length()), (&[3, 1, 2][..], 5));
        assert_eq!((report.unknown_tokens, report.sequences_with_unknown, report.vocabulary), (1, 1, 2));
        let unlimited = ReadOptions { max_length: 0, ..options };
        let (batch, _) = with_file("b a\n", |path| read_with(path, &unlimited, &vocab, &[])).unwrap();
        assert_eq!(batch.max_length(), 2);
    }

    #[test]
    fn an_id_outside_the_vocabulary_is_an_error_in_a_test_file() {
        let vocab = Vocab::integers(8).unwrap();
        let read = |text| with_file(text, |path| read_with(path, &options(Tokens::Ids), &vocab, &[]));
        assert_eq!(read("7 0\n").unwrap().0.row(0), [9, 2]);
        let (message, hint) = read("7\n1 8\n").unwrap_err();
        let expected = "\"8\" is outside the vocabulary, expected an integer from 0 to 7";
        assert_eq!(message, format!("f.txt, line 2: {expected}"));
        assert!(hint.contains("data.vocab_size"));
    }

    #[test]
    fn files_without_sequences_are_refused() {
        let mut options = options(Tokens::Words);
        assert_eq!(refused("", &options, "one sequence per line"), "f.txt: the file is empty");
        assert_eq!(refused("\u{feff}", &options, "one sequence"), "f.txt: the file is empty");
        assert_eq!(refused("\n \n\t\n", &options, "one"), "f.txt: the file holds blank lines alone (3)");
        options.max_length = 2;
        let message = refused("a b c\n\na b c d\n", &options, "raise `data.max_length`");
        let expected = "no sequence is left: all 2 have more than 2 tokens, the shortest 3";
        assert_eq!(message, format!("f.txt: {expected}"));
        // What has been learnt cannot be set any more.
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("test.txt");
        std::fs::write(&path, "a b c\n").unwrap();
        let vocab = Vocab::new(Tokens::Words, ["a", "b", "c"].map(String::from).into()).unwrap();
        let error = read_with(&path, &options, &vocab, &[]).unwrap_err();
        assert!(error.hint().unwrap().contains("up to 2 tokens, as the training data have"), "{error}");
    }

    #[test]
    fn missing_files_and_folders_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("none.txt");
        let error = read_training(&path, &options(Tokens::Words)).unwrap_err();
        assert_eq!(error.to_string(), format!("{}: there is no such file", path.display()));
        assert!(error.hint().unwrap().contains("spelling"));
        let error = read_training("no/such.txt", &options(Tokens::Words)).unwrap_err();
        assert!(error.hint().unwrap().contains("relative to the current folder"));
        let error = read_training(dir.path(), &options(Tokens::Words)).unwrap_err();
        assert!(error.to_string().contains("this is a folder, expected a file"));
        std::fs::write(dir.path().join("train.txt"), "a\n").unwrap();
        let error = read_training(dir.path(), &options(Tokens::Words)).unwrap_err();
        assert!(error.hint().unwrap().ends_with("train.txt"));
    }

    #[test]
    fn padding_out_of_all_proportion_is_refused_before_it_is_made() {
        // One line of 1,000,000 characters and 299 of one: 300,000,000 padded for 1,000,299 tokens.
        let text = format!("a\n{}\n{}", "b".repeat(1_000_000), "a\n".repeat(298));
        let message = refused(&text, &options(Tokens::Chars), "data.max_length");
        assert!(message.starts_with("f.txt, line 2: 300 sequences padded to 1,000,000 tokens"), "{message}");
        assert!(message.contains("they hold 1,000,299 tokens"));
    }
}
