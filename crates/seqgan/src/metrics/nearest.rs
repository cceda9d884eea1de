//! How far samples are from the training sequences: a check for memorisation.
//!
//! Exact, and fast enough for ten thousand captions against ten thousand: an index of tokens bounds each distance
//! from below, and only sequences that may be nearer than the best one so far are compared, 64 tokens at a time.

mod index;
mod levenshtein;

use rayon::prelude::*;

use super::Estimate;
use super::metric::{Metric, Reference};
use crate::SeqBatch;
use index::{Index, NearestSearch};

/// A sample nearer than this to a training sequence counts as a near copy.
pub const NEAR_COPY: f64 = 0.1;

/// Steps of [`levenshtein`] that are spent at most: some ten seconds on two cores, where no bound helps.
const MOST_STEPS: u128 = 6_000_000_000;

/// Distances of samples to their nearest training sequences.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Nearest {
    /// Mean over samples of the distance to the nearest training sequence.
    pub distance: Estimate,
    /// Share of samples whose distance is below [`NEAR_COPY`].
    pub near_copies: Estimate,
}

/// For the first [`affordable`] samples the smallest distance to a training sequence: the token edit distance
/// (Levenshtein 1966: insertions, deletions and substitutions cost 1 each) over the length of the longer one. It
/// is 0 for a copy and 1 where no token is common.
///
/// Standard errors are over samples, the training set being given. NaN without samples or training sequences.
pub fn nearest(samples: &SeqBatch, train: &SeqBatch) -> Nearest {
    let measured = if train.is_empty() { 0 } else { affordable(samples, train) };
    let distances = distances(&samples.slice(0, measured), train);
    Nearest {
        distance: Estimate::from_values(distances.iter().copied()),
        near_copies: Estimate::from_values(distances.iter().map(|&d| f64::from(u8::from(d < NEAR_COPY)))),
    }
}

/// How many samples [`nearest`] looks at: all, unless the sets are so large or their sequences so long that it
/// could take minutes; then the first ones stand for all. It depends on lengths alone.
pub fn affordable(samples: &SeqBatch, train: &SeqBatch) -> usize {
    let tokens = train.total_tokens() as u128;
    let mut steps = 0;
    let fits = |row: &&[u32]| {
        steps += row.len().div_ceil(levenshtein::WORD) as u128 * tokens;
        steps <= MOST_STEPS
    };
    samples.rows().take_while(fits).count().max(samples.len().min(1))
}

/// The distance of each sample to its nearest training sequence, of which there is at least one.
fn distances(samples: &SeqBatch, train: &SeqBatch) -> Vec<f64> {
    let index = Index::new(train);
    let search = || NearestSearch::new(&index);
    (0..samples.len())
        .into_par_iter()
        .with_min_len(16)
        .map_init(search, |search, b| search.nearest(samples.row(b)))
        .collect()
}

/// In a scorecard.
pub(super) static NEAREST: Metric = Metric {
    names: &["nearest", "near_copies"],
    about: "Edit distance to the nearest training sequence over the longer length, and share of samples below a tenth; standard errors over samples.",
    reference: Reference::Train,
    measure: |context| {
        let near = context.train.map(|train| nearest(context.samples, train));
        near.map_or(Vec::new(), |near| vec![near.distance, near.near_copies])
    },
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TokenId;
    use crate::rng::{Purpose, Streams};

    /// Two rows of the matrix of Wagner and Fischer (Journal of the ACM 21, 1974).
    pub fn plain_distance(a: &[TokenId], b: &[TokenId]) -> usize {
        let mut row: Vec<usize> = (0..=b.len()).collect();
        for (i, x) in a.iter().enumerate() {
            let mut diagonal = row[0];
            row[0] = i + 1;
            for (j, y) in b.iter().enumerate() {
                let change = diagonal + usize::from(x != y);
                diagonal = row[j + 1];
                row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
            }
        }
        row[b.len()]
    }

    /// Sequences of `0..=longest` tokens out of `vocabulary`; later ones are earlier ones with a few changes.
    pub fn random(seed: u64, rows: usize, longest: usize, vocabulary: usize) -> SeqBatch {
        let streams = Streams::new(seed, Purpose::Sample);
        let mut batch = SeqBatch::new(longest);
        for b in 0..rows {
            let mut reader = streams.reader(b as u64);
            let mut row: Vec<TokenId> = match b % 3 {
                0 => (0..reader.below(longest + 1)).map(|_| reader.below(vocabulary) as TokenId).collect(),
                _ => batch.row(reader.below(b)).to_vec(),
            };
            for _ in 0..reader.below(4).min(row.len()) {
                match reader.below(2) {
                    0 => drop(row.remove(reader.below(row.len()))),
                    _ => row[0] = reader.below(vocabulary) as TokenId,
                }
            }
            batch.push(&row);
        }
        batch
    }

    #[test]
    fn the_nearest_is_that_of_all_pairs() {
        for (rows, longest, vocabulary) in [(150, 12, 8), (150, 12, 300), (60, 100, 4), (40, 300, 40)] {
            let (train, samples) =
                (random(1, rows, longest, vocabulary), random(2, rows, longest, vocabulary));
            for (sample, got) in samples.rows().zip(distances(&samples, &train)) {
                let relative = |row: &[TokenId]| {
                    plain_distance(sample, row) as f64 / sample.len().max(row.len()).max(1) as f64
                };
                let expected = train.rows().map(relative).min_by(f64::total_cmp).unwrap();
                assert_eq!(got, expected, "{rows} {longest} {vocabulary}: {sample:?}");
            }
        }
    }

    #[test]
    fn means_and_shares_by_hand() {
        let train = SeqBatch::from_rows([(0..20).collect::<Vec<_>>(), vec![30, 31]], 20);
        // A copy, one token of 20 changed, half changed, nothing in common, and nothing at all.
        let changed: Vec<u32> = (0..19).chain([99]).collect();
        let samples = SeqBatch::from_rows([vec![30, 31], changed, vec![30, 99], vec![99], vec![]], 20);
        let got = nearest(&samples, &train);
        assert!((got.distance.mean - (0.0 + 0.05 + 0.5 + 1.0 + 1.0) / 5.0).abs() < 1e-15, "{got:?}");
        assert_eq!(got.near_copies.mean, 0.4);
        assert!(nearest(&samples, &SeqBatch::new(3)).distance.mean.is_nan());
        assert!(nearest(&SeqBatch::new(3), &train).distance.mean.is_nan());
    }

    #[test]
    fn threads_change_nothing() {
        let (train, samples) = (random(3, 200, 20, 9), random(4, 200, 20, 9));
        let expected = nearest(&samples, &train);
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            assert_eq!(pool.install(|| nearest(&samples, &train)), expected);
        }
    }

    #[test]
    fn long_sequences_are_measured_in_part() {
        // 2,048 tokens are 32 words, so a pair costs 65,536 steps, and a sample against 1,000 of them 65,536,000.
        let train = SeqBatch::from_rows(vec![vec![1; 2048]; 1000], 2048);
        let samples = SeqBatch::from_rows(vec![vec![2; 2048]; 100], 2048);
        assert_eq!(affordable(&samples, &train), 91);
        assert_eq!(affordable(&samples.slice(0, 90), &train), 90);
    }
}
