//! The validation part of the training data, chosen by the sequences themselves.

use sha2::{Digest, Sha256};
use std::collections::HashMap;

use crate::TokenId;

/// The share that is set aside for validation when nothing else is asked for.
pub const DEFAULT_VALIDATION_SHARE: f64 = 0.05;

/// Repeats may be this share of the rows before occurrences are split.
const MOST_REPEATS: f64 = 0.1;
/// And a row's sequence occurs at least this often, on average over the rows. Files of accidental copies stay below it.
const FEWEST_OCCURRENCES: f64 = 2.0;

/// Occurrences are split, too, where one sequence alone has more than the share of the rows, if it occurs this often.
const FEWEST_OF_ONE: u64 = 5;

/// What a part is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SplitBy {
    /// Different sequences: all rows of a sequence are in the same part.
    Sequences,
    /// Occurrences: each row by itself, so that a frequent sequence is as frequent in both parts.
    Occurrences,
}

impl SplitBy {
    /// The name in run.json.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sequences => "sequences",
            Self::Occurrences => "occurrences",
        }
    }
}

/// Row numbers of the two parts, both rising; every row is in exactly one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// Rows to train on.
    pub training: Vec<usize>,
    /// Rows that early stopping looks at.
    pub validation: Vec<usize>,
    /// What the parts are made of.
    pub by: SplitBy,
}

/// Splits rows so that about `share` (taken into 0 to 1) of them are for validation.
///
/// Where repeats are rare, the *different* sequences are split: a sequence goes to validation when the first 8 bytes of the
/// SHA-256 of its ids (each as 4 bytes, the lowest first), read as a fraction of 2^64, are below `share`. So equal
/// sequences land in the same part, and no accidental copy of a training sequence is in the validation part.
///
/// Where more than a tenth of the rows repeat another one, and a row's sequence occurs twice or more on average over the rows,
/// the *occurrences* are split: the hash is of the ids and the number of the occurrence in the order of rows (8 bytes, the
/// lowest first, 0 for the first). The same holds where one sequence alone has more than `share` of the rows. What is frequent then stays frequent in both parts, and the share is kept.
///
/// In both cases the part of a row depends neither on its place nor on other sequences. One exception keeps both parts alive:
/// with a share above 0 and at least two different sequences, an empty validation part gets what has the lowest hash, and an
/// empty training part keeps what has the highest. A single different sequence is for training.
pub fn split_by_hash<R: AsRef<[TokenId]>>(rows: impl IntoIterator<Item = R>, share: f64) -> Split {
    let rows: Vec<R> = rows.into_iter().collect();
    let mut counts: HashMap<&[TokenId], u64> = HashMap::new();
    // The number of each row's occurrence.
    let numbers: Vec<u64> = rows
        .iter()
        .map(|row| {
            let count = counts.entry(row.as_ref()).or_default();
            *count += 1;
            *count - 1
        })
        .collect();
    let by = if is_repetitive(rows.len(), counts.values().copied(), share) {
        SplitBy::Occurrences
    } else {
        SplitBy::Sequences
    };
    let num_different = counts.len();
    let hashes: Vec<[u8; 32]> = rows
        .iter()
        .zip(&numbers)
        .map(|(row, &number)| hash(row.as_ref(), (by == SplitBy::Occurrences).then_some(number)))
        .collect();
    let (Some(&lowest), Some(&highest)) = (hashes.iter().min(), hashes.iter().max()) else {
        return Split { training: Vec::new(), validation: Vec::new(), by };
    };
    let in_validation = |hash: &[u8; 32]| {
        // The two ends are what the rule above moves; they need no look at the other hashes.
        let forced = hash == &lowest && num_different > 1;
        let kept = hash == &highest || num_different == 1;
        share > 0.0 && !kept && (forced || fraction(hash) < share)
    };
    let (validation, training) = (0..hashes.len()).partition(|&row| in_validation(&hashes[row]));
    Split { training, validation, by }
}

/// Whether so many rows, of which each sequence has `counts`, repeat often enough to be split by occurrences.
fn is_repetitive(rows: usize, counts: impl ExactSizeIterator<Item = u64> + Clone, share: f64) -> bool {
    let (rows, different) = (rows as f64, counts.len() as f64);
    let most = counts.clone().max().unwrap_or(0);
    // By itself it would fill the validation part, or be missing there.
    if most >= FEWEST_OF_ONE && most as f64 > share * rows {
        return true;
    }
    let occurrences = counts.map(|count| (count * count) as f64).sum::<f64>() / rows;
    rows - different > MOST_REPEATS * rows && occurrences >= FEWEST_OCCURRENCES
}

fn hash(row: &[TokenId], occurrence: Option<u64>) -> [u8; 32] {
    let mut hash = Sha256::new();
    row.iter().for_each(|id| hash.update(id.to_le_bytes()));
    if let Some(number) = occurrence {
        hash.update(number.to_le_bytes());
    }
    hash.finalize().into()
}

fn fraction(hash: &[u8; 32]) -> f64 {
    let first = hash.iter().take(8).fold(0u64, |number, &byte| number << 8 | u64::from(byte));
    first as f64 / 2f64.powi(64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(n: u32) -> Vec<[TokenId; 2]> {
        (0..n).map(|i| [i, 7]).collect()
    }

    #[test]
    fn the_rule_is_the_documented_one() {
        // SHA-256 of the bytes 61 62 63 64 ("abcd", id 0x64636261) starts with 88d4266fd4e6338d, and
        // 0x88d4 / 0x10000 = 35,028 / 65,536 = 0.5345.
        let abcd = hash(&[0x6463_6261], None);
        assert_eq!(abcd[..8], [0x88, 0xd4, 0x26, 0x6f, 0xd4, 0xe6, 0x33, 0x8d]);
        assert!((fraction(&abcd) - 35_028.0 / 65_536.0).abs() < 1.0 / 65_536.0);
        let rows = numbers(500);
        let split = split_by_hash(&rows, 0.3);
        assert!(split.validation.iter().all(|&row| fraction(&hash(&rows[row], None)) < 0.3));
        assert!(split.training.iter().all(|&row| fraction(&hash(&rows[row], None)) >= 0.3));
    }

    #[test]
    fn the_share_is_met_and_every_row_is_in_one_part() {
        let split = split_by_hash(numbers(20_000), DEFAULT_VALIDATION_SHARE);
        // 1,000 expected, standard deviation sqrt(20,000 * 0.05 * 0.95) = 31; within four of them.
        assert!(split.validation.len().abs_diff(1_000) < 124, "{}", split.validation.len());
        let mut all = [split.training.clone(), split.validation.clone()].concat();
        assert!(split.training.is_sorted() && split.validation.is_sorted());
        all.sort_unstable();
        assert_eq!(all, (0..20_000).collect::<Vec<_>>());
    }

    #[test]
    fn a_sequence_keeps_its_part_among_other_sequences() {
        let rows = numbers(400);
        // A few copies: 20 of 420 rows.
        let more: Vec<_> = rows.iter().rev().chain(&rows[..20]).collect();
        let (once, again) = (split_by_hash(&rows, 0.3), split_by_hash(&more, 0.3));
        assert_eq!((once.by, again.by), (SplitBy::Sequences, SplitBy::Sequences));
        let chosen: Vec<_> = once.validation.iter().map(|&row| rows[row]).collect();
        assert!(again.validation.iter().all(|&row| chosen.contains(more[row])));
        assert!(again.training.iter().all(|&row| !chosen.contains(more[row])));
    }

    #[test]
    fn frequent_sequences_stay_frequent_in_both_parts() {
        // 7 of 10 rows are the same one.
        let rows: Vec<[TokenId; 2]> = (0..2_000).map(|i| if i % 10 < 7 { [5, 5] } else { [i, 7] }).collect();
        let split = split_by_hash(&rows, 0.05);
        assert_eq!(split.by, SplitBy::Occurrences);
        // 100 expected, standard deviation 9.7; of these 70 % the frequent one, standard deviation 4.6 points.
        let share = |part: &[usize]| {
            part.iter().filter(|&&row| rows[row] == [5, 5]).count() as f64 / part.len() as f64
        };
        assert!(split.validation.len().abs_diff(100) < 39, "{}", split.validation.len());
        assert!((share(&split.validation) - 0.7).abs() < 0.19 && (share(&split.training) - 0.7).abs() < 0.01);
        // A row keeps its part when others come: the rule is the text and the number of its occurrence.
        let longer: Vec<_> = rows.iter().copied().chain((5_000..5_400).map(|i| [i, 7])).collect();
        let again = split_by_hash(&longer, 0.05);
        assert!(again.validation.iter().filter(|&&row| row < 2_000).eq(&split.validation));
    }

    #[test]
    fn copies_are_repeats_when_they_are_many() {
        let by = |counts: &[u32]| {
            let rows = (0..).zip(counts).flat_map(|(i, &n)| std::iter::repeat_n([i, 7], n as usize));
            split_by_hash(rows, 0.05).by
        };
        // Each twice: half of the rows, two occurrences for each.
        assert_eq!(by(&[2; 50]), SplitBy::Occurrences);
        // A third of the rows are copies of one other: (20 * 4 + 20) / 60 = 1.67 occurrences.
        assert_eq!(by(&[[2; 20], [1; 20]].concat()), SplitBy::Sequences);
        // One frequent sequence: 12 of 100 rows, (144 + 88) / 100 = 2.3; 10 of 100 are not more than a tenth.
        assert_eq!(by(&[&[12][..], &[1; 88]].concat()), SplitBy::Occurrences);
        // One sequence alone has more than the share of 5 %, or not.
        assert_eq!(by(&[&[6][..], &[1; 94]].concat()), SplitBy::Occurrences);
        assert_eq!(by(&[&[5][..], &[1; 95]].concat()), SplitBy::Sequences);
        assert_eq!(by(&[&[4][..], &[1; 20]].concat()), SplitBy::Sequences);
    }

    #[test]
    fn two_different_sequences_fill_both_parts() {
        for n in 2..6 {
            for share in [1e-12, 0.05, 0.999_999_999, 1.0, 7.0] {
                let split = split_by_hash(numbers(n), share);
                assert!(!split.training.is_empty() && !split.validation.is_empty(), "{n} rows, {share}");
            }
        }
    }

    #[test]
    fn nothing_is_set_aside_from_one_sequence_or_without_a_share() {
        assert_eq!(split_by_hash([[1], [1], [1]], 0.9).training, [0, 1, 2]);
        for share in [0.0, -1.0, f64::NAN] {
            assert!(split_by_hash(numbers(50), share).validation.is_empty());
        }
        assert!(split_by_hash(numbers(0), 0.5).training.is_empty());
    }
}
