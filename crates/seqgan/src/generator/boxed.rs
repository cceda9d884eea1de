//! Boxed generators are generators: a reference to one converts to `&dyn Generator`.

use super::*;

impl Clone for BoxGenerator {
    fn clone(&self) -> Self {
        (**self).clone_generator()
    }
}

impl Clone for BoxTrainable {
    fn clone(&self) -> Self {
        (**self).clone_trainable()
    }
}

impl<R, G: LogitSource<R> + ?Sized> LogitSource<R> for Box<G> {
    fn logits_at<'a>(
        &'a self,
        inputs: &SeqBatch,
        positions: &[DecisionIndex],
    ) -> Box<dyn AuxiliaryLogits<R> + 'a> {
        (**self).logits_at(inputs, positions)
    }
}

impl<G: Generator + ?Sized> Generator for Box<G> {
    fn kind(&self) -> &'static str {
        (**self).kind()
    }

    fn shape(&self) -> serde_json::Value {
        (**self).shape()
    }

    fn space(&self) -> &SequenceSpace {
        (**self).space()
    }

    fn rules(&self) -> &Arc<Rules> {
        (**self).rules()
    }

    fn with_constraint(&self, rules: Arc<Rules>) -> BoxGenerator {
        (**self).with_constraint(rules)
    }

    fn tensors(&self) -> Vec<(String, &Tensor<f32>)> {
        (**self).tensors()
    }

    fn snapshot(&self, temperature: f64) -> Box<dyn InferenceModel> {
        (**self).snapshot(temperature)
    }

    fn to_trainable(&self) -> Option<BoxTrainable> {
        (**self).to_trainable()
    }

    fn clone_generator(&self) -> BoxGenerator {
        (**self).clone_generator()
    }

    fn as_any(&self) -> &dyn Any {
        (**self).as_any()
    }

    fn log_prob(&self, batch: &SeqBatch) -> Vec<f32> {
        (**self).log_prob(batch)
    }

    fn token_statistics(&self, batch: &SeqBatch) -> Vec<TokenStatistics> {
        (**self).token_statistics(batch)
    }

    fn weighted(&self, parts: &[(&dyn Generator, f64)]) -> Option<BoxGenerator> {
        (**self).weighted(parts)
    }
}

impl<G: TrainableGenerator + ?Sized> TrainableGenerator for Box<G> {
    fn parameters(&self) -> &Tensors<f32> {
        (**self).parameters()
    }

    fn parameters_mut(&mut self) -> &mut Tensors<f32> {
        (**self).parameters_mut()
    }

    fn gradients(&self) -> Gradients<f32> {
        (**self).gradients()
    }

    fn with_parameters(&self, parameters: Tensors<f32>) -> Result<BoxTrainable, String> {
        (**self).with_parameters(parameters)
    }

    fn with_space(
        &self,
        space: &SequenceSpace,
        token_rows: &[Option<TokenId>],
        label_rows: &[Option<Label>],
        streams: &Streams,
    ) -> Result<BoxTrainable, String> {
        (**self).with_space(space, token_rows, label_rows, streams)
    }

    fn accumulate(&self, batch: WeightedBatch<'_>, gradients: &mut Gradients<f32>) -> f64 {
        (**self).accumulate(batch, gradients)
    }

    fn prepare(&self, dropout: Option<Dropout<'_>>) -> Box<dyn TrainingPass + '_> {
        (**self).prepare(dropout)
    }

    fn into_generator(self: Box<Self>) -> BoxGenerator {
        (*self).into_generator()
    }

    fn clone_trainable(&self) -> BoxTrainable {
        (**self).clone_trainable()
    }
}
