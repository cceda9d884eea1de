//! Sequences that begin together and end each in its own time: which of them are still there at each step.
//!
//! Nothing is computed for sequences that have ended, and nothing else changes by it: what they would add to a gradient is
//! zero.

use std::ops::Range;

/// The *places* of some rows: one a step of a row, in the order of the steps, and of the rows within a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Steps {
    starts: Vec<usize>,  // the first place of each step, and the number of places
    rows: Vec<usize>,    // of each place
    earlier: Vec<usize>, // of each place behind the first step: where its row was one step before
}

impl Steps {
    /// Of rows with these numbers of steps.
    pub fn of(lengths: &[usize]) -> Self {
        let longest = lengths.iter().copied().max().unwrap_or(0);
        let places = lengths.iter().sum();
        let (mut starts, mut rows) = (Vec::with_capacity(longest + 1), Vec::with_capacity(places));
        let mut earlier = Vec::with_capacity(places);
        let mut last = vec![0; lengths.len()];
        starts.push(0);
        for t in 0..longest {
            for row in (0..lengths.len()).filter(|&row| t < lengths[row]) {
                if t > 0 {
                    earlier.push(last[row]);
                }
                last[row] = rows.len();
                rows.push(row);
            }
            starts.push(rows.len());
        }
        Self { starts, rows, earlier }
    }

    /// `rows` rows of `steps` steps each.
    pub fn equal(rows: usize, steps: usize) -> Self {
        Self::of(&vec![steps; rows])
    }

    /// The most steps of a row, T.
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Whether there is no step.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many places there are.
    pub fn num_places(&self) -> usize {
        self.rows.len()
    }

    /// Step and row of each place.
    pub fn places(&self) -> impl Iterator<Item = (usize, usize)> + Clone {
        let of_step = move |t| self.at(t).map(move |place| (t, self.rows[place]));
        (0..self.len()).flat_map(of_step)
    }

    /// The places of step `t`.
    pub(super) fn at(&self, t: usize) -> Range<usize> {
        self.starts[t]..self.starts[t + 1]
    }

    /// Where the rows of step `t`, which is not the first, were one step before.
    pub(super) fn before(&self, t: usize) -> &[usize] {
        let Range { start, end } = self.at(t);
        &self.earlier[start - self.starts[1]..end - self.starts[1]]
    }

    /// Where the rows were one step before, of every place behind the first step.
    pub(super) fn all_before(&self) -> &[usize] {
        &self.earlier
    }

    /// Whether no row has ended between step `t - 1` and step `t`.
    pub(super) fn all_stay(&self, t: usize) -> bool {
        self.at(t).len() == self.at(t - 1).len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_leave_when_they_end() {
        let steps = Steps::of(&[2, 0, 3, 1]);
        assert_eq!((steps.len(), steps.num_places()), (3, 6));
        assert_eq!(steps.places().collect::<Vec<_>>(), [(0, 0), (0, 2), (0, 3), (1, 0), (1, 2), (2, 2)]);
        assert_eq!((steps.before(1), steps.before(2)), (&[0, 1][..], &[4][..]));
        assert_eq!(steps.all_before(), [0, 1, 4]);
        assert_eq!((steps.all_stay(1), steps.all_stay(2)), (false, false));
        assert!(Steps::equal(2, 3).all_stay(2));
        assert!(Steps::of(&[]).is_empty() && Steps::of(&[0]).is_empty());
    }
}
