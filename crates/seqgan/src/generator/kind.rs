//! A kind of generators: how one is built from settings and restored from a file.

use super::{BoxGenerator, BoxTrainable, SequenceSpace, TrainableGenerator};
use crate::config::GeneratorConfig;
use crate::nn::{Tensor, Tensors};
use crate::rng::{Purpose, Streams};
use serde_json::Value;

/// A kind of network that models sequences.
pub trait GeneratorKind: Sync {
    /// Its name, as `generator.kind` has it in a configuration and the header in a file.
    fn name(&self) -> &'static str;

    /// An untrained generator with all parameters from N(0, `std`), which `streams` draws; the error says what of the space
    /// or the settings this kind does not support.
    fn build(
        &self,
        space: &SequenceSpace,
        config: &GeneratorConfig,
        std: f64,
        streams: &Streams,
    ) -> Result<BoxTrainable, String>;

    /// Number of parameters of such a generator, without making one where that can be known; the error is that of
    /// [`GeneratorKind::build`].
    fn num_parameters(&self, space: &SequenceSpace, config: &GeneratorConfig) -> Result<usize, String> {
        let generator = self.build(space, config, 1.0, &Streams::new(0, Purpose::GeneratorInit))?;
        Ok(generator.parameters().iter().map(|tensor| tensor.data.len()).sum())
    }

    /// A generator from a file: `shape` is what its `Generator::shape` returned, and `tensors` its tensors by name, in any
    /// order. The error says what does not fit; the file may hold anything.
    fn restore(
        &self,
        space: SequenceSpace,
        shape: &Value,
        tensors: &[Tensor<f32>],
    ) -> Result<BoxGenerator, String>;
}

/// Number of parameters of a network with this layout.
pub(super) fn count_parameters(layout: &[(String, Vec<usize>)]) -> usize {
    layout.iter().map(|(_, sizes)| sizes.iter().product::<usize>()).sum()
}

/// The tensors of a file called `names`, in that order; the error says which is missing.
pub fn in_order<N: AsRef<str>>(
    tensors: &[Tensor<f32>],
    names: impl IntoIterator<Item = N>,
) -> Result<Tensors<f32>, String> {
    let mut parameters = Tensors::new();
    for name in names {
        let name = name.as_ref();
        let tensor = tensors.iter().find(|tensor| tensor.name == name);
        let tensor = tensor.ok_or_else(|| format!("no tensor `{name}`"))?;
        parameters.push(name, &tensor.shape, tensor.data.clone());
    }
    Ok(parameters)
}
