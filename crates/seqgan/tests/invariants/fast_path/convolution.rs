//! Convolution, ReLU and maximum over time.

use super::TOLERANCE;
use crate::closeness::{assert_close, round, widen};
use crate::random::Random;
use seqgan::kernel::Real;
use seqgan::nn::conv;

/// The gradients follow the windows that the f32 pass chose: two windows may be equal but for their rounding.
#[test]
fn of_the_convolution() {
    fn backward<R: Real>(
        input: conv::Input<'_, R>,
        filters: &[conv::Filters<'_, R>],
        pooled: &conv::Pooled<R>,
        dy: &[R],
    ) -> Vec<Vec<R>> {
        let mut dw: Vec<Vec<R>> = filters.iter().map(|f| f.w.to_vec()).collect();
        let mut db: Vec<Vec<R>> = filters.iter().map(|f| f.b.to_vec()).collect();
        let to = dw.iter_mut().zip(&mut db).map(|(w, b)| conv::Gradients { w, b }).collect();
        let dx = conv::backward(input, filters, pooled, dy, to);
        [vec![dx], dw, db].concat()
    }
    for seed in 0..40 {
        let mut random = Random::new(seed);
        let (rows, max_length, dim) =
            (random.between(1..=50), random.between(1..=20), random.between(1..=24));
        let lengths: Vec<usize> = (0..rows).map(|_| random.between(0..=max_length)).collect();
        let mut x = random.normals(rows * max_length * dim);
        for (x, &length) in x.chunks_exact_mut(max_length * dim).zip(&lengths) {
            x[length * dim..].fill(0.0);
        }
        let shape: Vec<_> =
            (0..3).map(|_| (random.between(1..=max_length), random.between(1..=60))).collect();
        let w: Vec<_> = shape.iter().map(|&(width, n)| random.normals(n * width * dim)).collect();
        let b: Vec<_> = shape.iter().map(|&(_, n)| random.normals(n)).collect();
        let dy = random.normals(rows * shape.iter().map(|s| s.1).sum::<usize>());
        let [x32, dy32] = [&x, &dy].map(|x| round::<f32>(x));
        let [w32, b32] = [&w, &b].map(|list| list.iter().map(|x| round::<f32>(x)).collect::<Vec<_>>());
        let plain: Vec<_> = (0..3).map(|i| conv::Filters { width: shape[i].0, w: &w[i], b: &b[i] }).collect();
        let fast: Vec<_> =
            (0..3).map(|i| conv::Filters { width: shape[i].0, w: &w32[i], b: &b32[i] }).collect();
        let plain_input = conv::Input { x: &x, lengths: &lengths, max_length, dim };
        let fast_input = conv::Input { x: &x32, lengths: &lengths, max_length, dim };
        let pooled = conv::forward(fast_input, &fast);
        let want = conv::forward(plain_input, &plain).values;
        assert_close(&format!("conv {seed}"), &pooled.values, &want, TOLERANCE);
        let same = conv::Pooled { values: widen(&pooled.values), windows: pooled.windows.clone() };
        let got = backward(fast_input, &fast, &pooled, &dy32);
        for (got, want) in got.iter().zip(backward(plain_input, &plain, &same, &dy)) {
            assert_close(&format!("conv backward {seed}"), got, &want, TOLERANCE);
        }
    }
}
