//! What a convolution with maximum over time does besides its products, in f32.
#![allow(clippy::needless_range_loop)] // loops of constant length over registers, to be unrolled
#![allow(unsafe_code)] // pointers into slices whose lengths are checked at the entrance

use super::math::axpy_lanes;
use super::simd::{Kernel, LANES, Simd, dispatch};

/// The largest of each column of y `[windows, n]` and the first window that has it, into `best` and `won` `[n]`.
pub(crate) fn largest_window(y: &[f32], best: &mut [f32], won: &mut [u32]) {
    assert!(!best.is_empty() && best.len() == won.len() && y.len() >= best.len(), "at least one window");
    dispatch(Largest { y, best, won });
}

struct Largest<'a> {
    y: &'a [f32],
    best: &'a mut [f32],
    won: &'a mut [u32],
}

impl Kernel for Largest<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let n = self.best.len();
        for j in (0..n).step_by(LANES) {
            let lanes = (n - j).min(LANES);
            // SAFETY: columns j..j + lanes exist in every window.
            unsafe {
                let mut best = s.load_lanes(self.y.as_ptr().add(j), lanes);
                // Window numbers as floats are exact far beyond any length.
                let mut won = s.splat(0.0);
                for p in 1..self.y.len() / n {
                    let y = s.load_lanes(self.y.as_ptr().add(p * n + j), lanes);
                    won = s.if_less(best, y, s.splat(p as f32), won);
                    best = s.max(y, best);
                }
                s.store_lanes(self.best.as_mut_ptr().add(j), lanes, best);
                let won = s.to_array(won);
                self.won[j..j + lanes].iter_mut().zip(won).for_each(|(to, p)| *to = p as u32);
            }
        }
    }
}

/// y += sum of scale x[start..] over the terms (scale, start), in their order; y stays in registers.
pub(crate) fn add_scaled(terms: &[(f32, usize)], x: &[f32], y: &mut [f32]) {
    assert!(terms.iter().all(|t| t.1 + y.len() <= x.len()), "a term beyond the end of x");
    dispatch(AddScaled { terms, x, y });
}

struct AddScaled<'a> {
    terms: &'a [(f32, usize)],
    x: &'a [f32],
    y: &'a mut [f32],
}

impl Kernel for AddScaled<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        const W: usize = 8;
        let (n, mut at) = (self.y.len(), 0);
        while at < n {
            let left = n - at;
            // SAFETY: `left` values of y and of each term's x follow `at`, as the entrance asserts.
            unsafe {
                let y = self.y.as_mut_ptr().add(at);
                if left >= W * LANES {
                    let mut acc: [S::V; W] = std::array::from_fn(|w| s.load(y.add(w * LANES)));
                    for &(scale, start) in self.terms {
                        let (x, scale) = (self.x.as_ptr().add(start + at), s.splat(scale));
                        for w in 0..W {
                            acc[w] = s.fma(scale, s.load(x.add(w * LANES)), acc[w]);
                        }
                    }
                    for w in 0..W {
                        s.store(y.add(w * LANES), acc[w]);
                    }
                    at += W * LANES;
                } else {
                    let lanes = left.min(LANES);
                    let mut acc = s.load_lanes(y, lanes);
                    for &(scale, start) in self.terms {
                        acc = s.fma(s.splat(scale), s.load_lanes(self.x.as_ptr().add(start + at), lanes), acc);
                    }
                    s.store_lanes(y, lanes, acc);
                    at += lanes;
                }
            }
        }
    }
}

/// y[start..start + x.len()] += scale x for each (scale, start).
pub(crate) fn scatter_scaled(terms: &[(f32, usize)], x: &[f32], y: &mut [f32]) {
    struct Scatter<'a>(&'a [(f32, usize)], &'a [f32], &'a mut [f32]);
    impl Kernel for Scatter<'_> {
        type Output = ();
        #[inline(always)]
        fn run<S: Simd>(self, s: S) {
            for &(scale, start) in self.0 {
                axpy_lanes(s, scale, self.1, &mut self.2[start..start + self.1.len()]);
            }
        }
    }
    dispatch(Scatter(terms, x, y));
}
