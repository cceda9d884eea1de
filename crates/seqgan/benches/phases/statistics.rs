//! What a list of measurements says: its median and its ends. `cargo xtask versus-pytorch` uses this file too, and
//! runs its tests.

/// Median and range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// Half are less, half are more; the mean of the two in the middle where the number is even.
    pub median: f64,
    /// The least.
    pub least: f64,
    /// The most.
    pub most: f64,
}

impl Spread {
    /// Of at least one number; none may be NaN.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = values.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let n = sorted.len();
        assert!(n > 0, "no measurement");
        Self { median: (sorted[(n - 1) / 2] + sorted[n / 2]) / 2.0, least: sorted[0], most: sorted[n - 1] }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_middle_of_odd_and_even_numbers() {
        use super::Spread; // in the test, because a bench has this module without its tests
        assert_eq!(Spread::of([3.0, 1.0, 9.0]), Spread { median: 3.0, least: 1.0, most: 9.0 });
        assert_eq!(Spread::of([4.0, 1.0, 9.0, 2.0]), Spread { median: 3.0, least: 1.0, most: 9.0 });
        assert_eq!(Spread::of([5.0]), Spread { median: 5.0, least: 5.0, most: 5.0 });
    }

    #[test]
    #[should_panic(expected = "no measurement")]
    fn nothing_has_no_median() {
        super::Spread::of([]);
    }
}
