//! The convolutional discriminator: outputs, loss and gradients with and without dropout, ten steps of Adam.

use super::Precision;
use super::composed_discriminator as composed;
use super::reference::{Reference, transposed};
use crate::closeness::{assert_close, assert_number, widen};
use seqgan::discriminator::{Discriminator, DiscriminatorShape, Regularisation};
use seqgan::kernel::Real;
use seqgan::nn::adam::{Adam, AdamConfig};
use seqgan::nn::{Tensors, dropout};
use seqgan::optim::{DiscriminatorUpdate, Optimizer, discriminator_step};
use seqgan::rng::{Purpose, Streams};

const L2: f64 = 0.2;
const KEEP: f64 = 0.75;
const RATE: f64 = 0.01;
const PLAIN: Regularisation<'_> = Regularisation { dropout_keep: 1.0, masks: None, l2: L2 };

fn read() -> Reference {
    Reference::read("cnn_discriminator")
}

/// A stored tensor by this crate's name and in its layout: highway and output weights turned to `[in, out]`.
fn stored(r: &Reference, prefix: &str, name: &str) -> Vec<f64> {
    let highway = name.starts_with("transform") || name.starts_with("gate");
    let name = format!("{prefix}{}{name}", if highway { "highway_" } else { "" });
    let matrix = highway || name.ends_with("output_w");
    match r.shape(&name)[..] {
        [_, columns] if matrix => transposed(&r.floats(&name), columns),
        _ => r.floats(&name),
    }
}

fn discriminator<R: Real>(r: &Reference) -> Discriminator<R> {
    let [vocab, dim] = r.shape("embedding")[..] else { panic!("a matrix") };
    let filters = (0..4).map(|i| r.shape(&format!("conv_w.{i}"))).map(|s| (s[1] / dim, s[0])).collect();
    let (max_length, end_token) = (r.shape("tokens")[1], None);
    let shape = DiscriminatorShape {
        vocab_size: vocab,
        embedding_dim: dim,
        max_length,
        filters,
        end_token,
        num_labels: 0,
    };
    let mut d = Discriminator::new(shape, &Streams::new(0, Purpose::DiscriminatorInit));
    for tensor in d.parameters_mut().iter_mut() {
        tensor.data = stored(r, "", &tensor.name).into_iter().map(R::of).collect();
    }
    Discriminator::from_parameters(d.shape().clone(), d.parameters().clone()).expect("PyTorch's shapes")
}

fn labels(r: &Reference) -> Vec<bool> {
    r.integers("labels").iter().map(|&l| l == 1).collect()
}

fn compare<R: Precision>(r: &Reference, prefix: &str, tensors: &Tensors<R>) {
    for t in tensors.iter() {
        assert_close(&format!("{prefix}{}", t.name), &t.data, &stored(r, prefix, &t.name), R::TOLERANCE);
    }
}

fn plain<R: Precision>() {
    let r = read();
    let (d, batch) = (discriminator::<R>(&r), r.batch());
    assert_close("plain.real", &d.scores(&batch), &r.floats("plain.real"), R::TOLERANCE);
    let mut gradients = d.gradients();
    let result = d.accumulate(&batch, &labels(&r), PLAIN, &mut gradients);
    assert_number("plain.loss", result.loss, r.number("plain.loss"), R::TOLERANCE);
    let right = r.floats("plain.real").iter().zip(labels(&r)).filter(|&(&p, real)| (p > 0.5) == real).count();
    assert_eq!(result.accuracy, right as f64 / batch.len() as f64);
    compare(&r, "plain.grad.", &gradients.to_tensors());
}

#[test]
fn scores_loss_and_every_gradient() {
    plain::<f64>();
    plain::<f32>();
}

fn dropped<R: Precision>() {
    let r = read();
    let d = discriminator::<R>(&r);
    let given: Vec<R> = r.floats("dropout_mask").iter().map(|m| R::of(m / KEEP)).collect();
    for (case, mask) in [("plain", vec![R::of(1.0); given.len()]), ("dropped", given)] {
        let got = composed::run(&d, &r.batch(), &labels(&r), &mask, L2);
        for (name, got) in [("pooled", &got.pooled), ("highway", &got.highway), ("logits", &got.logits)] {
            let name = format!("{case}.{name}");
            assert_close(&name, got, &r.floats(&name), R::TOLERANCE);
        }
        assert_number("loss", got.loss, r.number(&format!("{case}.loss")), R::TOLERANCE);
        compare(&r, &format!("{case}.grad."), &got.gradients);
    }
}

#[test]
fn layers_with_a_given_dropout_mask() {
    dropped::<f64>();
    dropped::<f32>();
}

/// What ties the test above to the library's own pass: the same mask, drawn from a stream.
fn drawn_mask<R: Precision>() {
    let r = read();
    let (d, batch, streams) = (discriminator::<R>(&r), r.batch(), Streams::new(3, Purpose::Dropout));
    let features = r.shape("dropout_mask")[1];
    let mut mask = vec![R::default(); batch.len() * features];
    for (b, mask) in mask.chunks_exact_mut(features).enumerate() {
        dropout::mask_row(&streams, 40 + b as u64, 0, KEEP, mask);
    }
    let want = composed::run(&d, &batch, &labels(&r), &mask, L2);
    let mut gradients = d.gradients();
    let regularisation = Regularisation { dropout_keep: KEEP, masks: Some((&streams, 40)), l2: L2 };
    let got = d.accumulate(&batch, &labels(&r), regularisation, &mut gradients);
    assert_number("loss with a drawn mask", got.loss, want.loss, R::TOLERANCE);
    for (got, want) in gradients.to_tensors().iter().zip(want.gradients.iter()) {
        let what = format!("gradient of {} with a drawn mask", got.name);
        assert_close(&what, &got.data, &widen(&want.data), R::TOLERANCE);
    }
}

#[test]
fn a_drawn_mask_is_used_as_a_given_one() {
    drawn_mask::<f64>();
    drawn_mask::<f32>();
}

fn trace<R: Precision>() {
    let r = read();
    let (mut d, batch) = (discriminator::<R>(&r), r.batch());
    let mut adam = Adam::new(AdamConfig::default(), d.parameters());
    let mut losses = Vec::new();
    for _ in 0..r.shape("trace.loss")[0] {
        let mut gradients = d.gradients();
        losses.push(d.accumulate(&batch, &labels(&r), PLAIN, &mut gradients).loss);
        adam.apply(d.parameters_mut(), &gradients, RATE);
    }
    assert_close("trace.loss", &losses, &r.floats("trace.loss"), R::TOLERANCE);
    compare(&r, "trained.", d.parameters());
}

#[test]
fn ten_steps_of_adam() {
    trace::<f64>();
    trace::<f32>();
}

/// The function that training calls.
#[test]
fn ten_discriminator_steps() {
    let r = read();
    let mut d = discriminator::<f32>(&r);
    let mut optimizer = Optimizer::new(d.parameters(), d.gradients());
    let update = DiscriminatorUpdate { learning_rate: RATE, dropout_keep: 1.0, l2: L2 };
    let (batch, real, masks) = (r.batch(), labels(&r), Streams::new(1, Purpose::Dropout));
    let losses: Vec<f64> = (0..r.shape("trace.loss")[0])
        .map(|_| discriminator_step(&mut d, &mut optimizer, &batch, &real, update, &masks, 0).map(|l| l.loss))
        .collect::<Result<_, _>>()
        .expect("finite");
    assert_close("trace.loss", &losses, &r.floats("trace.loss"), f32::TOLERANCE);
    compare(&r, "trained.", d.parameters());
}
