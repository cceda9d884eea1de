//! The batches of one epoch, as row numbers.

use crate::rng::Streams;

/// Row numbers of an epoch, cut into batches.
///
/// The order is a function of the streams and the epoch alone, so a resumed run meets the same batches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batches {
    order: Vec<usize>,
    batch_size: usize,
}

impl Batches {
    /// Rows `0..n` in the random order of `epoch`.
    ///
    /// Panics when `batch_size` is 0.
    pub fn new(n: usize, batch_size: usize, streams: &Streams, epoch: u64) -> Self {
        Self::from_order(streams.permutation(epoch, n), batch_size)
    }

    /// Rows `0..n` as they stand in the file, the same in every epoch: what the original code does.
    ///
    /// Panics when `batch_size` is 0.
    pub fn in_file_order(n: usize, batch_size: usize) -> Self {
        Self::from_order((0..n).collect(), batch_size)
    }

    /// The same batches with sequences of similar lengths in each: rows are sorted by length within windows of
    /// 20 batches, and the batches are then put into a random order. `lengths` holds one number per row.
    #[must_use]
    pub fn group_by_length(
        mut self,
        lengths: impl Fn(usize) -> usize,
        streams: &Streams,
        epoch: u64,
    ) -> Self {
        for window in self.order.chunks_mut(Self::WINDOW * self.batch_size) {
            window.sort_by_key(|&row| lengths(row));
        }
        // A stream of its own: that of the epoch gave the order of the rows.
        let order = streams.permutation(epoch | 1 << 63, self.len());
        // The last batch stays where it is if it is not full.
        let full = self.order.len() / self.batch_size;
        let (full, rest) = self.order.split_at(full * self.batch_size);
        let batch = |&i: &usize| full.chunks_exact(self.batch_size).nth(i);
        let mut shuffled: Vec<usize> = order.iter().filter_map(batch).flatten().copied().collect();
        shuffled.extend_from_slice(rest);
        self.order = shuffled;
        self
    }

    /// Batches among whose rows lengths are compared.
    const WINDOW: usize = 20;

    fn from_order(order: Vec<usize>, batch_size: usize) -> Self {
        assert!(batch_size > 0, "batches of no rows");
        Self { order, batch_size }
    }

    /// Leaves out the last batch when it is not full, as the original code does; 10,000 rows are 156 batches
    /// of 64 then, and 16 rows are not seen in this epoch. Fewer rows than one batch stay one batch, so
    /// that an epoch of some rows is never empty.
    pub fn drop_incomplete(mut self) -> Self {
        let rest = self.order.len() % self.batch_size;
        if rest < self.order.len() {
            self.order.truncate(self.order.len() - rest);
        }
        self
    }

    /// Number of batches.
    pub fn len(&self) -> usize {
        self.order.len().div_ceil(self.batch_size)
    }

    /// Whether there is no batch, which is so for no rows alone.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The batches in order; all but the last hold `batch_size` rows.
    pub fn iter(&self) -> std::slice::Chunks<'_, usize> {
        self.order.chunks(self.batch_size)
    }
}

impl<'a> IntoIterator for &'a Batches {
    type Item = &'a [usize];
    type IntoIter = std::slice::Chunks<'a, usize>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Purpose;

    fn streams() -> Streams {
        Streams::new(3, Purpose::ShuffleGenerator)
    }

    #[test]
    fn an_epoch_holds_every_row_once() {
        let batches = Batches::new(10, 4, &streams(), 0);
        // 10 = 4 + 4 + 2
        assert_eq!(batches.iter().map(<[usize]>::len).collect::<Vec<_>>(), [4, 4, 2]);
        assert_eq!(batches.len(), 3);
        let mut rows = batches.iter().flatten().copied().collect::<Vec<_>>();
        rows.sort_unstable();
        assert_eq!(rows, (0..10).collect::<Vec<_>>());
    }

    #[test]
    fn the_original_has_156_batches_of_10_000_rows() {
        let batches = Batches::in_file_order(10_000, 64).drop_incomplete();
        // 156 * 64 = 9,984
        assert_eq!((batches.len(), batches.iter().flatten().count()), (156, 9_984));
        assert!(batches.iter().flatten().copied().eq(0..9_984));
        assert_eq!(Batches::in_file_order(10_000, 64).len(), 157);
        assert_eq!(Batches::in_file_order(128, 64).drop_incomplete().len(), 2);
    }

    #[test]
    fn few_rows_are_one_batch() {
        let batches = Batches::new(5, 64, &streams(), 0).drop_incomplete();
        assert_eq!((batches.len(), batches.iter().next().unwrap().len()), (1, 5));
        assert!(Batches::new(0, 64, &streams(), 0).drop_incomplete().is_empty());
    }

    #[test]
    fn batches_of_similar_lengths_hold_every_row_once() {
        let length = |row: usize| row * 7 % 50;
        let grouped =
            |epoch| Batches::new(1003, 10, &streams(), epoch).group_by_length(length, &streams(), epoch);
        let batches = grouped(0);
        assert_eq!((batches.len(), batches.iter().last().unwrap().len()), (101, 3));
        let mut rows = batches.iter().flatten().copied().collect::<Vec<_>>();
        rows.sort_unstable();
        assert_eq!(rows, (0..1003).collect::<Vec<_>>());
        // Of 200 rows with 50 lengths, ten neighbours differ by about 2; without sorting by about 40.
        let range = |batch: &[usize]| {
            let lengths = || batch.iter().map(|&row| length(row));
            lengths().max().unwrap() - lengths().min().unwrap()
        };
        assert!(batches.iter().take(100).map(range).sum::<usize>() < 500);
        // The batches are not sorted themselves.
        let firsts: Vec<usize> = batches.iter().map(|batch| length(batch[0])).collect();
        assert!(firsts.windows(2).filter(|pair| pair[0] > pair[1]).count() > 30);
        assert_eq!(grouped(1), grouped(1));
        assert_ne!(grouped(1), batches);
    }

    #[test]
    fn epochs_differ_and_repeat() {
        let epoch = |epoch| Batches::new(100, 10, &streams(), epoch);
        assert_eq!(epoch(4), epoch(4));
        assert_ne!(epoch(4), epoch(5));
        assert_ne!(epoch(4), Batches::in_file_order(100, 10));
    }
}
