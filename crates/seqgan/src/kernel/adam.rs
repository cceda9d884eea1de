//! The Adam update in f32, of a slice or of a matrix whose gradient is a product.
#![allow(unsafe_code)] // pointers into slices whose lengths are checked at the entrance

use super::gemm::{Gemm, fast};
use super::real::Real;
use super::simd::{Kernel, LANES, Simd, dispatch};
use rayon::prelude::*;

/// The constants of one update.
#[derive(Clone, Copy)]
pub(crate) struct Constants<R> {
    pub beta1: R,
    pub beta2: R,
    /// 1 - beta1.
    pub new1: R,
    /// 1 - beta2.
    pub new2: R,
    /// Learning rate over the first correction.
    pub rate: R,
    /// One over the root of the second correction.
    pub scale: R,
    pub epsilon: R,
    /// Factor of the parameters, 1 without weight decay.
    pub keep: R,
}

/// The plain update of one slice; the fast one is tested against it.
pub(crate) fn plain<R: Real>(c: &Constants<R>, w: &mut [R], g: &[R], m: &mut [R], v: &mut [R]) {
    for i in 0..w.len() {
        m[i] = c.beta1 * m[i] + c.new1 * g[i];
        v[i] = c.beta2 * v[i] + c.new2 * (g[i] * g[i]);
        w[i] = c.keep * w[i] - c.rate * m[i] / (v[i].sqrt() * c.scale + c.epsilon);
    }
}

/// Rows of a gradient that are made together: they stay in the second cache until they are used up.
const ROWS: usize = 24;

/// One update (Kingma, Ba 2015, Algorithm 1).
pub(crate) fn adam(c: &Constants<f32>, w: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32]) {
    assert!(w.len() == g.len() && w.len() == m.len() && w.len() == v.len(), "slices of unequal length");
    dispatch(AdamStep { c, w, g, m, v });
}

/// One update whose gradient is a product: a few rows of it are made and used up at a time, so it never goes
/// through memory. (Used up in the product's registers it is slower: weights and moments then come in pieces of
/// 192 bytes, too short for the prefetcher.) The same bits as the product and [`adam`] one after the other.
pub(crate) fn adam_of_product(
    c: &Constants<f32>,
    gradient: &Gemm<'_, f32>,
    w: &mut [f32],
    m: &mut [f32],
    v: &mut [f32],
) {
    assert!(
        w.len() == gradient.m * gradient.n && m.len() == w.len() && v.len() == w.len(),
        "slices of other sizes"
    );
    let size = ROWS * gradient.n;
    w.par_chunks_mut(size).zip(m.par_chunks_mut(size)).zip(v.par_chunks_mut(size)).enumerate().for_each_init(
        Vec::new,
        |g, (block, ((w, m), v))| {
            g.resize(w.len(), 0.0);
            fast(&gradient.of_rows(block * ROWS, w.len() / gradient.n), g, gradient.n);
            adam(c, w, g, m, v);
        },
    );
}

/// The constants in vectors.
#[derive(Clone, Copy)]
struct Lanes<V> {
    beta1: V,
    beta2: V,
    new1: V,
    new2: V,
    rate: V,
    scale: V,
    epsilon: V,
    keep: V,
}

impl<V> Lanes<V> {
    #[inline(always)]
    fn new<S: Simd<V = V>>(s: S, c: &Constants<f32>) -> Self {
        Self {
            beta1: s.splat(c.beta1),
            beta2: s.splat(c.beta2),
            new1: s.splat(c.new1),
            new2: s.splat(c.new2),
            rate: s.splat(c.rate),
            scale: s.splat(c.scale),
            epsilon: s.splat(c.epsilon),
            keep: s.splat(c.keep),
        }
    }
}

/// New w, m and v of sixteen parameters with gradient g.
#[inline(always)]
fn lanes<S: Simd>(s: S, c: &Lanes<S::V>, g: S::V, w: S::V, m: S::V, v: S::V) -> [S::V; 3] {
    let m = s.fma(c.beta1, m, s.mul(c.new1, g));
    let v = s.fma(c.beta2, v, s.mul(c.new2, s.mul(g, g)));
    let step = s.div(s.mul(c.rate, m), s.fma(s.sqrt(v), c.scale, c.epsilon));
    [s.sub(s.mul(c.keep, w), step), m, v]
}

struct AdamStep<'a> {
    c: &'a Constants<f32>,
    w: &'a mut [f32],
    g: &'a [f32],
    m: &'a mut [f32],
    v: &'a mut [f32],
}

impl Kernel for AdamStep<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let c = Lanes::new(s, self.c);
        for i in (0..self.w.len()).step_by(LANES) {
            let n = (self.w.len() - i).min(LANES);
            // SAFETY: i + n <= the common length.
            unsafe {
                let (w, m, v) =
                    (self.w.as_mut_ptr().add(i), self.m.as_mut_ptr().add(i), self.v.as_mut_ptr().add(i));
                let g = s.load_lanes(self.g.as_ptr().add(i), n);
                let old = [s.load_lanes(w, n), s.load_lanes(m, n), s.load_lanes(v, n)];
                let new = lanes(s, &c, g, old[0], old[1], old[2]);
                s.store_lanes(w, n, new[0]);
                s.store_lanes(m, n, new[1]);
                s.store_lanes(v, n, new[2]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Purpose, Streams};

    const CONSTANTS: Constants<f32> = Constants {
        beta1: 0.9,
        beta2: 0.999,
        new1: 0.1,
        new2: 1e-3,
        rate: 0.01,
        scale: 2.0,
        epsilon: 1e-8,
        keep: 0.99,
    };

    fn numbers(n: usize, sequence: u64) -> Vec<f32> {
        let mut reader = Streams::new(7, Purpose::Bootstrap).reader(sequence);
        (0..n).map(|_| reader.normal() as f32).collect()
    }

    /// Weights, means and squares before an update.
    fn start(n: usize) -> [Vec<f32>; 3] {
        [numbers(n, 1), numbers(n, 2), numbers(n, 3).iter().map(|x| x * x).collect()]
    }

    #[test]
    fn agrees_with_the_plain_update() {
        for n in [0, 1, 15, 16, 17, 40] {
            let g = numbers(n, 4);
            let ([mut w, mut m, mut v], [mut plain_w, mut plain_m, mut plain_v]) = (start(n), start(n));
            adam(&CONSTANTS, &mut w, &g, &mut m, &mut v);
            plain(&CONSTANTS, &mut plain_w, &g, &mut plain_m, &mut plain_v);
            let got = [w, m, v].concat();
            let want = [plain_w, plain_m, plain_v].concat();
            assert!(got.iter().zip(&want).all(|(x, y)| (x - y).abs() < 1e-6), "{n}: {got:?} for {want:?}");
        }
    }

    /// More rows than are made together, the last block of them in part.
    #[test]
    fn a_gradient_made_on_the_way_gives_the_same_bits() {
        let (rows, k, n) = (2 * ROWS + 5, 3, 19);
        let (a, b) = (numbers(rows * k, 5), numbers(k * n, 6));
        let gradient = Gemm::dense(rows, k, n, &a, &b);
        let mut g = vec![0.0; rows * n];
        fast(&gradient, &mut g, n);
        let ([mut w, mut m, mut v], [mut then_w, mut then_m, mut then_v]) =
            (start(rows * n), start(rows * n));
        adam_of_product(&CONSTANTS, &gradient, &mut w, &mut m, &mut v);
        adam(&CONSTANTS, &mut then_w, &g, &mut then_m, &mut then_v);
        assert!([w, m, v] == [then_w, then_m, then_v]);
    }

    #[test]
    #[should_panic(expected = "slices of unequal length")]
    fn refuses_slices_of_unequal_length() {
        adam(&CONSTANTS, &mut [0.0; 2], &[0.0; 2], &mut [0.0; 1], &mut [0.0; 2]);
    }
}
