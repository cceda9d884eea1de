//! The Transformer: logits, log-probabilities, and every gradient of a weighted loss, as Hugging Face's LlamaForCausalLM has
//! them, with an output layer of its own and with tied embeddings.

use super::Precision;
use super::reference::Reference;
use crate::closeness::{assert_close, assert_number};
use seqgan::SeqBatch;
use seqgan::generator::{
    DecisionIndex, GeneratorPolicy, LogitSource, Policy, SequenceSpace, TransformerGenerator,
    TransformerShape, WeightedBatch,
};
use seqgan::nn::Tensors;

const LABELS: usize = 2;

/// A case of the file, with names that begin with it.
struct Case {
    reference: Reference,
    tied: bool,
}

fn cases() -> [Case; 2] {
    [false, true].map(|tied| Case { reference: Reference::read("transformer"), tied })
}

impl Case {
    fn name(&self, name: &str) -> String {
        format!("{}.{name}", if self.tied { "tied" } else { "own" })
    }

    fn batch(&self) -> SeqBatch {
        let labels = self.reference.integers("labels").into_iter().map(|label| label as u32).collect();
        self.reference.batch().with_labels(labels)
    }

    fn generator<R: Precision>(&self) -> TransformerGenerator<R> {
        let r = &self.reference;
        let [rows, hidden_dim] = r.shape(&self.name("embedding"))[..] else { panic!("a matrix") };
        let feedforward_dim = r.shape(&self.name("gate1"))[1];
        let shape = TransformerShape::new(hidden_dim, 2, r.integers("num_heads")[0]);
        let shape = TransformerShape { feedforward_dim, tied_embeddings: self.tied, ..shape };
        let space = SequenceSpace {
            vocab_size: rows - LABELS,
            max_length: r.shape("tokens")[1],
            start_token: 0,
            end_token: Some(0),
            never: vec![1],
            allow_empty: false,
            label_counts: vec![1; LABELS],
        };
        let mut parameters = Tensors::new();
        let layer = |i: usize| {
            ["attention_norm", "q", "k", "v", "o", "mlp_norm", "gate", "up", "down"]
                .map(|n| format!("{n}{i}"))
        };
        let output = (!self.tied).then(|| "w_out".to_owned());
        let names = [layer(1), layer(2)].concat().into_iter().chain(["final_norm".into()]).chain(output);
        for name in std::iter::once("embedding".to_owned()).chain(names) {
            let stored = self.name(&name);
            parameters.push(name, &r.shape(&stored), r.values(&stored));
        }
        TransformerGenerator::from_parameters(space, shape, parameters).expect("Hugging Face's shapes")
    }
}

fn logits<R: Precision>() {
    for case in cases() {
        let (g, batch) = (case.generator::<R>(), case.batch());
        let (length, vocab) = (batch.max_length(), g.space().vocab_size);
        let want = case.reference.floats(&case.name("logits"));
        for row in 0..batch.len() {
            let steps = batch.steps(row, true);
            let positions: Vec<_> = (0..steps).map(|step| DecisionIndex { row, step }).collect();
            let mut got = Vec::new();
            g.logits_at(&batch, &positions).write(0..steps, &mut got);
            assert_close("logits", &got, &want[row * length * vocab..][..steps * vocab], R::TOLERANCE);
        }
    }
}

#[test]
fn logits_of_each_step() {
    logits::<f64>();
    logits::<f32>();
}

fn log_prob<R: Precision>() {
    for case in cases() {
        let want = case.reference.floats(&case.name("log_prob"));
        assert_close("log_prob", &case.generator::<R>().log_prob(&case.batch()), &want, R::TOLERANCE);
    }
}

#[test]
fn log_probabilities_of_each_decision() {
    log_prob::<f64>();
    log_prob::<f32>();
    for case in cases() {
        let got = GeneratorPolicy::new(&case.generator(), 1.0).log_prob(&case.batch());
        assert_close("snapshot", &got, &case.reference.floats(&case.name("log_prob")), f32::TOLERANCE);
    }
}

fn loss_and_gradients<R: Precision>() {
    for case in cases() {
        let (g, r) = (case.generator::<R>(), &case.reference);
        let mut gradients = g.gradients();
        let (batch, weights) = (case.batch(), r.values("weight"));
        let loss = g.accumulate(WeightedBatch::new(&batch, &weights), &mut gradients);
        assert_number("loss", loss, r.number(&case.name("loss")), R::TOLERANCE);
        for tensor in gradients.to_tensors().iter() {
            let name = case.name(&format!("grad.{}", tensor.name));
            assert_eq!(tensor.shape, r.shape(&name), "{name}");
            assert_close(&name, &tensor.data, &r.floats(&name), R::TOLERANCE);
        }
    }
}

#[test]
fn weighted_loss_and_every_gradient() {
    loss_and_gradients::<f64>();
    loss_and_gradients::<f32>();
}
