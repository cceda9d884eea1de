//! Blocks of a product on CPUs without AMX: the same multiply-adds in the same order, in f32.
#![allow(clippy::needless_range_loop)] // loops of constant length over register tiles, to be unrolled
#![allow(unsafe_code)] // raw pointers in the inner loop; `Block` vouches that they stay inside their slices

use super::block::Block;
use super::number::{DEPTH, widen};
use crate::kernel::simd::{Kernel, LANES, Simd};

/// Computes a block.
pub(super) struct Emulated<'a>(pub(super) &'a Block<'a>);

impl Kernel for Emulated<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let block = self.0;
        // Rows of A [rows, tiles, 32] in f32, the even numbers of each tile before the odd ones.
        let mut a = vec![0.0; block.rows * block.tiles * DEPTH];
        for i in 0..block.rows {
            for tile in 0..block.tiles {
                let line = &block.a[(i / LANES * block.tiles + tile) * LANES + i % LANES].0;
                let to = &mut a[(i * block.tiles + tile) * DEPTH..][..DEPTH];
                for pair in 0..LANES {
                    to[pair] = widen(line[2 * pair]);
                    to[LANES + pair] = widen(line[2 * pair + 1]);
                }
            }
        }
        for strip in 0..block.columns.div_ceil(LANES) {
            let mut i = 0;
            if S::WIDE {
                while i + 12 <= block.rows {
                    self.tile::<S, 12>(s, &a, i, strip);
                    i += 12;
                }
            }
            while i + 4 <= block.rows {
                self.tile::<S, 4>(s, &a, i, strip);
                i += 4;
            }
            while i < block.rows {
                self.tile::<S, 1>(s, &a, i, strip);
                i += 1;
            }
        }
    }
}

impl Emulated<'_> {
    /// `R` rows from `i` by a strip of B.
    #[inline(always)]
    fn tile<S: Simd, const R: usize>(&self, s: S, a: &[f32], i: usize, strip: usize) {
        let block = self.0;
        let lanes = (block.columns - strip * LANES).min(LANES);
        let width = block.tiles * DEPTH;
        assert!((i + R) * width <= a.len());
        let b = &block.b[strip * block.b_tiles * LANES..];
        assert!(block.tiles * LANES <= b.len());
        let mut acc = [s.splat(0.0); R];
        // SAFETY: rows i..i + R and `lanes` columns from the strip on exist in C, as `Block` vouches; A and B as asserted.
        unsafe {
            let c = block.c.add(i * block.c_stride + strip * LANES);
            if block.accumulate {
                for r in 0..R {
                    acc[r] = without_denormals(s, s.load_lanes(c.add(r * block.c_stride), lanes));
                }
            }
            for tile in 0..block.tiles {
                let lines = b.as_ptr().add(tile * LANES).cast::<f32>();
                let a = a.as_ptr().add(i * width + tile * DEPTH);
                let (mut even, mut odd) = ([s.splat(0.0); R], [s.splat(0.0); R]);
                for pair in 0..LANES {
                    let b = s.load_pairs::<false>(lines.add(pair * LANES));
                    for r in 0..R {
                        even[r] = s.fma(s.splat(*a.add(r * width + pair)), b, even[r]);
                    }
                }
                for pair in 0..LANES {
                    let b = s.load_pairs::<true>(lines.add(pair * LANES));
                    for r in 0..R {
                        odd[r] = s.fma(s.splat(*a.add(r * width + LANES + pair)), b, odd[r]);
                    }
                }
                for r in 0..R {
                    acc[r] = without_denormals(s, s.add(acc[r], s.add(even[r], odd[r])));
                }
            }
            for r in 0..R {
                s.store_lanes(c.add(r * block.c_stride), lanes, acc[r]);
            }
        }
    }
}

/// Denormals as zeros of their sign.
#[inline(always)]
fn without_denormals<S: Simd>(s: S, x: S::V) -> S::V {
    let zero = s.splat(0.0);
    let size = s.max(x, s.sub(zero, x));
    s.if_less(size, s.splat(f32::MIN_POSITIVE), s.mul(x, zero), x)
}
