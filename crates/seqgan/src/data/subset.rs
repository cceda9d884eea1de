//! A sample of a file's sequences that fits in memory, chosen while the file is read.

/// Keeps the `most` sequences with the lowest numbers, where sequence i of the file has the i-th number of a fixed
/// scrambled order: each subset is as likely as another, and the same file gives the same one. Memory holds at most
/// twice as many.
#[derive(Debug)]
pub(super) struct Subset {
    most: usize,
    seen: u64,
    below: u64,
    numbers: Vec<u64>, // of the rows held
}

impl Subset {
    /// `most` 0: everything is kept.
    pub(super) fn new(most: usize) -> Self {
        Self { most, seen: 0, below: u64::MAX, numbers: Vec::new() }
    }

    /// Whether the next sequence is to be held.
    pub(super) fn wants(&mut self) -> bool {
        if self.most == 0 {
            return true;
        }
        let number = scrambled(self.seen);
        self.seen += 1;
        let wanted = number < self.below;
        if wanted {
            self.numbers.push(number);
        }
        wanted
    }

    /// Which of the held rows to keep, when there are too many of them: always behind the `last` one, else when memory
    /// asks for it.
    pub(super) fn rows_kept(&mut self, last: bool) -> Option<Vec<bool>> {
        let limit = if last { self.most } else { 2 * self.most };
        if self.most == 0 || self.numbers.len() <= limit {
            return None;
        }
        let mut sorted = self.numbers.clone();
        self.below = *sorted.select_nth_unstable(self.most).1;
        let keep: Vec<bool> = self.numbers.iter().map(|&number| number < self.below).collect();
        self.numbers.retain(|&number| number < self.below);
        Some(keep)
    }
}

/// A bijection of the 64-bit numbers without visible order (the output function of SplitMix64; Steele et al., 2014).
fn scrambled(i: u64) -> u64 {
    let z = i.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(total: usize, most: usize) -> Vec<usize> {
        let (mut subset, mut held) = (Subset::new(most), Vec::new());
        let thin = |subset: &mut Subset, held: &mut Vec<usize>, last| {
            if let Some(keep) = subset.rows_kept(last) {
                let mut keep = keep.into_iter();
                held.retain(|_| keep.next().unwrap());
            }
        };
        for i in 0..total {
            if subset.wants() {
                held.push(i);
            }
            thin(&mut subset, &mut held, false);
            assert!(most == 0 || held.len() <= 2 * most);
        }
        thin(&mut subset, &mut held, true);
        held
    }

    #[test]
    fn as_many_as_asked_for_in_the_files_order_from_all_of_it() {
        let held = chosen(10_000, 1_000);
        assert!(held.len() == 1_000 && held.is_sorted_by(|a, b| a < b));
        // 500 of the first half expected, standard deviation 15; within four of them.
        let first_half = held.iter().filter(|&&i| i < 5_000).count();
        assert!(first_half.abs_diff(500) < 60, "{first_half}");
        assert_eq!(chosen(10, 10), (0..10).collect::<Vec<_>>());
        assert_eq!(chosen(10, 0).len(), 10);
        assert_eq!(chosen(7, 1).len(), 1);
    }
}
