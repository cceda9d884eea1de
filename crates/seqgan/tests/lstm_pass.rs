//! The backward pass of an LSTM layer, put together from its parts.

use seqgan::kernel::Real;
use seqgan::nn::lstm::{Layer, Trace, Weights};

/// The gradients of W, U, b and x.
pub fn backward<R: Real>(weights: Weights<'_, R>, trace: &Trace<R>, dh: &[R]) -> [Vec<R>; 4] {
    let [mut dw, mut du, mut db] = [weights.w, weights.u, weights.b].map(|w| vec![R::default(); w.len()]);
    let layer = Layer::new(weights);
    let d_gates = layer.backward_gates(trace, dh);
    layer.add_weight_gradients(trace, &d_gates, (&mut dw, &mut du, &mut db));
    [dw, du, db, layer.backward_inputs(&d_gates)]
}
