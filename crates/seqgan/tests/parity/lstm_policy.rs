//! The LSTM policy: logits, log-probabilities, a weighted gradient, and ten clipped steps of Adam.

use super::Precision;
use super::lstm_reference::{self, compare};
use super::reference::Reference;
use crate::closeness::{assert_close, assert_number, round};
use seqgan::generator::{GeneratorPolicy, LstmGenerator, LstmShape, Policy, WeightedBatch};
use seqgan::nn::adam::{Adam, AdamConfig};
use seqgan::nn::clip::clip_global_norm;
use seqgan::nn::{embedding, linear, lstm};
use seqgan::optim::{Baseline, GeneratorUpdate, Optimizer, policy_gradient_step};

const NAMES: [&str; 6] = ["embedding", "w", "u", "b", "w_out", "b_out"];
const RATE: f64 = 0.01;

fn read() -> Reference {
    Reference::read("lstm_policy")
}

fn generator<R: Precision>(r: &Reference) -> LstmGenerator<R> {
    let shape = LstmShape::new(r.shape("embedding")[1], r.shape("u")[0]);
    lstm_reference::generator(r, &NAMES, shape, vec![1])
}

/// The layers one by one, before anything is left out of the softmax.
fn logits<R: Precision>() {
    let r = read();
    let (batch, g) = (r.batch(), generator::<R>(&r));
    let (p, length, vocab) = (g.parameters(), batch.max_length(), g.space().vocab_size);
    for (b, row) in batch.rows().enumerate() {
        let steps = batch.steps(b, true);
        let mut x = Vec::new();
        let inputs = std::iter::once(0).chain(row.iter().copied()).take(steps);
        embedding::forward(&p[0], g.shape().embedding_dim, inputs, &mut x);
        let weights =
            lstm::Weights { w: &p[1], u: &p[2], b: &p[3], blocks: &[], precision: Default::default() };
        let trace = lstm::Layer::new(weights).forward(lstm::Steps::equal(1, steps), x);
        let got = linear::forward(trace.hidden(), &p[4], &p[5]);
        let want = &r.floats("logits")[b * length * vocab..][..steps * vocab];
        assert_close("logits", &got, want, R::TOLERANCE);
    }
}

#[test]
fn logits_of_each_step() {
    logits::<f64>();
    logits::<f32>();
}

fn log_prob<R: Precision>() {
    let r = read();
    let mut g = generator::<R>(&r);
    assert_close("log_prob", &g.log_prob(&r.batch()), &r.floats("log_prob"), R::TOLERANCE);
    let scale = R::of(1.0 / r.number("temperature"));
    for i in [4, 5] {
        g.parameters_mut()[i].iter_mut().for_each(|x| *x *= scale);
    }
    let want = r.floats("log_prob_tempered");
    assert_close("log_prob_tempered", &g.log_prob(&r.batch()), &want, R::TOLERANCE);
}

#[test]
fn log_probabilities_of_each_decision() {
    log_prob::<f64>();
    log_prob::<f32>();
}

#[test]
fn log_probabilities_of_a_snapshot_at_a_temperature() {
    let r = read();
    for (name, temperature) in [("log_prob", 1.0), ("log_prob_tempered", r.number("temperature"))] {
        let got = GeneratorPolicy::new(&generator(&r), temperature).log_prob(&r.batch());
        assert_close(name, &got, &r.floats(name), f32::TOLERANCE);
    }
}

fn loss_and_gradients<R: Precision>() {
    let r = read();
    let g = generator::<R>(&r);
    let mut gradients = g.gradients();
    let (batch, weights) = (r.batch(), r.values("weight"));
    let loss = g.accumulate(WeightedBatch::new(&batch, &weights), &mut gradients);
    assert_number("loss", loss, r.number("loss"), R::TOLERANCE);
    compare(&r, "grad", &gradients.to_tensors());
}

#[test]
fn weighted_loss_and_every_gradient() {
    loss_and_gradients::<f64>();
    loss_and_gradients::<f32>();
}

fn trace<R: Precision>() {
    let r = read();
    let (mut g, batch, weight) = (generator::<R>(&r), r.batch(), r.values("weight"));
    let mut adam = Adam::new(AdamConfig::default(), g.parameters());
    let (mut losses, mut norms) = (Vec::new(), Vec::new());
    for _ in 0..r.shape("trace.loss")[0] {
        let mut gradients = g.gradients();
        losses.push(g.accumulate(WeightedBatch::new(&batch, &weight), &mut gradients));
        let norm = gradients.sum_of_squares().sqrt();
        // PyTorch divides by norm + 1e-6; with this limit the library's scale is PyTorch's.
        let limit = r.number("trace.max_norm") * norm / (norm + 1e-6);
        norms.push(clip_global_norm(&mut gradients, limit));
        adam.apply(g.parameters_mut(), &gradients, RATE);
    }
    assert_close("trace.loss", &losses, &r.floats("trace.loss"), R::TOLERANCE);
    assert_close("trace.norm", &norms, &r.floats("trace.norm"), R::TOLERANCE);
    compare(&r, "trained", g.parameters());
}

#[test]
fn ten_clipped_steps_of_adam() {
    trace::<f64>();
    trace::<f32>();
}

/// The function that training calls; it clips without PyTorch's 1e-6, which f32 does not see.
#[test]
fn ten_policy_gradient_steps() {
    let r = read();
    let mut g = generator::<f32>(&r);
    let mut optimizer = Optimizer::new(g.parameters(), g.gradients());
    let update = GeneratorUpdate {
        learning_rate: RATE,
        clip_norm: r.number("trace.max_norm"),
        ..GeneratorUpdate::default()
    };
    let (batch, values) = (r.batch(), round::<f32>(&r.floats("weight")));
    let norms: Vec<f64> = (0..r.shape("trace.norm")[0])
        .map(|_| policy_gradient_step(&mut g, &mut optimizer, &batch, &values, Baseline::None, update))
        .collect::<Result<_, _>>()
        .expect("finite");
    assert_close("trace.norm", &norms, &r.floats("trace.norm"), f32::TOLERANCE);
    compare(&r, "trained", g.parameters());
}
