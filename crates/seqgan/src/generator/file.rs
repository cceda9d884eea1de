//! Generators in files: safetensors with a header that names the kind of network, its sizes and the method that trained
//! it.

use super::weighted_sum::WeightedSum;
use super::{BoxGenerator, Generator, SequenceSpace, registry};
use crate::checkpoint;
use crate::config::Method;
use crate::nn::{Tensor, Tensors};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::Path;

/// The description of a generator in a file, in addition to its tensors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GeneratorHeader {
    /// Name of the kind of network.
    pub kind: String,
    /// The space of its sequences.
    pub space: SequenceSpace,
    /// Sizes of the network, as its kind describes them.
    pub shape: Value,
}

impl GeneratorHeader {
    /// The header of a generator.
    pub fn of(generator: &dyn Generator) -> Self {
        let (kind, space) = (generator.kind().into(), generator.space().clone());
        Self { kind, space, shape: generator.shape() }
    }

    /// The generator with these tensors, which may stand in any order, without a constraint; the error says what does not
    /// fit.
    pub fn restore(self, tensors: &[Tensor<f32>]) -> Result<BoxGenerator, String> {
        // Before anything is computed from the sizes: a file with other numbers would end in a panic or without memory.
        self.space.check()?;
        if self.kind == WeightedSum::KIND {
            return WeightedSum::restore(&self.space, &self.shape, tensors);
        }
        let kind = registry::find(&self.kind);
        let kind = kind.map_err(|expected| format!("its kind is \"{}\", expected {expected}", self.kind))?;
        kind.restore(self.space, &self.shape, tensors)
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
    generator: &dyn Generator,
    checkpoint: Option<Checkpoint>,
) -> Result<()> {
    let header = Header { method, generator: GeneratorHeader::of(generator), checkpoint };
    let tensors = generator.tensors();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::oracle::{random, synthetic_space};
    use crate::generator::{LstmShape, weighted};
    use crate::token::SeqBatch;

    fn restored(generator: &dyn Generator) -> Result<BoxGenerator, String> {
        let header = serde_json::to_string(&GeneratorHeader::of(generator)).unwrap();
        let header: GeneratorHeader = serde_json::from_str(&header).unwrap();
        let named = |(name, tensor): (String, &Tensor<f32>)| Tensor { name, ..tensor.clone() };
        let tensors: Vec<_> = generator.tensors().into_iter().map(named).rev().collect();
        header.restore(&tensors)
    }

    #[test]
    fn generators_are_restored_from_headers_and_tensors() {
        let space = synthetic_space(6, 4);
        let [a, b] = [(3, 1), (5, 2)].map(|(h, seed)| random(space.clone(), LstmShape::new(2, h), seed));
        let parts: [(&dyn Generator, f64); 2] = [(&a, 0.75), (&b, -0.5)];
        let sum = WeightedSum::new(&parts);
        let nested = WeightedSum::new(&[(&sum, 2.0), (&a, 1.0)]);
        let batch = SeqBatch::from_rows([[1, 2, 3, 0], [5, 5, 4, 1]], 4);
        for generator in [&a as &dyn Generator, &*weighted(&parts), &sum, &nested] {
            let again = restored(generator).unwrap();
            assert_eq!(again.log_prob(&batch), generator.log_prob(&batch));
            assert_eq!(again.kind(), generator.kind());
        }
        let header = GeneratorHeader { kind: "none".into(), ..GeneratorHeader::of(&a) };
        assert!(
            header.restore(&[]).unwrap_err().starts_with("its kind is \"none\", expected one of \"lstm\"")
        );
        let error = GeneratorHeader::of(&sum).restore(&[]).unwrap_err();
        assert!(error.starts_with("no tensor"), "{error}");
    }
}
