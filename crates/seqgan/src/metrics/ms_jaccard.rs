//! MS-Jaccard: how alike two sets of sequences are as multisets of n-grams (Montahaei, Alihosseini and Soleymani
//! Baghshah, "Jointly Measuring Diversity and Quality in Text Generation Models", NeuralGen 2019).

use std::ops::RangeInclusive;

use super::Estimate;
use super::metric::{Metric, Reference};
use crate::SeqBatch;
use crate::ngram::NgramTable;

/// For each maximum order N of `orders` the geometric mean over n = 1..N of
/// `sum min(a_g, b_g) / sum max(a_g, b_g)`, over all n-grams g of either set, where `a_g` is the number of g in
/// `samples` over the number of samples, and `b_g` the same of `test`.
///
/// 1 for sets of equal n-gram frequencies, 0 where no n-gram of some order is shared; NaN for an empty set, and
/// where neither set has an n-gram of some order. It grows with the size of either set: compare equal numbers only.
///
/// The standard error is over samples, the test set being given: the delete-one jackknife, which is exact and
/// takes linear time, since without a sequence its own n-grams are fewer and all other counts are divided by
/// one less.
pub fn ms_jaccard(samples: &SeqBatch, test: &SeqBatch, orders: RangeInclusive<usize>) -> Vec<Estimate> {
    assert!(*orders.start() >= 1, "MS-Jaccard of no n-grams");
    let max_order = *orders.end();
    let counts = Counts::new(samples, test, max_order);
    let n = samples.len() as f64;
    let whole = counts.overlaps(n);
    let others = counts.overlaps(n - 1.0);
    let mut without = vec![Vec::with_capacity(samples.len()); max_order];
    for row in samples.rows() {
        let mut rest = others.clone();
        counts.table.count(row, max_order, |ngram| {
            let [all, test] = counts.of[ngram.id as usize];
            rest[ngram.order - 1].remove(all, ngram.count, f64::from(test) / counts.sequences[1], n - 1.0);
        });
        means(&rest, n - 1.0, &counts).zip(&mut without).for_each(|(mean, list)| list.push(mean));
    }
    means(&whole, n, &counts)
        .zip(without)
        .map(|(mean, without)| Estimate::jackknife(mean, without))
        .skip(*orders.start() - 1)
        .collect()
}

/// The geometric mean of the first 1, 2, .. orders, of `n` samples.
fn means(overlaps: &[Overlap], n: f64, counts: &Counts) -> impl Iterator<Item = f64> {
    let mut logarithms = 0.0;
    overlaps.iter().zip(&counts.test_ngrams).enumerate().map(move |(i, (overlap, test_ngrams))| {
        // Minima and maxima add up to all of both sets.
        let both = overlap.ngrams / n + test_ngrams / counts.sequences[1];
        logarithms += (overlap.shared / (both - overlap.shared)).ln();
        (logarithms / (i + 1) as f64).exp()
    })
}

/// What samples and test set have in common, of one order.
#[derive(Debug, Clone, Copy, Default)]
struct Overlap {
    /// Sum of minima.
    shared: f64,
    /// Different n-grams that both sets have.
    kinds: usize,
    /// n-grams of all samples.
    ngrams: f64,
}

impl Overlap {
    /// Takes away `own` of `all` occurrences of an n-gram in `n` samples, whose frequency in the test set is `test`.
    fn remove(&mut self, all: u32, own: u32, test: f64, n: f64) {
        let least = |count: u32| (f64::from(count) / n).min(test);
        self.ngrams -= f64::from(own);
        self.shared -= least(all) - least(all - own);
        if own == all && test > 0.0 {
            self.kinds -= 1;
        }
        // Rounding leaves a little where there is nothing, and the fifth root of a little is much.
        if self.kinds == 0 {
            self.shared = 0.0;
        }
    }
}

/// Numbers of n-grams of both sets.
struct Counts {
    table: NgramTable,
    /// Order of each n-gram.
    orders: Vec<usize>,
    /// Occurrences of each n-gram in the samples and in the test set.
    of: Vec<[u32; 2]>,
    /// n-grams of the test set, an entry an order.
    test_ngrams: Vec<f64>,
    /// Sequences of the samples and of the test set.
    sequences: [f64; 2],
}

impl Counts {
    fn new(samples: &SeqBatch, test: &SeqBatch, max_order: usize) -> Self {
        let (mut table, mut orders, mut of) = (NgramTable::new(), Vec::new(), Vec::new());
        let mut test_ngrams = vec![0.0; max_order];
        for (set, sequences) in [samples, test].into_iter().enumerate() {
            for row in sequences.rows() {
                table.insert(row, max_order, |ngram| {
                    let id = ngram.id as usize;
                    if id >= of.len() {
                        of.resize(id + 1, [0; 2]);
                        orders.resize(id + 1, 0);
                    }
                    orders[id] = ngram.order;
                    of[id][set] += ngram.count;
                    if set == 1 {
                        test_ngrams[ngram.order - 1] += f64::from(ngram.count);
                    }
                });
            }
        }
        Self { table, orders, of, test_ngrams, sequences: [samples.len() as f64, test.len() as f64] }
    }

    /// The overlap of each order where counts of samples are divided by `n`.
    fn overlaps(&self, n: f64) -> Vec<Overlap> {
        let mut overlaps = vec![Overlap::default(); self.test_ngrams.len()];
        for (order, [sample, test]) in self.orders.iter().zip(&self.of) {
            let overlap = &mut overlaps[order - 1];
            overlap.ngrams += f64::from(*sample);
            if *sample > 0 && *test > 0 {
                overlap.shared += (f64::from(*sample) / n).min(f64::from(*test) / self.sequences[1]);
                overlap.kinds += 1;
            }
        }
        overlaps
    }
}

/// In a scorecard.
pub(super) static MS_JACCARD: Metric = Metric {
    names: &["ms_jaccard_2", "ms_jaccard_3", "ms_jaccard_4", "ms_jaccard_5"],
    about: "n-grams of both samples and test sequences over n-grams of either; standard error over samples.",
    reference: Reference::Test,
    measure: |context| ms_jaccard(context.samples, context.test, 2..=5),
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TokenId;
    use crate::rng::{Purpose, Streams};
    use std::collections::BTreeMap;

    fn batch<R: AsRef<[TokenId]>>(rows: impl IntoIterator<Item = R>) -> SeqBatch {
        SeqBatch::from_rows(rows, 8)
    }

    #[test]
    fn by_hand() {
        // A sample: 1 once, 2 once. A test sequence of two: 1 once, 3 half, 2 half of a time.
        // Unigrams: min 1 + 1/2, max 1 + 1 + 1/2. Bigrams: 12 once against half, 13 half: 1/2 over 1 + 1/2.
        let got = ms_jaccard(&batch([[1, 2]]), &batch([[1, 2], [1, 3]]), 1..=2);
        assert!((got[0].mean - 0.6).abs() < 1e-15, "{got:?}");
        assert!((got[1].mean - (0.6f64 / 3.0).sqrt()).abs() < 1e-15, "{got:?}");
        assert!(got[0].stderr.is_nan(), "one sample has no error");
    }

    #[test]
    fn corners() {
        let set = batch([vec![1, 2, 3], vec![4, 5, 6], vec![1, 2, 3]]);
        // Equal frequencies, unequal numbers of sequences.
        let twice = batch(set.rows().chain(set.rows()));
        assert!(ms_jaccard(&twice, &set, 1..=3).iter().all(|got| (got.mean - 1.0).abs() < 1e-12));
        // The samples and the test set may be one object.
        assert!(ms_jaccard(&set, &set, 1..=3).iter().all(|got| (got.mean - 1.0).abs() < 1e-12));
        // Shared unigrams, no shared bigram.
        let got = ms_jaccard(&batch([[2, 1], [3, 2]]), &set, 1..=2);
        assert!(got[0].mean > 0.0 && got[1].mean == 0.0, "{got:?}");
        // Nobody has 4-grams.
        assert!(ms_jaccard(&set, &set, 4..=4)[0].mean.is_nan());
        assert!(ms_jaccard(&SeqBatch::new(3), &set, 2..=2)[0].mean.is_nan());
    }

    /// The definition with a map of whole n-grams.
    fn plainly(samples: &SeqBatch, test: &SeqBatch, max_order: usize) -> f64 {
        let mut product = 1.0;
        for order in 1..=max_order {
            let mut frequencies: BTreeMap<Vec<TokenId>, [f64; 2]> = BTreeMap::new();
            for (set, sequences) in [samples, test].into_iter().enumerate() {
                for ngram in sequences.rows().flat_map(|row| row.windows(order)) {
                    frequencies.entry(ngram.to_vec()).or_default()[set] += 1.0 / sequences.len() as f64;
                }
            }
            let sum = |f: fn(f64, f64) -> f64| frequencies.values().map(|[a, b]| f(*a, *b)).sum::<f64>();
            product *= sum(f64::min) / sum(f64::max);
        }
        product.powf(1.0 / max_order as f64)
    }

    fn random(set: u64, rows: usize) -> SeqBatch {
        let streams = Streams::new(11, Purpose::Sample);
        let mut reader = streams.reader(set);
        // Skewed tokens (a square) and lengths from 0, so that some n-grams are rare and some frequent.
        let mut token = move || ((reader.uniform() * reader.uniform()) * 30.0) as TokenId;
        batch((0..rows).map(|_| (0..token() % 7).map(|_| token()).collect::<Vec<_>>()).collect::<Vec<_>>())
    }

    #[test]
    fn value_and_error_are_those_of_the_definition() {
        let (samples, test) = (random(0, 60), random(1, 45));
        let got = ms_jaccard(&samples, &test, 2..=5);
        for (order, got) in (2..=5).zip(got) {
            let without = (0..samples.len()).map(|left_out| {
                let others = samples.select((0..samples.len()).filter(|b| *b != left_out));
                plainly(&others, &test, order)
            });
            let expected = Estimate::jackknife(plainly(&samples, &test, order), without);
            assert!((got.mean - expected.mean).abs() < 1e-12, "{order}: {got:?}, {expected:?}");
            assert!((got.stderr - expected.stderr).abs() < 1e-9, "{order}: {got:?}, {expected:?}");
        }
    }

    /// The claimed errors against the spread over 400 independent sets of samples.
    #[test]
    fn errors_are_those_of_repeated_sampling() {
        let test = random(1000, 100);
        let measured: Vec<_> = (0..400).map(|set| ms_jaccard(&random(set, 100), &test, 2..=4)).collect();
        for order in 0..3 {
            let spread = Estimate::from_values(measured.iter().map(|set| set[order].mean)).stderr * 20.0;
            let variance = Estimate::from_values(measured.iter().map(|set| set[order].stderr.powi(2))).mean;
            let ratio = variance.sqrt() / spread;
            assert!((0.9..1.35).contains(&ratio), "{order}: {ratio}");
        }
    }
}
