//! Tensors of a file in the order of a network.

use crate::nn::{Tensor, Tensors};

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
