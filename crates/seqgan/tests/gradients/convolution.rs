//! Convolution, ReLU and maximum over time, for sequences of unequal length, some shorter than a filter.

use super::differences::{check, check_at, dot};
use crate::random::Random;
use seqgan::nn::conv::{self, Filters, Gradients, Input};

const LENGTH: usize = 6;
const DIM: usize = 3;
/// (width, filters): 50 filters are more than a task computes at once.
const SHAPE: [(usize, usize); 4] = [(1, 3), (2, 50), (4, 2), (6, 5)];

fn filters<'a>(w: &'a [Vec<f64>], b: &'a [Vec<f64>]) -> Vec<Filters<'a, f64>> {
    SHAPE.iter().zip(w).zip(b).map(|((&(width, _), w), b)| Filters { width, w, b }).collect()
}

#[test]
fn of_the_convolution() {
    let mut random = Random::new(5);
    // More than the 32 sequences that go through a product together, of every length from 0 to T.
    let lengths: Vec<usize> = (0..40).map(|b| b % (LENGTH + 1)).collect();
    let mut x = random.normals(lengths.len() * LENGTH * DIM);
    for (x, &length) in x.chunks_exact_mut(LENGTH * DIM).zip(&lengths) {
        x[length * DIM..].fill(0.0);
    }
    let w: Vec<_> = SHAPE.iter().map(|&(width, n)| random.normals(n * width * DIM)).collect();
    let b: Vec<_> = SHAPE.iter().map(|&(_, n)| random.normals(n)).collect();
    let features: usize = SHAPE.iter().map(|s| s.1).sum();
    let dy = random.normals(lengths.len() * features);
    let input = Input { x: &x, lengths: &lengths, max_length: LENGTH, dim: DIM };
    let run = |x: &[f64], w: &[Vec<f64>], b: &[Vec<f64>]| {
        dot(&conv::forward(Input { x, ..input }, &filters(w, b)).values, &dy)
    };

    let zeros = |x: &[Vec<f64>]| -> Vec<Vec<f64>> { x.iter().map(|x| vec![0.0; x.len()]).collect() };
    let (mut dw, mut db) = (zeros(&w), zeros(&b));
    let to = dw.iter_mut().zip(&mut db).map(|(w, b)| Gradients { w, b }).collect();
    let pooled = conv::forward(input, &filters(&w, &b));
    let dx = conv::backward(input, &filters(&w, &b), &pooled, &dy, to);

    let inside = |i: &usize| i / DIM % LENGTH < lengths[i / (DIM * LENGTH)];
    assert!((0..x.len()).filter(|i| !inside(i)).all(|i| dx[i] == 0.0), "padding has no gradient");
    check_at("conv x", &x, &dx, (0..x.len()).filter(inside), |x| run(x, &w, &b));
    for i in 0..SHAPE.len() {
        let (mut moved, what) = (w.clone(), format!("of width {}", SHAPE[i].0));
        check(&format!("conv w {what}"), &w[i], &dw[i], |here| {
            moved[i] = here.to_vec();
            run(&x, &moved, &b)
        });
        let mut moved = b.clone();
        check(&format!("conv b {what}"), &b[i], &db[i], |here| {
            moved[i] = here.to_vec();
            run(&x, &w, &moved)
        });
    }
}
