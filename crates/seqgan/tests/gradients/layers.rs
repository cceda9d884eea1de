//! Embedding, linear layer, highway layer and LSTM.

use super::differences::{check, dot};
use crate::lstm_pass::backward;
use crate::random::Random;
use seqgan::nn::gradients::Factors;
use seqgan::nn::{embedding, highway, linear, lstm};

#[test]
fn of_the_embedding() {
    let (mut random, tokens) = (Random::new(1), [4, 0, 3, 3, 1, 4, 4]);
    let (table, dy) = (random.normals(6 * 3), random.normals(tokens.len() * 3));
    let mut gradient = vec![0.0; table.len()];
    embedding::backward(&dy, 3, tokens.into_iter(), &mut gradient);
    check("embedding", &table, &gradient, |table| {
        let mut y = Vec::new();
        embedding::forward(table, 3, tokens.into_iter(), &mut y);
        dot(&y, &dy)
    });
}

#[test]
fn of_the_linear_layer() {
    let (mut random, rows, inputs, outputs) = (Random::new(2), 7, 5, 3);
    let (x, w, b) =
        (random.normals(rows * inputs), random.normals(inputs * outputs), random.normals(outputs));
    let dy = random.normals(rows * outputs);
    let (mut dw, mut db) = (vec![0.0; w.len()], vec![0.0; b.len()]);
    let dx = linear::backward(&x, &w, &dy, &mut dw, &mut db);
    check("linear x", &x, &dx, |x| dot(&linear::forward(x, &w, &b), &dy));
    check("linear w", &w, &dw, |w| dot(&linear::forward(&x, w, &b), &dy));
    check("linear b", &b, &db, |b| dot(&linear::forward(&x, &w, b), &dy));
}

#[test]
fn of_the_highway_layer() {
    let (mut random, rows, width) = (Random::new(3), 5, 7);
    let x = random.normals(rows * width);
    let [tw, gw] = [0, 1].map(|_| random.normals(width * width));
    let [tb, gb] = [0, 1].map(|_| random.normals(width));
    let dy = random.normals(rows * width);
    let run = |x: &[f64], tw: &[f64], tb: &[f64], gw: &[f64], gb: &[f64]| {
        dot(
            &highway::forward(
                x,
                highway::Weights { transform_w: tw, transform_b: tb, gate_w: gw, gate_b: gb },
            )
            .0,
            &dy,
        )
    };
    let weights = highway::Weights { transform_w: &tw, transform_b: &tb, gate_w: &gw, gate_b: &gb };
    let trace = highway::forward(&x, weights).1;
    let [mut dtw, mut dgw] = [0, 1].map(|_| Factors::zero(width, width));
    let [mut dtb, mut dgb] = [0, 1].map(|_| vec![0.0; width]);
    let to = highway::Gradients {
        transform_w: &mut dtw,
        transform_b: &mut dtb,
        gate_w: &mut dgw,
        gate_b: &mut dgb,
    };
    let dx = highway::backward(&x, weights, &trace, &dy, to);
    check("highway x", &x, &dx, |x| run(x, &tw, &tb, &gw, &gb));
    check("highway transform w", &tw, &dtw.to_vec(), |tw| run(&x, tw, &tb, &gw, &gb));
    check("highway transform b", &tb, &dtb, |tb| run(&x, &tw, tb, &gw, &gb));
    check("highway gate w", &gw, &dgw.to_vec(), |gw| run(&x, &tw, &tb, gw, &gb));
    check("highway gate b", &gb, &dgb, |gb| run(&x, &tw, &tb, &gw, gb));
}

/// Rows that end together, and each in its own time.
#[test]
fn of_the_lstm() {
    for lengths in [[5, 5, 5], [2, 5, 3]] {
        let steps = lstm::Steps::of(&lengths);
        let (mut random, n, inputs, hidden) = (Random::new(4), steps.num_places(), 4, 6);
        let (x, w) = (random.normals(n * inputs), random.normals(inputs * 4 * hidden));
        let (u, b) = (random.normals(hidden * 4 * hidden), random.normals(4 * hidden));
        let dh = random.normals(n * hidden);
        let run = |x: &[f64], w: &[f64], u: &[f64], b: &[f64]| {
            let weights = lstm::Weights { w, u, b, blocks: &[], precision: Default::default() };
            dot(lstm::Layer::new(weights).forward(steps.clone(), x.to_vec()).hidden(), &dh)
        };
        let weights = lstm::Weights { w: &w, u: &u, b: &b, blocks: &[], precision: Default::default() };
        let [dw, du, db, dx] =
            backward(weights, &lstm::Layer::new(weights).forward(steps.clone(), x.clone()), &dh);
        check("lstm x", &x, &dx, |x| run(x, &w, &u, &b));
        check("lstm w", &w, &dw, |w| run(&x, w, &u, &b));
        check("lstm u", &u, &du, |u| run(&x, &w, u, &b));
        check("lstm b", &b, &db, |b| run(&x, &w, &u, b));
    }
}
