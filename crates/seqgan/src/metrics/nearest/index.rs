//! Which training sequences hold a token, and how often: bounds distances without comparing sequences.

use std::collections::{HashMap, HashSet};

use super::levenshtein::Pattern;
use crate::{SeqBatch, TokenId};

/// The different training sequences, with a list of sequences for each k-th occurrence of a token.
pub struct Index {
    ids: HashMap<TokenId, u32>,
    /// Tokens by their ids here, sequence after sequence.
    tokens: Vec<u32>,
    /// Where each sequence begins in `tokens`, and the end of the last one.
    begins: Vec<u32>,
    /// `[token][k]`: the sequences that hold the token more than k times.
    holders: Vec<Vec<Vec<u32>>>,
}

impl Index {
    /// Indexes all tokens of `train`.
    pub fn new(train: &SeqBatch) -> Self {
        let mut known = HashSet::new();
        let mut index =
            Self { ids: HashMap::new(), tokens: Vec::new(), begins: vec![0], holders: Vec::new() };
        let mut counts: Vec<usize> = Vec::new();
        for row in train.rows().filter(|row| known.insert(*row)) {
            let sequence = (index.begins.len() - 1) as u32;
            let begin = index.tokens.len();
            for token in row {
                let next = index.ids.len() as u32;
                let id = *index.ids.entry(*token).or_insert(next);
                if id == next {
                    index.holders.push(Vec::new());
                    counts.push(0);
                }
                let (lists, count) = (&mut index.holders[id as usize], &mut counts[id as usize]);
                if *count == lists.len() {
                    lists.push(Vec::new());
                }
                lists[*count].push(sequence);
                *count += 1;
                index.tokens.push(id);
            }
            index.tokens[begin..].iter().for_each(|&id| counts[id as usize] = 0);
            index.begins.push(index.tokens.len() as u32);
        }
        index
    }

    fn len(&self) -> usize {
        self.begins.len() - 1
    }

    fn length(&self, sequence: usize) -> usize {
        (self.begins[sequence + 1] - self.begins[sequence]) as usize
    }

    fn row(&self, sequence: usize) -> &[u32] {
        &self.tokens[self.begins[sequence] as usize..self.begins[sequence + 1] as usize]
    }
}

/// Scratch of searches in an index, one a thread.
pub struct NearestSearch<'a> {
    index: &'a Index,
    pattern: Pattern,
    row: Vec<Option<u32>>,
    /// Of each training sequence: tokens that it shares with the sample, as multisets.
    common: Vec<u32>,
    /// Sequences that may be nearer than the best so far, with the lower bound of their distance.
    candidates: Vec<(f64, u32)>,
    /// How often a token has occurred in the sample.
    counts: Vec<u32>,
}

impl<'a> NearestSearch<'a> {
    /// Room for searches in `index`.
    pub fn new(index: &'a Index) -> Self {
        let tokens = index.holders.len();
        Self {
            index,
            pattern: Pattern::new(tokens),
            row: Vec::new(),
            common: vec![0; index.len()],
            candidates: Vec::new(),
            counts: vec![0; tokens],
        }
    }

    /// The smallest distance of `sample` to a sequence of the index, over the longer one's length.
    ///
    /// Of two sequences with c tokens in common the longer one, of L tokens, has L - c that are not matched, and
    /// each of them costs 1 at least. That bounds by lengths as well, since c is not above the shorter length.
    pub fn nearest(&mut self, sample: &[TokenId]) -> f64 {
        self.row.clear();
        self.row.extend(sample.iter().map(|token| self.index.ids.get(token).copied()));
        self.pattern.set(&self.row);
        self.count_common();
        let index = self.index;
        let longer = |sequence: usize| index.length(sequence).max(sample.len());
        let bound = |(sequence, &common): (usize, &u32)| {
            let longer = longer(sequence);
            (share(longer - common as usize, longer), sequence as u32)
        };
        // The sequence of the lowest bound is near, so that few others can be nearer.
        let first = self.common.iter().enumerate().map(bound).min_by(|a, b| a.0.total_cmp(&b.0));
        let first = first.expect("an index of at least one sequence").1 as usize;
        let distance = self.pattern.distance(index.row(first), usize::MAX / 2).expect("no limit");
        let mut best = share(distance, longer(first));
        self.candidates.clear();
        self.candidates.extend(self.common.iter().enumerate().map(bound).filter(|c| c.0 < best));
        self.candidates.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        for &(bound, sequence) in &self.candidates {
            if bound >= best {
                break;
            }
            let longer = longer(sequence as usize);
            let limit = (best * longer as f64) as usize;
            if let Some(distance) = self.pattern.distance(index.row(sequence as usize), limit) {
                best = best.min(share(distance, longer));
            }
        }
        best
    }

    fn count_common(&mut self) {
        self.common.fill(0);
        for token in self.row.iter().flatten() {
            let (lists, k) = (&self.index.holders[*token as usize], &mut self.counts[*token as usize]);
            if let Some(list) = lists.get(*k as usize) {
                list.iter().for_each(|&sequence| self.common[sequence as usize] += 1);
            }
            *k += 1;
        }
        self.row.iter().flatten().for_each(|&token| self.counts[token as usize] = 0);
    }
}

/// `part / whole`, where nothing of nothing is 0. Rounding keeps the order of fractions.
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}
