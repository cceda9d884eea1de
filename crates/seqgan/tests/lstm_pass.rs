//! The backward pass of an LSTM layer, put together from its parts.

use seqgan::kernel::Real;
use seqgan::nn::lstm::{Trace, Weights, add_weight_gradients, backward_gates, backward_inputs};

/// The gradients of W, U, b and x.
pub fn backward<R: Real>(weights: Weights<'_, R>, trace: &Trace<R>, dh: &[R]) -> [Vec<R>; 4] {
    let [mut dw, mut du, mut db] = [weights.w, weights.u, weights.b].map(|w| vec![R::default(); w.len()]);
    let d_gates = backward_gates(weights, trace, dh);
    add_weight_gradients(trace, &d_gates, (&mut dw, &mut du, &mut db));
    [dw, du, db, backward_inputs(weights, &d_gates)]
}
