//! Root-mean-square normalisation (Zhang and Sennrich, "Root Mean Square Layer Normalization", NeurIPS 2019), row by row:
//! `y = g x / sqrt(mean(x^2) + 1e-6)`; x and y `[n, D]`, gain g `[D]`.

use super::softmax::dot;
use crate::kernel::Real;

/// Keeps the root of a row of zeros away from zero.
const EPSILON: f64 = 1e-6;

/// y `[n, D]`.
pub fn forward<R: Real>(x: &[R], gain: &[R]) -> Vec<R> {
    let mut y = Vec::with_capacity(x.len());
    for x in x.chunks_exact(gain.len()) {
        let scale = scale(x);
        y.extend(x.iter().zip(gain).map(|(&x, &g)| x * scale * g));
    }
    y
}

/// Adds the gradient of the gain to `d_gain`, row after row, and returns that of x, `[n, D]`.
pub fn backward<R: Real>(x: &[R], gain: &[R], dy: &[R], d_gain: &mut [R]) -> Vec<R> {
    let dim = gain.len();
    let mut dx = Vec::with_capacity(x.len());
    let mut d_unit = vec![R::default(); dim];
    for (x, dy) in x.chunks_exact(dim).zip(dy.chunks_exact(dim)) {
        let scale = scale(x);
        // d_unit is the gradient of x / root. The root depends on every x, which takes the part along x away.
        d_unit.iter_mut().zip(dy).zip(gain).for_each(|((d, &dy), &g)| *d = dy * g);
        let along = R::of(dot(&d_unit, x) / dim as f64) * scale * scale;
        dx.extend(d_unit.iter().zip(x).map(|(&d, &x)| scale * (d - x * along)));
        d_gain.iter_mut().zip(dy).zip(x).for_each(|((to, &dy), &x)| *to += dy * (x * scale));
    }
    dx
}

/// 1 / sqrt(mean(x^2) + epsilon).
fn scale<R: Real>(x: &[R]) -> R {
    R::of(1.0 / (dot(x, x) / x.len() as f64 + EPSILON).sqrt())
}
