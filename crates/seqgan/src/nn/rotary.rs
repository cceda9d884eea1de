//! Rotary positions (Su et al., "RoFormer: Enhanced Transformer with Rotary Position Embedding", 2021).
//!
//! Value i of the first half of a head and value i of its second half are the coordinates of a point, which is turned by the
//! angle `position / 10000^(2 i / d)`, d values a head. The scalar product of a turned query and a turned key depends on the
//! distance of their positions alone. Halves, not neighbours, are paired, as in GPT-NeoX and Llama.

use crate::kernel::Real;

/// The slowest angle is about one over it.
const BASE: f64 = 10_000.0;

/// Cosines and sines of all angles.
#[derive(Debug, Clone)]
pub struct Rotary<R> {
    half: usize,
    cos: Vec<R>, // [positions, d / 2]
    sin: Vec<R>, // [positions, d / 2]
}

impl<R: Real> Rotary<R> {
    /// For heads of `head_dim` values, an even number, at positions below `positions`.
    pub fn new(head_dim: usize, positions: usize) -> Self {
        assert!(head_dim.is_multiple_of(2), "values of a head are turned in pairs");
        let half = head_dim / 2;
        let angle = |at: usize| {
            let (position, i) = (at / half, at % half);
            position as f64 * BASE.powf(-(2.0 * i as f64) / head_dim as f64)
        };
        let angles = || (0..positions * half).map(angle);
        Self {
            half,
            cos: angles().map(|a| R::of(a.cos())).collect(),
            sin: angles().map(|a| R::of(a.sin())).collect(),
        }
    }

    /// Turns each head of x `[n, width]`, whose rows stand at `positions`.
    pub fn rotate(&self, x: &mut [R], width: usize, positions: impl Iterator<Item = usize>) {
        self.turn(x, width, positions, R::of(1.0));
    }

    /// Turns back; the gradient of what was turned becomes that of what it was before.
    pub fn rotate_back(&self, x: &mut [R], width: usize, positions: impl Iterator<Item = usize>) {
        self.turn(x, width, positions, R::of(-1.0));
    }

    fn turn(&self, x: &mut [R], width: usize, positions: impl Iterator<Item = usize>, sense: R) {
        let half = self.half;
        for (x, position) in x.chunks_exact_mut(width).zip(positions) {
            let (cos, sin) = (&self.cos[position * half..][..half], &self.sin[position * half..][..half]);
            for head in x.chunks_exact_mut(2 * half) {
                let (first, second) = head.split_at_mut(half);
                for (((a, b), &cos), &sin) in first.iter_mut().zip(second).zip(cos).zip(sin) {
                    let sin = sense * sin;
                    (*a, *b) = (*a * cos - *b * sin, *b * cos + *a * sin);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A query and a key that are moved together keep their product.
    #[test]
    fn products_depend_on_the_distance_alone() {
        let rotary = Rotary::<f64>::new(6, 40);
        let (q, k) = ([0.3, -1.2, 0.7, 2.0, 0.1, -0.4], [1.1, 0.2, -0.5, 0.6, -0.9, 0.8]);
        let product = |at_q: usize, at_k: usize| -> f64 {
            let (mut q, mut k) = (q, k);
            rotary.rotate(&mut q, 6, std::iter::once(at_q));
            rotary.rotate(&mut k, 6, std::iter::once(at_k));
            q.iter().zip(&k).map(|(q, k)| q * k).sum()
        };
        for distance in [0, 1, 7, 20] {
            let moved = [0, 3, 19].map(|at| product(at + distance, at));
            assert!(moved.iter().all(|x| (x - moved[0]).abs() < 1e-12), "{moved:?}");
        }
        assert!((product(5, 0) - product(0, 0)).abs() > 0.1);
    }
}
