//! Number kernels: everything below the layers, and the only place with `unsafe`.
//!
//! Layers are written once for any [`Real`]: in f64 they run on plain loops, which is what the gradient checks
//! use; in f32 they run on the SIMD kernels, which are tested against the plain loops.

pub(crate) mod adam;
pub(crate) mod bf16;
mod bounds;
pub(crate) mod cells;
pub(crate) mod draw;
pub(crate) mod gemm;
pub mod masks;
pub(crate) mod math;
pub(crate) mod packed;
mod precision;
pub(crate) mod real;
mod rows;
pub mod simd;
pub(crate) mod transpose;
pub(crate) mod windows;

pub(crate) use cells::CellsBackward;
pub use gemm::multiply;
pub(crate) use gemm::{Gemm, Right};
pub use masks::Masks;
pub(crate) use packed::PackedMatrix;
pub use precision::Precision;
pub use real::Real;
pub(crate) use rows::Rows;
