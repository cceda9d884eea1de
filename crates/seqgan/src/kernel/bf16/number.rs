//! A number in bfloat16, and a line of them.

/// Factors below this size become zero: 2^-56.
pub(super) const SMALLEST: f32 = f32::from_bits((127 - 56) << 23);

/// A number in bfloat16: the upper half of an f32.
pub(super) type Bf16 = u16;

/// The nearest bfloat16, ties to even; zero for small numbers.
#[inline(always)]
pub(super) fn round(x: f32) -> Bf16 {
    let bits = x.to_bits();
    let rounded = (bits.wrapping_add(0x7FFF + (bits >> 16 & 1)) >> 16) as Bf16;
    match x.abs() {
        size if size < SMALLEST => 0,
        // What is no number stays none.
        size if size.is_nan() => (bits >> 16) as Bf16 | 0x40,
        _ => rounded,
    }
}

#[inline(always)]
pub(super) fn widen(x: Bf16) -> f32 {
    f32::from_bits(u32::from(x) << 16)
}

/// A factor as a product reads it.
pub(crate) fn rounded(x: f32) -> f32 {
    widen(round(x))
}

/// Inner indices of a tile.
pub(super) const DEPTH: usize = 32;

/// A line of a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C, align(64))]
pub(super) struct Line(pub(super) [Bf16; DEPTH]);

impl Line {
    pub(super) const ZERO: Self = Self([0; DEPTH]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_to_nearest_even_and_small_numbers_to_zero() {
        for (x, want) in [(1.0, 1.0), (1.003_906_3, 1.0), (1.011_718_8, 1.015_625), (-3.146, -3.140_625)] {
            assert_eq!(rounded(x), want);
        }
        let small = f32::powi(2.0, -56);
        assert_eq!((rounded(small), rounded(-small), rounded(0.999 * small)), (small, -small, 0.0));
        assert_eq!((rounded(f32::INFINITY), rounded(f32::MAX)), (f32::INFINITY, f32::INFINITY));
        assert!(rounded(f32::NAN).is_nan() && rounded(f32::from_bits(0x7FFF_FFFF)).is_nan());
        assert!(rounded(f32::from_bits(0xFF80_0001)).is_nan());
    }
}
