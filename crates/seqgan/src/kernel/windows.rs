//! What a convolution with maximum over time does besides its products, in f32.
#![allow(clippy::needless_range_loop)] // loops of constant length over registers, to be unrolled
#![allow(unsafe_code)] // pointers into slices whose lengths are checked at the entrance

use super::bounds::starts_fit;
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

/// to[start..] = max(to[start..], row of y) for each row of y, whose starts are `starts`.
pub(crate) fn max_pool_scatter(y: &[f32], starts: &[usize], to: &mut [f32]) {
    let n = y.len() / starts.len().max(1);
    assert!(starts_fit(starts.iter().copied(), n, to.len()), "a row beyond the end");
    dispatch(MaxPoolScatter { y, n, starts, to });
}

struct MaxPoolScatter<'a> {
    y: &'a [f32],
    n: usize,
    starts: &'a [usize],
    to: &'a mut [f32],
}

impl Kernel for MaxPoolScatter<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for (r, &start) in self.starts.iter().enumerate() {
            for j in (0..self.n).step_by(LANES) {
                let lanes = (self.n - j).min(LANES);
                // SAFETY: row r of y and n values from `start` exist.
                unsafe {
                    let y = s.load_lanes(self.y.as_ptr().add(r * self.n + j), lanes);
                    let to = self.to.as_mut_ptr().add(start + j);
                    s.store_lanes(to, lanes, s.max(y, s.load_lanes(to, lanes)));
                }
            }
        }
    }
}

/// y += sum of scale x[start..] over the terms (scale, start), in their order; y stays in registers.
pub(crate) fn add_scaled(terms: &[(f32, usize)], x: &[f32], y: &mut [f32]) {
    assert!(starts_fit(terms.iter().map(|t| t.1), y.len(), x.len()), "a term beyond the end of x");
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
                } else if left >= W / 2 * LANES {
                    let mut acc: [S::V; W / 2] = [s.splat(0.0); W / 2];
                    for w in 0..W / 2 {
                        acc[w] = s.load(y.add(w * LANES));
                    }
                    for &(scale, start) in self.terms {
                        let (x, scale) = (self.x.as_ptr().add(start + at), s.splat(scale));
                        for w in 0..W / 2 {
                            acc[w] = s.fma(scale, s.load(x.add(w * LANES)), acc[w]);
                        }
                    }
                    for w in 0..W / 2 {
                        s.store(y.add(w * LANES), acc[w]);
                    }
                    at += W / 2 * LANES;
                } else {
                    let lanes = left.min(LANES);
                    let mut acc = s.load_lanes(y, lanes);
                    for &(scale, start) in self.terms {
                        acc =
                            s.fma(s.splat(scale), s.load_lanes(self.x.as_ptr().add(start + at), lanes), acc);
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

#[cfg(test)]
mod tests {
    use super::super::real::Real;
    use super::*;
    use crate::rng::{Purpose, Streams};

    fn numbers(n: usize, sequence: u64) -> Vec<f32> {
        let mut reader = Streams::new(2, Purpose::Bootstrap).reader(sequence);
        // Few different values, so that maxima are shared.
        (0..n).map(|_| (3.0 * reader.normal()).round() as f32).collect()
    }

    fn widen(x: &[f32]) -> Vec<f64> {
        x.iter().map(|&x| f64::from(x)).collect()
    }

    #[test]
    fn agree_with_the_plain_loops() {
        for n in [1, 15, 16, 48, 50, 128, 200] {
            let y = numbers(7 * n, 1);
            let (mut best, mut won) = (vec![0.0f32; n], vec![9; n]);
            largest_window(&y, &mut best, &mut won);
            let (mut plain_best, mut plain_won) = (vec![0.0f64; n], vec![9; n]);
            f64::largest_window(&widen(&y), &mut plain_best, &mut plain_won);
            assert_eq!((widen(&best), won), (plain_best, plain_won), "{n} columns");

            let mut scattered = numbers(3 * n, 6);
            let mut plain_scattered = widen(&scattered);
            max_pool_scatter(&y[..3 * n], &[n, 0, n / 2], &mut scattered);
            f64::max_pool_scatter(&widen(&y[..3 * n]), &[n, 0, n / 2], &mut plain_scattered);
            assert_eq!(widen(&scattered), plain_scattered, "scattered {n}");

            let (x, terms) = (numbers(3 * n, 2), [(0.5, 0), (-2.0, 2 * n), (3.0, n / 2)]);
            let wide = terms.map(|(scale, start)| (f64::from(scale), start));
            let mut sum = numbers(n, 3);
            let mut plain = widen(&sum);
            add_scaled(&terms, &x, &mut sum);
            f64::add_scaled(&wide, &widen(&x), &mut plain);
            assert_eq!(widen(&sum), plain, "sum of {n}");

            let (x, mut to) = (numbers(n, 4), numbers(3 * n, 5));
            let mut plain = widen(&to);
            scatter_scaled(&terms, &x, &mut to);
            f64::scatter_scaled(&wide, &widen(&x), &mut plain);
            assert_eq!(widen(&to), plain, "scattered {n}");
        }
    }

    #[test]
    #[should_panic(expected = "a row beyond the end")]
    fn max_pool_scatter_refuses_a_start_whose_end_wraps_around() {
        max_pool_scatter(&[1.0], &[usize::MAX], &mut [0.0; 4]);
    }

    #[test]
    #[should_panic(expected = "a term beyond the end of x")]
    fn add_scaled_refuses_a_start_whose_end_wraps_around() {
        add_scaled(&[(1.0, usize::MAX)], &[1.0; 4], &mut [0.0; 2]);
    }
}
