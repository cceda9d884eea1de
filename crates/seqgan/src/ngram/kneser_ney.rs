//! An n-gram language model with interpolated modified Kneser-Ney smoothing (Chen and Goodman, "An empirical study of
//! smoothing techniques for language modeling", Computer Speech and Language 13, 1999, section 3).
//!
//! What it says depends on the sequences it was made from and on nothing else: not on their order, nor on random numbers.

use super::{EMPTY, NgramId, NgramTable};
use crate::TokenId;

/// Stands before each sequence; no token that is predicted.
const BEGIN: TokenId = TokenId::MAX;

/// The model.
#[derive(Debug, Clone)]
pub struct KneserNey {
    table: NgramTable,
    /// The empty n-gram, then those of the table; see [`node`].
    nodes: Vec<Node>,
    /// What is taken from counts of 1, 2, and 3 or more, an entry an order.
    discounts: Vec<[f64; 3]>,
    vocab_size: usize,
}

/// What is known of an n-gram.
#[derive(Debug, Clone, Copy, Default)]
struct Node {
    /// Of the highest order, and where a sequence begins with it, its occurrences; else how many different tokens stand before it.
    count: u32,
    /// The sum of the counts of all n-grams that are longer by a token behind.
    followed: u32,
    /// How many of these have counts of 1, 2, and 3 or more.
    kinds: [u32; 3],
}

/// Where an n-gram's node is.
fn node(id: NgramId) -> usize {
    id.wrapping_add(1) as usize
}

impl KneserNey {
    /// Of `rows`, whose tokens are all predicted: an end is a token like others. `order` is the longest n-gram, and `vocab_size` is the
    /// number of tokens that may come, known ones and others.
    pub fn new<R: AsRef<[TokenId]>>(
        rows: impl IntoIterator<Item = R>,
        order: usize,
        vocab_size: usize,
    ) -> Self {
        assert!(order >= 1, "a language model of no n-grams");
        let mut model = Self {
            table: NgramTable::new(),
            nodes: vec![Node::default()],
            discounts: Vec::new(),
            vocab_size,
        };
        let mut named = Vec::new();
        let mut starts = Vec::new();
        for row in rows {
            model.read(row.as_ref(), order, &mut named, &mut starts);
        }
        model.finish(order, &named);
        model
    }

    /// Counts the n-grams of a row. `named` gets the prefix and the order of each new one; `starts` is room to work in.
    fn read(
        &mut self,
        row: &[TokenId],
        order: usize,
        named: &mut Vec<(NgramId, u8)>,
        starts: &mut Vec<NgramId>,
    ) {
        let token = |i: usize| if i == 0 { BEGIN } else { row[i - 1] };
        starts.clear();
        starts.resize(row.len() + 1, EMPTY);
        for n in 1..=order.min(row.len() + 1) {
            for start in 0..=row.len() + 1 - n {
                let prefix = starts[start];
                let id = self.table.name(prefix, token(start + n - 1));
                starts[start] = id;
                if node(id) == self.nodes.len() {
                    self.nodes.push(Node::default());
                    named.push((prefix, n as u8));
                    // Without its first token it has one kind of token more before it.
                    if n > 1 {
                        self.nodes[node(starts[start + 1])].count += 1;
                    }
                }
                let begins = start == 0 && n > 1;
                if begins || (n == order && start > 0) {
                    self.nodes[node(id)].count += 1;
                }
            }
        }
    }

    /// Sums what follows each n-gram, and finds the discounts.
    fn finish(&mut self, order: usize, named: &[(NgramId, u8)]) {
        let mut counts_of_counts = vec![[0.0; 4]; order];
        for (i, &(prefix, n)) in named.iter().enumerate() {
            let count = self.nodes[i + 1].count as usize;
            // The mark before all sequences alone is not predicted.
            if count == 0 {
                continue;
            }
            let before = &mut self.nodes[node(prefix)];
            before.followed += count as u32;
            before.kinds[count.min(3) - 1] += 1;
            if let Some(counts) = counts_of_counts[n as usize - 1].get_mut(count - 1) {
                *counts += 1.0;
            }
        }
        self.discounts = counts_of_counts.iter().map(discounts).collect();
    }

    /// -log p of a row, in nats: the sum over its tokens.
    pub fn nats(&self, row: &[TokenId]) -> f64 {
        // The last 0, 1, 2, .. tokens, as long as they are known together.
        let mut contexts = vec![EMPTY];
        contexts.extend(self.table.find(EMPTY, BEGIN));
        let mut longer = Vec::new();
        let mut nats = 0.0;
        for &token in row {
            contexts.truncate(self.discounts.len());
            longer.clear();
            longer.push(EMPTY);
            let mut p = 1.0 / self.vocab_size as f64;
            let mut found = Some(EMPTY);
            for (&context, discounts) in contexts.iter().zip(&self.discounts) {
                // What is not known after few tokens is not known after more.
                found = found.and_then(|_| self.table.find(context, token));
                longer.extend(found);
                let count = found.map_or(0, |id| self.nodes[node(id)].count);
                p = self.nodes[node(context)].interpolated(count, discounts, p);
            }
            nats -= p.ln();
            std::mem::swap(&mut contexts, &mut longer);
        }
        nats
    }
}

impl Node {
    /// The probability of a token that comes `count` times after this n-gram, where `shorter` is that after the n-gram without its first
    /// token.
    fn interpolated(&self, count: u32, discounts: &[f64; 3], shorter: f64) -> f64 {
        // Only ends of sequences are known to have it, after which nothing comes.
        if self.followed == 0 {
            return shorter;
        }
        let followed = f64::from(self.followed);
        let taken = count.checked_sub(1).map_or(0.0, |at| discounts[at.min(2) as usize]);
        let left: f64 = self.kinds.iter().zip(discounts).map(|(&kinds, d)| f64::from(kinds) * d).sum();
        (f64::from(count) - taken + left * shorter) / followed
    }
}

/// Discounts of an order of which `n[k - 1]` n-grams have a count of k: `k - (k + 1) Y n[k + 1] / n[k]` with
/// `Y = n[1] / (n[1] + 2 n[2])`, for k of 1, 2, and 3 or more. One n-gram more of each count, and bounds, give few n-grams discounts as
/// well, which do not jump with one of them.
fn discounts(n: &[f64; 4]) -> [f64; 3] {
    let n = n.map(|count| count + 1.0);
    let y = n[0] / (n[0] + 2.0 * n[1]);
    [1, 2, 3].map(|k| (k as f64 - (k + 1) as f64 * y * n[k] / n[k - 1]).clamp(0.1, k as f64 - 0.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Purpose, Streams};
    use std::collections::{BTreeMap, BTreeSet};

    type Ngram = Vec<Option<TokenId>>;

    /// The same by the definitions, each sum taken anew.
    struct Plainly {
        counts: BTreeMap<Ngram, u32>,
        order: usize,
        vocab_size: usize,
    }

    impl Plainly {
        fn new(rows: &[Vec<TokenId>], order: usize, vocab_size: usize) -> Self {
            let rows: Vec<Ngram> = rows
                .iter()
                .map(|row| [None].into_iter().chain(row.iter().map(|&t| Some(t))).collect())
                .collect();
            let all = |n: usize| rows.iter().flat_map(move |row| row.windows(n)).filter(|g| *g != [None]);
            let mut counts = BTreeMap::new();
            for n in 1..=order {
                for ngram in all(n) {
                    let count = if n == order || ngram[0].is_none() {
                        all(n).filter(|g| *g == ngram).count()
                    } else {
                        let before: BTreeSet<_> =
                            all(n + 1).filter(|g| g[1..] == *ngram).map(|g| g[0]).collect();
                        before.len()
                    };
                    counts.insert(ngram.to_vec(), count as u32);
                }
            }
            Self { counts, order, vocab_size }
        }

        fn discounts(&self, order: usize) -> [f64; 3] {
            let of = |k| self.counts.iter().filter(|(g, c)| g.len() == order && **c == k).count() as f64;
            discounts(&[of(1), of(2), of(3), of(4)])
        }

        fn p(&self, context: &[Option<TokenId>], token: TokenId) -> f64 {
            let shorter = match context {
                [] => 1.0 / self.vocab_size as f64,
                [_, rest @ ..] => self.p(rest, token),
            };
            let discounts = self.discounts(context.len() + 1);
            let after: Vec<(TokenId, u32)> = self
                .counts
                .iter()
                .filter(|(g, _)| g.len() == context.len() + 1 && g[..context.len()] == *context)
                .map(|(g, &c)| (g[context.len()].unwrap(), c))
                .collect();
            let all: u32 = after.iter().map(|a| a.1).sum();
            if all == 0 {
                return shorter;
            }
            let discount = |count: u32| discounts[count.min(3) as usize - 1];
            let own = after.iter().find(|a| a.0 == token).map_or(0.0, |a| f64::from(a.1) - discount(a.1));
            let left: f64 = after.iter().map(|a| discount(a.1)).sum();
            (own + left * shorter) / f64::from(all)
        }

        fn nats(&self, row: &[TokenId]) -> f64 {
            let begun: Ngram = [None].into_iter().chain(row.iter().map(|&t| Some(t))).collect();
            let p = |i: usize| self.p(&begun[(i + 1).saturating_sub(self.order)..i], row[i - 1]);
            (1..begun.len()).map(|i| -p(i).ln()).sum()
        }
    }

    /// Walks among `kinds` tokens that like to go on as they did two steps before, ended by a 0.
    fn walks(seed: u64, rows: usize, kinds: usize) -> Vec<Vec<TokenId>> {
        let streams = Streams::new(seed, Purpose::Sample);
        let walk = |b: usize| {
            let mut reader = streams.reader(b as u64);
            let mut row: Vec<TokenId> = Vec::new();
            for i in 0..1 + b % 9 {
                let again = i >= 2 && reader.uniform() < 0.6;
                row.push(
                    if again { row[i - 2] + 1 } else { reader.below(kinds) as TokenId } % kinds as TokenId
                        + 1,
                );
            }
            row.push(0);
            row
        };
        (0..rows).map(walk).collect()
    }

    #[test]
    fn agrees_with_the_definitions() {
        for (seed, kinds, order) in [(1, 5, 1), (2, 5, 2), (3, 4, 3), (4, 8, 5), (5, 2, 12)] {
            let (rows, vocab_size) = (walks(seed, 60, kinds), kinds + 2);
            let model = KneserNey::new(&rows, order, vocab_size);
            let plainly = Plainly::new(&rows, order, vocab_size);
            // Rows that were read, others, and tokens that none has.
            let other = walks(seed + 100, 20, kinds + 1);
            for row in rows.iter().take(20).chain(&other).chain([&vec![], &vec![0], &vec![77, 1, 0, 1]]) {
                let (got, expected) = (model.nats(row), plainly.nats(row));
                assert!((got - expected).abs() < 1e-9, "order {order}, {row:?}: {got} {expected}");
            }
        }
    }

    #[test]
    fn probabilities_of_all_tokens_sum_to_one() {
        let rows = walks(6, 200, 6);
        let model = KneserNey::new(&rows, 4, 9);
        for beginning in [&[][..], &[1], &[2, 3], &rows[7][..3], &[1, 0], &[8, 8]] {
            let before = model.nats(beginning);
            let p = |token| (before - model.nats(&[beginning, &[token]].concat())).exp();
            let sum: f64 = (0..9).map(p).sum();
            assert!((sum - 1.0).abs() < 1e-9, "after {beginning:?}: {sum}");
        }
    }

    #[test]
    fn by_hand() {
        // Bigrams ^1 three times; 12, 13, 14, 20, 30, 40 once. Unigrams count what stands before them: 1, 2, 3, 4 one kind, 0 three.
        let model = KneserNey::new([[1, 2, 0], [1, 3, 0], [1, 4, 0]], 2, 6);
        let [y1, y2] = [5.0 / 7.0, 7.0 / 9.0];
        let unigrams = [1.0 - 2.0 * y1 / 5.0, 2.0 - 3.0 * y1 * 2.0, 3.0 - 4.0 * y1 / 2.0];
        let bigrams = [1.0 - 2.0 * y2 / 7.0, 2.0 - 3.0 * y2 * 2.0, 3.0 - 4.0 * y2 / 2.0];
        assert!(unigrams[1] < 0.0 && bigrams[1] < 0.0, "the bound is met by nothing else here");
        let once = (1.0 - unigrams[0] + (4.0 * unigrams[0] + unigrams[2]) / 6.0) / 7.0;
        let first = (3.0 - bigrams[2] + bigrams[2] * once) / 3.0;
        let after_one = (1.0 - bigrams[0] + 3.0 * bigrams[0] * once) / 3.0;
        assert!((model.nats(&[1, 2]) + f64::ln(first * after_one)).abs() < 1e-12);
    }

    #[test]
    fn discounts_by_hand() {
        let [d1, d2, d3] = discounts(&[999.0, 499.0, 249.0, 124.0]);
        // Y = 1000 / 2000.
        assert!((d1 - (1.0 - 2.0 * 0.5 * 0.5)).abs() < 1e-12);
        assert!((d2 - (2.0 - 3.0 * 0.5 * 0.5)).abs() < 1e-12);
        assert!((d3 - (3.0 - 4.0 * 0.5 * 0.5)).abs() < 1e-12);
        assert_eq!([discounts(&[0.0, 9.0, 9.0, 9.0])[0], discounts(&[999.0, 0.0, 0.0, 0.0])[0]], [0.1, 0.9]);
    }

    #[test]
    fn the_order_of_rows_is_nothing_and_no_rows_are_a_uniform_model() {
        let mut rows = walks(7, 50, 5);
        let forwards = KneserNey::new(&rows, 3, 7);
        rows.reverse();
        let backwards = KneserNey::new(&rows, 3, 7);
        for row in walks(8, 20, 5) {
            assert!((forwards.nats(&row) - backwards.nats(&row)).abs() < 1e-12);
        }
        let nothing = KneserNey::new(Vec::<Vec<TokenId>>::new(), 3, 7);
        assert!((nothing.nats(&[1, 2]) - 2.0 * 7f64.ln()).abs() < 1e-12);
    }
}
