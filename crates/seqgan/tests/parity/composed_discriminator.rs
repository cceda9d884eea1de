//! The discriminator put together from its layers. The library draws dropout masks from streams; here the mask is
//! an argument, so that PyTorch's own can be used.

use seqgan::SeqBatch;
use seqgan::discriminator::Discriminator;
use seqgan::kernel::Real;
use seqgan::nn::gradients::Factors;
use seqgan::nn::{Tensors, conv, embedding, highway, linear};

/// Everything that a forward and a backward pass make.
pub struct Composed<R> {
    pub pooled: Vec<R>,  // [B, F]
    pub highway: Vec<R>, // [B, F], before dropout
    pub logits: Vec<R>,  // [B, 2]
    pub loss: f64,
    pub gradients: Tensors<R>,
}

/// Runs `d`, which must have no end token; `mask` `[B, F]` holds multipliers.
pub fn run<R: Real>(
    d: &Discriminator<R>,
    batch: &SeqBatch,
    real: &[bool],
    mask: &[R],
    l2: f64,
) -> Composed<R> {
    let (p, shape) = (d.parameters(), d.shape());
    let (n, dim, length) = (p.len(), shape.embedding_dim, shape.max_length);
    let lengths: Vec<usize> = (0..batch.len()).map(|b| batch.length(b)).collect();
    let mut x = Vec::new();
    for (b, row) in batch.rows().enumerate() {
        embedding::forward(&p[0], dim, row.iter().copied(), &mut x);
        x.resize((b + 1) * length * dim, R::default());
    }
    let input = conv::Input { x: &x, lengths: &lengths, max_length: length, dim };
    let filters: Vec<_> = (0..shape.filters.len())
        .map(|i| conv::Filters { width: shape.filters[i].0, w: &p[1 + 2 * i], b: &p[2 + 2 * i] })
        .collect();
    let weights = highway::Weights {
        transform_w: &p[n - 6],
        transform_b: &p[n - 5],
        gate_w: &p[n - 4],
        gate_b: &p[n - 3],
    };
    let pooled = conv::forward(input, &filters);
    let (y, trace) = highway::forward(&pooled.values, weights);
    let kept: Vec<R> = y.iter().zip(mask).map(|(&y, &m)| y * m).collect();
    let logits = linear::forward(&kept, &p[n - 2], &p[n - 1]);

    let (rows, mut loss, mut d_logits) = (real.len() as f64, 0.0, Vec::new());
    for (l, &real) in logits.chunks_exact(2).zip(real) {
        let e = [l[0].to_f64().exp(), l[1].to_f64().exp()];
        for (class, e_class) in e.iter().enumerate() {
            let (q, label) = (e_class / (e[0] + e[1]), if class == usize::from(real) { 1.0 } else { 0.0 });
            loss -= label * q.ln() / rows;
            d_logits.push(R::of((q - label) / rows));
        }
    }
    let penalised = p[n - 2].iter().chain(&p[n - 1]);
    loss += 0.5 * l2 * penalised.map(|x| x.to_f64() * x.to_f64()).sum::<f64>();

    let mut gradients = p.zeros_like();
    let mut lists: Vec<&mut Vec<R>> = gradients.iter_mut().map(|t| &mut t.data).collect();
    let [transform_w, transform_b, gate_w, gate_b, output_w, output_b] = &mut lists[n - 6..] else {
        panic!("six")
    };
    let features = gate_b.len();
    let [mut transform, mut gate] = [(); 2].map(|()| Factors::zero(features, features));
    let mut dy = linear::backward(&kept, &p[n - 2], &d_logits, output_w, output_b);
    for (g, w) in [(output_w, &p[n - 2]), (output_b, &p[n - 1])] {
        g.iter_mut().zip(w).for_each(|(g, &w)| *g += R::of(l2) * w);
    }
    dy.iter_mut().zip(mask).for_each(|(d, &m)| *d *= m);
    let to = highway::Gradients { transform_w: &mut transform, transform_b, gate_w: &mut gate, gate_b };
    let d_pooled = highway::backward(&pooled.values, weights, &trace, &dy, to);
    (**transform_w, **gate_w) = (transform.to_vec(), gate.to_vec());
    let (d_embedding, rest) = lists.split_first_mut().expect("an embedding");
    let pairs = rest[..2 * filters.len()].chunks_exact_mut(2).map(|pair| {
        let [w, b] = pair else { unreachable!("pairs") };
        conv::Gradients { w, b }
    });
    let dx = conv::backward(input, &filters, &pooled, &d_pooled, pairs.collect());
    for (b, row) in batch.rows().enumerate() {
        embedding::backward(&dx[b * length * dim..], dim, row.iter().copied(), d_embedding);
    }
    Composed { pooled: pooled.values, highway: y, logits, loss, gradients }
}
