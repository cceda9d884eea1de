//! Generators in files: what a header says, and how a generator is made from it and from tensors.

use super::{BoxGenerator, GeneratorShape, LstmGenerator, SequenceSpace};
use crate::nn::{Tensor, Tensors};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a file says of a generator beside its tensors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GeneratorHeader {
    /// The kind of network, "lstm".
    pub kind: String,
    /// What the data fix.
    pub space: SequenceSpace,
    /// Sizes of the network, by its kind.
    pub shape: Value,
}

impl GeneratorHeader {
    /// Of a generator.
    pub fn of(generator: &BoxGenerator) -> Self {
        Self { kind: "lstm".into(), space: generator.space().clone(), shape: Value::Null }
    }

    /// The generator with these tensors, which may stand in any order; the error says what does not fit.
    pub fn restore(self, tensors: &[Tensor<f32>]) -> Result<BoxGenerator, String> {
        // Before anything follows from the sizes: a file with other numbers would end in a panic or without memory.
        let shape: GeneratorShape = self.space;
        shape.check()?;
        let parameters = in_order(tensors, ["embedding", "w", "u", "b", "w_out", "b_out"])?;
        LstmGenerator::from_parameters(shape, parameters)
    }
}

/// Tensors of a file, which lists them by name, in the order that a network has them in.
pub(crate) fn in_order<N: AsRef<str>>(
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
