//! Where sequences come from: draws, or a beam.

use seqgan::generator::{BoxGenerator, Filter, GeneratorPolicy, Policy};
use seqgan::rng::{Purpose, Streams};
use seqgan::{Label, SeqBatch};

use super::resampling::Resampling;
use crate::args::SampleArgs;

/// Sequences in order, as many as are asked for, or as many as a beam finds.
pub struct Draws {
    policy: GeneratorPolicy,
    source: Source,
    drawn: u64,
}

enum Source {
    Policy { streams: Streams, filter: Option<Filter>, resampling: Option<Box<Resampling>> },
    Beam(SeqBatch),
}

impl Draws {
    /// As the options say.
    pub fn new(
        args: &SampleArgs,
        generator: &BoxGenerator,
        label: Option<Label>,
        resampling: Option<Resampling>,
    ) -> Self {
        let policy = GeneratorPolicy::new(generator, args.temperature);
        let policy = match label {
            Some(label) => policy.with_label(label),
            None => policy,
        };
        let source = match args.beam {
            Some(width) => {
                let found = policy.beam(width, label);
                let rows = SeqBatch::from_rows(found.iter().map(|(row, _)| row), policy.max_length());
                let labels = label.iter().flat_map(|&label| std::iter::repeat_n(label, rows.len())).collect();
                Source::Beam(if label.is_some() { rows.with_labels(labels) } else { rows })
            }
            None => {
                let top_k = if args.greedy { 1 } else { args.top_k.unwrap_or(0) };
                let filter = Filter { top_k, top_p: args.top_p.unwrap_or(1.0) };
                let filtered = filter.top_k > 0 || filter.top_p < 1.0;
                let streams = Streams::new(args.repeat.seed, Purpose::Sample);
                let filter = filtered.then_some(filter);
                Source::Policy { streams, filter, resampling: resampling.map(Box::new) }
            }
        };
        Self { policy, source, drawn: 0 }
    }

    /// The next `n` sequences; fewer, or none, where a beam has no more.
    pub fn next(&mut self, n: usize) -> SeqBatch {
        let samples = match &mut self.source {
            Source::Policy { streams, filter, resampling } => {
                let draw = |first, n| self.policy.sample_filtered(*filter, streams, first, n);
                match resampling {
                    Some(resampling) => resampling.sample(self.drawn, n, draw),
                    None => draw(self.drawn, n).sequences,
                }
            }
            Source::Beam(found) => {
                let first = self.drawn as usize;
                found.slice(first, n.min(found.len() - first))
            }
        };
        self.drawn += samples.len() as u64;
        samples
    }

    /// Sequences drawn so far.
    pub fn drawn(&self) -> u64 {
        self.drawn
    }

    /// What there is to say of how they were chosen.
    pub fn note(&self) -> Option<String> {
        match &self.source {
            Source::Policy { resampling: Some(resampling), .. } => Some(resampling.note()),
            _ => None,
        }
    }

    /// Whether there is no further sequence.
    pub fn ended(&self) -> bool {
        matches!(&self.source, Source::Beam(found) if found.len() as u64 == self.drawn)
    }
}
