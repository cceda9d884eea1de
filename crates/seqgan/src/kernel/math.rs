//! Vectorised elementary functions and whole-slice loops in f32.
#![allow(unsafe_code)] // pointers into slices whose lengths are checked at the entrance of each loop

use super::simd::{Kernel, LANES, Simd, dispatch};

/// e^x, relative error below 2e-7 on [-87, 88]; 0 below -87.3, never infinite.
#[inline(always)]
pub(crate) fn exp<S: Simd>(s: S, x: S::V) -> S::V {
    let lowest = s.splat(-87.3);
    let inside = s.min(s.max(x, lowest), s.splat(88.0));
    let n = s.round(s.mul(inside, s.splat(std::f32::consts::LOG2_E)));
    // ln 2 in two parts, so that n ln 2 is subtracted without losing bits (Cody and Waite).
    let r = s.fma(n, s.splat(-0.693_359_4), inside);
    let r = s.fma(n, s.splat(2.121_944_4e-4), r);
    let mut p = s.splat(1.987_569_1e-4);
    for c in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_65, 0.5] {
        p = s.fma(p, r, s.splat(c));
    }
    let y = s.add(s.fma(s.mul(r, r), p, r), s.splat(1.0));
    s.if_less(x, lowest, s.splat(0.0), s.mul(y, s.pow2(n)))
}

/// 1 / (1 + e^-x).
#[inline(always)]
pub(crate) fn sigmoid<S: Simd>(s: S, x: S::V) -> S::V {
    let e = exp(s, s.sub(s.splat(0.0), x));
    s.div(s.splat(1.0), s.add(s.splat(1.0), e))
}

/// Hyperbolic tangent, absolute error below 2e-7.
#[inline(always)]
pub(crate) fn tanh<S: Simd>(s: S, x: S::V) -> S::V {
    let one = s.splat(1.0);
    let e = exp(s, s.mul(x, s.splat(-2.0)));
    s.div(s.sub(one, e), s.add(one, e))
}

/// Applies `f` to every lane of a slice, the tail by a partial vector.
macro_rules! map_in_place {
    ($name:ident, $doc:literal, $f:path) => {
        #[doc = $doc]
        pub(crate) fn $name(x: &mut [f32]) {
            struct Map<'a>(&'a mut [f32]);
            impl Kernel for Map<'_> {
                type Output = ();
                #[inline(always)]
                fn run<S: Simd>(self, s: S) {
                    let (whole, rest) = self.0.split_at_mut(self.0.len() / LANES * LANES);
                    for chunk in whole.chunks_exact_mut(LANES) {
                        // SAFETY: the chunk holds 16 values.
                        unsafe { s.store(chunk.as_mut_ptr(), $f(s, s.load(chunk.as_ptr()))) };
                    }
                    if !rest.is_empty() {
                        let n = rest.len();
                        // SAFETY: n < 16 values are left.
                        unsafe {
                            let v = $f(s, s.load_part(rest.as_ptr(), n));
                            s.store_part(rest.as_mut_ptr(), n, v);
                        }
                    }
                }
            }
            dispatch(Map(x));
        }
    };
}

map_in_place!(sigmoid_in_place, "x = 1 / (1 + e^-x).", sigmoid);
map_in_place!(tanh_in_place, "x = tanh x.", tanh);

/// x = e^(x - shift); returns the sum.
pub(crate) fn exp_and_sum(x: &mut [f32], shift: f32) -> f32 {
    struct ExpSum<'a>(&'a mut [f32], f32);
    impl Kernel for ExpSum<'_> {
        type Output = f32;
        #[inline(always)]
        fn run<S: Simd>(self, s: S) -> f32 {
            let shift = s.splat(self.1);
            let mut total = s.splat(0.0);
            let (whole, rest) = self.0.split_at_mut(self.0.len() / LANES * LANES);
            for chunk in whole.chunks_exact_mut(LANES) {
                // SAFETY: the chunk holds 16 values.
                unsafe {
                    let e = exp(s, s.sub(s.load(chunk.as_ptr()), shift));
                    s.store(chunk.as_mut_ptr(), e);
                    total = s.add(total, e);
                }
            }
            let mut sum = s.sum(total);
            if !rest.is_empty() {
                let n = rest.len();
                // SAFETY: n < 16 values are left.
                unsafe {
                    let e = exp(s, s.sub(s.load_part(rest.as_ptr(), n), shift));
                    s.store_part(rest.as_mut_ptr(), n, e);
                }
                sum += rest.iter().sum::<f32>();
            }
            sum
        }
    }
    dispatch(ExpSum(x, shift))
}

/// The largest value, -infinity for an empty slice.
pub(crate) fn largest(x: &[f32]) -> f32 {
    struct Largest<'a>(&'a [f32]);
    impl Kernel for Largest<'_> {
        type Output = f32;
        #[inline(always)]
        fn run<S: Simd>(self, s: S) -> f32 {
            let mut best = s.splat(f32::NEG_INFINITY);
            let chunks = self.0.chunks_exact(LANES);
            let rest = chunks.remainder();
            for chunk in chunks {
                // SAFETY: the chunk holds 16 values.
                best = s.max(best, unsafe { s.load(chunk.as_ptr()) });
            }
            rest.iter().fold(s.largest(best), |a, &b| a.max(b))
        }
    }
    dispatch(Largest(x))
}

/// The largest size of a value, 0 for none; infinite or no number if one of them is.
pub(crate) fn largest_size(x: &[f32]) -> f32 {
    // Sizes compare as their bits do, and above infinity come those that are no number.
    let sizes = x.iter().map(|x| x.to_bits() & 0x7FFF_FFFF);
    f32::from_bits(sizes.fold(0, u32::max))
}

/// y += alpha x.
pub(crate) fn axpy(alpha: f32, x: &[f32], y: &mut [f32]) {
    struct Axpy<'a>(f32, &'a [f32], &'a mut [f32]);
    impl Kernel for Axpy<'_> {
        type Output = ();
        #[inline(always)]
        fn run<S: Simd>(self, s: S) {
            axpy_lanes(s, self.0, self.1, self.2);
        }
    }
    dispatch(Axpy(alpha, x, y));
}

/// y += alpha x, inside another kernel.
#[inline(always)]
pub(crate) fn axpy_lanes<S: Simd>(s: S, alpha: f32, x: &[f32], y: &mut [f32]) {
    assert_eq!(x.len(), y.len(), "axpy of slices of unequal length");
    let a = s.splat(alpha);
    let whole = x.len() / LANES * LANES;
    for i in (0..whole).step_by(LANES) {
        // SAFETY: i + 16 <= whole <= both lengths.
        unsafe {
            let v = s.fma(a, s.load(x.as_ptr().add(i)), s.load(y.as_ptr().add(i)));
            s.store(y.as_mut_ptr().add(i), v);
        }
    }
    let n = x.len() - whole;
    if n > 0 {
        // SAFETY: n < 16 values are left in both.
        unsafe {
            let v = s.fma(a, s.load_part(x.as_ptr().add(whole), n), s.load_part(y.as_ptr().add(whole), n));
            s.store_part(y.as_mut_ptr().add(whole), n, v);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::simd::{all_levels, dispatch_at};
    use super::*;

    struct Elementwise<'a>(&'a [f32], u8);
    impl Kernel for Elementwise<'_> {
        type Output = Vec<f32>;
        #[inline(always)]
        fn run<S: Simd>(self, s: S) -> Vec<f32> {
            let mut out = Vec::new();
            for chunk in self.0.chunks_exact(LANES) {
                // SAFETY: the chunk holds 16 values.
                let x = unsafe { s.load(chunk.as_ptr()) };
                let y = match self.1 {
                    0 => exp(s, x),
                    1 => sigmoid(s, x),
                    _ => tanh(s, x),
                };
                out.extend(s.to_array(y));
            }
            out
        }
    }

    #[test]
    fn functions_are_accurate_on_every_path_and_equal_where_there_is_fma() {
        let n = if cfg!(miri) { 256 } else { 4096 };
        let x: Vec<f32> = (0..n).map(|i| -90.0 + 180.0 * i as f32 / n as f32).chain([0.0; 16]).collect();
        for which in 0..3u8 {
            let results: Vec<_> = all_levels()
                .into_iter()
                .map(|level| (level, dispatch_at(level, Elementwise(&x, which))))
                .collect();
            for (level, y) in &results {
                for (&x, &y) in x.iter().zip(y) {
                    let x = f64::from(x);
                    let (want, tolerance) = match which {
                        0 => (x.clamp(-200.0, 88.0).exp(), 3e-7 * x.clamp(-87.4, 88.0).exp() + 1.4e-38),
                        1 => (1.0 / (1.0 + (-x).exp()), 2e-7),
                        _ => (x.tanh(), 2e-7),
                    };
                    assert!(
                        (f64::from(y) - want).abs() <= tolerance,
                        "{level:?} {which} at {x}: {y} for {want}"
                    );
                }
            }
            if cfg!(target_arch = "x86_64") && results.len() == 3 {
                assert!(results[0].1 == results[1].1, "AVX-512 and AVX2 differ");
            }
        }
    }

    #[test]
    fn tails_are_handled() {
        for n in [0, 1, 15, 16, 17, 40] {
            let x: Vec<f32> = (0..n).map(|i| i as f32 * 0.25 - 2.0).collect();
            let mut y = x.clone();
            let sum = exp_and_sum(&mut y, 1.0);
            let want: f64 = x.iter().map(|&x| f64::from(x - 1.0).exp()).sum();
            assert!((f64::from(sum) - want).abs() <= 1e-6 * (1.0 + want));
            assert_eq!(largest(&x), x.iter().copied().fold(f32::NEG_INFINITY, f32::max));
            let mut z = vec![1.0; n];
            axpy(2.0, &x, &mut z);
            assert!(z.iter().zip(&x).all(|(&z, &x)| z == 2.0 * x + 1.0));
        }
    }
}
