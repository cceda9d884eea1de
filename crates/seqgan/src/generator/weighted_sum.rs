//! A weighted sum of the logits of generators, as one generator.
//!
//! Its distribution is the normalised product of theirs, each to the power of its weight (a product of experts). With equal
//! weights that sum to 1 it is an ensemble by the geometric mean. Generators of one kind may compute it faster by
//! themselves ([`Generator::weighted`]).

use super::{
    AuxiliaryLogits, BoxGenerator, BoxTrainable, DecisionIndex, Decoder, Generator, GeneratorHeader,
    InferenceModel, LogitSource, Rules, SequenceSpace, logits,
};
use crate::nn::Tensor;
use crate::token::{Label, SeqBatch, TokenId};
use serde_json::{Value, json};
use std::any::Any;
use std::ops::Range;
use std::sync::Arc;

/// The generator whose logits are the sum of weight times logits of `parts`, which share a space, under the rules of the
/// first.
///
/// # Panics
/// If there is no part, or two spaces differ.
pub fn weighted(parts: &[(&dyn Generator, f64)]) -> BoxGenerator {
    let fast = parts[0].0.weighted(parts);
    fast.unwrap_or_else(|| Box::new(WeightedSum::new(parts)))
}

/// The ensemble of generators by the geometric mean of their distributions, under the rules of the first.
///
/// # Panics
/// If there is no member, or two spaces differ.
pub fn ensemble(members: &[BoxGenerator]) -> BoxGenerator {
    let share = 1.0 / members.len() as f64;
    weighted(&members.iter().map(|member| (&**member, share)).collect::<Vec<_>>())
}

/// A generator whose logits are a weighted sum of those of other generators of any kind. It has no parameters of its own to
/// train.
#[derive(Debug, Clone)]
pub struct WeightedSum {
    parts: Vec<(BoxGenerator, f64)>,
    rules: Arc<Rules>,
}

impl WeightedSum {
    /// Its kind in files.
    pub const KIND: &'static str = "weighted-sum";

    /// The sum of weight times logits of `parts`, under the rules of the first.
    ///
    /// # Panics
    /// If there is no part, or two spaces differ.
    pub fn new(parts: &[(&dyn Generator, f64)]) -> Self {
        let (first, _) = parts.first().expect("a part or more");
        assert!(parts.iter().all(|(part, _)| part.space() == first.space()), "parts of one space");
        let parts: Vec<_> = parts.iter().map(|(part, weight)| (part.clone_generator(), *weight)).collect();
        let rules = Arc::clone(first.rules());
        Self { parts, rules: Arc::clone(&rules) }.constrained(rules)
    }

    /// The parts follow the same rules, because masks are known by number.
    fn constrained(&self, rules: Arc<Rules>) -> Self {
        let part = |(part, weight): &(BoxGenerator, f64)| (part.with_constraint(Arc::clone(&rules)), *weight);
        Self { parts: self.parts.iter().map(part).collect(), rules }
    }

    /// The sum that a file describes by `shape` and the tensors of all parts.
    pub(super) fn restore(
        space: &SequenceSpace,
        shape: &Value,
        tensors: &[Tensor<f32>],
    ) -> Result<BoxGenerator, String> {
        let entries = shape["parts"].as_array().filter(|entries| !entries.is_empty());
        let entries = entries.ok_or("a weighted sum without parts")?;
        let restore = |(i, entry): (usize, &Value)| {
            let weight = entry["weight"].as_f64().ok_or_else(|| format!("part {i} has no weight"))?;
            let kind = entry["kind"].as_str().ok_or_else(|| format!("part {i} has no kind"))?;
            let header =
                GeneratorHeader { kind: kind.into(), space: space.clone(), shape: entry["shape"].clone() };
            let prefix = part_prefix(i);
            let own = |tensor: &Tensor<f32>| {
                let name = tensor.name.strip_prefix(&prefix)?.to_string();
                Some(Tensor { name, ..tensor.clone() })
            };
            let own: Vec<Tensor<f32>> = tensors.iter().filter_map(own).collect();
            Ok::<_, String>((header.restore(&own)?, weight))
        };
        let parts: Vec<_> = entries.iter().enumerate().map(restore).collect::<Result<_, _>>()?;
        let parts: Vec<_> = parts.iter().map(|(part, weight)| (&**part, *weight)).collect();
        Ok(Box::new(Self::new(&parts)))
    }
}

/// What the names of the tensors of part number `i` begin with.
fn part_prefix(i: usize) -> String {
    format!("part.{i}.")
}

impl Generator for WeightedSum {
    fn kind(&self) -> &'static str {
        Self::KIND
    }

    fn shape(&self) -> Value {
        let part = |(part, weight): &(BoxGenerator, f64)| json!({ "weight": weight, "kind": part.kind(), "shape": part.shape() });
        json!({ "parts": self.parts.iter().map(part).collect::<Vec<_>>() })
    }

    fn space(&self) -> &SequenceSpace {
        self.parts[0].0.space()
    }

    fn rules(&self) -> &Arc<Rules> {
        &self.rules
    }

    fn with_constraint(&self, rules: Arc<Rules>) -> BoxGenerator {
        Box::new(self.constrained(rules))
    }

    fn tensors(&self) -> Vec<(String, &Tensor<f32>)> {
        let parts = self.parts.iter().enumerate();
        let tensors = parts.flat_map(|(i, (part, _))| part.tensors().into_iter().map(move |one| (i, one)));
        tensors.map(|(i, (name, tensor))| (part_prefix(i) + &name, tensor)).collect()
    }

    fn snapshot(&self, temperature: f64) -> Box<dyn InferenceModel> {
        let part = |(part, weight): &(BoxGenerator, f64)| (part.snapshot(1.0), *weight / temperature);
        Box::new(Snapshot { parts: self.parts.iter().map(part).collect(), sum: self.clone(), temperature })
    }

    fn to_trainable(&self) -> Option<BoxTrainable> {
        None
    }

    fn clone_generator(&self) -> BoxGenerator {
        Box::new(self.clone())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl LogitSource<f32> for WeightedSum {
    fn logits_at<'a>(
        &'a self,
        inputs: &SeqBatch,
        positions: &[DecisionIndex],
    ) -> Box<dyn AuxiliaryLogits<f32> + 'a> {
        let part =
            |(part, weight): &'a (BoxGenerator, f64)| (part.logits_at(inputs, positions), *weight as f32);
        Box::new(SumOfLogits(self.parts.iter().map(part).collect()))
    }
}

/// Logits of each part, and its weight.
struct SumOfLogits<'a>(Vec<(Box<dyn AuxiliaryLogits<f32> + 'a>, f32)>);

impl AuxiliaryLogits<f32> for SumOfLogits<'_> {
    fn write(&self, rows: Range<usize>, to: &mut Vec<f32>) {
        to.clear();
        let mut buffer = Vec::new();
        for (part, weight) in &self.0 {
            part.write(rows.clone(), &mut buffer);
            add_weighted(to, *weight, &buffer);
        }
    }
}

/// sum += weight * logits; an empty sum is zero.
fn add_weighted(sum: &mut Vec<f32>, weight: f32, logits: &[f32]) {
    sum.resize(logits.len(), 0.0);
    sum.iter_mut().zip(logits).for_each(|(sum, logit)| *sum += weight * logit);
}

/// The sum at a temperature; weights are divided by it.
struct Snapshot {
    parts: Vec<(Box<dyn InferenceModel>, f64)>,
    sum: WeightedSum,
    temperature: f64,
}

impl InferenceModel for Snapshot {
    fn space(&self) -> &SequenceSpace {
        self.sum.space()
    }

    fn rules(&self) -> &Rules {
        &self.sum.rules
    }

    fn decoder(&self) -> Box<dyn Decoder + '_> {
        let parts = self.parts.iter().map(|(part, weight)| (part.decoder(), *weight as f32));
        Box::new(SumDecoder { parts: parts.collect(), rules: &self.sum.rules })
    }

    fn log_prob(&self, batch: &SeqBatch) -> Vec<f32> {
        logits::log_prob(&self.sum, self.space(), self.rules(), self.temperature, batch)
    }
}

/// The decoders of all parts, which are fed the same tokens.
struct SumDecoder<'a> {
    parts: Vec<(Box<dyn Decoder + 'a>, f32)>,
    rules: &'a Rules,
}

impl Decoder for SumDecoder<'_> {
    fn start(&mut self, rows: usize, labels: &[Label]) {
        self.parts.iter_mut().for_each(|(part, _)| part.start(rows, labels));
    }

    fn step(&mut self, tokens: &[TokenId]) {
        self.parts.iter_mut().for_each(|(part, _)| part.step(tokens));
    }

    fn fork(&mut self, row: usize, n: usize) {
        self.parts.iter_mut().for_each(|(part, _)| part.fork(row, n));
    }

    fn retain(&mut self, rows: &[usize]) {
        self.parts.iter_mut().for_each(|(part, _)| part.retain(rows));
    }

    fn logits(&self, rows: &[usize], mask: u32) -> Vec<f32> {
        let mut sum = Vec::new();
        for (part, weight) in &self.parts {
            add_weighted(&mut sum, *weight, &part.logits(rows, mask));
        }
        // A negative weight would raise what the parts have lowered.
        let vocab = sum.len() / rows.len().max(1);
        sum.chunks_exact_mut(vocab.max(1)).for_each(|logits| self.rules.forbid(mask, logits));
        sum
    }
}
