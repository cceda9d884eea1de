//! Units of an LSTM that know nothing of each other: what several LSTMs side by side consist of.
//!
//! An ensemble's W and U are zero outside its members' blocks. Products that leave the zeros out are as many times cheaper as
//! there are members, and give the same numbers: a product's element is a chain of multiply-adds, and one of zero changes
//! nothing. The blocks are found in the weights, so no file and no caller can tell wrong ones.

use crate::kernel::Real;
use std::ops::Range;

/// Hidden units that depend on these inputs and on each other alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Of E.
    pub inputs: Range<usize>,
    /// Of H.
    pub hidden: Range<usize>,
}

/// The kernels compute this many units at once: a narrower block would cost no less.
const NARROWEST: usize = 16;

/// The blocks of W `[E, 4H]` and U `[H, 4H]`, in the order of their units; one of everything if there are no others.
pub fn find<R: Real>(w: &[R], u: &[R], hidden: usize) -> Vec<Block> {
    let inputs = w.len() / (4 * hidden);
    let into: Vec<Option<Range<usize>>> = w.chunks_exact(4 * hidden).map(|row| span(row, hidden)).collect();
    // How far the units go that must stay with unit j.
    let mut reach: Vec<usize> = (1..=hidden).collect();
    let mut join = |units: &Range<usize>| reach[units.start] = reach[units.start].max(units.end);
    into.iter().flatten().for_each(&mut join);
    for (i, row) in u.chunks_exact(4 * hidden).enumerate() {
        if let Some(units) = span(row, hidden) {
            join(&(units.start.min(i)..units.end.max(i + 1)));
        }
    }
    let mut blocks = Vec::new();
    let (mut start, mut end) = (0, 0);
    for (j, reach) in reach.into_iter().enumerate() {
        end = end.max(reach);
        if end == j + 1 && end - start >= NARROWEST && hidden - end >= NARROWEST || j + 1 == hidden {
            blocks.push(Block { inputs: 0..0, hidden: start..end });
            start = end;
        }
    }
    // Inputs follow the order of the units that they feed; where they do not, everything is one block.
    let mut of = 0;
    for (i, units) in into.iter().enumerate() {
        if let Some(units) = units {
            let fed = blocks.partition_point(|block| block.hidden.end <= units.start);
            if fed < of {
                return vec![Block { inputs: 0..inputs, hidden: 0..hidden }];
            }
            blocks[of + 1..=fed].iter_mut().for_each(|block| block.inputs = i..i);
            of = fed;
        }
        blocks[of].inputs.end = i + 1;
    }
    blocks
}

/// From the first to the last unit that a row of weights `[4H]` leads to.
fn span<R: Real>(row: &[R], hidden: usize) -> Option<Range<usize>> {
    let leads_to = |&j: &usize| (0..4).any(|gate| row[gate * hidden + j] != R::default());
    let first = (0..hidden).find(leads_to)?;
    let last = (first..hidden).rev().find(leads_to)?;
    Some(first..last + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERYTHING: [(Range<usize>, Range<usize>); 1] = [(0..6, 0..40)];

    /// Weights that are not zero where an input or a hidden unit leads to a hidden unit, by one of the gates.
    fn found(w: &[(usize, usize)], u: &[(usize, usize)]) -> Vec<(Range<usize>, Range<usize>)> {
        let (mut dense_w, mut dense_u) = (vec![0.0f32; 6 * 160], vec![0.0f32; 40 * 160]);
        for (gate, &(from, to)) in w.iter().enumerate() {
            dense_w[from * 160 + gate % 4 * 40 + to] = -0.5;
        }
        for (gate, &(from, to)) in u.iter().enumerate() {
            dense_u[from * 160 + gate % 4 * 40 + to] = 0.5;
        }
        find(&dense_w, &dense_u, 40).into_iter().map(|block| (block.inputs, block.hidden)).collect()
    }

    #[test]
    fn units_that_know_nothing_of_each_other_are_apart() {
        let two = [(0, 0), (1, 19), (3, 20), (5, 39)];
        assert_eq!(found(&two, &[(0, 19), (19, 0), (39, 20)]), [(0..3, 0..20), (3..6, 20..40)]);
        // Where they begin is where the first thing is that leads into them.
        assert_eq!(found(&two, &[(0, 19), (39, 18)]), EVERYTHING);
        assert_eq!(
            found(&[(0, 0), (1, 25), (3, 20), (5, 39)], &[(0, 19), (39, 20)]),
            [(0..1, 0..20), (1..6, 20..40)]
        );
        assert_eq!(found(&[(0, 0), (0, 39)], &[(0, 19), (39, 20)]), EVERYTHING);
        // Blocks cannot be told by a range of inputs.
        assert_eq!(found(&[(0, 20), (1, 0)], &[(0, 19), (39, 20)]), EVERYTHING);
        // One that sees no input.
        assert_eq!(found(&[(2, 30)], &[(0, 19), (39, 20)]), [(0..2, 0..20), (2..6, 20..40)]);
    }

    #[test]
    fn narrow_blocks_are_joined() {
        assert_eq!(found(&[], &[]), [(0..6, 0..16), (0..0, 16..40)]);
        assert_eq!(found(&[(0, 0), (5, 39)], &[(0, 15), (39, 16)]), [(0..5, 0..16), (5..6, 16..40)]);
        assert_eq!(found(&[(0, 0), (5, 39)], &[(0, 25), (39, 26)]), EVERYTHING);
    }
}
