//! The validation part of the training data, chosen by the sequences themselves.

use sha2::{Digest, Sha256};

use crate::TokenId;

/// The share that is set aside for validation when nothing else is asked for.
pub const DEFAULT_VALIDATION_SHARE: f64 = 0.05;

/// Row numbers of the two parts, both rising; every row is in exactly one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// Rows to train on.
    pub training: Vec<usize>,
    /// Rows that early stopping looks at.
    pub validation: Vec<usize>,
}

/// Splits rows so that about `share` (taken into 0 to 1) of the *different* sequences are for validation.
///
/// A sequence goes to validation when the first 8 bytes of the SHA-256 of its ids (each as 4 bytes, the
/// lowest first), read as a fraction of 2^64, are below `share`. So equal sequences land in the same part,
/// and the part of a sequence depends neither on its place nor on the other sequences. One exception keeps
/// both parts alive: with a share above 0 and at least two different sequences, an empty validation part gets
/// the sequence of the lowest hash, and an empty training part keeps that of the highest. A single
/// different sequence is for training.
pub fn split_by_hash<R: AsRef<[TokenId]>>(rows: impl IntoIterator<Item = R>, share: f64) -> Split {
    let hashes: Vec<[u8; 32]> = rows.into_iter().map(|row| hash(row.as_ref())).collect();
    let (Some(&lowest), Some(&highest)) = (hashes.iter().min(), hashes.iter().max()) else {
        return Split { training: Vec::new(), validation: Vec::new() };
    };
    let in_validation = |hash: &[u8; 32]| {
        // The two ends are what the rule above moves; they need no look at the other hashes.
        let forced = hash == &lowest && lowest != highest;
        let kept = hash == &highest;
        share > 0.0 && !kept && (forced || fraction(hash) < share)
    };
    let (validation, training) = (0..hashes.len()).partition(|&row| in_validation(&hashes[row]));
    Split { training, validation }
}

fn hash(row: &[TokenId]) -> [u8; 32] {
    let mut hash = Sha256::new();
    row.iter().for_each(|id| hash.update(id.to_le_bytes()));
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
        let abcd = hash(&[0x6463_6261]);
        assert_eq!(abcd[..8], [0x88, 0xd4, 0x26, 0x6f, 0xd4, 0xe6, 0x33, 0x8d]);
        assert!((fraction(&abcd) - 35_028.0 / 65_536.0).abs() < 1.0 / 65_536.0);
        let rows = numbers(500);
        let split = split_by_hash(&rows, 0.3);
        assert!(split.validation.iter().all(|&row| fraction(&hash(&rows[row])) < 0.3));
        assert!(split.training.iter().all(|&row| fraction(&hash(&rows[row])) >= 0.3));
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
        let doubled: Vec<_> = rows.iter().rev().chain(&rows).collect();
        let (once, twice) = (split_by_hash(&rows, 0.3), split_by_hash(&doubled, 0.3));
        assert_eq!(2 * once.validation.len(), twice.validation.len());
        let chosen: Vec<_> = once.validation.iter().map(|&row| rows[row]).collect();
        assert!(twice.validation.iter().all(|&row| chosen.contains(doubled[row])));
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
