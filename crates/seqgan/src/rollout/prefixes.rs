//! Which prefixes of a sequence are completed, by their lengths.

/// At most `max_prefixes` (0: no limit) lengths from `1..max_length`, evenly spaced, the first and the last among
/// them, ascending. The cost of Monte-Carlo search grows with their number times the length.
pub fn prefix_lengths(max_length: usize, max_prefixes: usize) -> Vec<usize> {
    let all = max_length.saturating_sub(1);
    if max_prefixes == 0 || all <= max_prefixes {
        return (1..max_length).collect();
    }
    if max_prefixes == 1 {
        return vec![1];
    }
    let spaced = |i: usize| 1 + (i * (all - 1) + (max_prefixes - 1) / 2) / (max_prefixes - 1);
    (0..max_prefixes).map(spaced).collect()
}

#[cfg(test)]
mod tests {
    use super::prefix_lengths;

    #[test]
    fn spacing() {
        assert_eq!(prefix_lengths(5, 0), [1, 2, 3, 4]);
        assert_eq!(prefix_lengths(5, 4), [1, 2, 3, 4]);
        assert_eq!(prefix_lengths(10, 3), [1, 5, 9]);
        assert_eq!(prefix_lengths(10, 1), [1]);
        assert_eq!(prefix_lengths(1, 3), [0usize; 0]);
        let many = prefix_lengths(512, 32);
        assert!(many.len() == 32 && many[0] == 1 && many[31] == 511 && many.is_sorted_by(|a, b| a < b));
    }
}
