//! The LSTM generator: embedding, LSTM, output layer; parameters and their gradients.

use super::Rules;
use super::rules::Decision;
use crate::kernel::Real;
use crate::nn::lstm::{self, Steps};
use crate::nn::softmax::{Choice, Output, TokenStatistics};
use crate::nn::softmax_gradient::{Beside, Role};
use crate::nn::{Gradients, Tensors, embedding};
use crate::rng::Streams;
use crate::token::{Label, SeqBatch, TokenId};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::sync::Arc;

/// What fixes the sizes and the rules of a generator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GeneratorShape {
    /// V.
    pub vocab_size: usize,
    /// E.
    pub embedding_dim: usize,
    /// H.
    pub hidden_dim: usize,
    /// T.
    pub max_length: usize,
    /// The input before the first token.
    pub start_token: TokenId,
    /// The token that ends a sequence; none if all sequences have length T.
    pub end_token: Option<TokenId>,
    /// Tokens that are never chosen: probability zero, the others renormalised.
    pub never: Vec<TokenId>,
    /// Whether a sequence may have no token at all.
    pub allow_empty: bool,
    /// Where sequences have labels: how many training sequences have each. A sequence is made by its label, whose own
    /// vector is added to every input; without another wish labels are drawn with these frequencies.
    #[serde(default)]
    pub label_counts: Vec<u64>,
}

impl GeneratorShape {
    /// Number of labels, C; 0 where sequences have none.
    pub fn num_labels(&self) -> usize {
        self.label_counts.len()
    }

    /// The row of the embedding table that holds a label's vector: behind those of the tokens.
    pub(crate) fn label_row(&self, label: Label) -> TokenId {
        assert!((label as usize) < self.num_labels(), "label {label} of {}", self.num_labels());
        self.vocab_size as TokenId + label
    }

    /// Whether there can be a network of this shape; the error says what is wrong. A file may hold any numbers, and a
    /// product of two may be too large for a number.
    pub(crate) fn check(&self) -> Result<(), String> {
        const LONGEST: usize = 2048;
        const MOST_LABELS: usize = 1000;
        let v = self.vocab_size;
        if !(1..=MOST_WIDE).contains(&v) {
            return Err(format!("its vocabulary is {v}, expected 1 to {MOST_WIDE}"));
        }
        for (name, size) in [("embedding_dim", self.embedding_dim), ("hidden_dim", self.hidden_dim)] {
            if !(1..=MOST_WIDE).contains(&size) {
                return Err(format!("its {name} is {size}, expected 1 to {MOST_WIDE}"));
            }
        }
        let known = |token: &TokenId| (*token as usize) < v;
        if !known(&self.start_token) || !self.end_token.iter().chain(&self.never).all(known) {
            return Err(format!("its rules name a token outside the vocabulary of {v}"));
        }
        if !(1..=LONGEST).contains(&self.max_length) {
            return Err(format!("its longest sequence is {}, expected 1 to {LONGEST}", self.max_length));
        }
        if self.num_labels() > MOST_LABELS {
            return Err(format!("it has {} labels, expected {MOST_LABELS} at most", self.num_labels()));
        }
        let sequences = self.label_counts.iter().try_fold(0u64, |sum, &count| sum.checked_add(count));
        if self.num_labels() > 0 && sequences.is_none_or(|sequences| sequences == 0) {
            return Err("its labels have no frequencies".into());
        }
        Ok(())
    }

    /// Tokens that can't be a sequence's first, besides `never`.
    pub fn never_first(&self) -> Vec<TokenId> {
        self.end_token.filter(|_| !self.allow_empty).into_iter().collect()
    }
}

/// Most tokens, and most units of a layer.
const MOST_WIDE: usize = 1 << 25;

/// Positions of the parameters in their list.
pub(super) mod parameter {
    pub const EMBEDDING: usize = 0;
    pub const W: usize = 1;
    pub const U: usize = 2;
    pub const B: usize = 3;
    pub const W_OUT: usize = 4;
    pub const B_OUT: usize = 5;
}
use parameter::*;

/// An LSTM language model over tokens: `embedding` `[V + C, E]`, `w` `[E, 4H]`, `u` `[H, 4H]`, `b` `[4H]` (gates i, f,
/// o, c), `w_out` `[H, V]`, `b_out` `[V]`.
#[derive(Debug, Clone)]
pub struct LstmGenerator<R = f32> {
    shape: GeneratorShape,
    rules: Arc<Rules>,
    parameters: Tensors<R>,
    /// Of an ensemble its members; empty or one block otherwise.
    blocks: Vec<lstm::Block>,
}

/// A generator whose logits another is trained by, and what they are to it: a teacher's distributions (Hinton et al.,
/// 2015), or what each token earns.
#[derive(Debug, Clone, Copy)]
pub struct Guide<'a, R = f32> {
    /// Of the same vocabulary and rules; of any width.
    pub generator: &'a LstmGenerator<R>,
    /// What its logits mean.
    pub role: Role<R>,
}

/// Sequences a task runs through the LSTM together; fixed, so that sums do not depend on the threads.
const ROWS: usize = 16;

impl<R: Real> LstmGenerator<R> {
    /// All parameters from N(0, `std`).
    pub fn new(shape: GeneratorShape, std: f64, streams: &Streams) -> Self {
        let mut parameters = Tensors::new();
        for (i, (name, sizes)) in layout(&shape).into_iter().enumerate() {
            let mut reader = streams.reader(i as u64);
            let n = sizes.iter().product();
            parameters.push(name, &sizes, (0..n).map(|_| R::of(std * reader.normal())).collect());
        }
        Self { rules: Arc::new(Rules::of(&shape)), shape, parameters, blocks: Vec::new() }
    }

    /// A generator with given parameters, which must have the names and sizes of [`LstmGenerator`] and no
    /// value whose products overflow; the error names the first that has not.
    pub fn from_parameters(shape: GeneratorShape, parameters: Tensors<R>) -> Result<Self, String> {
        let blocks = blocks(&shape, &parameters)?;
        Ok(Self { rules: Arc::new(Rules::of(&shape)), shape, parameters, blocks })
    }

    /// Other parameters with the same shape and rules.
    pub fn with_parameters(&self, parameters: Tensors<R>) -> Result<Self, String> {
        let blocks = blocks(&self.shape, &parameters)?;
        Ok(Self { shape: self.shape.clone(), rules: Arc::clone(&self.rules), parameters, blocks })
    }

    /// The same parameters under a constraint: sampling, completion and likelihood follow it alike.
    pub fn with_constraint(self, rules: Arc<Rules>) -> Self {
        Self { rules, ..self }
    }

    /// The same rules, to be shared.
    pub(super) fn shared_rules(&self) -> Arc<Rules> {
        Arc::clone(&self.rules)
    }

    /// Which tokens may follow which beginning.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// What the data fix.
    pub fn space(&self) -> &GeneratorShape {
        &self.shape
    }

    /// A copy that can be trained.
    pub fn to_trainable(&self) -> Option<Self> {
        Some(self.clone())
    }

    /// The generator, when its training has ended.
    pub fn into_generator(self) -> Self {
        self
    }

    /// Sizes and rules.
    pub fn shape(&self) -> &GeneratorShape {
        &self.shape
    }

    /// The parameters.
    pub fn parameters(&self) -> &Tensors<R> {
        &self.parameters
    }

    /// The parameters, to be changed. What an ensemble is made of is not known of it any more.
    pub fn parameters_mut(&mut self) -> &mut Tensors<R> {
        self.blocks.clear();
        &mut self.parameters
    }

    /// Multiplies all logits.
    pub(super) fn scale_logits(&mut self, factor: R) {
        for i in [W_OUT, B_OUT] {
            self.parameters[i].iter_mut().for_each(|x| *x *= factor);
        }
    }

    /// Zero gradients of the parameters.
    pub fn gradients(&self) -> Gradients<R> {
        Gradients::dense(&self.parameters)
    }

    pub(super) fn lstm_weights(&self) -> lstm::Weights<'_, R> {
        let [w, u, b] = [W, U, B].map(|i| &self.parameters[i][..]);
        lstm::Weights { w, u, b, blocks: &self.blocks }
    }

    /// Adds to `gradients` the gradient of  sum_{b,t} -weights[b, t] log p(decision t of row b)  and returns that
    /// sum. `weights` is `[B, T]`; those behind a row's last decision are not read, and decisions without
    /// probability count as weight zero.
    pub fn accumulate(&self, batch: &SeqBatch, weights: &[R], gradients: &mut Gradients<R>) -> f64 {
        self.accumulate_from(batch, batch, None, weights, gradients)
    }

    /// The same beside a guide. With a teacher the sum is that of the cross-entropies; expected_reward count for every decision,
    /// those of weight zero too ([`Role::ExpectedReward`]).
    pub fn accumulate_with(
        &self,
        batch: &SeqBatch,
        guide: Guide<'_, R>,
        weights: &[R],
        gradients: &mut Gradients<R>,
    ) -> f64 {
        self.accumulate_from(batch, batch, Some(guide), weights, gradients)
    }

    /// The same with the LSTM's inputs taken from `inputs`, whose rows have the lengths of `batch`, and a guide if there
    /// is one.
    pub fn accumulate_from(
        &self,
        inputs: &SeqBatch,
        batch: &SeqBatch,
        guide: Option<Guide<'_, R>>,
        weights: &[R],
        gradients: &mut Gradients<R>,
    ) -> f64 {
        let fed = inputs;
        assert_eq!(weights.len(), batch.len() * batch.max_length(), "a weight a decision");
        let (hidden, dim) = (self.shape.hidden_dim, self.shape.embedding_dim);
        let starts: Vec<usize> = (0..batch.len()).step_by(ROWS).collect();
        let chunks: Vec<_> = starts
            .par_iter()
            .map(|&start| {
                let rows = start..(start + ROWS).min(batch.len());
                let steps = self.steps(batch, rows.clone());
                let inputs = self.inputs(fed, rows.start, &steps);
                let x = self.embed(&inputs, batch, rows.start, &steps);
                (rows, inputs, lstm::forward(self.lstm_weights(), steps, x))
            })
            .collect();

        // What the guide makes of the same places.
        let guided: Option<Vec<_>> = guide.map(|Guide { generator, .. }| {
            let inference = lstm::Inference::new(generator.lstm_weights());
            let of_rows = |(rows, inputs, trace): &(Range<usize>, Vec<TokenId>, lstm::Trace<R>)| {
                let x = generator.embed(inputs, batch, rows.start, trace.steps());
                inference.states(trace.steps(), &x)
            };
            chunks.par_iter().map(of_rows).collect()
        });

        // Decisions that count, and where their h stands: chunk and place.
        let (mut choices, mut counted, mut places, mut h) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut guide_h = Vec::new();
        let all_count = guide.is_some_and(|guide| matches!(guide.role, Role::ExpectedReward { .. }));
        for (chunk, (rows, _, trace)) in chunks.iter().enumerate() {
            let decisions = self.decisions(batch, rows.clone());
            for (place, (t, r)) in trace.steps().places().enumerate() {
                let weight = weights[(rows.start + r) * batch.max_length() + t];
                let decision = decisions[r][t];
                if (weight == R::default() && !all_count) || !decision.allowed {
                    continue;
                }
                choices.push(decision.choice);
                counted.push(weight);
                places.push((chunk, place));
                h.extend_from_slice(&trace.hidden()[place * hidden..(place + 1) * hidden]);
                if let (Some(Guide { generator, .. }), Some(guided)) = (guide, &guided) {
                    let wide = generator.shape.hidden_dim;
                    guide_h.extend_from_slice(&guided[chunk][place * wide..(place + 1) * wide]);
                }
            }
        }

        let [d_embedding, dw, du, db, dw_out, db_out] = gradients.parts_mut().0.slices_mut();
        let beside =
            guide.map(|Guide { generator, role }| (Beside { output: generator.output(), h: &guide_h }, role));
        let (loss, _, dh) = self.output().weighted_gradient(&h, &choices, beside, &counted, dw_out, db_out);
        let mut d_hidden: Vec<Vec<R>> =
            chunks.iter().map(|(_, _, trace)| vec![R::default(); trace.hidden().len()]).collect();
        for (&(chunk, place), dh) in places.iter().zip(dh.chunks_exact(hidden)) {
            d_hidden[chunk][place * hidden..(place + 1) * hidden].copy_from_slice(dh);
        }
        let parts: Vec<_> = chunks
            .par_iter()
            .zip(&d_hidden)
            .map(|((_, _, trace), dh)| lstm::backward(self.lstm_weights(), trace, dh))
            .collect();
        for ((rows, inputs, trace), (part, dx)) in chunks.iter().zip(parts) {
            R::axpy(R::of(1.0), &part.w, dw);
            R::axpy(R::of(1.0), &part.u, du);
            R::axpy(R::of(1.0), &part.b, db);
            embedding::backward(&dx, dim, inputs.iter().copied(), d_embedding);
            if let Some(labels) = self.label_rows(batch, rows.start, trace.steps()) {
                embedding::backward(&dx, dim, labels.into_iter(), d_embedding);
            }
        }
        loss
    }

    /// A step a decision of these rows.
    fn steps(&self, batch: &SeqBatch, rows: Range<usize>) -> Steps {
        let has_end = self.shape.end_token.is_some();
        Steps::of(&rows.map(|b| batch.steps(b, has_end)).collect::<Vec<_>>())
    }

    /// The decisions of each of these rows.
    fn decisions(&self, batch: &SeqBatch, rows: Range<usize>) -> Vec<Vec<Decision>> {
        rows.map(|b| self.rules.decisions(&self.shape, batch.row(b))).collect()
    }

    /// Input of the LSTM at each place of the rows from `first`: the start token, then each row's tokens.
    fn inputs(&self, batch: &SeqBatch, first: usize, steps: &Steps) -> Vec<TokenId> {
        let input = |(t, r)| match t {
            0 => self.shape.start_token,
            t => batch.row(first + r)[t - 1],
        };
        steps.places().map(input).collect()
    }

    /// The LSTM's inputs as vectors, `[n, E]`.
    fn embed(&self, inputs: &[TokenId], batch: &SeqBatch, first: usize, steps: &Steps) -> Vec<R> {
        let (table, dim) = (&self.parameters[EMBEDDING], self.shape.embedding_dim);
        let mut x = Vec::with_capacity(inputs.len() * dim);
        embedding::forward(table, dim, inputs.iter().copied(), &mut x);
        if let Some(labels) = self.label_rows(batch, first, steps) {
            embedding::add(table, dim, labels.into_iter(), &mut x);
        }
        x
    }

    /// The row of the embedding table that holds its label's vector, for each place.
    fn label_rows(&self, batch: &SeqBatch, first: usize, steps: &Steps) -> Option<Vec<TokenId>> {
        let label = |r| batch.label(first + r).expect("every sequence of a model with labels has one");
        let row = |(_, r)| self.shape.label_row(label(r));
        (self.shape.num_labels() > 0).then(|| steps.places().map(row).collect())
    }

    fn output(&self) -> Output<'_, R> {
        Output { w: &self.parameters[W_OUT], b: &self.parameters[B_OUT], masks: self.rules.masks() }
    }

    /// log p of each decision, `[B, T]`, zero behind each row's last decision.
    pub fn log_prob(&self, batch: &SeqBatch) -> Vec<R> {
        self.of_decisions(batch, |output, h, choices| output.log_prob(h, choices).0)
    }

    /// How each decision looks to the model, `[B, T]`, zero behind each row's last decision.
    pub fn token_statistics(&self, batch: &SeqBatch) -> Vec<TokenStatistics> {
        self.of_decisions(batch, |output, h, choices| output.token_statistics(h, choices))
    }

    /// Something of each decision, `[B, T]`, the default behind each row's last decision.
    fn of_decisions<X: Clone + Default + Send>(
        &self,
        batch: &SeqBatch,
        of: impl Fn(&Output<'_, R>, &[R], &[Choice]) -> Vec<X> + Sync,
    ) -> Vec<X> {
        let length = batch.max_length();
        let output = self.output();
        let inference = lstm::Inference::new(self.lstm_weights());
        let mut result = vec![X::default(); batch.len() * length];
        result.par_chunks_mut((ROWS * length).max(1)).enumerate().for_each(|(chunk, result)| {
            let rows = chunk * ROWS..(chunk * ROWS + ROWS).min(batch.len());
            let steps = self.steps(batch, rows.clone());
            let x = self.embed(&self.inputs(batch, rows.start, &steps), batch, rows.start, &steps);
            let h = inference.states(&steps, &x);
            let decisions = self.decisions(batch, rows);
            let choices: Vec<_> = steps.places().map(|(t, r)| decisions[r][t].choice).collect();
            for ((t, r), x) in steps.places().zip(of(&output, &h, &choices)) {
                result[r * length + t] = x;
            }
        });
        result
    }
}

/// The blocks of given parameters, once these are known to be a generator's.
fn blocks<R: Real>(shape: &GeneratorShape, parameters: &Tensors<R>) -> Result<Vec<lstm::Block>, String> {
    parameters.check_layout(&layout(shape))?;
    parameters.check_values()?;
    Ok(lstm::find_blocks(&parameters[W], &parameters[U], shape.hidden_dim))
}

/// Names and shapes of the parameters.
fn layout(shape: &GeneratorShape) -> [(&'static str, Vec<usize>); 6] {
    let (v, e, h) = (shape.vocab_size, shape.embedding_dim, shape.hidden_dim);
    [
        ("embedding", vec![v + shape.num_labels(), e]),
        ("w", vec![e, 4 * h]),
        ("u", vec![h, 4 * h]),
        ("b", vec![4 * h]),
        ("w_out", vec![h, v]),
        ("b_out", vec![v]),
    ]
}
