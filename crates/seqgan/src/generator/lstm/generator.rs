//! The LSTM as a [`Generator`], and its entry in the registry.

use super::blocks::{fit_in_blocks, weighted_blocks};
use super::decoding::LstmSnapshot;
use super::gradient::LstmPass;
use super::model::LstmGenerator;
use super::shape::{LstmShape, layout};
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

/// The name of the LSTM among the kinds of generators.
const KIND: &str = "lstm";

impl Generator for LstmGenerator {
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
        Box::new(LstmSnapshot::new(self, temperature))
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

    /// One LSTM whose weights are those of the parts in blocks.
    fn weighted(&self, parts: &[(&dyn Generator, f64)]) -> Option<BoxGenerator> {
        let lstms = parts.iter().map(|(part, weight)| Some((part.as_any().downcast_ref::<Self>()?, *weight)));
        let lstms = lstms.collect::<Option<Vec<_>>>()?;
        fit_in_blocks(&lstms).then(|| -> BoxGenerator { Box::new(weighted_blocks(&lstms)) })
    }
}

impl TrainableGenerator for LstmGenerator {
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
        Box::new(LstmPass::new(self, dropout))
    }

    fn into_generator(self: Box<Self>) -> BoxGenerator {
        self
    }

    fn clone_trainable(&self) -> BoxTrainable {
        Box::new(self.clone())
    }
}

/// The configured sizes.
fn configured(config: &GeneratorConfig) -> LstmShape {
    let shape = LstmShape::new(config.embedding_dim, config.hidden_dim)
        .with_layers(config.num_layers)
        .in_precision(config.precision);
    if config.tied_embeddings { shape.tied() } else { shape }
}

/// LSTM generators in configurations and files.
pub(in crate::generator) struct LstmKind;

impl GeneratorKind for LstmKind {
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
        Ok(Box::new(LstmGenerator::new(space.clone(), configured(config), std, streams)))
    }

    fn num_parameters(&self, space: &SequenceSpace, config: &GeneratorConfig) -> Result<usize, String> {
        Ok(count_parameters(&layout(space, configured(config))))
    }

    fn restore(
        &self,
        space: SequenceSpace,
        shape: &Value,
        tensors: &[Tensor<f32>],
    ) -> Result<BoxGenerator, String> {
        let shape: LstmShape = serde_json::from_value(shape.clone()).map_err(|error| error.to_string())?;
        shape.check()?;
        let parameters = in_order(tensors, layout(&space, shape).into_iter().map(|(name, _)| name))?;
        Ok(Box::new(LstmGenerator::from_parameters(space, shape, parameters)?))
    }
}
