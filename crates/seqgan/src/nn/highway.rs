//! Highway layer (Srivastava, Greff, Schmidhuber 2015): y = t g + (1 - t) x with the transform
//! g = relu(x Wg + bg) and the gate t = sigmoid(x Wt + bt). x and y `[B, F]`; Wg and Wt `[F, F]`.

use super::gradients::Factors;
use super::linear;
use crate::kernel::{Precision, Real};
use rayon::prelude::*;

/// The layer's parameters.
#[derive(Clone, Copy)]
pub struct Weights<'a, R> {
    /// Wg `[F, F]`.
    pub transform_w: &'a [R],
    /// bg `[F]`.
    pub transform_b: &'a [R],
    /// Wt `[F, F]`.
    pub gate_w: &'a [R],
    /// bt `[F]`.
    pub gate_b: &'a [R],
}

/// Where the gradients of the parameters are added.
pub struct Gradients<'a, R> {
    /// Of Wg.
    pub transform_w: &'a mut Factors<R>,
    /// Of bg.
    pub transform_b: &'a mut [R],
    /// Of Wt.
    pub gate_w: &'a mut Factors<R>,
    /// Of bt.
    pub gate_b: &'a mut [R],
}

/// What backward needs of forward: g and t, `[B, F]` each.
pub struct Trace<R> {
    transform: Vec<R>,
    gate: Vec<R>,
}

/// y `[B, F]`, and the trace for [`backward`].
pub fn forward<R: Real>(x: &[R], weights: Weights<'_, R>) -> (Vec<R>, Trace<R>) {
    let mut transform = linear::forward(x, weights.transform_w, weights.transform_b);
    let mut gate = linear::forward(x, weights.gate_w, weights.gate_b);
    let y = combine(x, &mut transform, &mut gate);
    (y, Trace { transform, gate })
}

/// y from x and from transform and gate before their nonlinearities, which become those after.
pub(crate) fn combine<R: Real>(x: &[R], transform: &mut [R], gate: &mut [R]) -> Vec<R> {
    let zero = R::default();
    transform.iter_mut().for_each(|g| *g = if *g > zero { *g } else { zero });
    R::sigmoid_in_place(gate);
    x.iter().zip(transform).zip(gate).map(|((&x, g), t)| *t * (*g - x) + x).collect()
}

/// Adds the gradients of the parameters and returns that of x.
pub fn backward<R: Real>(
    x: &[R],
    weights: Weights<'_, R>,
    trace: &Trace<R>,
    dy: &[R],
    gradients: Gradients<'_, R>,
) -> Vec<R> {
    let one = R::of(1.0);
    let mut d_transform = vec![R::default(); dy.len()];
    let mut d_gate = vec![R::default(); dy.len()];
    let mut dx = vec![R::default(); dy.len()];
    let width = weights.gate_b.len();
    d_transform
        .par_chunks_mut(width)
        .zip(d_gate.par_chunks_mut(width))
        .zip(dx.par_chunks_mut(width))
        .enumerate()
        .for_each(|(row, ((d_transform, d_gate), dx))| {
            let at = row * width..(row + 1) * width;
            let (x, dy) = (&x[at.clone()], &dy[at.clone()]);
            let (transform, gate) = (&trace.transform[at.clone()], &trace.gate[at]);
            for i in 0..width {
                let (g, t) = (transform[i], gate[i]);
                d_transform[i] = if g > R::default() { dy[i] * t } else { R::default() };
                d_gate[i] = dy[i] * (g - x[i]) * t * (one - t);
                dx[i] = dy[i] * (one - t);
            }
        });
    gradients.transform_w.add(x, &d_transform);
    gradients.gate_w.add(x, &d_gate);
    linear::backward_bias(&d_transform, gradients.transform_b);
    linear::backward_bias(&d_gate, gradients.gate_b);
    for (w, d) in [(weights.transform_w, &d_transform), (weights.gate_w, &d_gate)] {
        let part = linear::backward_input(w, d, width, Precision::F32);
        dx.iter_mut().zip(part).for_each(|(y, x)| *y += x);
    }
    dx
}
