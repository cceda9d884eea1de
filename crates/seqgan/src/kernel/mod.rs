//! Number kernels: everything below the layers, and the only place with `unsafe`.
//!
//! Layers are written once for any [`Real`]: in f64 they run on plain loops, which is what the gradient checks
//! use; in f32 they run on the SIMD kernels, which are tested against the plain loops.

pub(crate) mod bf16;
mod bounds;
pub(crate) mod cells;
pub(crate) mod draw;
pub(crate) mod math;
pub(crate) mod packed;
pub(crate) mod product;
pub(crate) mod real;
pub mod simd;
pub(crate) mod transpose;
pub(crate) mod update;
pub(crate) mod windows;

pub(crate) use packed::PackedMatrix;
pub(crate) use product::{Product, Right, Rows};
pub use real::Real;

/// C `[m, n]` = A `[m, k]` B `[k, n]`, dense and row-major, over all threads: the plain product by itself, for the
/// benches, which measure the others against it.
#[doc(hidden)]
pub fn multiply(m: usize, k: usize, n: usize, a: &[f32], b: &[f32], c: &mut [f32]) {
    f32::product_parallel(&Product::dense(m, k, n, a, b), c, n);
}
