//! The sequences of a further file one by one, each with what keeps it from being one of a model's.

use std::path::Path;

use super::integer::IdRange;
use super::options::ReadOptions;
use super::records::Records;
use super::rows::Splitter;
use super::tokens::Tokens;
use super::vocab::Vocab;
use crate::token::{Label, TokenId};
use crate::{Error, Result};

/// Reads a file as a stream, one record in memory, and gives all of them. Grouped rows are held in memory, as a group may go on at
/// the end of the file.
pub struct EncodedRecords<'a> {
    records: Records,
    vocab: &'a Vocab,
    labels: &'a [String],
    has_labels: bool,
    is_grouped: bool,
    /// Whether the file has ended, by itself or by an error.
    is_over: bool,
}

/// One record in the tokens of a model.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EncodedRecord {
    /// Number of its line, where the file has lines.
    pub line: Option<usize>,
    /// The group of its rows, where rows are grouped; the file, where each record has its own.
    pub name: Option<String>,
    /// The text of the sequence, as it stands in the file.
    pub text: String,
    /// Its tokens; unknown ones are [`Vocab::UNKNOWN`].
    pub tokens: Vec<TokenId>,
    /// Its label, where labels are asked for.
    pub label: Option<Label>,
    /// Why it is no sequence of the model's tokens; none if it is one.
    pub problem: Option<String>,
}

impl<'a> EncodedRecords<'a> {
    /// Opens `path` for models with this vocabulary and these labels. Of the options, those of tokens, lengths and sizes are not
    /// used.
    pub fn open(path: &Path, options: &ReadOptions, vocab: &'a Vocab, labels: &'a [String]) -> Result<Self> {
        let records = Records::open(path, options)?;
        Ok(Self {
            records,
            vocab,
            labels,
            has_labels: options.label.is_some(),
            is_grouped: options.group_by.is_some(),
            is_over: false,
        })
    }

    /// The next record; none behind the last.
    fn read(&mut self) -> Result<Option<EncodedRecord>> {
        let Some(record) = self.records.next()? else { return Ok(None) };
        let mut encoded = EncodedRecord {
            line: record.line,
            name: match &record.file {
                Some(file) => Some(file.display().to_string()),
                None => self.is_grouped.then(|| record.group.clone()),
            },
            text: std::mem::take(&mut record.text),
            ..EncodedRecord::default()
        };
        let problem = match (record.fault.take(), record.dropped) {
            (Some(Error::Data { message, .. }), _) => Some(message),
            (Some(other), _) => Some(other.to_string()),
            (None, Some(reason)) => Some(reason.into()),
            (None, None) => None,
        };
        let label = record.label.clone();
        let mut tokens = Vec::new();
        encoded.problem = problem.or_else(|| self.encode(&encoded.text, &mut tokens));
        encoded.tokens = tokens;
        if self.has_labels {
            encoded.label = self.labels.iter().position(|known| *known == label).map(|label| label as Label);
            if encoded.label.is_none() {
                encoded.problem.get_or_insert(format!("unknown label {label:?}"));
            }
        }
        Ok(Some(encoded))
    }

    /// Appends the tokens of a text; the result is what is wrong with it.
    fn encode(&self, text: &str, tokens: &mut Vec<TokenId>) -> Option<String> {
        let size = self.vocab.num_user_tokens() as u32;
        let mut unknown: Vec<String> = Vec::new();
        let mut take = |token: &str| {
            let id = match self.vocab.tokens() {
                Tokens::Ids => IdRange::Vocabulary(size).parse(token).ok(),
                Tokens::Words | Tokens::Chars | Tokens::Smiles | Tokens::Bpe => self.vocab.id(token),
            };
            if id.is_none() && !unknown.iter().any(|known| known == token) {
                unknown.push(token.into());
            }
            tokens.push(id.unwrap_or(Vocab::UNKNOWN));
        };
        let splitter = Splitter::new(self.vocab.tokens(), self.vocab.tokenizer());
        if let Err(fault) = splitter.each(text, &mut take) {
            return Some(fault.message);
        }
        match unknown.as_slice() {
            [] => None,
            tokens => {
                let shown: Vec<String> = tokens.iter().take(5).map(|token| format!("{token:?}")).collect();
                let more = if tokens.len() > 5 { ", .." } else { "" };
                Some(format!("unknown: {}{more}", shown.join(", ")))
            }
        }
    }
}

/// Gives every record. One that cannot be read has a problem; an error is the last thing that comes.
impl Iterator for EncodedRecords<'_> {
    type Item = Result<EncodedRecord>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let record = self.read().transpose();
        self.is_over = !matches!(record, Some(Ok(_)));
        record
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::FileFormat;

    #[test]
    fn every_record_comes_with_its_tokens_or_what_is_wrong() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f.jsonl");
        std::fs::write(
            &path,
            "{\"t\":\"b a\",\"l\":\"x\"}\n\n{\"t\":\"a new\",\"l\":\"x\"}\n{\"t\":\"a\",\"l\":\"z\"}\nbad\n",
        )
        .unwrap();
        let vocab = Vocab::new(Tokens::Words, vec!["a".into(), "b".into()]).unwrap();
        let labels = ["x".to_string()];
        let field = |name: &str| Some(name.to_string());
        let options = ReadOptions {
            format: FileFormat::Jsonl,
            field: field("t"),
            label: field("l"),
            ..ReadOptions::default()
        };
        let records = EncodedRecords::open(&path, &options, &vocab, &labels).unwrap().map(Result::unwrap);
        let all: Vec<_> = records
            .map(|record| (record.line.unwrap(), record.tokens, record.problem.unwrap_or_default()))
            .collect();
        assert_eq!(all[0], (1, vec![3, 2], String::new()));
        assert_eq!(all[2], (3, vec![2, Vocab::UNKNOWN], "unknown: \"new\"".into()));
        assert_eq!(all[3], (4, vec![2], "unknown label \"z\"".into()));
        assert!(all[4].2.starts_with("no JSON") && all.len() == 5, "{all:?}");
    }
}
