//! Single layers, Adam and the clip.

use super::Precision;
use super::reference::{Reference, transposed};
use crate::closeness::{assert_close, assert_number};
use crate::lstm_pass::backward;
use seqgan::kernel::Masks;
use seqgan::kernel::Real;
use seqgan::nn::adam::{Adam, AdamConfig};
use seqgan::nn::clip::clip_global_norm;
use seqgan::nn::gradients::Factors;
use seqgan::nn::softmax::{Choice, Output};
use seqgan::nn::{Gradients, Tensors, conv, embedding, highway, linear, lstm};

/// One case of the file; names are given without the case's own.
struct Case(Reference, &'static str);

impl Case {
    fn new(name: &'static str) -> Self {
        Self(Reference::read("layers"), name)
    }

    fn name(&self, name: &str) -> String {
        format!("{}.{name}", self.1)
    }

    fn values<R: Real>(&self, name: &str) -> Vec<R> {
        self.0.values(&self.name(name))
    }

    fn zeros<R: Real>(&self, name: &str) -> Vec<R> {
        vec![R::default(); self.values::<R>(name).len()]
    }

    /// A matrix in this crate's layout, `[in, out]`.
    fn turned<R: Real>(&self, name: &str) -> Vec<R> {
        transposed(&self.values(name), self.0.shape(&self.name(name))[1])
    }

    fn check<R: Precision>(&self, name: &str, got: &[R]) {
        assert_close(&self.name(name), got, &self.0.floats(&self.name(name)), R::TOLERANCE);
    }

    fn check_turned<R: Precision>(&self, name: &str, got: &[R]) {
        let want = self.turned::<f64>(name);
        assert_close(&self.name(name), got, &want, R::TOLERANCE);
    }
}

fn linear_layer<R: Precision>() {
    let c = Case::new("linear");
    let (x, w, b) = (c.values::<R>("x"), c.turned("w"), c.values("b"));
    c.check("y", &linear::forward(&x, &w, &b));
    let (mut dw, mut db) = (c.zeros::<R>("w"), c.zeros("b"));
    c.check("grad.x", &linear::backward(&x, &w, &c.values("d_y"), &mut dw, &mut db));
    c.check_turned("grad.w", &dw);
    c.check("grad.b", &db);
}

fn highway_layer<R: Precision>() {
    let c = Case::new("highway");
    let (x, transform_w, gate_w) = (c.values::<R>("x"), c.turned("transform_w"), c.turned("gate_w"));
    let (transform_b, gate_b) = (c.values("transform_b"), c.values("gate_b"));
    let weights = highway::Weights {
        transform_w: &transform_w,
        transform_b: &transform_b,
        gate_w: &gate_w,
        gate_b: &gate_b,
    };
    let (y, trace) = highway::forward(&x, weights);
    c.check("y", &y);
    let [mut dtb, mut dgb] = ["transform_b", "gate_b"].map(|name| c.zeros::<R>(name));
    let [mut dtw, mut dgw] = [(); 2].map(|()| Factors::zero(dtb.len(), dtb.len()));
    let to = highway::Gradients {
        transform_w: &mut dtw,
        transform_b: &mut dtb,
        gate_w: &mut dgw,
        gate_b: &mut dgb,
    };
    c.check("grad.x", &highway::backward(&x, weights, &trace, &c.values("d_y"), to));
    c.check_turned("grad.transform_w", &dtw.to_vec());
    c.check("grad.transform_b", &dtb);
    c.check_turned("grad.gate_w", &dgw.to_vec());
    c.check("grad.gate_b", &dgb);
}

fn conv_max_layer<R: Precision>() {
    let c = Case::new("conv_max");
    let (x, w, b) = (c.values::<R>("x"), c.values("w"), c.values("b"));
    let lengths = c.0.integers("conv_max.lengths");
    let input = conv::Input { x: &x, lengths: &lengths, max_length: 5, dim: 2 };
    let filters = [conv::Filters { width: 3, w: &w, b: &b }];
    let pooled = conv::forward(input, &filters);
    c.check("y", &pooled.values);
    let (mut dw, mut db) = (c.zeros::<R>("w"), c.zeros("b"));
    let to = vec![conv::Gradients { w: &mut dw, b: &mut db }];
    c.check("grad.x", &conv::backward(input, &filters, &pooled, &c.values("d_y"), to));
    c.check("grad.w", &dw);
    c.check("grad.b", &db);
}

/// The library's softmax sits on an output layer; with the unit matrix the layer's input is the logits.
fn softmax_layer<R: Precision>() {
    let c = Case::new("softmax_cross_entropy");
    let vocab = 7;
    let unit: Vec<R> = (0..vocab * vocab).map(|i| R::of(f64::from(u8::from(i % (vocab + 1) == 0)))).collect();
    let zero = vec![R::default(); vocab];
    let masks = Masks::new(vec![vec![]]);
    let output = Output::new(&unit, &zero, &masks);
    let targets = c.0.integers("softmax_cross_entropy.target");
    let choices: Vec<_> = targets.iter().map(|&t| Choice { token: t as u32, mask: 0 }).collect();
    let (mut dw, mut db) = (vec![R::default(); vocab * vocab], vec![R::default(); vocab]);
    let (logits, weight) = (c.values("logits"), c.values("weight"));
    let (loss, log_prob, d_logits) = output.weighted_nll(&logits, &choices, &weight, &mut dw, &mut db);
    c.check("log_prob", &log_prob);
    c.check("log_prob", &output.log_prob(&logits, &choices).0);
    c.check("loss", &[R::of(loss)]);
    c.check("grad.logits", &d_logits);
}

/// Batch-major in the file, time-major in the library; each row is run alone, so that the two agree.
fn lstm_layer<R: Precision>() {
    let c = Case::new("lstm");
    let (x, w, u, b) = (c.values::<R>("x"), c.values("w"), c.values("u"), c.values("b"));
    let weights = lstm::Weights { w: &w, u: &u, b: &b, blocks: &[], precision: Default::default() };
    let (mut h, mut cells, mut dx) = (Vec::new(), Vec::new(), Vec::new());
    let (mut dw, mut du, mut db) = (c.zeros::<R>("w"), c.zeros::<R>("u"), c.zeros::<R>("b"));
    for (x, d_h) in x.chunks(4 * 3).zip(c.values::<R>("d_h").chunks(4 * 5)) {
        let trace = lstm::Layer::new(weights).forward(lstm::Steps::equal(1, 4), x.to_vec());
        h.extend_from_slice(trace.hidden());
        let inference = lstm::Inference::new(weights);
        let mut state = lstm::State::zero(1, 5);
        for (t, x) in x.chunks(3).enumerate() {
            inference.step(x, &mut state, &mut lstm::Scratch::default());
            cells.extend_from_slice(&state.c);
            assert_eq!(state.h, trace.hidden()[t * 5..][..5], "a single step and the whole pass");
        }
        let [part_w, part_u, part_b, part_dx] = backward(weights, &trace, d_h);
        dx.extend(part_dx);
        for (sum, part) in [(&mut dw, part_w), (&mut du, part_u), (&mut db, part_b)] {
            sum.iter_mut().zip(part).for_each(|(s, p)| *s += p);
        }
    }
    for (name, got) in
        [("h", h), ("c", cells), ("grad.x", dx), ("grad.w", dw), ("grad.u", du), ("grad.b", db)]
    {
        c.check(name, &got);
    }
}

fn embedding_layer<R: Precision>() {
    let c = Case::new("embedding");
    let tokens = c.0.integers("embedding.tokens");
    let tokens = || tokens.iter().map(|&t| t as u32);
    let (mut y, mut dw) = (Vec::new(), c.zeros::<R>("w"));
    embedding::forward(&c.values::<R>("w"), 3, tokens(), &mut y);
    c.check("y", &y);
    embedding::backward(&c.values("d_y"), 3, tokens(), &mut dw);
    c.check("grad.w", &dw);
}

fn tensors<R: Real>(lists: &[Vec<R>]) -> Tensors<R> {
    let mut tensors = Tensors::new();
    lists.iter().enumerate().for_each(|(i, x)| tensors.push(i.to_string(), &[x.len()], x.clone()));
    tensors
}

/// The seven numbers stand five times side by side, so that whole vectors of the fast update are used too.
fn adam<R: Precision>() {
    let c = Case::new("adam");
    for (name, decay) in [("after", 0.0), ("after_weight_decay", c.0.number("adam.weight_decay"))] {
        let mut parameters = tensors(&[c.values::<R>("start").repeat(5)]);
        let mut adam = Adam::new(AdamConfig::default(), &parameters);
        let mut after = Vec::new();
        for g in c.values::<R>("grads").chunks(7) {
            let mut g = g.repeat(5);
            g.iter_mut().zip(&parameters[0]).for_each(|(g, &w)| *g += R::of(decay) * w);
            adam.apply(&mut parameters, &tensors(&[g]).into(), 0.01);
            after.extend_from_slice(&parameters[0]);
        }
        let want: Vec<f64> = c.values::<f64>(name).chunks(7).flat_map(|row| row.repeat(5)).collect();
        assert_close(&c.name(name), &after, &want, R::TOLERANCE);
    }
}

fn clip<R: Precision>() {
    let c = Case::new("clip");
    for case in ["low", "high"] {
        let mut gradients = Gradients::from(tensors(&[c.values::<R>("a"), c.values("b")]));
        let (norm, limit) = (c.0.number("clip.norm"), c.0.number(&format!("clip.{case}.max_norm")));
        // PyTorch divides by norm + 1e-6.
        let got = clip_global_norm(&mut gradients, limit * norm / (norm + 1e-6));
        assert_number("clip.norm", got, norm, R::TOLERANCE);
        let gradients = gradients.to_tensors();
        c.check(&format!("{case}.a"), &gradients[0]);
        c.check(&format!("{case}.b"), &gradients[1]);
    }
}

/// A test of each function in both number types.
macro_rules! in_both_types {
    ($($name:ident $function:ident)*) => {$(
        #[test]
        fn $name() {
            $function::<f64>();
            $function::<f32>();
        }
    )*};
}

in_both_types! {
    linear_agrees linear_layer
    highway_agrees highway_layer
    conv_max_agrees conv_max_layer
    softmax_cross_entropy_agrees softmax_layer
    lstm_agrees lstm_layer
    embedding_agrees embedding_layer
    adam_agrees adam
    clip_agrees clip
}
