//! Sentence BLEU against one set of references (Papineni et al., ACL 2002), smoothed by method 1 of Chen and
//! Cherry (WMT 2014), equal to NLTK's `sentence_bleu` with uniform weights and `SmoothingFunction().method1`.
//!
//! NLTK counts all references again for each hypothesis. Here one pass over the references keeps, for each
//! n-gram, the largest count and the second largest, which also answers "all references but this one".

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::NgramTable;
use crate::{SeqBatch, TokenId};

/// What stands for a count of 0 matches (NLTK's default).
pub const EPSILON: f64 = 0.1;

/// Maximum n-gram counts and lengths of a set of references.
#[derive(Debug, Clone)]
pub struct References {
    table: NgramTable,
    largest: Vec<Largest>,
    lengths: BTreeMap<usize, u32>,
    orders: RangeInclusive<usize>,
}

/// The two largest counts of an n-gram in a reference, and the reference that holds the first.
#[derive(Debug, Clone, Copy, Default)]
struct Largest {
    count: u32,
    row: u32,
    second: u32,
}

impl References {
    /// Counts the n-grams of `references`, for scores of each maximum order in `orders` (from 1).
    pub fn new(references: &SeqBatch, orders: RangeInclusive<usize>) -> Self {
        assert!(*orders.start() >= 1, "BLEU-0 does not exist");
        let mut table = NgramTable::new();
        let mut largest: Vec<Largest> = Vec::new();
        let mut lengths = BTreeMap::new();
        for (index, row) in references.rows().enumerate() {
            *lengths.entry(row.len()).or_insert(0) += 1;
            table.insert(row, *orders.end(), |ngram| {
                let id = ngram.id as usize;
                if id >= largest.len() {
                    largest.resize(id + 1, Largest::default());
                }
                largest[id].add(ngram.count, index as u32);
            });
        }
        Self { table, largest, lengths, orders }
    }

    /// BLEU-n of `hypothesis` for each maximum order n of `orders`:
    ///
    /// `BP exp((ln p_1 + .. + ln p_n) / n)`, with `p_k = clipped matches / max(1, number of k-grams)`, 0
    /// matches counting as [`EPSILON`], and `BP = min(1, exp(1 - closest reference length / length))`; of two
    /// equally close lengths the shorter counts. Without a single matching token the score is 0.
    ///
    /// `left_out` is the index of the hypothesis among the references, if it is one of them: that one copy
    /// is then no reference. Equal sequences at other places remain references. Where no reference is left
    /// (NLTK raises an error there) the score is 0, as for references of which nothing matches.
    pub fn score(&self, hypothesis: &[TokenId], left_out: Option<usize>) -> Vec<f64> {
        let max_order = *self.orders.end();
        let mut matches = vec![0u32; max_order + 1];
        self.table.count(hypothesis, max_order, |ngram| {
            let limit = self.largest[ngram.id as usize].without(left_out);
            matches[ngram.order] += ngram.count.min(limit);
        });
        let closest = self.closest_length(hypothesis.len(), left_out.is_some());
        let (Some(closest), true) = (closest, max_order > 0 && matches[1] > 0) else {
            return self.orders.clone().map(|_| 0.0).collect();
        };
        let penalty = brevity_penalty(closest, hypothesis.len());
        let mut logarithms = 0.0;
        let mut scores = Vec::with_capacity(max_order);
        for (order, &matches) in matches.iter().enumerate().skip(1) {
            let total = (hypothesis.len() + 1).saturating_sub(order).max(1);
            let matches = if matches == 0 { EPSILON } else { f64::from(matches) };
            logarithms += (matches / total as f64).ln();
            if self.orders.contains(&order) {
                scores.push(penalty * (logarithms / order as f64).exp());
            }
        }
        scores
    }

    /// The reference length closest to `length`, the shorter one of two; `left_out` takes away one reference
    /// of exactly this length.
    fn closest_length(&self, length: usize, left_out: bool) -> Option<usize> {
        let same = self.lengths.get(&length).copied().unwrap_or(0);
        if same > u32::from(left_out) {
            return Some(length);
        }
        let shorter = self.lengths.range(..length).next_back().map(|(&l, _)| l);
        let longer = self.lengths.range(length + 1..).next().map(|(&l, _)| l);
        match (shorter, longer) {
            (Some(shorter), Some(longer)) if longer - length < length - shorter => Some(longer),
            (shorter, longer) => shorter.or(longer),
        }
    }
}

impl Largest {
    fn add(&mut self, count: u32, row: u32) {
        if count > self.count {
            *self = Self { count, row, second: self.count };
        } else {
            self.second = self.second.max(count);
        }
    }

    fn without(&self, left_out: Option<usize>) -> u32 {
        if left_out == Some(self.row as usize) { self.second } else { self.count }
    }
}

fn brevity_penalty(closest: usize, length: usize) -> f64 {
    if length > closest { 1.0 } else { (1.0 - closest as f64 / length as f64).exp() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn references(rows: &[&[TokenId]]) -> References {
        References::new(&SeqBatch::from_rows(rows, 10), 1..=3)
    }

    fn close(got: &[f64], expected: &[f64]) {
        let equal = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-14;
        assert!(got.len() == expected.len() && got.iter().zip(expected).all(equal), "{got:?}, {expected:?}");
    }

    #[test]
    fn clipping_smoothing_and_brevity_by_hand() {
        // "1 1 1 2" against "1 1 3 4 5" and "2 1 6 7 8": 1 clipped to 2 of 3, 2 to 1 of 1, so p_1 = 3/4; of the
        // bigrams 11 11 12 one matches, p_2 = 1/3; no trigram of two matches, p_3 = 0.1/2. Length 4 of 5.
        let two = references(&[&[1, 1, 3, 4, 5], &[2, 1, 6, 7, 8]]);
        let penalty = (-0.25f64).exp();
        let [p1, p2, p3] = [3.0 / 4.0, 1.0 / 3.0, 0.1 / 2.0f64];
        let expected = [penalty * p1, penalty * (p1 * p2).sqrt(), penalty * (p1 * p2 * p3).cbrt()];
        close(&two.score(&[1, 1, 1, 2], None), &expected);
    }

    #[test]
    fn corners_of_length() {
        let one = references(&[&[1, 2, 3]]);
        close(&one.score(&[], None), &[0.0; 3]);
        close(&one.score(&[9, 9], None), &[0.0; 3]);
        // One token of three: no bigram and no trigram, whose denominators are 1 nevertheless.
        let penalty = (-2.0f64).exp();
        close(&one.score(&[1], None), &[penalty, penalty * 0.1f64.sqrt(), penalty * 0.01f64.cbrt()]);
        // Longer than the reference: no penalty, precision 3/4.
        close(&one.score(&[1, 2, 3, 9], None)[..1], &[0.75]);
    }

    #[test]
    fn of_two_equally_close_lengths_the_shorter_counts() {
        let lengths = references(&[&[1, 1, 1, 1], &[1, 1]]);
        assert_eq!(lengths.closest_length(3, false), Some(2));
        assert_eq!(lengths.closest_length(9, false), Some(4));
        assert_eq!(lengths.closest_length(0, false), Some(2));
        assert_eq!(lengths.closest_length(4, true), Some(2), "the left-out one is not its own closest");
        assert_eq!(references(&[&[1, 2]]).closest_length(2, true), None);
    }

    #[test]
    fn leaving_one_out_keeps_its_duplicates() {
        // "1 1" holds the largest count of 1; without it the largest is 1 of "1 2".
        let samples = references(&[&[1, 1], &[1, 2], &[1, 2]]);
        close(&samples.score(&[1, 1], Some(0))[..2], &[0.5, 0.05f64.sqrt()]);
        // The other copy of "1 2" is a reference, so all of it matches.
        close(&samples.score(&[1, 2], Some(1))[..2], &[1.0, 1.0]);
        close(&references(&[&[1, 2]]).score(&[1, 2], Some(0)), &[0.0; 3]);
    }
}
