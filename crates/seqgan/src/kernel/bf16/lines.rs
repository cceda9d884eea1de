//! Lines of tiles from numbers in f32.
#![allow(unsafe_code)] // intrinsics behind a CPU check; pointers into slices that the caller vouches for

use super::number::{Line, round};

/// Rounds numbers to lines of tiles; compiled once for each instruction set.
pub(super) trait Rounding: Copy {
    /// The line of `n` numbers in a row, then zeros.
    ///
    /// # Safety
    /// `from` must be readable for n f32, and n at most 32.
    unsafe fn row(self, from: *const f32, n: usize) -> Line;

    /// The line of `n` pairs, one number of each row, then zeros.
    ///
    /// # Safety
    /// Both rows must be readable for n f32, and n at most 16.
    unsafe fn pairs(self, even: *const f32, odd: *const f32, n: usize) -> Line;
}

/// Code that rounds. `run` must be `#[inline(always)]`.
pub(super) trait Rounds {
    fn run<F: Rounding>(self, rounding: F);
}

/// Runs `code` with the fastest rounding of this CPU.
pub(super) fn with_rounding<C: Rounds>(code: C) {
    #[cfg(target_arch = "x86_64")]
    if super::detection::amx() {
        // SAFETY: CPUs with AMX have the instructions, as `detection` checks.
        return unsafe { x86::run(code) };
    }
    code.run(Plain);
}

#[derive(Clone, Copy)]
pub(super) struct Plain;

impl Rounding for Plain {
    #[inline(always)]
    unsafe fn row(self, from: *const f32, n: usize) -> Line {
        // SAFETY: as the caller grants.
        let from = unsafe { std::slice::from_raw_parts(from, n) };
        let mut line = Line::ZERO;
        line.0.iter_mut().zip(from).for_each(|(to, &x)| *to = round(x));
        line
    }

    #[inline(always)]
    unsafe fn pairs(self, even: *const f32, odd: *const f32, n: usize) -> Line {
        // SAFETY: as the caller grants.
        let [even, odd] = unsafe { [even, odd].map(|row| std::slice::from_raw_parts(row, n)) };
        let mut line = Line::ZERO;
        for (to, (&even, &odd)) in line.0.chunks_exact_mut(2).zip(even.iter().zip(odd)) {
            (to[0], to[1]) = (round(even), round(odd));
        }
        line
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::super::number::{DEPTH, SMALLEST};
    use super::{Line, Rounding, Rounds};
    use crate::kernel::simd::LANES;
    use std::arch::x86_64::*;

    /// Runs `code` with AVX512-BF16.
    ///
    /// # Safety
    /// The CPU must have the features.
    #[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
    pub(super) fn run<C: Rounds>(code: C) {
        code.run(Avx512);
    }

    #[derive(Clone, Copy)]
    struct Avx512;

    /// The first `n` of 16 numbers, small ones as zeros; NaN stays.
    ///
    /// # Safety
    /// As of [`run`]; `from` must be readable for n f32, and n at most 16.
    #[inline(always)]
    unsafe fn load(from: *const f32, n: usize) -> __m512 {
        // SAFETY: as the caller grants.
        unsafe {
            let x = match n {
                LANES => _mm512_loadu_ps(from),
                n => _mm512_maskz_loadu_ps((1u16 << n) - 1, from),
            };
            let large = _mm512_cmp_ps_mask::<_CMP_NLT_UQ>(_mm512_abs_ps(x), _mm512_set1_ps(SMALLEST));
            _mm512_maskz_mov_ps(large, x)
        }
    }

    /// The word of each place of a line of pairs in sixteen even ones and sixteen odd ones.
    const INTERLEAVED: [u16; DEPTH] = {
        let mut order = [0; DEPTH];
        let mut i = 0;
        while i < LANES {
            (order[2 * i], order[2 * i + 1]) = (i as u16, (LANES + i) as u16);
            i += 1;
        }
        order
    };

    impl Rounding for Avx512 {
        #[inline(always)]
        unsafe fn row(self, from: *const f32, n: usize) -> Line {
            // SAFETY: made by `run` alone, and as the caller grants.
            unsafe {
                let (low, high) =
                    (load(from, n.min(LANES)), load(from.add(n.min(LANES)), n.saturating_sub(LANES)));
                Line(std::mem::transmute::<__m512bh, [u16; DEPTH]>(_mm512_cvtne2ps_pbh(high, low)))
            }
        }

        #[inline(always)]
        unsafe fn pairs(self, even: *const f32, odd: *const f32, n: usize) -> Line {
            // SAFETY: made by `run` alone, and as the caller grants.
            unsafe {
                let both = _mm512_cvtne2ps_pbh(load(odd, n), load(even, n));
                let order = _mm512_loadu_si512(INTERLEAVED.as_ptr().cast());
                let both = std::mem::transmute::<__m512bh, __m512i>(both);
                Line(std::mem::transmute::<__m512i, [u16; DEPTH]>(_mm512_permutexvar_epi16(order, both)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::number::{DEPTH, widen};
    use super::*;
    use crate::kernel::simd::LANES;
    use crate::rng::{Purpose, Streams};

    /// Any bits, rows and pairs of any length, by the fastest rounding of this CPU and by the plain one.
    #[test]
    fn every_path_rounds_alike() {
        struct Lines<'a> {
            x: &'a [f32],
            n: usize,
            out: &'a mut [Line; 2],
        }
        impl Rounds for Lines<'_> {
            #[inline(always)]
            fn run<F: Rounding>(self, rounding: F) {
                assert!(self.x.len() >= 2 * self.n && self.n <= DEPTH);
                let half = self.n.min(LANES);
                // SAFETY: as asserted.
                unsafe {
                    self.out[0] = rounding.row(self.x.as_ptr(), self.n);
                    self.out[1] = rounding.pairs(self.x.as_ptr(), self.x.as_ptr().add(half), half);
                }
            }
        }
        let mut reader = Streams::new(8, Purpose::Bootstrap).reader(0);
        for round in 0..2_000 {
            let n = round % (DEPTH + 1);
            let bits = |reader: &mut crate::rng::Reader| (reader.uniform() * 4_294_967_296.0) as u32;
            let x: Vec<f32> = (0..2 * n).map(|_| f32::from_bits(bits(&mut reader))).collect();
            let (mut fast, mut plain) = ([Line::ZERO; 2], [Line::ZERO; 2]);
            with_rounding(Lines { x: &x, n, out: &mut fast });
            Lines { x: &x, n, out: &mut plain }.run(Plain);
            let same = |(&a, &b): (&u16, &u16)| a == b || widen(a).is_nan() && widen(b).is_nan();
            for (fast, plain) in fast.iter().zip(&plain) {
                assert!(fast.0.iter().zip(&plain.0).all(same), "{n} of {x:?}");
            }
        }
    }
}
