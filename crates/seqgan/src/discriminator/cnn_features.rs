//! Features of a sequence (SeqGAN, section 3.3): embedding, convolutions of several widths with ReLU and max-over-time
//! pooling, and a highway layer. The discriminator and the ranker use them.

use super::shape::DiscriminatorShape;
use crate::kernel::Real;
use crate::nn::{Gradients, Tensors, conv, embedding, highway};
use crate::rng::Streams;
use crate::token::{Label, SeqBatch, TokenId};
use std::borrow::Cow;

/// The feature layers: a view of a network whose first parameters are `embedding` `[V + C, E]`; `conv_w.i`
/// `[F_i, k_i E]`, `conv_b.i` `[F_i]`; `transform_w` `[F, F]`, `transform_b` `[F]`, `gate_w`, `gate_b`.
pub(crate) struct CnnFeatures<'a, R> {
    shape: &'a DiscriminatorShape,
    parameters: &'a Tensors<R>,
}

/// A batch's forward pass.
pub(crate) struct Forward<R> {
    tokens: Vec<TokenId>,         // [B, T]
    lengths: Vec<usize>,          // [B], ends included
    labels: Vec<Option<TokenId>>, // [B], rows of the embedding table
    x: Vec<R>,                    // [B, T, E]
    pooled: conv::Pooled<R>,
    trace: highway::Trace<R>,
    /// The features, `[B, F]`.
    pub features: Vec<R>,
}

/// Number of sequences that are scored together; bounds memory.
const SCORE_ROWS: usize = 256;

impl<'a, R: Real> CnnFeatures<'a, R> {
    pub(crate) fn new(shape: &'a DiscriminatorShape, parameters: &'a Tensors<R>) -> Self {
        Self { shape, parameters }
    }

    pub(crate) fn shape(&self) -> &'a DiscriminatorShape {
        self.shape
    }

    /// F, number of features.
    pub(crate) fn width(&self) -> usize {
        self.highway_weights().gate_b.len()
    }

    /// Embedding `[E]` of a token in a sequence with a label, which is used if the network has labels.
    pub(crate) fn embedded(&self, token: TokenId, label: Option<Label>) -> Cow<'a, [R]> {
        let dim = self.shape.embedding_dim;
        let row = |i: TokenId| &self.parameters[0][i as usize * dim..][..dim];
        match self.label_row(label) {
            None => Cow::Borrowed(row(token)),
            Some(label) => Cow::Owned(row(token).iter().zip(row(label)).map(|(&x, &y)| x + y).collect()),
        }
    }

    fn label_row(&self, label: Option<Label>) -> Option<TokenId> {
        let known = |label: &Label| (*label as usize) < self.shape.num_labels;
        (self.shape.num_labels > 0).then(|| {
            let label = label.filter(known).expect("every sequence of a network with labels has one of them");
            self.shape.vocab_size as TokenId + label
        })
    }

    pub(crate) fn filters(&self) -> Vec<conv::Filters<'a, R>> {
        let filters = self.shape.filters.iter().enumerate();
        filters
            .map(|(i, &(width, _))| conv::Filters {
                width,
                w: &self.parameters[1 + 2 * i],
                b: &self.parameters[2 + 2 * i],
            })
            .collect()
    }

    pub(crate) fn highway_weights(&self) -> highway::Weights<'a, R> {
        let first = first_of_highway(self.shape);
        highway::Weights {
            transform_w: &self.parameters[first],
            transform_b: &self.parameters[first + 1],
            gate_w: &self.parameters[first + 2],
            gate_b: &self.parameters[first + 3],
        }
    }

    /// Applies `head` to the features `[b, F]` of consecutive parts of the batch, and concatenates the results.
    pub(crate) fn in_parts<T>(&self, batch: &SeqBatch, head: impl Fn(&[R]) -> Vec<T>) -> Vec<T> {
        let parts = (0..batch.len()).step_by(SCORE_ROWS);
        let part = |start| batch.slice(start, SCORE_ROWS.min(batch.len() - start));
        parts.flat_map(|start| head(&self.forward(&part(start)).features)).collect()
    }

    pub(crate) fn forward(&self, batch: &SeqBatch) -> Forward<R> {
        let (length, dim) = (self.shape.max_length, self.shape.embedding_dim);
        let mut tokens = Vec::with_capacity(batch.len() * length);
        let mut lengths = Vec::with_capacity(batch.len());
        let mut x = vec![R::default(); batch.len() * length * dim];
        for (b, row) in batch.rows().enumerate() {
            let begin = tokens.len();
            tokens.extend_from_slice(row);
            tokens.extend(self.shape.end_token.filter(|_| row.len() < length));
            lengths.push(tokens.len() - begin);
            for (at, &token) in tokens[begin..].iter().enumerate() {
                x[(b * length + at) * dim..][..dim].copy_from_slice(&self.embedded(token, batch.label(b)));
            }
            tokens.resize(begin + length, 0);
        }
        let input = conv::Input { x: &x, lengths: &lengths, max_length: length, dim };
        let pooled = conv::forward(input, &self.filters());
        let (features, trace) = highway::forward(&pooled.values, self.highway_weights());
        let labels = (0..batch.len()).map(|b| self.label_row(batch.label(b))).collect();
        Forward { tokens, lengths, labels, x, pooled, trace, features }
    }

    /// Adds the gradients of the layers' parameters, given the gradient `d` `[B, F]` of the features.
    pub(crate) fn backward(&self, forward: &Forward<R>, d: &[R], gradients: &mut Gradients<R>) {
        let (dense, factors) = gradients.parts_mut();
        let Ok([transform_w, gate_w]) = <[_; 2]>::try_from(factors) else {
            unreachable!("as `gradients` makes them")
        };
        let mut lists: Vec<&mut Vec<R>> = dense.iter_mut().map(|t| &mut t.data).collect();
        let first = first_of_highway(self.shape);
        let [_, transform_b, _, gate_b] = &mut lists[first..first + 4] else {
            unreachable!("four highway tensors")
        };
        let highway_gradients = highway::Gradients { transform_w, transform_b, gate_w, gate_b };
        let d = highway::backward(
            &forward.pooled.values,
            self.highway_weights(),
            &forward.trace,
            d,
            highway_gradients,
        );

        let (d_embedding, rest) = lists.split_first_mut().expect("an embedding");
        let filters = self.filters();
        let conv_gradients = rest[..2 * filters.len()]
            .chunks_exact_mut(2)
            .map(|pair| {
                let [w, b] = pair else { unreachable!("pairs") };
                conv::Gradients { w, b }
            })
            .collect();
        let (length, dim) = (self.shape.max_length, self.shape.embedding_dim);
        let input = conv::Input { x: &forward.x, lengths: &forward.lengths, max_length: length, dim };
        let dx = conv::backward(input, &filters, &forward.pooled, &d, conv_gradients);
        for (b, &steps) in forward.lengths.iter().enumerate() {
            let tokens = forward.tokens[b * length..][..steps].iter().copied();
            let dx = &dx[b * length * dim..][..steps * dim];
            embedding::backward(dx, dim, tokens, d_embedding);
            if let Some(label) = forward.labels[b] {
                embedding::backward(dx, dim, std::iter::repeat(label), d_embedding);
            }
        }
    }
}

/// Names and shapes of the parameters.
pub(crate) fn layout(shape: &DiscriminatorShape) -> Vec<(String, Vec<usize>)> {
    let features = shape.filters.iter().map(|f| f.1).sum::<usize>();
    let mut list =
        vec![("embedding".to_string(), vec![shape.vocab_size + shape.num_labels, shape.embedding_dim])];
    for (i, &(width, filters)) in shape.filters.iter().enumerate() {
        list.push((format!("conv_w.{i}"), vec![filters, width * shape.embedding_dim]));
        list.push((format!("conv_b.{i}"), vec![filters]));
    }
    for part in ["transform", "gate"] {
        list.push((format!("{part}_w"), vec![features, features]));
        list.push((format!("{part}_b"), vec![features]));
    }
    list
}

/// Initial parameters of a network with the tensors `layout`, as in the original implementation: embedding U(-1, 1),
/// filters and output truncated N(0, 0.1), their biases 0.1, highway Glorot-uniform with bias 0.
pub(crate) fn initial<R: Real>(layout: Vec<(String, Vec<usize>)>, streams: &Streams) -> Tensors<R> {
    let mut parameters = Tensors::new();
    for (i, (name, sizes)) in layout.into_iter().enumerate() {
        let mut reader = streams.reader(i as u64);
        let n = sizes.iter().product::<usize>();
        let glorot = (6.0 / sizes.iter().sum::<usize>() as f64).sqrt();
        let kind = name.split('.').next().unwrap_or_default().to_string();
        let mut draw = || match kind.as_str() {
            "embedding" => 2.0 * reader.uniform() - 1.0,
            "transform_w" | "gate_w" => glorot * (2.0 * reader.uniform() - 1.0),
            "conv_w" | "output_w" => 0.1 * reader.truncated_normal(),
            "conv_b" | "output_b" => 0.1,
            _ => 0.0,
        };
        parameters.push(name, &sizes, (0..n).map(|_| R::of(draw())).collect());
    }
    parameters
}

/// Zero gradients of a network with these layers. Those of the highway layer are stored as factors.
pub(crate) fn gradients<R: Real>(shape: &DiscriminatorShape, parameters: &Tensors<R>) -> Gradients<R> {
    let first = first_of_highway(shape);
    Gradients::with_factors(parameters, &[first, first + 2])
}

fn first_of_highway(shape: &DiscriminatorShape) -> usize {
    1 + 2 * shape.filters.len()
}
