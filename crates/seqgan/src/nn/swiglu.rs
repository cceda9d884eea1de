//! Feed-forward layer with a gate (Shazeer, "GLU Variants Improve Transformer", 2020):
//! `y = (silu(x G) * (x U)) D` with `silu(a) = a sigmoid(a)`; x and y `[n, W]`, gate G and up U `[W, F]`, down D `[F, W]`.

use super::linear;
use super::projection::Projection;
use crate::kernel::{Precision, Real};

/// The layer's parameters.
#[derive(Clone, Copy)]
pub struct Weights<'a, R> {
    /// G, `[W, F]`.
    pub gate: &'a [R],
    /// U, `[W, F]`.
    pub up: &'a [R],
    /// D, `[F, W]`.
    pub down: &'a [R],
    /// Of all products.
    pub precision: Precision,
}

/// The layer, prepared for many passes, with a copy of its weights.
#[derive(Debug, Clone)]
pub struct SwiGlu<R> {
    gate: Projection<R>,
    up: Projection<R>,
    down: Projection<R>,
}

/// Everything backward needs of a forward pass, `[n, F]` each.
pub struct Trace<R> {
    gate: Vec<R>, // before silu
    up: Vec<R>,
    hidden: Vec<R>, // silu(gate) * up
}

/// Gradients of the layer's inner values, `[n, F]` each.
pub struct InnerGradients<R> {
    gate: Vec<R>,
    up: Vec<R>,
}

impl<R: Real> SwiGlu<R> {
    /// With rows of `width` values.
    pub fn new(weights: Weights<'_, R>, width: usize) -> Self {
        Self {
            gate: Projection::new(weights.gate, width, weights.precision),
            up: Projection::new(weights.up, width, weights.precision),
            down: Projection::new(weights.down, weights.down.len() / width, weights.precision),
        }
    }

    /// y `[n, W]` of x `[n, W]`, and what backward needs.
    pub fn forward(&self, x: &[R]) -> (Vec<R>, Trace<R>) {
        let (gate, up) = (self.gate.forward(x), self.up.forward(x));
        let mut hidden = sigmoid(&gate);
        hidden.iter_mut().zip(&gate).zip(&up).for_each(|((h, &gate), &up)| *h *= gate * up);
        (self.down.forward(&hidden), Trace { gate, up, hidden })
    }
}

fn sigmoid<R: Real>(x: &[R]) -> Vec<R> {
    let mut y = x.to_vec();
    R::sigmoid_in_place(&mut y);
    y
}

/// The gradient of x, `[n, W]`, and those of the inner values, from that of y, `[n, W]`.
pub fn backward<R: Real>(
    weights: Weights<'_, R>,
    trace: &Trace<R>,
    dy: &[R],
    width: usize,
) -> (Vec<R>, InnerGradients<R>) {
    let feedforward = weights.gate.len() / width;
    let mut d_up = linear::backward_input(weights.down, dy, width, weights.precision);
    let mut d_gate = sigmoid(&trace.gate);
    let inner = d_gate.iter_mut().zip(&mut d_up).zip(&trace.gate).zip(&trace.up);
    for (((d_gate, d_up), &gate), &up) in inner {
        let (sigmoid, d_hidden) = (*d_gate, *d_up);
        *d_up = d_hidden * gate * sigmoid;
        *d_gate = d_hidden * up * sigmoid * (R::of(1.0) + gate * (R::of(1.0) - sigmoid));
    }
    let mut dx = linear::backward_input(weights.gate, &d_gate, feedforward, weights.precision);
    let of_up = linear::backward_input(weights.up, &d_up, feedforward, weights.precision);
    R::axpy(R::of(1.0), &of_up, &mut dx);
    (dx, InnerGradients { gate: d_gate, up: d_up })
}

/// Adds the gradients of G, U and D for the pass of x `[n, W]` and the gradient dy `[n, W]`.
pub fn add_weight_gradients<R: Real>(
    (x, trace): (&[R], &Trace<R>),
    (dy, inner): (&[R], &InnerGradients<R>),
    (width, precision): (usize, Precision),
    [d_gate, d_up, d_down]: [&mut [R]; 3],
) {
    let feedforward = d_gate.len() / width;
    linear::backward_weights(x, &inner.gate, feedforward, precision, d_gate);
    linear::backward_weights(x, &inner.up, feedforward, precision, d_up);
    linear::backward_weights(&trace.hidden, dy, width, precision, d_down);
}
