//! The f32 code of every layer, which runs on SIMD kernels, against the plain f64 code, over random shapes.
//!
//! Measured errors are at most 1.3e-6 of the largest value, from sums of some hundred products. Adam's second moment
//! alone has 1.3e-5, which is how far 1 - 0.999 in f32 is from 0.001.

mod convolution;

use crate::closeness::{assert_close, round};
use crate::lstm_pass::backward;
use crate::random::Random;
use seqgan::kernel::Masks;
use seqgan::kernel::Real;
use seqgan::nn::adam::{Adam, AdamConfig};
use seqgan::nn::clip::clip_global_norm;
use seqgan::nn::gradients::Factors;
use seqgan::nn::lstm::{self, Steps};
use seqgan::nn::softmax::{Choice, Output};
use seqgan::nn::softmax_gradient::{AuxiliaryLoss, OutputLogits};
use seqgan::nn::{Gradients, Tensors, embedding, highway, linear};

/// Relative to the largest value.
pub const TOLERANCE: f64 = 2e-5;

/// Runs a layer in both types. `run` takes its inputs and returns named results.
fn compare<F, G>(layer: &str, inputs: &[Vec<f64>], fast: F, plain: G)
where
    F: FnOnce(&[Vec<f32>]) -> Vec<Vec<f32>>,
    G: FnOnce(&[Vec<f64>]) -> Vec<Vec<f64>>,
{
    let rounded: Vec<Vec<f32>> = inputs.iter().map(|x| round(x)).collect();
    for (i, (got, want)) in fast(&rounded).iter().zip(plain(inputs)).enumerate() {
        assert_close(&format!("{layer}, result {i}"), got, &want, TOLERANCE);
    }
}

#[test]
fn of_the_linear_layer() {
    fn run<R: Real>(p: &[Vec<R>]) -> Vec<Vec<R>> {
        let (mut dw, mut db) = (p[1].clone(), p[2].clone());
        let dx = linear::backward(&p[0], &p[1], &p[3], &mut dw, &mut db);
        vec![linear::forward(&p[0], &p[1], &p[2]), dx, dw, db]
    }
    for seed in 0..60 {
        let mut random = Random::new(seed);
        let [rows, inputs, outputs] = [0; 3].map(|_| random.between(1..=130));
        let sizes = [rows * inputs, inputs * outputs, outputs, rows * outputs];
        let inputs = sizes.map(|n| random.normals(n));
        compare(&format!("linear {seed}"), &inputs, run::<f32>, run::<f64>);
    }
}

#[test]
fn of_the_highway_layer() {
    fn run<R: Real>(p: &[Vec<R>]) -> Vec<Vec<R>> {
        let weights =
            highway::Weights { transform_w: &p[1], transform_b: &p[2], gate_w: &p[3], gate_b: &p[4] };
        let (y, trace) = highway::forward(&p[0], weights);
        let [mut tb, mut gb] = [2, 4].map(|i| p[i].clone());
        let [mut tw, mut gw] = [(); 2].map(|()| Factors::zero(p[2].len(), p[2].len()));
        let to = highway::Gradients {
            transform_w: &mut tw,
            transform_b: &mut tb,
            gate_w: &mut gw,
            gate_b: &mut gb,
        };
        let dx = highway::backward(&p[0], weights, &trace, &p[5], to);
        vec![y, dx, tw.to_vec(), tb, gw.to_vec(), gb]
    }
    for seed in 0..40 {
        let mut random = Random::new(seed);
        let (rows, width) = (random.between(1..=70), random.between(1..=90));
        let mut inputs = [rows * width, width * width, width, width * width, width, rows * width]
            .map(|n| random.normals(n));
        // So that gates do not saturate.
        for i in [1, 3] {
            inputs[i].iter_mut().for_each(|x| *x = f64::from((*x / (width as f64).sqrt()) as f32));
        }
        compare(&format!("highway {seed}"), &inputs, run::<f32>, run::<f64>);
    }
}

#[test]
fn of_the_lstm() {
    fn run<R: Real>(steps: &Steps, p: &[Vec<R>]) -> Vec<Vec<R>> {
        let weights =
            lstm::Weights { w: &p[1], u: &p[2], b: &p[3], blocks: &[], precision: Default::default() };
        let trace = lstm::Layer::new(weights).forward(steps.clone(), p[0].clone());
        let [dw, du, db, dx] = backward(weights, &trace, &p[4]);
        vec![trace.hidden().to_vec(), dx, dw, du, db]
    }
    for seed in 0..40 {
        let mut random = Random::new(seed);
        let rows = random.between(1..=20);
        let steps = Steps::of(&(0..rows).map(|_| random.between(1..=12)).collect::<Vec<_>>());
        let (dim, hidden) = (random.between(1..=40), random.between(1..=40));
        let size = steps.num_places();
        let sizes = [size * dim, dim * 4 * hidden, hidden * 4 * hidden, 4 * hidden, size * hidden];
        let mut inputs = sizes.map(|n| random.normals(n));
        // Large recurrent weights would amplify every rounding from step to step.
        for i in [1, 2] {
            inputs[i].iter_mut().for_each(|x| *x *= 0.25);
        }
        compare(&format!("lstm {seed}"), &inputs, |p| run::<f32>(&steps, p), |p| run::<f64>(&steps, p));
    }
}

/// A step of many rows is the whole pass's step, to the bit.
#[test]
fn of_single_steps_and_whole_passes() {
    for seed in 0..20 {
        let mut random = Random::new(seed);
        let (steps, rows, dim, hidden) =
            (4, random.between(1..=20), random.between(1..=20), random.between(1..=40));
        let [x, w, u, b] = [steps * rows * dim, dim * 4 * hidden, hidden * 4 * hidden, 4 * hidden]
            .map(|n| -> Vec<f32> { round(&random.normals(n)) });
        let weights = lstm::Weights { w: &w, u: &u, b: &b, blocks: &[], precision: Default::default() };
        let trace = lstm::Layer::new(weights).forward(Steps::equal(rows, steps), x.clone());
        let inference = lstm::Inference::new(weights);
        let mut state = lstm::State::zero(rows, hidden);
        for (x, h) in x.chunks(rows * dim).zip(trace.hidden().chunks(rows * hidden)) {
            inference.step(x, &mut state, &mut lstm::Scratch::default());
            assert!(state.h == h, "seed {seed}");
        }
    }
}

#[test]
fn of_the_output_layer() {
    fn run<R: Real>(p: &[Vec<R>], choices: &[Choice], masks: &Masks) -> Vec<Vec<R>> {
        let output = Output::new(&p[0], &p[1], masks);
        let (mut dw, mut db) = (vec![R::default(); p[0].len()], vec![R::default(); p[1].len()]);
        let (loss, log_prob, dh) = output.weighted_nll(&p[2], choices, &p[3], &mut dw, &mut db);
        let normaliser = output.log_prob(&p[2], choices).1;
        // By the logits of a layer as wide, whose weights are those of this one in reverse.
        let their_w: Vec<R> = p[0].iter().rev().copied().collect();
        let other = OutputLogits::new(Output::new(&their_w, &p[1], masks), p[2].clone());
        let mut all = vec![log_prob, normaliser, dh, dw, db, vec![R::of(loss)]];
        let distillation = AuxiliaryLoss::Distillation { weight: R::of(0.75) };
        for loss in [distillation, AuxiliaryLoss::ExpectedReward { kl: R::of(0.5) }] {
            let (mut w, mut b) = (vec![R::default(); p[0].len()], vec![R::default(); p[1].len()]);
            let (loss, gains, dh) =
                output.weighted_gradient(&p[2], choices, Some((&other, loss)), &p[3], &mut w, &mut b);
            all.extend([gains, dh, w, b, vec![R::of(loss)]]);
        }
        all
    }
    for seed in 0..30 {
        let mut random = Random::new(seed);
        let (rows, hidden) = (random.between(1..=150), random.between(1..=40));
        let vocab = random.between(4..=if seed % 3 == 0 { 3000 } else { 80 });
        let masks = Masks::new(vec![vec![0, 1, vocab as u32 - 1], vec![1]]);
        let token = |random: &mut Random| random.between(2..=vocab - 2) as u32;
        let choices: Vec<_> =
            (0..rows).map(|r| Choice { token: token(&mut random), mask: u32::from(r % 4 != 0) }).collect();
        let mut inputs = [hidden * vocab, vocab, rows * hidden, rows].map(|n| random.normals(n));
        // Weights of one sign: the loss of both signs may be the small difference of large sums.
        inputs[3].iter_mut().for_each(|w| *w = w.abs());
        let fast = |p: &[Vec<f32>]| run(p, &choices, &masks);
        compare(&format!("output {seed}"), &inputs, fast, |p| run(p, &choices, &masks));
    }
}

#[test]
fn of_the_embedding() {
    fn run<R: Real>(p: &[Vec<R>], dim: usize, tokens: &[u32]) -> Vec<Vec<R>> {
        let (mut y, mut d_table) = (Vec::new(), p[0].clone());
        embedding::forward(&p[0], dim, tokens.iter().copied(), &mut y);
        embedding::backward(&p[1], dim, tokens.iter().copied(), &mut d_table);
        vec![y, d_table]
    }
    for seed in 0..20 {
        let mut random = Random::new(seed);
        let (vocab, dim, n) = (random.between(1..=20), random.between(1..=40), random.between(1..=60));
        let tokens: Vec<u32> = (0..n).map(|_| random.between(0..=vocab - 1) as u32).collect();
        let inputs = [vocab * dim, n * dim].map(|n| random.normals(n));
        compare(&format!("embedding {seed}"), &inputs, |p| run(p, dim, &tokens), |p| run(p, dim, &tokens));
    }
}

#[test]
fn of_adam_and_the_clip() {
    fn run<R: Real>(p: &[Vec<R>]) -> Vec<Vec<R>> {
        let [mut parameters, gradients] = [&p[0], &p[1]].map(|x| {
            let mut tensors = Tensors::new();
            tensors.push("x", &[x.len()], x.clone());
            tensors
        });
        let mut adam = Adam::new(AdamConfig::default(), &parameters);
        let mut norm = 0.0;
        for _ in 0..5 {
            let mut clipped = Gradients::from(gradients.clone());
            norm = clip_global_norm(&mut clipped, 1.0);
            adam.apply(&mut parameters, &clipped, 0.1);
        }
        vec![
            parameters[0].clone(),
            adam.moments().0[0].clone(),
            adam.moments().1[0].clone(),
            vec![R::of(norm)],
        ]
    }
    for seed in 0..20 {
        let mut random = Random::new(seed);
        let n = random.between(1..=70_000 / (1 + 999 * usize::from(seed % 4 > 0)));
        let inputs = [n; 2].map(|n| random.normals(n));
        compare(&format!("adam {seed}"), &inputs, run::<f32>, run::<f64>);
    }
}
