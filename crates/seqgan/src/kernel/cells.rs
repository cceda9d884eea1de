//! LSTM cells in f32.
#![allow(unsafe_code)] // pointers into slices whose lengths are checked at the entrance

use super::math;
use super::simd::{Kernel, LANES, Simd, dispatch};

/// See [`super::Real::lstm_cells`].
pub(crate) fn lstm_cells(
    gates: &mut [f32],
    c: &mut [f32],
    h: &mut [f32],
    tanh_c: Option<&mut [f32]>,
    n: usize,
) {
    assert!(gates.len() == 4 * c.len() && c.len() == h.len() && c.len().is_multiple_of(n), "cells of {n}");
    assert!(tanh_c.as_ref().is_none_or(|t| t.len() == c.len()), "a tanh a cell");
    dispatch(Cells {
        rows: c.len() / n,
        n,
        gates: gates.as_mut_ptr(),
        c: c.as_mut_ptr(),
        h: h.as_mut_ptr(),
        tanh_c: tanh_c.map(|t| t.as_mut_ptr()),
    });
}

struct Cells {
    rows: usize,
    n: usize,
    gates: *mut f32, // [rows, 4n]
    c: *mut f32,     // [rows, n], as the two below
    h: *mut f32,
    tanh_c: Option<*mut f32>,
}

impl Kernel for Cells {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for row in 0..self.rows {
            for j in (0..self.n).step_by(LANES) {
                let lanes = (self.n - j).min(LANES);
                // SAFETY: columns j..j + lanes exist in each of the four gates and in the cells of the row.
                unsafe {
                    // Pointers, not closures: those would not be compiled for the instruction set.
                    let pi = self.gates.add(4 * row * self.n + j);
                    let (pf, po, pg) = (pi.add(self.n), pi.add(2 * self.n), pi.add(3 * self.n));
                    let i = math::sigmoid(s, s.load_lanes(pi, lanes));
                    let f = math::sigmoid(s, s.load_lanes(pf, lanes));
                    let o = math::sigmoid(s, s.load_lanes(po, lanes));
                    let g = math::tanh(s, s.load_lanes(pg, lanes));
                    let at = row * self.n + j;
                    let c = s.fma(f, s.load_lanes(self.c.add(at), lanes), s.mul(i, g));
                    let tanh_c = math::tanh(s, c);
                    s.store_lanes(pi, lanes, i);
                    s.store_lanes(pf, lanes, f);
                    s.store_lanes(po, lanes, o);
                    s.store_lanes(pg, lanes, g);
                    s.store_lanes(self.c.add(at), lanes, c);
                    s.store_lanes(self.h.add(at), lanes, s.mul(o, tanh_c));
                    if let Some(to) = self.tanh_c {
                        s.store_lanes(to.add(at), lanes, tanh_c);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Real;
    use super::*;
    use crate::rng::{Purpose, Streams};

    /// Rows of a part of a vector, of one, and of more; with and without what the backward pass keeps.
    #[test]
    fn agree_with_the_plain_loops() {
        for n in [1, 15, 16, 21, 33] {
            let rows = 3;
            let mut reader = Streams::new(4, Purpose::Bootstrap).reader(n as u64);
            let mut numbers = |n: usize| (0..n).map(|_| reader.normal() as f32).collect::<Vec<f32>>();
            let (gates, c) = (numbers(rows * 4 * n), numbers(rows * n));
            let wide = |x: &[f32]| x.iter().map(|&x| f64::from(x)).collect::<Vec<f64>>();
            for keep in [false, true] {
                let (mut gates, mut c, mut h) = (gates.clone(), c.clone(), vec![0.0; rows * n]);
                let mut tanh_c = vec![0.0; rows * n];
                let mut plain = (wide(&gates), wide(&c), wide(&h), wide(&tanh_c));
                lstm_cells(&mut gates, &mut c, &mut h, keep.then_some(&mut tanh_c), n);
                let kept = keep.then_some(&mut plain.3[..]);
                f64::lstm_cells(&mut plain.0, &mut plain.1, &mut plain.2, kept, n);
                let got = [&gates, &c, &h, &tanh_c].into_iter().flatten();
                let want = [&plain.0, &plain.1, &plain.2, &plain.3].into_iter().flatten();
                for (x, y) in got.zip(want) {
                    assert!((f64::from(*x) - y).abs() < 1e-6, "rows of {n}: {x} for {y}");
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "a tanh a cell")]
    fn refuse_a_slice_that_is_too_small() {
        lstm_cells(&mut [0.0; 8], &mut [0.0; 2], &mut [0.0; 2], Some(&mut [0.0]), 2);
    }
}
