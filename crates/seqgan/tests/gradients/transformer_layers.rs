//! The layers of the Transformer: normalisation, rotary positions, attention and the feed-forward layer.

use super::differences::{check, dot};
use crate::random::Random;
use seqgan::kernel::Precision;
use seqgan::nn::attention::{self, Heads, Projected};
use seqgan::nn::rotary::Rotary;
use seqgan::nn::swiglu::{self, SwiGlu};
use seqgan::nn::{linear, projection, rms_norm};

#[test]
fn of_the_projection() {
    let (mut random, rows, inputs, outputs) = (Random::new(1), 6, 5, 3);
    let (x, w) = (random.normals(rows * inputs), random.normals(inputs * outputs));
    let dy = random.normals(rows * outputs);
    let forward =
        |x: &[f64], w: &[f64]| dot(&projection::Projection::new(w, inputs, Precision::F32).forward(x), &dy);
    let dx = linear::backward_input(&w, &dy, outputs, Precision::F32);
    let mut dw = vec![0.0; w.len()];
    // In two calls, as chunks of a batch come.
    let (first, last) = (4 * inputs, 4 * outputs);
    linear::backward_weights(&x[..first], &dy[..last], outputs, Precision::F32, &mut dw);
    linear::backward_weights(&x[first..], &dy[last..], outputs, Precision::F32, &mut dw);
    check("projection x", &x, &dx, |x| forward(x, &w));
    check("projection w", &w, &dw, |w| forward(&x, w));
}

#[test]
fn of_the_normalisation() {
    let (mut random, rows, dim) = (Random::new(2), 5, 11);
    let (mut x, gain, dy) = (random.normals(rows * dim), random.normals(dim), random.normals(rows * dim));
    // A row so small that the epsilon counts.
    x[..dim].iter_mut().for_each(|x| *x *= 1e-3);
    let mut d_gain = vec![0.0; dim];
    let dx = rms_norm::backward(&x, &gain, &dy, &mut d_gain);
    check("norm x", &x[dim..], &dx[dim..], |rest| {
        dot(&rms_norm::forward(&[&x[..dim], rest].concat(), &gain), &dy)
    });
    // Steps in units of the row: its gradient is a thousand times as large, and so are its curves.
    let (unit, small): (Vec<f64>, Vec<f64>) =
        x[..dim].iter().zip(&dx).map(|(x, d)| (x * 1e3, d * 1e-3)).unzip();
    check("norm of a small x", &unit, &small, |unit| {
        let x: Vec<f64> = unit.iter().map(|x| x * 1e-3).collect();
        dot(&rms_norm::forward(&x, &gain), &dy[..dim])
    });
    check("norm gain", &gain, &d_gain, |gain| dot(&rms_norm::forward(&x, gain), &dy));
}

#[test]
fn of_rotary_positions() {
    let (mut random, width, positions) = (Random::new(3), 8, [0, 3, 11, 5]);
    let rotary = Rotary::<f64>::new(4, 12);
    let (x, dy) = (random.normals(4 * width), random.normals(4 * width));
    let turned = |x: &[f64]| {
        let mut y = x.to_vec();
        rotary.rotate(&mut y, width, positions.into_iter());
        y
    };
    let mut dx = dy.clone();
    rotary.rotate_back(&mut dx, width, positions.into_iter());
    check("rotary x", &x, &dx, |x| dot(&turned(x), &dy));
    let mut back = turned(&x);
    rotary.rotate_back(&mut back, width, positions.into_iter());
    assert!(back.iter().zip(&x).all(|(a, b)| (a - b).abs() < 1e-14));
    // The first half and the second are the coordinates.
    let mut unit = vec![0.0; width];
    (unit[0], unit[5]) = (1.0, 1.0);
    rotary.rotate(&mut unit, width, std::iter::once(3));
    let slow = 3.0 / 100.0;
    let want = [3f64.cos(), 0.0, 3f64.sin(), 0.0, 0.0, f64::cos(slow), 0.0, f64::sin(slow)];
    assert!(unit.iter().zip(&want).all(|(a, b)| (a - b).abs() < 1e-15), "{unit:?}");
}

/// Attention as its definition has it, a place at a time.
fn plain_attention(heads: Heads, lengths: &[usize], of: &Projected<f64>) -> Vec<f64> {
    let (width, mut first, mut out) = (heads.width(), 0, Vec::new());
    for &length in lengths {
        for i in 0..length {
            for head in 0..heads.num {
                let at = |place: usize| {
                    let start = (first + place) * width + head * heads.dim;
                    start..start + heads.dim
                };
                let product = |j: usize| dot(&of.queries[at(i)], &of.keys[at(j)]) / (heads.dim as f64).sqrt();
                let e: Vec<f64> = (0..=i).map(|j| product(j).exp()).collect();
                let sum: f64 = e.iter().sum();
                let value = |d: usize| (0..=i).map(|j| e[j] / sum * of.values[at(j)][d]).sum::<f64>();
                out.extend((0..heads.dim).map(value));
            }
        }
        first += length;
    }
    out
}

/// Rows of one place, of none, of a block of 32 queries and of more than one.
#[test]
fn of_attention() {
    for (heads, lengths) in [
        (Heads { num: 2, dim: 4 }, vec![3, 0, 1, 5]),
        (Heads { num: 1, dim: 2 }, vec![32, 35]),
        (Heads { num: 3, dim: 2 }, vec![70]),
    ] {
        let (mut random, n) = (Random::new(4), lengths.iter().sum::<usize>() * heads.width());
        let [queries, keys, values, d_out] = [(); 4].map(|()| random.normals(n));
        let of = Projected { queries, keys, values };
        let attended = attention::forward(heads, &lengths, &of);
        let want = plain_attention(heads, &lengths, &of);
        crate::closeness::assert_close("attention", &attended.out, &want, 1e-13);
        let gradients = attention::backward(heads, &lengths, &of, &attended, &d_out);
        let loss = |queries: &[f64], keys: &[f64], values: &[f64]| {
            let [queries, keys, values] = [queries, keys, values].map(<[f64]>::to_vec);
            dot(&attention::forward(heads, &lengths, &Projected { queries, keys, values }).out, &d_out)
        };
        check("attention q", &of.queries, &gradients.queries, |q| loss(q, &of.keys, &of.values));
        check("attention k", &of.keys, &gradients.keys, |k| loss(&of.queries, k, &of.values));
        check("attention v", &of.values, &gradients.values, |v| loss(&of.queries, &of.keys, v));
    }
}

#[test]
fn of_the_feedforward_layer() {
    let (mut random, rows, width, inner) = (Random::new(5), 7, 4, 6);
    let [x, dy] = [(); 2].map(|()| random.normals(rows * width));
    let [gate, up, down] = [(); 3].map(|()| random.normals(width * inner));
    let run = |x: &[f64], gate: &[f64], up: &[f64], down: &[f64]| {
        dot(
            &SwiGlu::new(swiglu::Weights { gate, up, down, precision: Precision::F32 }, width).forward(x).0,
            &dy,
        )
    };
    let weights = swiglu::Weights { gate: &gate, up: &up, down: &down, precision: Precision::F32 };
    let (_, trace) = SwiGlu::new(weights, width).forward(&x);
    let (dx, inner) = swiglu::backward(weights, &trace, &dy, width);
    let [mut d_gate, mut d_up, mut d_down] = [(); 3].map(|()| vec![0.0; gate.len()]);
    let to = [&mut d_gate[..], &mut d_up, &mut d_down];
    swiglu::add_weight_gradients((&x, &trace), (&dy, &inner), (width, Precision::F32), to);
    check("swiglu x", &x, &dx, |x| run(x, &gate, &up, &down));
    check("swiglu gate", &gate, &d_gate, |gate| run(&x, gate, &up, &down));
    check("swiglu up", &up, &d_up, |up| run(&x, &gate, up, &down));
    check("swiglu down", &down, &d_down, |down| run(&x, &gate, &up, down));
}
