//! How varied and how new the samples are.
//!
//! Standard errors are over sequences: for `distinct` and `unique` by the delete-one jackknife, which here is
//! exact and takes linear time, since without a sequence only what occurs nowhere else is missing. (Drawing
//! with replacement, as the bootstrap does, would make duplicates of its own and so move what is counted.)

use std::collections::{HashMap, HashSet};

use super::Estimate;
use super::metric::{Metric, Reference};
use crate::ngram::NgramTable;
use crate::{SeqBatch, TokenId};

/// Distinct-n (Li et al., NAACL 2016): number of different n-grams over number of n-grams, of all samples
/// together. NaN where no sample has n tokens.
///
/// It falls with the number of samples, so compare equal numbers only.
pub fn distinct(samples: &SeqBatch, order: usize) -> Estimate {
    assert!(order >= 1, "distinct-0 does not exist");
    let mut table = NgramTable::new();
    let mut owners: Vec<Owner> = Vec::new();
    for (b, row) in samples.rows().enumerate() {
        table.insert(row, order, |ngram| {
            let id = ngram.id as usize;
            if id >= owners.len() {
                owners.resize(id + 1, Owner::Ignored);
            }
            if ngram.order == order {
                owners[id] = if let Owner::Ignored = owners[id] { Owner::One(b) } else { Owner::Many };
            }
        });
    }
    let mut own = vec![0usize; samples.len()];
    for owner in &owners {
        if let Owner::One(b) = owner {
            own[*b] += 1;
        }
    }
    let kinds = owners.iter().filter(|owner| !matches!(owner, Owner::Ignored)).count();
    let sizes: Vec<usize> = samples.rows().map(|row| (row.len() + 1).saturating_sub(order)).collect();
    share(kinds, &own, &sizes)
}

/// Number of different sequences over number of sequences.
pub fn unique(samples: &SeqBatch) -> Estimate {
    let mut copies: HashMap<&[TokenId], usize> = HashMap::new();
    samples.rows().for_each(|row| *copies.entry(row).or_insert(0) += 1);
    let own: Vec<usize> = samples.rows().map(|row| usize::from(copies[row] == 1)).collect();
    share(copies.len(), &own, &vec![1; samples.len()])
}

/// Share of the samples that are no sequence of the training set.
pub fn novel(samples: &SeqBatch, train: &SeqBatch) -> Estimate {
    let known: HashSet<&[TokenId]> = train.rows().collect();
    Estimate::from_values(samples.rows().map(|row| f64::from(u8::from(!known.contains(row)))))
}

/// Which sequences hold an n-gram.
#[derive(Debug, Clone, Copy)]
enum Owner {
    /// It is of a lower order than the one counted.
    Ignored,
    One(usize),
    Many,
}

/// `kinds` over the sum of `sizes`; sequence i brings `sizes[i]` things, among them `own[i]` kinds that no
/// other sequence has.
fn share(kinds: usize, own: &[usize], sizes: &[usize]) -> Estimate {
    let total: usize = sizes.iter().sum();
    let without = own.iter().zip(sizes).map(|(own, size)| (kinds - own) as f64 / (total - size) as f64);
    Estimate::jackknife(kinds as f64 / total as f64, without)
}

/// In a scorecard.
pub(super) static DISTINCT: Metric = Metric {
    names: &["distinct_1", "distinct_2", "distinct_3"],
    about: "Different n-grams over all n-grams; standard error over samples.",
    reference: Reference::Test,
    measure: |context| [1, 2, 3].map(|order| distinct(context.samples, order)).into(),
};

/// In a scorecard.
pub(super) static UNIQUE: Metric = Metric {
    names: &["unique"],
    about: "Share of different sequences; standard error over samples.",
    reference: Reference::Test,
    measure: |context| vec![unique(context.samples)],
};

/// In a scorecard.
pub(super) static NOVEL: Metric = Metric {
    names: &["novel"],
    about: "Share of samples that are no training sequence; standard error over samples.",
    reference: Reference::Train,
    measure: |context| context.train.map(|train| novel(context.samples, train)).into_iter().collect(),
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Purpose, Streams};

    fn close(got: Estimate, mean: f64, stderr: f64) {
        assert!((got.mean - mean).abs() < 1e-15 && (got.stderr - stderr).abs() < 1e-15, "{got:?}");
    }

    fn samples() -> SeqBatch {
        SeqBatch::from_rows([vec![1, 2, 1, 2], vec![1, 2, 3], vec![1, 2, 3], vec![4]], 4)
    }

    #[test]
    fn distinct_by_hand() {
        // Bigrams 12 21 12, 12 23, 12 23, none: 3 kinds of 7. Only 21 belongs to one sequence, so without
        // the first 2/4, without the second or third 3/5, without the last 3/7.
        let values: [f64; 4] = [2.0 / 4.0, 3.0 / 5.0, 3.0 / 5.0, 3.0 / 7.0];
        let mean = values.iter().sum::<f64>() / 4.0;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        close(distinct(&samples(), 2), 3.0 / 7.0, (0.75 * squares).sqrt());
        // Unigrams: 1 2 3 4 of 11 tokens.
        assert_eq!(distinct(&samples(), 1).mean, 4.0 / 11.0);
        assert!(distinct(&samples(), 5).mean.is_nan());
    }

    #[test]
    fn unique_and_novel_by_hand() {
        // 3 kinds of 4; without a single one 2/3, without one of the two equal ones 3/3; mean 5/6.
        close(unique(&samples()), 0.75, (0.75f64 * 4.0 / 36.0).sqrt());
        // Padding and the training set's maximum length play no part.
        let train = SeqBatch::from_rows([vec![4], vec![1, 2, 3, 0], vec![9; 6]], 6);
        close(novel(&samples(), &train), 0.75, 0.25);
        assert!(unique(&SeqBatch::new(3)).mean.is_nan());
    }

    /// The claimed errors against the spread over 400 independent sets of samples.
    #[test]
    fn jackknife_errors_are_those_of_repeated_sampling() {
        let streams = Streams::new(5, Purpose::Sample);
        let sets = (0..400).map(|set| {
            let mut reader = streams.reader(set);
            // Skewed tokens (a square) and lengths, so that some n-grams are rare and some frequent.
            let mut token = move || ((reader.uniform() * reader.uniform()) * 40.0) as TokenId;
            let row = |_| (0..1 + token() % 4).map(|_| token()).collect::<Vec<_>>();
            SeqBatch::from_rows((0..100).map(row).collect::<Vec<_>>(), 4)
        });
        let measured: Vec<[Estimate; 3]> =
            sets.map(|set| [distinct(&set, 1), distinct(&set, 2), unique(&set)]).collect();
        for what in 0..3 {
            let spread = Estimate::from_values(measured.iter().map(|set| set[what].mean)).stderr * 20.0;
            let variance = Estimate::from_values(measured.iter().map(|set| set[what].stderr.powi(2))).mean;
            let claimed = variance.sqrt();
            // Efron and Stein: the variance is never too small on average; here it is a little too large.
            assert!((0.9..1.35).contains(&(claimed / spread)), "{what}: {claimed} for {spread}");
        }
    }
}
