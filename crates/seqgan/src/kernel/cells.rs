//! LSTM cells in f32, forward and backward.
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

/// A row of cells on the way back: what is known, `[H]` where nothing else is said, and what is found.
pub struct CellsBackward<'a, R> {
    /// After their nonlinearities, `[4H]`.
    pub gates: &'a [R],
    /// The cells before the step; none at the first, which begins with zeros.
    pub before: Option<&'a [R]>,
    /// tanh(c).
    pub tanh_c: &'a [R],
    /// The gradient of h from the layers above.
    pub dh: &'a [R],
    /// The gradient of h from the next step.
    pub dh_next: &'a [R],
    /// The gradient of c from the next step; becomes that for the step before.
    pub dc: &'a mut [R],
    /// Becomes the gradient of the gates before their nonlinearities, `[4H]`.
    pub d_gates: &'a mut [R],
}

/// See [`super::Real::lstm_cells_backward`]; the bits of the plain loops.
pub(crate) fn backward(cells: CellsBackward<'_, f32>) {
    let n = cells.dc.len();
    let inputs = [cells.tanh_c, cells.dh, cells.dh_next, cells.before.unwrap_or(cells.dh)];
    assert!(inputs.into_iter().all(|x| x.len() == n), "vectors of {n} values");
    assert!(cells.gates.len() == 4 * n && cells.d_gates.len() == 4 * n, "four gates");
    dispatch(Backward(cells));
}

struct Backward<'a>(CellsBackward<'a, f32>);

impl Kernel for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let cells = self.0;
        let (n, one) = (cells.dc.len(), s.splat(1.0));
        let dc = cells.dc.as_mut_ptr();
        for j in (0..n).step_by(LANES) {
            let lanes = (n - j).min(LANES);
            // SAFETY: columns j..j + lanes exist in each vector and in each of the four gates, as the entrance asserts.
            unsafe {
                let gate = cells.gates.as_ptr().add(j);
                let (i, f) = (s.load_lanes(gate, lanes), s.load_lanes(gate.add(n), lanes));
                let (o, g) = (s.load_lanes(gate.add(2 * n), lanes), s.load_lanes(gate.add(3 * n), lanes));
                let before = match cells.before {
                    Some(before) => s.load_lanes(before.as_ptr().add(j), lanes),
                    None => s.splat(0.0),
                };
                let tanh_c = s.load_lanes(cells.tanh_c.as_ptr().add(j), lanes);
                let from_above = s.load_lanes(cells.dh.as_ptr().add(j), lanes);
                let dh = s.add(from_above, s.load_lanes(cells.dh_next.as_ptr().add(j), lanes));
                // Multiply-adds are not fused, and multiplications are in the order of the plain loops.
                let of_tanh = s.mul(s.mul(dh, o), s.sub(one, s.mul(tanh_c, tanh_c)));
                let d = s.add(s.load_lanes(dc.add(j), lanes), of_tanh);
                let to = cells.d_gates.as_mut_ptr().add(j);
                s.store_lanes(to, lanes, s.mul(s.mul(s.mul(d, g), i), s.sub(one, i)));
                s.store_lanes(to.add(n), lanes, s.mul(s.mul(s.mul(d, before), f), s.sub(one, f)));
                s.store_lanes(to.add(2 * n), lanes, s.mul(s.mul(s.mul(dh, tanh_c), o), s.sub(one, o)));
                s.store_lanes(to.add(3 * n), lanes, s.mul(s.mul(d, i), s.sub(one, s.mul(g, g))));
                s.store_lanes(dc.add(j), lanes, s.mul(d, f));
            }
        }
    }
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
    use super::super::simd::{all_levels, dispatch_at};
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

    /// The plain loops of [`super::super::Real`], in f32.
    fn plain(cells: CellsBackward<'_, f32>) {
        let CellsBackward { gates, before, tanh_c, dh, dh_next, dc, d_gates } = cells;
        let n = dc.len();
        for j in 0..n {
            let [i, f, o, g] = [0, 1, 2, 3].map(|gate| gates[gate * n + j]);
            let (before, dh) = (before.map_or(0.0, |cells| cells[j]), dh[j] + dh_next[j]);
            let d = dc[j] + dh * o * (1.0 - tanh_c[j] * tanh_c[j]);
            let of_gates = [
                d * g * i * (1.0 - i),
                d * before * f * (1.0 - f),
                dh * tanh_c[j] * o * (1.0 - o),
                d * i * (1.0 - g * g),
            ];
            of_gates.into_iter().enumerate().for_each(|(gate, d)| d_gates[gate * n + j] = d);
            dc[j] = d * f;
        }
    }

    /// To the bit, on every instruction set, with and without cells before.
    #[test]
    fn on_the_way_back_have_the_bits_of_the_plain_loops() {
        for n in [1, 16, 21, 33] {
            let mut reader = Streams::new(5, Purpose::Bootstrap).reader(n as u64);
            let mut numbers = |n: usize| (0..n).map(|_| reader.normal() as f32).collect::<Vec<f32>>();
            let [gates, before, tanh_c, dh, dh_next, dc] = [4 * n, n, n, n, n, n].map(&mut numbers);
            for before in [None, Some(&before[..])] {
                let run = |f: &dyn Fn(CellsBackward<'_, f32>)| {
                    let (mut dc, mut d_gates) = (dc.clone(), vec![7.0; 4 * n]);
                    let (gates, tanh_c, dh, dh_next) = (&gates[..], &tanh_c[..], &dh[..], &dh_next[..]);
                    let (to, out) = (&mut dc[..], &mut d_gates[..]);
                    f(CellsBackward { gates, before, tanh_c, dh, dh_next, dc: to, d_gates: out });
                    (dc, d_gates)
                };
                let want = run(&plain);
                assert_eq!(run(&|cells| backward(cells)), want, "{n} cells");
                for level in all_levels() {
                    assert_eq!(
                        run(&|cells| dispatch_at(level, Backward(cells))),
                        want,
                        "{n} cells, {level:?}"
                    );
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "four gates")]
    fn on_the_way_back_refuse_gates_that_are_too_few() {
        let (dc, d_gates) = (&mut [0.0; 2][..], &mut [0.0; 8][..]);
        let [x, gates] = [&[0.0; 2][..], &[0.0; 7][..]];
        backward(CellsBackward { gates, before: None, tanh_c: x, dh: x, dh_next: x, dc, d_gates });
    }

    #[test]
    #[should_panic(expected = "a tanh a cell")]
    fn refuse_a_slice_that_is_too_small() {
        lstm_cells(&mut [0.0; 8], &mut [0.0; 2], &mut [0.0; 2], Some(&mut [0.0]), 2);
    }
}
