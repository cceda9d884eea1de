//! The Transformer as a [`Generator`], and its entry in the registry.

use super::decoding::TransformerSnapshot;
use super::gradient::TransformerPass;
use super::model::TransformerGenerator;
use super::shape::{TransformerShape, layout};
use crate::config::GeneratorConfig;
use crate::generator::kind::count_parameters;
use crate::generator::{
    BoxGenerator, BoxTrainable, Dropout, Generator, GeneratorKind, InferenceModel, Rules, SequenceSpace,
    TokenStatistics, TrainableGenerator, TrainingPass, WeightedBatch, in_order,
};
use crate::nn::{Gradients, Tensor, Tensors};
use crate::rng::Streams;
use crate::token::{Label, SeqBatch, TokenId};
use serde_json::Value;
use std::any::Any;
use std::sync::Arc;

/// The name of the Transformer among the kinds of generators.
const KIND: &str = "transformer";

impl Generator for TransformerGenerator {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn shape(&self) -> Value {
        serde_json::to_value(self.shape).expect("plain numbers")
    }

    fn space(&self) -> &SequenceSpace {
        &self.space
    }

    fn rules(&self) -> &Arc<Rules> {
        &self.rules
    }

    fn with_constraint(&self, rules: Arc<Rules>) -> BoxGenerator {
        Box::new(self.clone().with_constraint(rules))
    }

    fn tensors(&self) -> Vec<(String, &Tensor<f32>)> {
        self.parameters.iter().map(|tensor| (tensor.name.clone(), tensor)).collect()
    }

    fn snapshot(&self, temperature: f64) -> Box<dyn InferenceModel> {
        Box::new(TransformerSnapshot::new(self, temperature))
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

    fn log_prob(&self, batch: &SeqBatch) -> Vec<f32> {
        self.log_prob(batch)
    }

    fn token_statistics(&self, batch: &SeqBatch) -> Vec<TokenStatistics> {
        self.token_statistics(batch)
    }
}

impl TrainableGenerator for TransformerGenerator {
    fn parameters(&self) -> &Tensors<f32> {
        self.parameters()
    }

    fn parameters_mut(&mut self) -> &mut Tensors<f32> {
        self.parameters_mut()
    }

    fn gradients(&self) -> Gradients<f32> {
        self.gradients()
    }

    fn with_parameters(&self, parameters: Tensors<f32>) -> Result<BoxTrainable, String> {
        Ok(Box::new(self.with_parameters(parameters)?))
    }

    fn with_space(
        &self,
        space: &SequenceSpace,
        token_rows: &[Option<TokenId>],
        label_rows: &[Option<Label>],
        streams: &Streams,
    ) -> Result<BoxTrainable, String> {
        Ok(Box::new(self.with_space(space, token_rows, label_rows, streams)?))
    }

    fn accumulate(&self, batch: WeightedBatch<'_>, gradients: &mut Gradients<f32>) -> f64 {
        self.accumulate(batch, gradients)
    }

    fn prepare(&self, dropout: Option<Dropout<'_>>) -> Box<dyn TrainingPass + '_> {
        Box::new(TransformerPass::new(self, dropout))
    }

    fn into_generator(self: Box<Self>) -> BoxGenerator {
        self
    }

    fn clone_trainable(&self) -> BoxTrainable {
        Box::new(self.clone())
    }
}

/// The configured sizes; the error says which do not fit.
fn configured(config: &GeneratorConfig) -> Result<TransformerShape, String> {
    let shape = TransformerShape::new(config.hidden_dim, config.num_layers, config.num_heads)
        .in_precision(config.precision);
    let shape = match config.feedforward_dim {
        0 => shape,
        given => shape.with_feedforward(given),
    };
    let shape = if config.tied_embeddings { shape.tied() } else { shape };
    shape.check()?;
    Ok(shape)
}

/// Transformer generators in configurations and files.
pub(in crate::generator) struct TransformerKind;

impl GeneratorKind for TransformerKind {
    fn name(&self) -> &'static str {
        KIND
    }

    fn build(
        &self,
        space: &SequenceSpace,
        config: &GeneratorConfig,
        std: f64,
        streams: &Streams,
    ) -> Result<BoxTrainable, String> {
        Ok(Box::new(TransformerGenerator::new(space.clone(), configured(config)?, std, streams)))
    }

    fn num_parameters(&self, space: &SequenceSpace, config: &GeneratorConfig) -> Result<usize, String> {
        Ok(count_parameters(&layout(space, configured(config)?)))
    }

    fn restore(
        &self,
        space: SequenceSpace,
        shape: &Value,
        tensors: &[Tensor<f32>],
    ) -> Result<BoxGenerator, String> {
        let shape: TransformerShape =
            serde_json::from_value(shape.clone()).map_err(|error| error.to_string())?;
        shape.check()?;
        let parameters = in_order(tensors, layout(&space, shape).into_iter().map(|(name, _)| name))?;
        Ok(Box::new(TransformerGenerator::from_parameters(space, shape, parameters)?))
    }
}
