//! The Adam update of a slice in f32.
#![allow(unsafe_code)] // pointers into slices whose lengths are checked at the entrance

use super::simd::{Kernel, LANES, Simd, dispatch};
use crate::nn::adam::{Constants, plain};

/// One update; see [`plain`].
pub(crate) fn adam(c: &Constants<f32>, w: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32]) {
    assert!(w.len() == g.len() && w.len() == m.len() && w.len() == v.len(), "slices of unequal length");
    dispatch(Update { c, w, g, m, v });
}

struct Update<'a> {
    c: &'a Constants<f32>,
    w: &'a mut [f32],
    g: &'a [f32],
    m: &'a mut [f32],
    v: &'a mut [f32],
}

impl Kernel for Update<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let whole = self.w.len() / LANES * LANES;
        let (beta1, beta2) = (s.splat(self.c.beta1), s.splat(self.c.beta2));
        let (new1, new2) = (s.splat(self.c.new1), s.splat(self.c.new2));
        let (rate, scale, epsilon) = (s.splat(self.c.rate), s.splat(self.c.scale), s.splat(self.c.epsilon));
        for i in (0..whole).step_by(LANES) {
            // SAFETY: i + 16 <= whole <= the common length.
            unsafe {
                let g = s.load(self.g.as_ptr().add(i));
                let m = s.fma(beta1, s.load(self.m.as_ptr().add(i)), s.mul(new1, g));
                let v = s.fma(beta2, s.load(self.v.as_ptr().add(i)), s.mul(new2, s.mul(g, g)));
                let w = s.load(self.w.as_ptr().add(i));
                let step = s.div(s.mul(rate, m), s.fma(s.sqrt(v), scale, epsilon));
                s.store(self.m.as_mut_ptr().add(i), m);
                s.store(self.v.as_mut_ptr().add(i), v);
                s.store(self.w.as_mut_ptr().add(i), s.sub(w, step));
            }
        }
        plain(self.c, &mut self.w[whole..], &self.g[whole..], &mut self.m[whole..], &mut self.v[whole..]);
    }
}
