//! Sixteen-lane f32 vectors, chosen at run time: AVX-512, AVX2 with FMA, or portable code (which is NEON on
//! aarch64, where FMA belongs to the base set).
//!
//! Every path sees the same sixteen lanes, multiplies and adds in one rounding and reduces in the same order, so
//! AVX-512, AVX2 and NEON give the same bits. Portable x86 code has no FMA and differs by rounding alone.
#![allow(clippy::needless_range_loop)] // loops of constant length over registers, to be unrolled
#![allow(unsafe_code)] // intrinsics; each is called only behind the CPU check in `dispatch`

use std::sync::OnceLock;

/// Lanes of a vector on every path.
pub(crate) const LANES: usize = 16;

/// Operations on sixteen lanes.
pub(crate) trait Simd: Copy {
    /// Sixteen f32.
    type V: Copy;
    /// Whether there are 32 wide registers, so that a product tile of 8 x 48 stays in them.
    const WIDE: bool;
    fn splat(self, x: f32) -> Self::V;
    /// # Safety
    /// `p` must be readable for 16 f32.
    unsafe fn load(self, p: *const f32) -> Self::V;
    /// # Safety
    /// `p` must be writable for 16 f32.
    unsafe fn store(self, p: *mut f32, v: Self::V);
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;
    fn div(self, a: Self::V, b: Self::V) -> Self::V;
    /// a * b + c.
    fn fma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    fn max(self, a: Self::V, b: Self::V) -> Self::V;
    fn min(self, a: Self::V, b: Self::V) -> Self::V;
    fn sqrt(self, a: Self::V) -> Self::V;
    /// Nearest integer, ties to even.
    fn round(self, a: Self::V) -> Self::V;
    /// 2^n for integral n from -126 to 127.
    fn pow2(self, n: Self::V) -> Self::V;
    /// `yes` where a < b, else `no`.
    fn if_less(self, a: Self::V, b: Self::V, yes: Self::V, no: Self::V) -> Self::V;
    /// Lane j of vector i goes to lane i of vector j.
    fn transpose(self, rows: [Self::V; LANES]) -> [Self::V; LANES];

    #[inline(always)]
    fn to_array(self, v: Self::V) -> [f32; LANES] {
        let mut out = [0.0; LANES];
        // SAFETY: `out` holds 16 f32.
        unsafe { self.store(out.as_mut_ptr(), v) };
        out
    }

    /// Sum of the lanes: halves, quarters, pairs, so the order is the same everywhere.
    #[inline(always)]
    fn sum(self, v: Self::V) -> f32 {
        fold(self.to_array(v), |a, b| a + b)
    }

    #[inline(always)]
    fn largest(self, v: Self::V) -> f32 {
        fold(self.to_array(v), f32::max)
    }

    /// Loads `n` values, the rest zero.
    ///
    /// # Safety
    /// `p` must be readable for `n` f32, and n below 16.
    #[inline(always)]
    unsafe fn load_part(self, p: *const f32, n: usize) -> Self::V {
        let mut lanes = [0.0; LANES];
        // SAFETY: n values are readable and n < 16.
        unsafe {
            std::ptr::copy_nonoverlapping(p, lanes.as_mut_ptr(), n);
            self.load(lanes.as_ptr())
        }
    }

    /// The even or the odd numbers of sixteen pairs of bfloat16.
    ///
    /// # Safety
    /// `p` must be readable for 16 pairs, each as long as an f32.
    #[inline(always)]
    unsafe fn load_pairs<const ODD: bool>(self, p: *const f32) -> Self::V {
        // SAFETY: the caller grants 16 pairs, and the array holds 16 f32.
        unsafe {
            let pairs = p.cast::<[u32; LANES]>().read_unaligned();
            let numbers = pairs.map(|pair| f32::from_bits(if ODD { pair & 0xFFFF_0000 } else { pair << 16 }));
            self.load(numbers.as_ptr())
        }
    }

    /// Loads `n` values, the rest zero.
    ///
    /// # Safety
    /// `p` must be readable for `n` f32, and n at most 16.
    #[inline(always)]
    unsafe fn load_lanes(self, p: *const f32, n: usize) -> Self::V {
        // SAFETY: as the caller grants.
        unsafe { if n == LANES { self.load(p) } else { self.load_part(p, n) } }
    }

    /// Stores the first `n` lanes.
    ///
    /// # Safety
    /// `p` must be writable for `n` f32, and n at most 16.
    #[inline(always)]
    unsafe fn store_lanes(self, p: *mut f32, n: usize, v: Self::V) {
        // SAFETY: as the caller grants.
        unsafe { if n == LANES { self.store(p, v) } else { self.store_part(p, n, v) } }
    }

    /// Stores the first `n` lanes.
    ///
    /// # Safety
    /// `p` must be writable for `n` f32, and n below 16.
    #[inline(always)]
    unsafe fn store_part(self, p: *mut f32, n: usize, v: Self::V) {
        let lanes = self.to_array(v);
        // SAFETY: n values are writable and n < 16.
        unsafe { std::ptr::copy_nonoverlapping(lanes.as_ptr(), p, n) };
    }
}

#[inline(always)]
fn fold(mut lanes: [f32; LANES], f: impl Fn(f32, f32) -> f32) -> f32 {
    let mut half = LANES / 2;
    while half > 0 {
        for i in 0..half {
            lanes[i] = f(lanes[i], lanes[i + half]);
        }
        half /= 2;
    }
    lanes[0]
}

/// Code that is compiled once for each instruction set. `run` must be `#[inline(always)]`.
pub(crate) trait Kernel {
    type Output;
    fn run<S: Simd>(self, s: S) -> Self::Output;
}

/// Which instruction set the kernels use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// 512-bit vectors, 32 registers.
    Avx512,
    /// 256-bit vectors with fused multiply-add.
    Avx2,
    /// Whatever the compiler makes of plain loops; NEON on aarch64.
    Portable,
}

static LEVEL: OnceLock<Level> = OnceLock::new();

/// The instruction set in use: the best that this CPU has, or the one that the environment variable
/// `SEQGAN_SIMD` (avx512, avx2, portable) asks for, if the CPU has it. Any of these keeps products in bfloat16 off AMX.
pub fn level() -> Level {
    *LEVEL.get_or_init(|| {
        let wanted = std::env::var("SEQGAN_SIMD").unwrap_or_default();
        let best = available();
        match wanted.as_str() {
            "portable" => Level::Portable,
            "avx2" if best != Level::Portable => Level::Avx2,
            _ => best,
        }
    })
}

fn available() -> Level {
    #[cfg(target_arch = "x86_64")]
    {
        let fma = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        if fma && is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq") {
            return Level::Avx512;
        }
        if fma {
            return Level::Avx2;
        }
    }
    Level::Portable
}

/// Runs `kernel` with the instruction set of [`level`].
#[inline]
pub(crate) fn dispatch<K: Kernel>(kernel: K) -> K::Output {
    // SAFETY: `level` gives what it found on this CPU, or less.
    unsafe { run_at(level(), kernel) }
}

/// Runs `kernel` with a given instruction set.
///
/// # Safety
/// The CPU must have it.
#[inline]
unsafe fn run_at<K: Kernel>(level: Level, kernel: K) -> K::Output {
    match level {
        // SAFETY: as the caller grants.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { x86::run_avx512(kernel) },
        // SAFETY: as the caller grants.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { x86::run_avx2(kernel) },
        _ => kernel.run(Portable),
    }
}

/// Runs `kernel` with one of [`all_levels`].
#[cfg(test)]
pub(crate) fn dispatch_at<K: Kernel>(level: Level, kernel: K) -> K::Output {
    assert!(all_levels().contains(&level), "this CPU has no {level:?}");
    // SAFETY: as asserted.
    unsafe { run_at(level, kernel) }
}

/// The instruction sets this CPU has, best first.
#[cfg(test)]
pub(crate) fn all_levels() -> Vec<Level> {
    match available() {
        Level::Avx512 => vec![Level::Avx512, Level::Avx2, Level::Portable],
        Level::Avx2 => vec![Level::Avx2, Level::Portable],
        Level::Portable => vec![Level::Portable],
    }
}

#[derive(Clone, Copy)]
struct Portable;

#[inline(always)]
fn map2(a: [f32; LANES], b: [f32; LANES], f: impl Fn(f32, f32) -> f32) -> [f32; LANES] {
    std::array::from_fn(|i| f(a[i], b[i]))
}

impl Simd for Portable {
    type V = [f32; LANES];
    const WIDE: bool = cfg!(target_arch = "aarch64");

    #[inline(always)]
    fn splat(self, x: f32) -> Self::V {
        [x; LANES]
    }
    #[inline(always)]
    unsafe fn load(self, p: *const f32) -> Self::V {
        // SAFETY: the caller grants 16 readable values.
        unsafe { p.cast::<[f32; LANES]>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut f32, v: Self::V) {
        // SAFETY: the caller grants 16 writable values.
        unsafe { p.cast::<[f32; LANES]>().write_unaligned(v) }
    }
    #[inline(always)]
    fn add(self, a: Self::V, b: Self::V) -> Self::V {
        map2(a, b, |x, y| x + y)
    }
    #[inline(always)]
    fn sub(self, a: Self::V, b: Self::V) -> Self::V {
        map2(a, b, |x, y| x - y)
    }
    #[inline(always)]
    fn mul(self, a: Self::V, b: Self::V) -> Self::V {
        map2(a, b, |x, y| x * y)
    }
    #[inline(always)]
    fn div(self, a: Self::V, b: Self::V) -> Self::V {
        map2(a, b, |x, y| x / y)
    }
    #[inline(always)]
    fn fma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        // Without the instruction `mul_add` calls a slow software routine.
        if cfg!(any(target_arch = "aarch64", target_feature = "fma")) {
            std::array::from_fn(|i| a[i].mul_add(b[i], c[i]))
        } else {
            std::array::from_fn(|i| a[i] * b[i] + c[i])
        }
    }
    #[inline(always)]
    fn max(self, a: Self::V, b: Self::V) -> Self::V {
        map2(a, b, |x, y| if x > y { x } else { y })
    }
    #[inline(always)]
    fn min(self, a: Self::V, b: Self::V) -> Self::V {
        map2(a, b, |x, y| if x < y { x } else { y })
    }
    #[inline(always)]
    fn sqrt(self, a: Self::V) -> Self::V {
        a.map(f32::sqrt)
    }
    #[inline(always)]
    fn round(self, a: Self::V) -> Self::V {
        // Adding and subtracting 1.5 * 2^23 rounds to the nearest even integer for |x| < 2^22.
        a.map(|x| (x + 12_582_912.0) - 12_582_912.0)
    }
    #[inline(always)]
    fn pow2(self, n: Self::V) -> Self::V {
        n.map(|x| f32::from_bits(((x as i32 + 127) as u32) << 23))
    }
    #[inline(always)]
    fn if_less(self, a: Self::V, b: Self::V, yes: Self::V, no: Self::V) -> Self::V {
        std::array::from_fn(|i| if a[i] < b[i] { yes[i] } else { no[i] })
    }
    #[inline(always)]
    fn transpose(self, rows: [Self::V; LANES]) -> [Self::V; LANES] {
        std::array::from_fn(|i| std::array::from_fn(|j| rows[j][i]))
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{Kernel, LANES, Simd};
    use std::arch::x86_64::*;

    /// Intrinsics that touch no memory: all they need is their instruction set.
    macro_rules! values {
        ($($code:tt)*) => {{
            // SAFETY: `Avx512` and `Avx2` are made by `run_avx512` and `run_avx2` alone, behind the CPU check.
            unsafe { $($code)* }
        }};
    }

    /// Runs `kernel` with AVX-512.
    ///
    /// # Safety
    /// The CPU must have the features.
    #[target_feature(enable = "avx512f,avx512dq,avx2,fma")]
    pub(super) fn run_avx512<K: Kernel>(kernel: K) -> K::Output {
        kernel.run(Avx512)
    }

    /// Runs `kernel` with AVX2 and FMA.
    ///
    /// # Safety
    /// The CPU must have the features.
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn run_avx2<K: Kernel>(kernel: K) -> K::Output {
        kernel.run(Avx2)
    }

    #[derive(Clone, Copy)]
    struct Avx512;

    impl Simd for Avx512 {
        type V = __m512;
        const WIDE: bool = true;

        #[inline(always)]
        fn splat(self, x: f32) -> __m512 {
            values!(_mm512_set1_ps(x))
        }
        #[inline(always)]
        unsafe fn load(self, p: *const f32) -> __m512 {
            // SAFETY: as `values`, and as the caller grants.
            unsafe { _mm512_loadu_ps(p) }
        }
        #[inline(always)]
        unsafe fn store(self, p: *mut f32, v: __m512) {
            // SAFETY: as `values`, and as the caller grants.
            unsafe { _mm512_storeu_ps(p, v) }
        }
        #[inline(always)]
        fn add(self, a: __m512, b: __m512) -> __m512 {
            values!(_mm512_add_ps(a, b))
        }
        #[inline(always)]
        fn sub(self, a: __m512, b: __m512) -> __m512 {
            values!(_mm512_sub_ps(a, b))
        }
        #[inline(always)]
        fn mul(self, a: __m512, b: __m512) -> __m512 {
            values!(_mm512_mul_ps(a, b))
        }
        #[inline(always)]
        fn div(self, a: __m512, b: __m512) -> __m512 {
            values!(_mm512_div_ps(a, b))
        }
        #[inline(always)]
        fn fma(self, a: __m512, b: __m512, c: __m512) -> __m512 {
            values!(_mm512_fmadd_ps(a, b, c))
        }
        #[inline(always)]
        fn max(self, a: __m512, b: __m512) -> __m512 {
            values!(_mm512_max_ps(a, b))
        }
        #[inline(always)]
        fn min(self, a: __m512, b: __m512) -> __m512 {
            values!(_mm512_min_ps(a, b))
        }
        #[inline(always)]
        fn sqrt(self, a: __m512) -> __m512 {
            values!(_mm512_sqrt_ps(a))
        }
        #[inline(always)]
        fn round(self, a: __m512) -> __m512 {
            values!(_mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(a))
        }
        #[inline(always)]
        fn pow2(self, n: __m512) -> __m512 {
            values! {
                let biased = _mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127));
                _mm512_castsi512_ps(_mm512_slli_epi32::<23>(biased))
            }
        }
        #[inline(always)]
        fn if_less(self, a: __m512, b: __m512, yes: __m512, no: __m512) -> __m512 {
            values!(_mm512_mask_blend_ps(_mm512_cmp_ps_mask::<_CMP_LT_OQ>(a, b), no, yes))
        }
        #[inline(always)]
        fn transpose(self, r: [__m512; LANES]) -> [__m512; LANES] {
            values! {
                // Blocks of 4 x 4 inside each quarter of 128 bits, then the quarters.
                let mut q = r;
                for i in (0..LANES).step_by(4) {
                    let low = |i: usize| _mm512_castps_pd(_mm512_unpacklo_ps(r[i], r[i + 1]));
                    let high = |i: usize| _mm512_castps_pd(_mm512_unpackhi_ps(r[i], r[i + 1]));
                    let (lo1, hi1, lo2, hi2) = (low(i), high(i), low(i + 2), high(i + 2));
                    q[i] = _mm512_castpd_ps(_mm512_unpacklo_pd(lo1, lo2));
                    q[i + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(lo1, lo2));
                    q[i + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(hi1, hi2));
                    q[i + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(hi1, hi2));
                }
                let mut out = q;
                for j in 0..4 {
                    // Row 4 x + j of the result is quarter x of the vectors j, 4 + j, 8 + j, 12 + j.
                    let [a, b, c, d] = [q[j], q[4 + j], q[8 + j], q[12 + j]];
                    let (ab02, ab13) =
                        (_mm512_shuffle_f32x4::<0x88>(a, b), _mm512_shuffle_f32x4::<0xDD>(a, b));
                    let (cd02, cd13) =
                        (_mm512_shuffle_f32x4::<0x88>(c, d), _mm512_shuffle_f32x4::<0xDD>(c, d));
                    out[j] = _mm512_shuffle_f32x4::<0x88>(ab02, cd02);
                    out[8 + j] = _mm512_shuffle_f32x4::<0xDD>(ab02, cd02);
                    out[4 + j] = _mm512_shuffle_f32x4::<0x88>(ab13, cd13);
                    out[12 + j] = _mm512_shuffle_f32x4::<0xDD>(ab13, cd13);
                }
                out
            }
        }
        #[inline(always)]
        unsafe fn load_pairs<const ODD: bool>(self, p: *const f32) -> __m512 {
            // SAFETY: as `values`, and as the caller grants.
            unsafe {
                let pairs = _mm512_loadu_si512(p.cast());
                _mm512_castsi512_ps(match ODD {
                    true => _mm512_and_si512(pairs, _mm512_set1_epi32(!0xFFFF)),
                    false => _mm512_slli_epi32::<16>(pairs),
                })
            }
        }
        #[inline(always)]
        unsafe fn load_part(self, p: *const f32, n: usize) -> __m512 {
            // SAFETY: as `values`, and as the caller grants.
            unsafe { _mm512_maskz_loadu_ps((1u16 << n) - 1, p) }
        }
        #[inline(always)]
        unsafe fn store_part(self, p: *mut f32, n: usize, v: __m512) {
            // SAFETY: as `values`, and as the caller grants.
            unsafe { _mm512_mask_storeu_ps(p, (1u16 << n) - 1, v) }
        }
    }

    #[derive(Clone, Copy)]
    struct Avx2;

    #[inline(always)]
    fn both(a: [__m256; 2], f: impl Fn(__m256) -> __m256) -> [__m256; 2] {
        [f(a[0]), f(a[1])]
    }

    #[inline(always)]
    fn both2(a: [__m256; 2], b: [__m256; 2], f: impl Fn(__m256, __m256) -> __m256) -> [__m256; 2] {
        [f(a[0], b[0]), f(a[1], b[1])]
    }

    impl Simd for Avx2 {
        type V = [__m256; 2];
        const WIDE: bool = false;

        #[inline(always)]
        fn splat(self, x: f32) -> Self::V {
            values!([_mm256_set1_ps(x); 2])
        }
        #[inline(always)]
        unsafe fn load(self, p: *const f32) -> Self::V {
            // SAFETY: as `values`, and as the caller grants.
            unsafe { [_mm256_loadu_ps(p), _mm256_loadu_ps(p.add(LANES / 2))] }
        }
        #[inline(always)]
        unsafe fn store(self, p: *mut f32, v: Self::V) {
            // SAFETY: as `values`, and as the caller grants.
            unsafe {
                _mm256_storeu_ps(p, v[0]);
                _mm256_storeu_ps(p.add(LANES / 2), v[1]);
            }
        }
        #[inline(always)]
        fn add(self, a: Self::V, b: Self::V) -> Self::V {
            both2(a, b, |x, y| values!(_mm256_add_ps(x, y)))
        }
        #[inline(always)]
        fn sub(self, a: Self::V, b: Self::V) -> Self::V {
            both2(a, b, |x, y| values!(_mm256_sub_ps(x, y)))
        }
        #[inline(always)]
        fn mul(self, a: Self::V, b: Self::V) -> Self::V {
            both2(a, b, |x, y| values!(_mm256_mul_ps(x, y)))
        }
        #[inline(always)]
        fn div(self, a: Self::V, b: Self::V) -> Self::V {
            both2(a, b, |x, y| values!(_mm256_div_ps(x, y)))
        }
        #[inline(always)]
        fn fma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
            values!([_mm256_fmadd_ps(a[0], b[0], c[0]), _mm256_fmadd_ps(a[1], b[1], c[1])])
        }
        #[inline(always)]
        fn max(self, a: Self::V, b: Self::V) -> Self::V {
            both2(a, b, |x, y| values!(_mm256_max_ps(x, y)))
        }
        #[inline(always)]
        fn min(self, a: Self::V, b: Self::V) -> Self::V {
            both2(a, b, |x, y| values!(_mm256_min_ps(x, y)))
        }
        #[inline(always)]
        fn sqrt(self, a: Self::V) -> Self::V {
            both(a, |x| values!(_mm256_sqrt_ps(x)))
        }
        #[inline(always)]
        fn round(self, a: Self::V) -> Self::V {
            both(a, |x| values!(_mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(x)))
        }
        #[inline(always)]
        fn pow2(self, n: Self::V) -> Self::V {
            both(n, |x| {
                values! {
                    let biased = _mm256_add_epi32(_mm256_cvtps_epi32(x), _mm256_set1_epi32(127));
                    _mm256_castsi256_ps(_mm256_slli_epi32::<23>(biased))
                }
            })
        }
        #[inline(always)]
        fn if_less(self, a: Self::V, b: Self::V, yes: Self::V, no: Self::V) -> Self::V {
            let one = |i: usize| {
                values! {
                    _mm256_blendv_ps(no[i], yes[i], _mm256_cmp_ps::<_CMP_LT_OQ>(a[i], b[i]))
                }
            };
            [one(0), one(1)]
        }
        #[inline(always)]
        fn transpose(self, rows: [Self::V; LANES]) -> [Self::V; LANES] {
            let mut out = rows;
            for half in 0..2 {
                for other in 0..2 {
                    let mut square = [rows[0][half]; 8];
                    for i in 0..8 {
                        square[i] = rows[8 * other + i][half];
                    }
                    let square = transposed(square);
                    for i in 0..8 {
                        out[8 * half + i][other] = square[i];
                    }
                }
            }
            out
        }
    }

    /// Rows of eight as columns. No closure, which would be compiled without the instruction set where it is not inlined.
    #[inline(always)]
    fn transposed(r: [__m256; 8]) -> [__m256; 8] {
        values! {
            let mut q = r;
            for i in [0, 4] {
                let lo1 = _mm256_castps_pd(_mm256_unpacklo_ps(r[i], r[i + 1]));
                let hi1 = _mm256_castps_pd(_mm256_unpackhi_ps(r[i], r[i + 1]));
                let lo2 = _mm256_castps_pd(_mm256_unpacklo_ps(r[i + 2], r[i + 3]));
                let hi2 = _mm256_castps_pd(_mm256_unpackhi_ps(r[i + 2], r[i + 3]));
                q[i] = _mm256_castpd_ps(_mm256_unpacklo_pd(lo1, lo2));
                q[i + 1] = _mm256_castpd_ps(_mm256_unpackhi_pd(lo1, lo2));
                q[i + 2] = _mm256_castpd_ps(_mm256_unpacklo_pd(hi1, hi2));
                q[i + 3] = _mm256_castpd_ps(_mm256_unpackhi_pd(hi1, hi2));
            }
            let mut out = q;
            for i in 0..4 {
                out[i] = _mm256_permute2f128_ps::<0x20>(q[i], q[i + 4]);
                out[i + 4] = _mm256_permute2f128_ps::<0x31>(q[i], q[i + 4]);
            }
            out
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Transpose([[f32; LANES]; LANES]);
    impl Kernel for Transpose {
        type Output = [[f32; LANES]; LANES];
        #[inline(always)]
        fn run<S: Simd>(self, s: S) -> Self::Output {
            // SAFETY: each row holds 16 values.
            s.transpose(self.0.map(|row| unsafe { s.load(row.as_ptr()) })).map(|v| s.to_array(v))
        }
    }

    #[test]
    fn transposes_on_every_path() {
        let rows = std::array::from_fn(|i| std::array::from_fn(|j| (100 * i + j) as f32));
        for level in all_levels() {
            let got = dispatch_at(level, Transpose(rows));
            for i in 0..LANES {
                for j in 0..LANES {
                    assert_eq!(got[i][j], rows[j][i], "{level:?} {i} {j}");
                }
            }
        }
    }
}
