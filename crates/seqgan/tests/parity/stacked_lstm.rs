//! A stacked LSTM with tied embeddings: log-probabilities, a weighted gradient, and five steps of AdamW.

use super::Precision;
use super::reference::Reference;
use crate::closeness::{assert_close, assert_number};
use seqgan::generator::{LstmGenerator, LstmShape, SequenceSpace, WeightedBatch};
use seqgan::nn::Tensors;
use seqgan::nn::adam::{Adam, AdamConfig};

const NAMES: [&str; 11] = ["embedding", "w", "u", "b", "w2", "u2", "b2", "w3", "u3", "b3", "b_out"];
const RATE: f64 = 0.01;

fn generator<R: Precision>(r: &Reference) -> LstmGenerator<R> {
    let [vocab, dim] = r.shape("embedding")[..] else { panic!("a matrix") };
    let shape = LstmShape::new(dim, r.shape("u")[0]).with_layers(3).tied();
    let space = SequenceSpace {
        vocab_size: vocab,
        max_length: r.shape("tokens")[1],
        start_token: 0,
        end_token: Some(0),
        never: Vec::new(),
        allow_empty: false,
        label_counts: Vec::new(),
    };
    let mut parameters = Tensors::new();
    NAMES.iter().for_each(|&name| parameters.push(name, &r.shape(name), r.values(name)));
    LstmGenerator::from_parameters(space, shape, parameters).expect("PyTorch's shapes")
}

fn compare<R: Precision>(r: &Reference, prefix: &str, tensors: &Tensors<R>) {
    for tensor in tensors.iter() {
        let name = format!("{prefix}.{}", tensor.name);
        assert_eq!(tensor.shape, r.shape(&name), "{name}");
        assert_close(&name, &tensor.data, &r.floats(&name), R::TOLERANCE);
    }
}

fn agrees<R: Precision>() {
    let r = Reference::read("stacked_lstm");
    let (mut g, batch, weights) = (generator::<R>(&r), r.batch(), r.values::<R>("weight"));
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
