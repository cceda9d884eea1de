//! Whether what a kernel will touch lies inside its slice. Counts, strides and starts come from callers and may be any
//! numbers: a sum that wrapped around would let a pointer out of the slice, so none can.

/// Whether `count` rows of `width` values, `stride` apart, lie inside a slice of `len`.
pub(super) fn rows_fit(count: usize, stride: usize, width: usize, len: usize) -> bool {
    let Some(before) = count.checked_sub(1) else { return true };
    let end = before.checked_mul(stride).and_then(|start| start.checked_add(width));
    end.is_some_and(|end| end <= len)
}

/// Whether `width` values from each start lie inside a slice of `len`.
pub(super) fn starts_fit(mut starts: impl Iterator<Item = usize>, width: usize, len: usize) -> bool {
    match len.checked_sub(width) {
        Some(last) => starts.all(|start| start <= last),
        None => starts.next().is_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_end_where_the_slice_ends_and_nothing_wraps() {
        assert!(rows_fit(3, 5, 2, 12) && !rows_fit(3, 5, 2, 11));
        assert!(rows_fit(0, 5, 2, 0) && rows_fit(1, usize::MAX, 2, 2));
        // The last of these rows begins at 2 * 2^63, which is 0 where it wraps; so do the sums below.
        let half = 1 << (usize::BITS - 1);
        assert!(!rows_fit(half + 1, 2, 2, 12) && !rows_fit(2, usize::MAX, 2, 12));
    }

    #[test]
    fn starts_leave_room_for_a_row_and_nothing_wraps() {
        assert!(starts_fit([0, 3, 5].into_iter(), 2, 7) && !starts_fit([0, 6].into_iter(), 2, 7));
        assert!(starts_fit([].into_iter(), 2, 1) && !starts_fit([0].into_iter(), 2, 1));
        assert!(!starts_fit([usize::MAX].into_iter(), 1, 7));
    }
}
