//! Agreement with PyTorch, in f64 and in f32: one file a case of `testdata/parity`, whose README says what each
//! tensor is. Tolerances are relative to the largest value of a tensor.

mod cnn_discriminator;
mod composed_discriminator; // no tests: the discriminator out of layers, for a dropout mask that is given
mod layers;
mod lstm_policy;
mod lstm_reference; // no tests: LSTM generators with stored parameters
mod oracle_log_prob;
mod reference; // no tests: reads the stored tensors
mod stacked_lstm;
mod transformer;

use seqgan::kernel::Real;

/// How closely a number type must agree.
trait Precision: Real {
    const TOLERANCE: f64;
}

impl Precision for f64 {
    /// Two orders of summation over a few hundred terms, and ten steps of Adam.
    const TOLERANCE: f64 = 1e-10;
}

impl Precision for f32 {
    /// PyTorch's own f32 is off by up to 4e-7 absolutely.
    const TOLERANCE: f64 = 1e-5;
}
