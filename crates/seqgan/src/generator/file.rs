//! Generators in files: safetensors with a header that names the kind of network, its sizes and the method that trained it.

use super::{BoxGenerator, GeneratorShape, LstmGenerator, SequenceSpace};
use crate::checkpoint;
use crate::config::Method;
use crate::nn::{Tensor, Tensors};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::Path;

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

/// The model of a round.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Rounds done.
    pub round: usize,
    /// Its measure by `checkpoint.keep_by`.
    pub value: f64,
}

/// A generator and what its file says of it.
pub struct GeneratorFile {
    /// The method that trained it.
    pub method: Method,
    /// The round, of a checkpoint.
    pub checkpoint: Option<Checkpoint>,
    /// The generator, without a constraint.
    pub generator: BoxGenerator,
}

#[derive(Serialize, Deserialize)]
struct Header {
    method: Method,
    #[serde(flatten)]
    generator: GeneratorHeader,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    checkpoint: Option<Checkpoint>,
}

/// The kind of checkpoint file.
const KIND: &str = "generator";

/// Writes a generator, atomically.
pub fn write(
    path: &Path,
    method: Method,
    generator: &BoxGenerator,
    checkpoint: Option<Checkpoint>,
) -> Result<()> {
    let header = Header { method, generator: GeneratorHeader::of(generator), checkpoint };
    let tensors = generator.parameters().iter().map(|t| (t.name.clone(), t));
    checkpoint::write(path, KIND, &header, tensors)
}

/// Reads a generator.
pub fn read(path: &Path) -> Result<GeneratorFile> {
    let (header, tensors): (Header, _) = checkpoint::read(path, KIND)?;
    let Header { method, generator, checkpoint } = header;
    let generator = generator.restore(&tensors).map_err(|message| Error::Checkpoint {
        path: path.into(),
        message,
        hint: Some("the file is damaged; restore it from a copy or train again".into()),
    })?;
    Ok(GeneratorFile { method, checkpoint, generator })
}

/// Reads which method's checkpoint a file holds.
pub fn read_checkpoint(path: &Path) -> Result<(Method, Checkpoint)> {
    let (header, _): (Header, _) = checkpoint::read(path, KIND)?;
    let checkpoint = header.checkpoint.ok_or_else(|| Error::Checkpoint {
        path: path.into(),
        message: "is no model of a round".into(),
        hint: Some("the file does not belong here; move it away".into()),
    })?;
    Ok((header.method, checkpoint))
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
