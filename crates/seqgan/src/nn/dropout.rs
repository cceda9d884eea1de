//! Inverted dropout (Srivastava et al. 2014): kept values are divided by the share that is kept.

use crate::kernel::Real;
use crate::rng::Streams;
use rayon::prelude::*;

/// The multipliers `[width]` of one row: 1 / keep with probability `keep`, else 0. `row` is the row's global
/// number, so a mask depends neither on the batch nor on the threads; masks of one row at other `place`s are independent.
/// Probabilities are steps of 1/65536.
pub fn mask_row<R: Real>(streams: &Streams, row: u64, place: u32, keep: f64, out: &mut [R]) {
    let threshold = (keep * 65_536.0).round() as u32;
    let (kept, dropped) = (R::of(1.0 / keep), R::default());
    for (draw, chunk) in out.chunks_mut(8).enumerate() {
        let words = streams.block(row, place, draw as u32);
        for (i, m) in chunk.iter_mut().enumerate() {
            let bits = words[i / 2] >> (16 * (i % 2)) & 0xFFFF;
            *m = if bits < threshold { kept } else { dropped };
        }
    }
}

/// Values after dropout, and what was multiplied with them.
pub struct Dropped<R> {
    /// `[B, width]`.
    pub values: Vec<R>,
    mask: Option<Vec<R>>,
}

/// Drops values of x `[B, width]` with masks of a source and the global number of the first row; without a source
/// all are kept.
pub fn forward<R: Real>(x: &[R], width: usize, masks: Option<(&Streams, u64)>, keep: f64) -> Dropped<R> {
    let mask = masks.map(|(streams, first)| {
        let mut mask = vec![R::default(); x.len()];
        let rows = mask.par_chunks_mut(width).enumerate();
        rows.for_each(|(b, row)| mask_row(streams, first + b as u64, 0, keep, row));
        mask
    });
    let mut values = x.to_vec();
    multiply(&mut values, mask.as_deref());
    Dropped { values, mask }
}

impl<R: Real> Dropped<R> {
    /// The gradient `[B, width]` of the values becomes that of x.
    pub fn backward(&self, d: &mut [R]) {
        multiply(d, self.mask.as_deref());
    }
}

fn multiply<R: Real>(x: &mut [R], mask: Option<&[R]>) {
    x.iter_mut().zip(mask.into_iter().flatten()).for_each(|(x, &m)| *x *= m);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Purpose;

    #[test]
    fn keeps_the_stated_share_and_the_mean() {
        let streams = Streams::new(1, Purpose::Dropout);
        let mut kept = 0;
        for row in 0..100 {
            let mut mask = [9.0f32; 1003];
            mask_row(&streams, row, 0, 0.75, &mut mask);
            assert!(mask.iter().all(|&m| m == 0.0 || m == 1.0 / 0.75));
            kept += mask.iter().filter(|&&m| m > 0.0).count();
        }
        // Binomial with 100,300 trials: three standard deviations are 412.
        assert!((kept as f64 - 75_225.0).abs() < 412.0, "{kept}");
    }
}
