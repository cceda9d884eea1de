//! A second kind of generator, complete in this file. The model is log-bilinear (Mnih and Hinton, ICML 2007): the embeddings
//! of the last three tokens, a matrix for each position, an output layer. Sequences with labels are refused.

use seqgan::config::GeneratorConfig;
use seqgan::generator::*;
use seqgan::kernel::masks::FORBIDDEN;
use seqgan::nn::softmax::Output;
use seqgan::nn::softmax_gradient::OutputLogits;
use seqgan::nn::{Gradients, Tensor, Tensors, embedding, linear};
use seqgan::rng::Streams;
use seqgan::{Label, SeqBatch, TokenId};
use serde_json::{Value, json};
use std::any::Any;
use std::sync::Arc;

/// Tokens that a decision depends on.
const CONTEXT: usize = 3;

/// The last tokens before a decision, the newest first; start tokens before the first.
type Context = [TokenId; CONTEXT];

/// h = concat(E[y_(t-1)], E[y_(t-2)], E[y_(t-3)]) C + b, logits = h W_out + b_out.
#[derive(Debug, Clone)]
pub struct LogBilinear {
    space: SequenceSpace,
    dim: usize,
    rules: Arc<Rules>,
    parameters: Tensors<f32>,
}

/// Names and sizes of the parameters.
fn layout(space: &SequenceSpace, dim: usize) -> [(&'static str, Vec<usize>); 5] {
    let v = space.vocab_size;
    let matrices = ("c", vec![CONTEXT * dim, dim]);
    [("embedding", vec![v, dim]), matrices, ("b", vec![dim]), ("w_out", vec![dim, v]), ("b_out", vec![v])]
}

impl LogBilinear {
    pub fn new(space: SequenceSpace, dim: usize, std: f64, streams: &Streams) -> Self {
        let mut parameters = Tensors::new();
        for (i, (name, sizes)) in layout(&space, dim).into_iter().enumerate() {
            let mut reader = streams.reader(i as u64);
            let values = (0..sizes.iter().product()).map(|_| (std * reader.normal()) as f32).collect();
            parameters.push(name, &sizes, values);
        }
        Self { rules: Arc::new(Rules::of(&space)), space, dim, parameters }
    }

    fn context(&self, row: &[TokenId], step: usize) -> Context {
        std::array::from_fn(|k| step.checked_sub(k + 1).map_or(self.space.start_token, |at| row[at]))
    }

    fn contexts(&self, inputs: &SeqBatch, positions: &[DecisionIndex]) -> Vec<Context> {
        positions.iter().map(|at| self.context(inputs.row(at.row), at.step)).collect()
    }

    /// The embeddings of contexts, `[n, 3 D]`.
    fn x(&self, contexts: &[Context]) -> Vec<f32> {
        let mut x = Vec::new();
        embedding::forward(&self.parameters[0], self.dim, contexts.iter().flatten().copied(), &mut x);
        x
    }

    /// h `[n, D]` of x `[n, 3 D]`.
    fn h(&self, x: &[f32]) -> Vec<f32> {
        linear::forward(x, &self.parameters[1], &self.parameters[2])
    }

    fn output(&self) -> Output<'_, f32> {
        Output::new(&self.parameters[3], &self.parameters[4], self.rules.masks())
    }
}

impl LogitSource<f32> for LogBilinear {
    fn logits_at<'a>(
        &'a self,
        inputs: &SeqBatch,
        positions: &[DecisionIndex],
    ) -> Box<dyn AuxiliaryLogits<f32> + 'a> {
        let h = self.h(&self.x(&self.contexts(inputs, positions)));
        Box::new(OutputLogits::new(self.output(), h))
    }
}

impl Generator for LogBilinear {
    fn kind(&self) -> &'static str {
        LogBilinearKind.name()
    }

    fn shape(&self) -> Value {
        json!({ "dim": self.dim })
    }

    fn space(&self) -> &SequenceSpace {
        &self.space
    }

    fn rules(&self) -> &Arc<Rules> {
        &self.rules
    }

    fn with_constraint(&self, rules: Arc<Rules>) -> BoxGenerator {
        Box::new(Self { rules, ..self.clone() })
    }

    fn tensors(&self) -> Vec<(String, &Tensor<f32>)> {
        self.parameters.iter().map(|tensor| (tensor.name.clone(), tensor)).collect()
    }

    fn snapshot(&self, temperature: f64) -> Box<dyn InferenceModel> {
        Box::new(Snapshot { model: self.clone(), temperature })
    }

    fn to_trainable(&self) -> Option<BoxTrainable> {
        Some(self.clone_trainable())
    }

    fn clone_generator(&self) -> BoxGenerator {
        Box::new(self.clone())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl TrainableGenerator for LogBilinear {
    fn parameters(&self) -> &Tensors<f32> {
        &self.parameters
    }

    fn parameters_mut(&mut self) -> &mut Tensors<f32> {
        &mut self.parameters
    }

    fn gradients(&self) -> Gradients<f32> {
        Gradients::dense(&self.parameters)
    }

    fn with_parameters(&self, parameters: Tensors<f32>) -> Result<BoxTrainable, String> {
        parameters.check_layout(&layout(&self.space, self.dim))?;
        parameters.check_values()?;
        Ok(Box::new(Self { parameters, ..self.clone() }))
    }

    /// Dropout is the business of a kind of network; this one has none.
    fn accumulate(&self, batch: WeightedBatch<'_>, gradients: &mut Gradients<f32>) -> f64 {
        let WeightedBatch { inputs, targets, weights, auxiliary, .. } = batch;
        let loss = auxiliary.map(|auxiliary| auxiliary.loss);
        let all = matches!(loss, Some(AuxiliaryLoss::ExpectedReward { .. }));
        let (mut positions, mut choices, mut counted) = (Vec::new(), Vec::new(), Vec::new());
        for row in 0..targets.len() {
            let decisions = self.rules.decisions(&self.space, targets.row(row));
            for (step, decision) in decisions.into_iter().enumerate() {
                let weight = weights[row * targets.max_length() + step];
                if decision.allowed && (weight != 0.0 || all) {
                    positions.push(DecisionIndex { row, step });
                    choices.push(decision.choice);
                    counted.push(weight);
                }
            }
        }
        let contexts = self.contexts(inputs, &positions);
        let x = self.x(&contexts);
        let logits = auxiliary.map(|auxiliary| auxiliary.source.logits_at(inputs, &positions));
        let other = logits.as_deref().zip(loss);
        let [d_embedding, dc, db, dw_out, db_out] = gradients.parts_mut().0.slices_mut();
        let (loss, _, dh) =
            self.output().weighted_gradient(&self.h(&x), &choices, other, &counted, dw_out, db_out);
        let dx = linear::backward(&x, &self.parameters[1], &dh, dc, db);
        embedding::backward(&dx, self.dim, contexts.into_iter().flatten(), d_embedding);
        loss
    }

    fn into_generator(self: Box<Self>) -> BoxGenerator {
        self
    }

    fn clone_trainable(&self) -> BoxTrainable {
        Box::new(self.clone())
    }
}

struct Snapshot {
    model: LogBilinear,
    temperature: f64,
}

impl InferenceModel for Snapshot {
    fn space(&self) -> &SequenceSpace {
        &self.model.space
    }

    fn rules(&self) -> &Rules {
        &self.model.rules
    }

    fn decoder(&self) -> Box<dyn Decoder + '_> {
        Box::new(ContextDecoder { snapshot: self, contexts: Vec::new() })
    }

    fn log_prob(&self, batch: &SeqBatch) -> Vec<f32> {
        logits::log_prob(&self.model, self.space(), self.rules(), self.temperature, batch)
    }
}

/// The state of a row is its last three tokens.
struct ContextDecoder<'a> {
    snapshot: &'a Snapshot,
    contexts: Vec<Context>,
}

impl Decoder for ContextDecoder<'_> {
    fn start(&mut self, rows: usize, labels: &[Label]) {
        assert!(labels.is_empty(), "no labels");
        self.contexts = vec![[self.snapshot.model.space.start_token; CONTEXT]; rows];
    }

    fn step(&mut self, tokens: &[TokenId]) {
        assert_eq!(tokens.len(), self.contexts.len(), "a token a row");
        for (context, &token) in self.contexts.iter_mut().zip(tokens) {
            context.rotate_right(1);
            context[0] = token;
        }
    }

    fn fork(&mut self, row: usize, n: usize) {
        self.contexts.extend(vec![self.contexts[row]; n]);
    }

    fn retain(&mut self, rows: &[usize]) {
        self.contexts = rows.iter().map(|&row| self.contexts[row]).collect();
    }

    fn logits(&self, rows: &[usize], mask: u32) -> Vec<f32> {
        let Snapshot { model, temperature } = self.snapshot;
        let contexts: Vec<Context> = rows.iter().map(|&row| self.contexts[row]).collect();
        let h = model.h(&model.x(&contexts));
        let mut logits = linear::forward(&h, &model.parameters[3], &model.parameters[4]);
        logits.iter_mut().for_each(|logit| *logit /= *temperature as f32);
        logits.chunks_exact_mut(model.space.vocab_size).for_each(|row| model.rules.forbid(mask, row));
        assert!(logits.iter().all(|&logit| logit >= FORBIDDEN as f32));
        logits
    }
}

/// Its entry in the registry.
pub struct LogBilinearKind;

impl GeneratorKind for LogBilinearKind {
    fn name(&self) -> &'static str {
        "log-bilinear"
    }

    fn build(
        &self,
        space: &SequenceSpace,
        config: &GeneratorConfig,
        std: f64,
        streams: &Streams,
    ) -> Result<BoxTrainable, String> {
        match space.num_labels() {
            0 => Ok(Box::new(LogBilinear::new(space.clone(), config.embedding_dim, std, streams))),
            _ => Err("another kind for sequences with labels".into()),
        }
    }

    fn restore(
        &self,
        space: SequenceSpace,
        shape: &Value,
        tensors: &[Tensor<f32>],
    ) -> Result<BoxGenerator, String> {
        let dim = shape["dim"].as_u64().filter(|dim| (1..=4096).contains(dim));
        let dim = dim.ok_or("its dim is no number from 1 to 4096")? as usize;
        let parameters = in_order(tensors, layout(&space, dim).map(|(name, _)| name))?;
        parameters.check_layout(&layout(&space, dim))?;
        parameters.check_values()?;
        Ok(Box::new(Self::with(space, dim, parameters)))
    }
}

impl LogBilinearKind {
    fn with(space: SequenceSpace, dim: usize, parameters: Tensors<f32>) -> LogBilinear {
        LogBilinear { rules: Arc::new(Rules::of(&space)), space, dim, parameters }
    }
}
