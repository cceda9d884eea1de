//! Products of numbers in bfloat16 (8 bits of mantissa) with sums in f32.
//!
//! The result is defined by what Intel's AMX computes (`TDPBF16PS`), and is the same to the bit on every CPU:
//!
//! * Factors are rounded to the nearest bfloat16, ties to even; those below 2^-56 in size become zero.
//! * The inner dimension is cut into blocks of 32. In each block one chain of multiply-adds runs over the even indices and
//!   one over the odd ones, both from zero. Their sum is added to the element of C.
//! * An element of C below 2^-126 in size (a denormal) counts as zero.
//!
//! AMX treats denormals as zero. With the bound of 2^-56 a factor is a multiple of 2^-63 and a product one of 2^-126, so no
//! product and no sum of products is a denormal: a CPU that keeps denormals needs to look at elements of C alone.
//! A product of two factors has at most 16 bits of mantissa, so it is exact in f32 and multiply-adds without fusion agree, unless the
//! product overflows.

mod amx;
mod block;
mod detection;
mod emulated;
mod lines;
mod number;
mod product;
mod tiles;

pub(crate) use number::rounded;
pub(crate) use product::{Factors, Left, Right, Threads, multiply};
pub(crate) use tiles::Tiles;
