//! Generators in files: the header, and how a generator is restored from it and from tensors.

use super::weighted_sum::WeightedSum;
use super::{BoxGenerator, Generator, SequenceSpace, registry};
use crate::nn::{Tensor, Tensors};
use serde::{Deserialize, Serialize};
use serde_json::Value;

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
