//! What a metric of samples is, and what it may read.

use super::Estimate;
use crate::data::Interner;
use crate::token::SeqBatch;

/// A measurement of samples that gives one or several named estimates.
#[derive(Debug)]
pub struct Metric {
    /// The keys in a scorecard.
    pub names: &'static [&'static str],
    /// What is measured, in one sentence, and what the standard errors are over.
    pub about: &'static str,
    /// The sequences that the samples are compared with.
    pub reference: Reference,
    /// An estimate for each name, in order; empty where the context lacks an input.
    pub measure: fn(&SampleContext<'_>) -> Vec<Estimate>,
}

/// The sequences that a metric compares samples with. It decides which real sequences stand in the place of samples in
/// the row of real sequences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reference {
    /// The test sequences, or none: training sequences stand in the place of samples.
    Test,
    /// The training sequences: test sequences stand in the place of samples, as training sequences would be copies of
    /// themselves.
    Train,
}

/// What a metric may read.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct SampleContext<'a> {
    /// The sequences to measure.
    pub samples: &'a SeqBatch,
    /// Test sequences, in the same token numbers.
    pub test: &'a SeqBatch,
    /// Training sequences, in the same token numbers, where they are to be compared with.
    pub train: Option<&'a SeqBatch>,
    /// Spellings of the token numbers, where tokens are pitches.
    pub pitches: Option<&'a Interner>,
}

impl<'a> SampleContext<'a> {
    /// Samples beside test sequences, without training sequences and pitches.
    pub fn new(samples: &'a SeqBatch, test: &'a SeqBatch) -> Self {
        Self { samples, test, train: None, pitches: None }
    }
}

impl Metric {
    /// Names and estimates of what can be measured.
    pub fn entries(&self, context: &SampleContext<'_>) -> impl Iterator<Item = (&'static str, Estimate)> {
        self.names.iter().copied().zip((self.measure)(context))
    }
}
