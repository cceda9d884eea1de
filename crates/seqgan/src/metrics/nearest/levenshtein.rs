//! The edit distance of two sequences of tokens, a column of 64 rows at a time: Myers' bit-parallel algorithm
//! (Journal of the ACM 46, 1999) as Hyyrö gives it for the distance of whole sequences ("A bit-vector algorithm for
//! computing Levenshtein and Damerau edit distances", Nordic Journal of Computing 10, 2003, figure 8).

/// Rows of the matrix in a word.
pub const WORD: usize = 64;

/// A sequence that others are compared with: for each token the places where it stands, a bit each.
#[derive(Debug, Clone, Default)]
pub struct Pattern {
    length: usize,
    words: usize,
    /// Where the bits of a token begin in `masks`; 0, where only zeros stand, for tokens that do not occur.
    begins: Vec<u32>,
    masks: Vec<u64>,
    /// Tokens of the pattern.
    seen: Vec<u32>,
    /// Vertical differences of the current column, +1 and -1.
    plus: Vec<u64>,
    minus: Vec<u64>,
}

impl Pattern {
    /// An empty pattern over tokens `0..tokens`.
    pub fn new(tokens: usize) -> Self {
        Self { begins: vec![0; tokens], ..Self::default() }
    }

    /// Makes `row` the pattern; `None` stands for a token that no other sequence has.
    pub fn set(&mut self, row: &[Option<u32>]) {
        self.seen.drain(..).for_each(|token| self.begins[token as usize] = 0);
        (self.length, self.words) = (row.len(), row.len().div_ceil(WORD));
        self.masks.clear();
        self.masks.resize(self.words, 0);
        for (at, token) in row.iter().enumerate() {
            let Some(token) = *token else { continue };
            if self.begins[token as usize] == 0 {
                self.begins[token as usize] = self.masks.len() as u32;
                self.masks.resize(self.masks.len() + self.words, 0);
                self.seen.push(token);
            }
            self.masks[self.begins[token as usize] as usize + at / WORD] |= 1 << (at % WORD);
        }
    }

    /// The distance to `other`, or none if it is above `limit`.
    pub fn distance(&mut self, other: &[u32], limit: usize) -> Option<usize> {
        let distance = match self.words {
            0 => Some(other.len()),
            1 => self.of_one_word(other, limit),
            _ => self.of_words(other, limit),
        };
        distance.filter(|&distance| distance <= limit)
    }

    fn of_one_word(&self, other: &[u32], limit: usize) -> Option<usize> {
        let last = self.length - 1;
        let (mut plus, mut minus, mut distance) = (!0u64, 0u64, self.length);
        for (at, &token) in other.iter().enumerate() {
            let equal = self.masks[self.begins[token as usize] as usize];
            let column = column(equal, plus, minus, 0, 1);
            (plus, minus) = (column.plus, column.minus);
            distance = distance + (column.up >> last & 1) as usize - (column.down >> last & 1) as usize;
            // Each further token can take away 1.
            if distance > limit + (other.len() - at - 1) {
                return None;
            }
        }
        Some(distance)
    }

    fn of_words(&mut self, other: &[u32], limit: usize) -> Option<usize> {
        let last = (self.length - 1) % WORD;
        self.plus.clear();
        self.plus.resize(self.words, !0);
        self.minus.clear();
        self.minus.resize(self.words, 0);
        let mut distance = self.length;
        for (at, &token) in other.iter().enumerate() {
            let begin = self.begins[token as usize] as usize;
            // The matrix's first row counts tokens of `other`: +1 a column.
            let (mut up, mut down) = (1, 0);
            let columns = self.plus.iter_mut().zip(&mut self.minus);
            for (word, ((plus, minus), equal)) in columns.zip(&self.masks[begin..]).enumerate() {
                let column = column(*equal, *plus, *minus, down, up);
                (*plus, *minus) = (column.plus, column.minus);
                let row = if word + 1 == self.words { last } else { WORD - 1 };
                (up, down) = (column.up >> row & 1, column.down >> row & 1);
            }
            distance = distance + up as usize - down as usize;
            if distance > limit + (other.len() - at - 1) {
                return None;
            }
        }
        Some(distance)
    }
}

/// 64 rows of a column: differences to the row above and to the column before.
struct Column {
    plus: u64,
    minus: u64,
    up: u64,
    down: u64,
}

/// The next column, from the tokens that are `equal` to that of the column, the vertical differences of the
/// column before, and the horizontal difference of the row above the word: -1 (`down`), +1 (`up`) or 0.
#[inline(always)]
fn column(equal: u64, plus: u64, minus: u64, down: u64, up: u64) -> Column {
    let vertical = equal | minus;
    let equal = equal | down;
    let diagonal = (((equal & plus).wrapping_add(plus)) ^ plus) | equal;
    let rises = minus | !(diagonal | plus);
    let falls = plus & diagonal;
    let (above_rises, above_falls) = (rises << 1 | up, falls << 1 | down);
    Column {
        plus: above_falls | !(vertical | above_rises),
        minus: above_rises & vertical,
        up: rises,
        down: falls,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{plain_distance, random};
    use super::*;

    fn some(row: &[u32]) -> Vec<Option<u32>> {
        row.iter().copied().map(Some).collect()
    }

    #[test]
    fn equal_to_the_plain_dynamic_program() {
        let mut pattern = Pattern::new(40);
        let mut compared = 0;
        for (longest, vocabulary) in [(5, 2), (20, 3), (64, 4), (65, 4), (129, 40), (200, 3)] {
            let sequences = random(longest as u64, 40, longest, vocabulary);
            for a in sequences.rows() {
                pattern.set(&some(a));
                for b in sequences.rows() {
                    let expected = plain_distance(a, b);
                    assert_eq!(pattern.distance(b, usize::MAX / 2), Some(expected), "{a:?} {b:?}");
                    assert_eq!(pattern.distance(b, expected), Some(expected), "{a:?} {b:?}");
                    if expected > 0 {
                        assert_eq!(pattern.distance(b, expected - 1), None, "{a:?} {b:?}");
                    }
                    compared += 1;
                }
            }
        }
        assert_eq!(compared, 6 * 40 * 40);
    }

    #[test]
    fn ends_of_words_and_the_longest_sequences() {
        let mut pattern = Pattern::new(5);
        for length in [63, 64, 65, 127, 128, 129, 2047, 2048] {
            let a: Vec<u32> = (0..length).map(|i| i * i % 5).collect();
            let b: Vec<u32> = (0..length - 3).map(|i| (i * i + i / 9) % 5).collect();
            pattern.set(&some(&a));
            assert_eq!(pattern.distance(&b, 5000), Some(plain_distance(&a, &b)), "{length}");
        }
    }

    #[test]
    fn a_token_nobody_has_matches_nothing() {
        let mut pattern = Pattern::new(3);
        pattern.set(&[Some(1), None, Some(2)]);
        assert_eq!(pattern.distance(&[1, 0, 2], 9), Some(1));
        pattern.set(&[]);
        assert_eq!(pattern.distance(&[1, 0], 9), Some(2));
    }
}
