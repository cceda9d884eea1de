//! Generators in files: safetensors with a header that names the kind of network, its sizes and the method that trained
//! it.

use super::weighted_sum::WeightedSum;
use super::{BoxGenerator, Generator, SequenceSpace, registry};
use crate::checkpoint;
use crate::config::Method;
use crate::nn::Tensor;
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

/// What a file says of its generator: where it comes from, and how good it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ModelInfo {
    /// The method that trained it.
    pub method: Method,
    /// Round and `checkpoint.keep_by` value of a checkpoint; none for the model at the end of training.
    pub checkpoint: Option<Checkpoint>,
    /// Mean -log p in nats per token of all validation sequences within its support. None if it is unknown, as in files
    /// that were written before there was this figure.
    pub nll_validation: Option<f64>,
}

impl ModelInfo {
    /// Of the model at the end of a method's training, without its figure.
    pub fn trained(method: Method) -> Self {
        Self { method, checkpoint: None, nll_validation: None }
    }

    /// The same with the figure, if it is a number: there may be no validation sequence within the support.
    pub fn with_nll_validation(self, nll: f64) -> Self {
        Self { nll_validation: Some(nll).filter(|nll| nll.is_finite()), ..self }
    }

    /// The round, of a checkpoint.
    pub fn round(&self) -> Option<usize> {
        self.checkpoint.map(|checkpoint| checkpoint.round)
    }
}

/// A generator and what its file says of it.
pub struct GeneratorFile {
    /// What the file says of the generator.
    pub info: ModelInfo,
    /// The generator, without a constraint.
    pub generator: BoxGenerator,
}

#[derive(Serialize, Deserialize)]
struct Header {
    method: Method,
    generator: GeneratorHeader,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    checkpoint: Option<Checkpoint>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nll_validation: Option<f64>,
}

impl Header {
    fn info(&self) -> ModelInfo {
        let Self { method, checkpoint, nll_validation, .. } = *self;
        ModelInfo { method, checkpoint, nll_validation }
    }
}

/// The kind of checkpoint file.
const KIND: &str = "generator";

/// Writes a generator, atomically.
pub fn write(path: &Path, info: ModelInfo, generator: &dyn Generator) -> Result<()> {
    let ModelInfo { method, checkpoint, nll_validation } = info;
    let header = Header { method, generator: GeneratorHeader::of(generator), checkpoint, nll_validation };
    let tensors = generator.tensors();
    checkpoint::write(path, KIND, &header, tensors)
}

/// Reads a generator.
pub fn read(path: &Path) -> Result<GeneratorFile> {
    let (header, tensors): (Header, _) = checkpoint::read(path, KIND)?;
    let info = header.info();
    let generator = header.generator.restore(&tensors).map_err(|message| Error::Checkpoint {
        path: path.into(),
        message,
        hint: Some("the file is damaged; restore it from a copy or train again".into()),
    })?;
    Ok(GeneratorFile { info, generator })
}

/// Reads what a file says of its generator.
pub fn read_info(path: &Path) -> Result<ModelInfo> {
    let (header, _): (Header, _) = checkpoint::read(path, KIND)?;
    Ok(header.info())
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

    #[test]
    fn a_header_tells_the_validation_likelihood_and_older_ones_are_read_without() {
        let generator = random(synthetic_space(6, 4), LstmShape::new(2, 3), 1);
        let header = |info: ModelInfo| {
            let ModelInfo { method, checkpoint, nll_validation } = info;
            Header { method, generator: GeneratorHeader::of(&generator), checkpoint, nll_validation }
        };
        let text = |info| serde_json::to_string(&header(info)).unwrap();
        let again = |text: &str| serde_json::from_str::<Header>(text).unwrap().info();
        let trained = ModelInfo::trained(Method::SEQGAN);
        let kept = ModelInfo { checkpoint: Some(Checkpoint { round: 3, value: 1.5 }), ..trained };
        for info in [trained, kept, kept.with_nll_validation(0.1 + 0.2)] {
            assert_eq!(again(&text(info)), info);
        }
        // As it was written before.
        assert!(!text(kept).contains("nll_validation"));
        assert_eq!(kept.with_nll_validation(f64::NAN), kept);
    }
}
