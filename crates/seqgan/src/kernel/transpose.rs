//! Transposes in f32.
#![allow(clippy::needless_range_loop)] // loops of constant length over registers, to be unrolled
#![allow(unsafe_code)] // pointers into slices whose lengths are checked at the entrance

use super::bounds::rows_fit;
use super::simd::{Kernel, LANES, Simd, dispatch};

/// to[j * to_stride + i] = from[i * from_stride + j] for i in 0..rows, j in 0..columns.
pub(crate) fn transpose(
    rows: usize,
    columns: usize,
    from: &[f32],
    from_stride: usize,
    to: &mut [f32],
    to_stride: usize,
) {
    if rows == 0 || columns == 0 {
        return;
    }
    assert!(from_stride >= columns && rows_fit(rows, from_stride, columns, from.len()), "too few values");
    assert!(to_stride >= rows && rows_fit(columns, to_stride, rows, to.len()), "too little space");
    dispatch(Transpose { rows, columns, from, from_stride, to, to_stride });
}

struct Transpose<'a> {
    rows: usize,
    columns: usize,
    from: &'a [f32],
    from_stride: usize,
    to: &'a mut [f32],
    to_stride: usize,
}

impl Kernel for Transpose<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for i in (0..self.rows).step_by(LANES) {
            let height = (self.rows - i).min(LANES);
            for j in (0..self.columns).step_by(LANES) {
                let width = (self.columns - j).min(LANES);
                // SAFETY: elements (i..i + height, j..j + width) exist, as the entrance asserts.
                unsafe {
                    let from = self.from.as_ptr().add(i * self.from_stride + j);
                    let to = self.to.as_mut_ptr().add(j * self.to_stride + i);
                    let mut block = [s.splat(0.0); LANES];
                    for r in 0..height {
                        block[r] = s.load_lanes(from.add(r * self.from_stride), width);
                    }
                    let block = s.transpose(block);
                    for r in 0..width {
                        s.store_lanes(to.add(r * self.to_stride), height, block[r]);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "too few values")]
    fn refuses_a_stride_whose_multiple_wraps_around() {
        transpose(5, 2, &[0.0; 10], 1 << (usize::BITS - 2), &mut [0.0; 10], 5);
    }

    #[test]
    fn every_element_moves_and_nothing_else_is_touched() {
        for (rows, columns) in [(1, 1), (3, 40), (16, 16), (17, 5), (64, 33)] {
            let (from_stride, to_stride) = (columns + 3, rows + 2);
            let from: Vec<f32> = (0..rows * from_stride).map(|x| x as f32).collect();
            let mut to = vec![-1.0; columns * to_stride];
            transpose(rows, columns, &from, from_stride, &mut to, to_stride);
            for (at, &x) in to.iter().enumerate() {
                let (j, i) = (at / to_stride, at % to_stride);
                let want = if i < rows { from[i * from_stride + j] } else { -1.0 };
                assert_eq!(x, want, "{rows} x {columns}, element {i} {j}");
            }
        }
    }
}
