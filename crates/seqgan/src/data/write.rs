//! Sequences as the files they were read from.

use super::options::FileFormat;
use super::tokens::Tokens;
use super::vocab::Vocab;
use crate::token::{Label, TokenId};
use serde_json::{Map, Value, json};

/// Most letters of a line of FASTA.
const FASTA_LINE: usize = 60;

/// Writes sequences in one format, with a label and figures beside each if there are any.
///
/// | format | a sequence | its figures |
/// |---|---|---|
/// | text, ids | a line | behind tabs |
/// | smiles | a line | behind tabs, where the format has names |
/// | csv, tsv | a row below a heading | further columns |
/// | jsonl | an object; the sequence is a string, for ids an array | further members |
/// | fasta | a record numbered from 1 | `name=value` in the heading |
#[derive(Debug, Clone)]
pub struct SequenceWriter {
    format: FileFormat,
    /// The name of the column or member.
    field: String,
    /// The name of the labels' column, and the labels' names.
    labels: Option<(String, Vec<String>)>,
    /// Names of the figures.
    figures: Vec<String>,
    vocab: Option<Vocab>,
    written: u64,
}

impl SequenceWriter {
    /// A writer of `format`; `field` names the column or member, and `figures` what stands beside it. Without a
    /// vocabulary, tokens are numbers. The error says which tokens the format needs.
    pub fn new(
        format: FileFormat,
        field: &str,
        figures: &[&str],
        vocab: Option<&Vocab>,
    ) -> Result<Self, String> {
        let tokens = vocab.map_or(Tokens::Ids, Vocab::tokens);
        let letters = matches!(tokens, Tokens::Chars | Tokens::Smiles);
        match format {
            FileFormat::Midi => return Err("melodies are written as files of their own".into()),
            FileFormat::Smiles | FileFormat::Fasta if !letters => {
                return Err(format!(
                    "{} is written of characters, and the run's tokens are {tokens}",
                    format.name()
                ));
            }
            _ => {}
        }
        // A number names a column of a table without headings.
        let named = !field.is_empty() && field.parse::<usize>().is_err();
        Ok(Self {
            format,
            field: if named { field } else { "sequence" }.into(),
            labels: None,
            figures: figures.iter().map(|name| name.to_string()).collect(),
            vocab: vocab.cloned(),
            written: 0,
        })
    }

    /// The same with each sequence's label beside it; `names` are those of labels by number.
    pub fn with_labels(self, field: &str, names: Vec<String>) -> Self {
        // As for the sequences: a number is no heading.
        let field = if field.parse::<usize>().is_err() { field } else { "label" };
        Self { labels: Some((field.into(), names)), ..self }
    }

    /// What stands before the first sequence.
    pub fn heading(&self) -> String {
        let label = self.labels.as_ref().map(|(field, _)| field.as_str());
        let figures = || self.figures.iter().map(String::as_str);
        let names = || std::iter::once(self.field.as_str()).chain(label).chain(figures());
        match self.format {
            FileFormat::Csv => csv_row(names()),
            FileFormat::Tsv => names().collect::<Vec<_>>().join("\t") + "\n",
            _ => String::new(),
        }
    }

    /// Appends a sequence, its label, where there are any, and its figures to `out`. The error says what the format
    /// cannot hold.
    pub fn write(
        &mut self,
        row: &[TokenId],
        label: Option<Label>,
        figures: &[f64],
        out: &mut String,
    ) -> Result<(), String> {
        debug_assert_eq!(figures.len(), self.figures.len());
        self.written += 1;
        let text = self.text(row);
        // (heading, value)
        let label: Option<(&str, &str)> = self
            .labels
            .as_ref()
            .and_then(|(field, names)| Some((field.as_str(), names.get(label? as usize)?.as_str())));
        let numbers = || figures.iter().map(f64::to_string);
        let beside = || label.map(|(_, name)| name.to_string()).into_iter().chain(numbers());
        match self.format {
            FileFormat::Csv => {
                let fields: Vec<String> = std::iter::once(text).chain(beside()).collect();
                out.push_str(&csv_row(fields.iter().map(String::as_str)));
            }
            FileFormat::Jsonl => {
                let mut object = Map::new();
                object.insert(self.field.clone(), self.json(row, text));
                if let Some((field, name)) = label {
                    object.insert(field.into(), name.into());
                }
                for (name, &figure) in self.figures.iter().zip(figures) {
                    object.insert(name.clone(), json!(figure));
                }
                out.push_str(&Value::Object(object).to_string());
                out.push('\n');
            }
            FileFormat::Fasta => {
                let is_residue = |c: char| c.is_ascii_alphabetic() || matches!(c, '*' | '-' | '.');
                if let Some(other) = text.chars().find(|&c| !is_residue(c)) {
                    return Err(format!("a sequence holds {other:?}, which is no residue of FASTA"));
                }
                out.push_str(&format!(">{}", self.written));
                if let Some((field, name)) = label {
                    out.push_str(&format!(" {field}={name}"));
                }
                for (name, figure) in self.figures.iter().zip(numbers()) {
                    out.push_str(&format!(" {name}={figure}"));
                }
                let letters: Vec<char> = text.chars().collect();
                for line in letters.chunks(FASTA_LINE) {
                    out.push('\n');
                    out.extend(line);
                }
                out.push('\n');
            }
            FileFormat::Text | FileFormat::Ids | FileFormat::Smiles | FileFormat::Tsv | FileFormat::Midi => {
                let torn = text.contains('\t') || label.is_some_and(|(_, name)| name.contains(['\t', '\n']));
                if self.format == FileFormat::Tsv && torn {
                    return Err("a sequence holds a tab, which a tab-separated table cannot".into());
                }
                out.push_str(&text);
                for figure in beside() {
                    out.push('\t');
                    out.push_str(&figure);
                }
                out.push('\n');
            }
        }
        Ok(())
    }

    fn text(&self, row: &[TokenId]) -> String {
        let numbers =
            |offset: TokenId| row.iter().map(|t| (t - offset).to_string()).collect::<Vec<_>>().join(" ");
        match &self.vocab {
            None => numbers(0),
            Some(_) if self.format == FileFormat::Ids => numbers(Vocab::NUM_SPECIAL as TokenId),
            Some(vocab) => vocab.decode(row),
        }
    }

    fn json(&self, row: &[TokenId], text: String) -> Value {
        match &self.vocab {
            None => json!(row),
            Some(vocab) if vocab.tokens() == Tokens::Ids => {
                Value::from_iter(row.iter().map(|t| t - Vocab::NUM_SPECIAL as TokenId))
            }
            Some(_) => text.into(),
        }
    }
}

fn csv_row<'a>(fields: impl Iterator<Item = &'a str>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(fields).expect("memory does not fail");
    let bytes = writer.into_inner().expect("memory does not fail");
    String::from_utf8(bytes).expect("made of strings")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{ReadOptions, read_training};

    fn written(format: FileFormat, vocab: &Vocab, rows: &[Vec<TokenId>], figures: &[&str]) -> String {
        let mut writer = SequenceWriter::new(format, "seq, raw", figures, Some(vocab)).unwrap();
        let mut out = writer.heading();
        for (i, row) in rows.iter().enumerate() {
            writer.write(row, None, &vec![i as f64 + 0.5; figures.len()], &mut out).unwrap();
        }
        out
    }

    /// Every format gives back the sequences it was given, with and without figures where the format has names.
    #[test]
    fn what_is_written_is_read_back() {
        let letters = Vocab::new(Tokens::Chars, ["C", "N", ",", "\"", "="].map(String::from).into()).unwrap();
        let words = Vocab::new(Tokens::Words, ["a", "b,c", "\"d\""].map(String::from).into()).unwrap();
        let atoms = Vocab::new(Tokens::Smiles, ["C", "[nH]", "Cl"].map(String::from).into()).unwrap();
        let rows: Vec<Vec<TokenId>> = vec![vec![2, 3, 4], vec![4], (0..200).map(|i| 2 + i % 3).collect()];
        let residues = Vocab::new(Tokens::Chars, ["A", "*", "n"].map(String::from).into()).unwrap();
        let plain = [FileFormat::Text, FileFormat::Csv, FileFormat::Tsv, FileFormat::Jsonl];
        let dir = tempfile::tempdir().unwrap();
        for (vocab, formats) in [
            (&letters, plain.to_vec()),
            (&words, plain.to_vec()),
            (&atoms, [&plain[..], &[FileFormat::Smiles]].concat()),
            (&residues, [&plain[..], &[FileFormat::Fasta]].concat()),
        ] {
            for format in formats {
                for figures in [&[][..], &["log_prob", "discriminator"]] {
                    if format == FileFormat::Text && !figures.is_empty() {
                        continue;
                    }
                    let path = dir.path().join("f");
                    let text = written(format, vocab, &rows, figures);
                    std::fs::write(&path, &text).unwrap();
                    let field = Some("seq, raw".to_string());
                    let tokens = vocab.tokens();
                    let options = ReadOptions { format, field, tokens, ..ReadOptions::default() };
                    let read = read_training(&path, &options).unwrap();
                    let lines = |vocab: &Vocab, rows: &mut dyn Iterator<Item = &[TokenId]>| {
                        rows.map(|row| vocab.decode(row)).collect::<Vec<_>>()
                    };
                    assert_eq!(
                        lines(&read.vocab, &mut read.sequences.rows()),
                        lines(vocab, &mut rows.iter().map(Vec::as_slice)),
                        "{format:?}: {text}"
                    );
                }
            }
        }
    }

    #[test]
    fn each_format_by_hand() {
        let letters = Vocab::new(Tokens::Chars, ["C", ",", "\t"].map(String::from).into()).unwrap();
        let rows = [vec![2, 3, 2], vec![2; 61]];
        let long = "C".repeat(60);
        assert_eq!(written(FileFormat::Csv, &letters, &rows[..1], &["p"]), "\"seq, raw\",p\n\"C,C\",0.5\n");
        assert_eq!(written(FileFormat::Tsv, &letters, &rows[..1], &["p"]), "seq, raw\tp\nC,C\t0.5\n");
        let plain = [vec![2, 2], vec![2; 61]];
        assert_eq!(written(FileFormat::Fasta, &letters, &plain, &[]), format!(">1\nCC\n>2\n{long}\nC\n"));
        assert_eq!(written(FileFormat::Fasta, &letters, &plain[..1], &["p", "q"]), ">1 p=0.5 q=0.5\nCC\n");
        let mut fasta = SequenceWriter::new(FileFormat::Fasta, "", &[], Some(&letters)).unwrap();
        assert!(
            fasta
                .write(&rows[0], None, &[], &mut String::new())
                .unwrap_err()
                .contains("',', which is no residue")
        );
        assert_eq!(written(FileFormat::Ids, &letters, &rows[..1], &[]), "0 1 0\n");
        let numbers = Vocab::integers(9).unwrap();
        assert_eq!(
            written(FileFormat::Jsonl, &numbers, &rows[..1], &["p"]),
            "{\"seq, raw\":[0,1,0],\"p\":0.5}\n"
        );
        let mut tsv = SequenceWriter::new(FileFormat::Tsv, "", &[], Some(&letters)).unwrap();
        assert!(tsv.write(&[2, 4], None, &[], &mut String::new()).unwrap_err().contains("a tab"));
        assert_eq!(tsv.heading(), "sequence\n");
        let refused = SequenceWriter::new(FileFormat::Fasta, "", &[], Some(&numbers)).unwrap_err();
        assert_eq!(refused, "fasta is written of characters, and the run's tokens are ids");
    }
}
