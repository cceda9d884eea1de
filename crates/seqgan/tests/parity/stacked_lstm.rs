//! A stacked LSTM with tied embeddings: log-probabilities, a weighted gradient, and five steps of AdamW.

use super::Precision;
use super::lstm_reference::{compare, generator};
use super::reference::Reference;
use crate::closeness::{assert_close, assert_number};
use seqgan::generator::{LstmShape, WeightedBatch};
use seqgan::nn::adam::{Adam, AdamConfig};

const NAMES: [&str; 11] = ["embedding", "w", "u", "b", "w2", "u2", "b2", "w3", "u3", "b3", "b_out"];
const RATE: f64 = 0.01;

fn agrees<R: Precision>() {
    let r = Reference::read("stacked_lstm");
    let shape = LstmShape::new(r.shape("embedding")[1], r.shape("u")[0]).with_layers(3).tied();
    let (mut g, batch, weights) =
        (generator::<R>(&r, &NAMES, shape, Vec::new()), r.batch(), r.values::<R>("weight"));
    let batch = WeightedBatch::new(&batch, &weights);
    assert_close("log_prob", &g.log_prob(batch.targets), &r.floats("log_prob"), R::TOLERANCE);
    let mut gradients = g.gradients();
    assert_number("loss", g.accumulate(batch, &mut gradients), r.number("loss"), R::TOLERANCE);
    compare(&r, "grad", &gradients.to_tensors());

    let mut adam = Adam::new(AdamConfig::default(), g.parameters());
    let mut losses = Vec::new();
    for _ in 0..r.shape("trace.loss")[0] {
        let mut gradients = g.gradients();
        losses.push(g.accumulate(batch, &mut gradients));
        adam.apply_with_decay(g.parameters_mut(), &gradients, RATE, r.number("trace.weight_decay"));
    }
    assert_close("trace.loss", &losses, &r.floats("trace.loss"), R::TOLERANCE);
    compare(&r, "trained", g.parameters());
}

#[test]
fn likelihood_gradient_and_five_steps_of_adamw() {
    agrees::<f64>();
    agrees::<f32>();
}
