//! From numbers to places on an axis, and where ticks stand.

/// A linear axis.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Scale {
    /// Numbers `low..=high` on the places `from..to` of the drawing.
    pub fn new((low, high): (f64, f64), from: f64, to: f64) -> Self {
        Self { low, high, from, to }
    }

    /// Where a number stands.
    pub fn at(&self, value: f64) -> f64 {
        self.from + (value - self.low) / (self.high - self.low) * (self.to - self.from)
    }

    /// Whether a number lies on the axis.
    pub fn holds(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }
}

/// The range of the values with a little room; never empty.
pub(super) fn range(values: impl IntoIterator<Item = f64>) -> (f64, f64) {
    let finite = values.into_iter().filter(|v| v.is_finite());
    let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    if low > high {
        return (0.0, 1.0);
    }
    // One value, or values that differ by rounding, get an axis on which nothing looks like a difference.
    let room = if high - low < 1e-9 * high.abs().max(1e-3) {
        0.05 * high.abs().max(0.1)
    } else {
        0.06 * (high - low)
    };
    (low - room, high + room)
}

/// Round numbers inside the range, about `wanted` of them, with the digits that tell them apart.
pub(super) fn ticks((low, high): (f64, f64), wanted: usize, whole: bool) -> Vec<(f64, String)> {
    let raw = (high - low) / wanted as f64;
    let power = 10f64.powf(raw.log10().floor());
    let mut step =
        [1.0, 2.0, 5.0, 10.0].map(|m| m * power).into_iter().find(|s| *s >= raw * 0.999).unwrap_or(raw);
    if whole {
        step = step.max(1.0);
    }
    let decimals = (-step.log10().floor()).max(0.0) as usize;
    let (first, last) = ((low / step).ceil() as i64, (high / step).floor() as i64);
    (first..=last).map(|i| (i as f64 * step, super::numbers::fixed(i as f64 * step, decimals))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(range: (f64, f64), wanted: usize, whole: bool) -> Vec<String> {
        ticks(range, wanted, whole).into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn ticks_are_round_and_told_apart() {
        assert_eq!(texts((0.0, 1.0), 5, false), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(texts((7.81, 7.86), 4, false), ["7.82", "7.84", "7.86"]);
        assert_eq!(texts((-0.02, 0.013), 4, false), ["\u{2212}0.02", "\u{2212}0.01", "0.00", "0.01"]);
        assert_eq!(texts((0.9, 3.1), 5, true), ["1", "2", "3"]);
        assert_eq!(texts((0.0, 200.0), 5, true), ["0", "50", "100", "150", "200"]);
    }

    #[test]
    fn a_range_is_never_empty() {
        assert_eq!(range([f64::NAN]), (0.0, 1.0));
        let (low, high) = range([2.0, 2.0]);
        assert!(low < 2.0 && high > 2.0);
        let scale = Scale::new(range([1.0, 3.0]), 100.0, 0.0);
        assert!((scale.at(2.0) - 50.0).abs() < 1e-9 && scale.holds(3.0) && !scale.holds(4.0));
    }
}
