//! Sequences that were not there before, among the samples or in the training file.

use std::collections::HashSet;

use seqgan::saved::SavedRun;
use seqgan::{Error, SeqBatch};

use crate::args::SampleArgs;
use crate::messages::UsageError;

/// Tells which of the sequences drawn are written.
pub struct Distinct {
    seen: Option<HashSet<Box<[u32]>>>,
    known: Option<HashSet<Box<[u32]>>>,
    run: std::path::PathBuf,
}

impl Distinct {
    /// As the options say; for `--novel` the training file is read again.
    pub fn new(args: &SampleArgs, run: &SavedRun, max_length: usize) -> anyhow::Result<Self> {
        let known = match args.novel {
            false => None,
            true => {
                let train = run.training_sequences(max_length)?.ok_or_else(|| UsageError {
                    message: format!(
                        "{}: a run of the synthetic task has no training file",
                        args.run.display()
                    ),
                    hint: None,
                })?;
                Some(train.rows().map(Into::into).collect())
            }
        };
        Ok(Self { seen: args.unique.then(HashSet::new), known, run: args.run.clone() })
    }

    /// Whether every sequence is written.
    pub fn accepts_all(&self) -> bool {
        self.seen.is_none() && self.known.is_none()
    }

    /// The rows to write, at most `most` of them.
    pub fn keep(&mut self, samples: &SeqBatch, most: usize) -> Vec<usize> {
        let mut kept = Vec::new();
        for (b, row) in samples.rows().enumerate() {
            if kept.len() == most {
                break;
            }
            let novel = self.known.as_ref().is_none_or(|known| !known.contains(row));
            if novel && self.seen.as_mut().is_none_or(|seen| seen.insert(row.into())) {
                kept.push(b);
            }
        }
        kept
    }

    /// What is said when there are too few.
    pub fn exhausted(&self, found: usize, wanted: usize, drawn: u64) -> Error {
        let kind = match (&self.seen, &self.known) {
            (Some(_), Some(_)) => "different, novel sequences",
            (Some(_), None) => "different sequences",
            (None, Some(_)) => "novel sequences",
            (None, None) => "sequences",
        };
        let hint = match (&self.seen, &self.known) {
            (None, None) => "a beam finds as many sequences as it is wide; give a wider one, or a smaller -n",
            _ => "ask for fewer, raise --max-tries, or sample at a higher temperature",
        };
        Error::Run {
            path: self.run.clone(),
            message: format!("only {found} of {wanted} {kind} in {drawn} draws"),
            hint: Some(hint.into()),
        }
    }
}
