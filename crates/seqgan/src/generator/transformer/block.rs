//! A layer of the Transformer: h = x + Attention(RMSNorm(x)), y = h + SwiGLU(RMSNorm(h)).

use super::masks::BlockMasks;
use super::shape::{LayerPositions, TransformerShape};
use crate::generator::places::Place;
use crate::kernel::{Precision, Real};
use crate::nn::attention::{self, Attended, Cache, Heads, Projected};
use crate::nn::linear;
use crate::nn::projection::Projection;
use crate::nn::rotary::Rotary;
use crate::nn::swiglu::{self, InnerGradients, SwiGlu};
use crate::nn::{Tensors, rms_norm};

/// A layer, prepared for many passes, with a copy of its weights.
pub(in crate::generator) struct Block<R> {
    heads: Heads,
    attention_norm: Vec<R>,
    q: Projection<R>,
    k: Projection<R>,
    v: Projection<R>,
    o: Projection<R>,
    mlp_norm: Vec<R>,
    mlp: SwiGlu<R>,
}

/// The places of some rows: those of a row stand together, in the order of its steps.
pub(super) struct Ragged {
    /// Number of places of each row.
    pub(super) lengths: Vec<usize>,
}

impl Ragged {
    /// Step and row of each place.
    pub(super) fn places(&self) -> impl Iterator<Item = Place> + Clone {
        self.lengths.iter().enumerate().flat_map(|(row, &length)| (0..length).map(move |step| (step, row)))
    }

    /// The position of each place in its row.
    fn positions(&self) -> impl Iterator<Item = usize> {
        self.places().map(|(step, _)| step)
    }

    /// How many places there are.
    pub(super) fn num_places(&self) -> usize {
        self.lengths.iter().sum()
    }
}

/// Everything backward needs of a forward pass, `[n, D]` where nothing else is said.
pub(super) struct Trace<R> {
    x: Vec<R>,
    attention_in: Vec<R>,    // RMSNorm(x)
    projected: Projected<R>, // with their positions
    attended: Attended<R>,
    h: Vec<R>,
    mlp_in: Vec<R>, // RMSNorm(h)
    mlp: swiglu::Trace<R>,
}

impl<R: Real> Block<R> {
    /// Layer number `layer` of a network with these parameters.
    pub(super) fn new(parameters: &Tensors<R>, shape: TransformerShape, layer: usize) -> Self {
        let at = shape.layer(layer);
        let project =
            |i: usize| Projection::new(&parameters[at.attention[i]], shape.hidden_dim, shape.precision);
        Self {
            heads: shape.heads(),
            attention_norm: parameters[at.attention_norm].clone(),
            q: project(0),
            k: project(1),
            v: project(2),
            o: project(3),
            mlp_norm: parameters[at.mlp_norm].clone(),
            mlp: SwiGlu::new(mlp_weights(parameters, &at, shape.precision), shape.hidden_dim),
        }
    }

    /// y of x, and what backward needs.
    pub(super) fn forward(
        &self,
        rotary: &Rotary<R>,
        rows: &Ragged,
        x: Vec<R>,
        masks: Option<&BlockMasks<R>>,
    ) -> (Vec<R>, Trace<R>) {
        let attention_in = rms_norm::forward(&x, &self.attention_norm);
        let projected = self.project(&attention_in, rotary, || rows.positions());
        let attended = attention::forward(self.heads, &rows.lengths, &projected);
        let mut h = self.o.forward(&attended.out);
        if let Some(masks) = masks {
            masks.attention.multiply(rows.places(), &mut h);
        }
        R::axpy(R::of(1.0), &x, &mut h);
        let mlp_in = rms_norm::forward(&h, &self.mlp_norm);
        let (mut y, mlp) = self.mlp.forward(&mlp_in);
        if let Some(masks) = masks {
            masks.mlp.multiply(rows.places(), &mut y);
        }
        R::axpy(R::of(1.0), &h, &mut y);
        (y, Trace { x, attention_in, projected, attended, h, mlp_in, mlp })
    }

    /// y `[rows, D]` of the last position in `cache`, to the bit as [`Self::forward`] has it.
    pub(super) fn step(
        &self,
        rotary: &Rotary<R>,
        (cache, layer, position): (&mut Cache<R>, usize, usize),
        x: Vec<R>,
    ) -> Vec<R> {
        let attention_in = rms_norm::forward(&x, &self.attention_norm);
        let projected = self.project(&attention_in, rotary, || std::iter::repeat(position));
        let mut h = self.o.forward(&cache.attend(layer, &projected));
        R::axpy(R::of(1.0), &x, &mut h);
        let (mut y, _) = self.mlp.forward(&rms_norm::forward(&h, &self.mlp_norm));
        R::axpy(R::of(1.0), &h, &mut y);
        y
    }

    /// Queries, keys and values with their positions.
    fn project<P: Iterator<Item = usize>>(
        &self,
        x: &[R],
        rotary: &Rotary<R>,
        positions: impl Fn() -> P,
    ) -> Projected<R> {
        let width = self.heads.width();
        let (mut queries, mut keys) = (self.q.forward(x), self.k.forward(x));
        [&mut queries, &mut keys].into_iter().for_each(|x| rotary.rotate(x, width, positions()));
        Projected { queries, keys, values: self.v.forward(x) }
    }
}

/// The feed-forward weights of a layer.
fn mlp_weights<'a, R: Real>(
    parameters: &'a Tensors<R>,
    at: &LayerPositions,
    precision: Precision,
) -> swiglu::Weights<'a, R> {
    let [gate, up, down] = at.mlp.map(|i| &parameters[i][..]);
    swiglu::Weights { gate, up, down, precision }
}

/// What a backward pass leaves for the gradients of a layer's weights.
pub(super) struct BlockGradients<R> {
    d_attention_norm: Vec<R>, // [D]
    d_projected: Projected<R>,
    d_o: Vec<R>,        // of the product with o, [n, D]
    d_mlp_norm: Vec<R>, // [D]
    d_inner: InnerGradients<R>,
    d_down: Vec<R>, // of the product with down, [n, D]
}

/// The gradient of x from that of y, and what the gradients of the weights are made of.
pub(super) fn backward<R: Real>(
    (parameters, shape, layer): (&Tensors<R>, TransformerShape, usize),
    rotary: &Rotary<R>,
    rows: &Ragged,
    (trace, masks): (&Trace<R>, &BlockMasks<R>),
    dy: Vec<R>,
) -> (Vec<R>, BlockGradients<R>) {
    let (at, width, precision) = (shape.layer(layer), shape.hidden_dim, shape.precision);
    let mut d_down = dy.clone();
    masks.mlp.multiply(rows.places(), &mut d_down);
    let mlp = mlp_weights(parameters, &at, precision);
    let (d_mlp_in, d_inner) = swiglu::backward(mlp, &trace.mlp, &d_down, width);
    let mut d_mlp_norm = vec![R::default(); width];
    let mut dh = rms_norm::backward(&trace.h, &parameters[at.mlp_norm], &d_mlp_in, &mut d_mlp_norm);
    R::axpy(R::of(1.0), &dy, &mut dh);

    let mut d_o = dh.clone();
    masks.attention.multiply(rows.places(), &mut d_o);
    let [q, k, v, o] = at.attention.map(|i| &parameters[i][..]);
    let d_attended = linear::backward_input(o, &d_o, width, precision);
    let mut d_projected =
        attention::backward(shape.heads(), &rows.lengths, &trace.projected, &trace.attended, &d_attended);
    let Projected { queries, keys, values } = &mut d_projected;
    rotary.rotate_back(queries, width, rows.positions());
    rotary.rotate_back(keys, width, rows.positions());
    let mut d_attention_in = linear::backward_input(q, queries, width, precision);
    for (w, d) in [(k, &*keys), (v, &*values)] {
        R::axpy(R::of(1.0), &linear::backward_input(w, d, width, precision), &mut d_attention_in);
    }
    let mut d_attention_norm = vec![R::default(); width];
    let gain = &parameters[at.attention_norm];
    let mut dx = rms_norm::backward(&trace.x, gain, &d_attention_in, &mut d_attention_norm);
    R::axpy(R::of(1.0), &dh, &mut dx);
    (dx, BlockGradients { d_attention_norm, d_projected, d_o, d_mlp_norm, d_inner, d_down })
}

/// Adds the gradients of the layer's weights.
pub(super) fn add_weight_gradients<R: Real>(
    trace: &Trace<R>,
    of: &BlockGradients<R>,
    (gradients, shape, layer): (&mut Tensors<R>, TransformerShape, usize),
) {
    let (at, width, precision) = (shape.layer(layer), shape.hidden_dim, shape.precision);
    let [attention_norm, mlp_norm] = gradients.at_mut([at.attention_norm, at.mlp_norm]);
    R::axpy(R::of(1.0), &of.d_attention_norm, attention_norm);
    R::axpy(R::of(1.0), &of.d_mlp_norm, mlp_norm);
    let Projected { queries, keys, values } = &of.d_projected;
    let inputs = [&trace.attention_in, &trace.attention_in, &trace.attention_in, &trace.attended.out];
    for ((dw, x), dy) in
        gradients.at_mut(at.attention).into_iter().zip(inputs).zip([queries, keys, values, &of.d_o])
    {
        linear::backward_weights(x, dy, width, precision, dw);
    }
    let [gate, up, down] = gradients.at_mut(at.mlp);
    swiglu::add_weight_gradients(
        (&trace.mlp_in, &trace.mlp),
        (&of.d_down, &of.d_inner),
        (width, precision),
        [gate, up, down],
    );
}
