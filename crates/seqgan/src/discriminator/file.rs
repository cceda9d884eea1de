//! Discriminator files: safetensors with a header that names the kind of network, its sizes and its method.

use super::{CausalDiscriminator, CausalShape, Discriminator, DiscriminatorShape, cnn};
use crate::checkpoint;
use crate::config::Method;
use crate::generator::in_order;
use crate::nn::{Tensor, Tensors};
use crate::{Error, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::Path;

/// Kind of checkpoint file.
const KIND: &str = "discriminator";

/// Kinds of networks, as named in headers.
pub(crate) const CNN: &str = "cnn";
pub(crate) const CAUSAL: &str = "causal";
pub(crate) const RANKER: &str = "ranker";

#[derive(Serialize, Deserialize)]
struct Header {
    method: Method,
    kind: String,
    shape: Value,
}

/// Writes a method's discriminator. The write is atomic.
pub fn write(
    path: &Path,
    method: Method,
    (kind, shape): (&str, Value),
    parameters: &Tensors<f32>,
) -> Result<()> {
    let tensors = parameters.iter().map(|t| (t.name.clone(), t));
    checkpoint::write(path, KIND, &Header { method, kind: kind.into(), shape }, tensors)
}

/// Error for an invalid file.
pub fn fault(path: &Path, message: String) -> Error {
    Error::Checkpoint {
        path: path.into(),
        message,
        hint: Some("the file is damaged; restore it from a copy or train again".into()),
    }
}

/// Reads a CNN discriminator. Returns none if the file holds another kind of network.
pub fn read_cnn(path: &Path) -> Result<Option<Discriminator>> {
    let Some((shape, tensors)) = read::<DiscriminatorShape>(path, CNN)? else { return Ok(None) };
    let made = shape.check().and_then(|()| {
        let names = cnn::layout(&shape).into_iter().map(|(name, _)| name);
        let parameters = in_order(&tensors, names)?;
        Discriminator::from_parameters(shape, parameters)
    });
    made.map(Some).map_err(|message| fault(path, message))
}

/// Reads a causal discriminator. Returns none if the file holds another kind of network.
pub fn read_causal(path: &Path) -> Result<Option<CausalDiscriminator>> {
    let Some((shape, tensors)) = read::<CausalShape>(path, CAUSAL)? else { return Ok(None) };
    let made = shape.check().and_then(|()| {
        let parameters = in_order(&tensors, CausalDiscriminator::<f32>::parameter_names(&shape))?;
        CausalDiscriminator::from_parameters(shape, parameters)
    });
    made.map(Some).map_err(|message| fault(path, message))
}

fn read<S: DeserializeOwned>(path: &Path, kind: &str) -> Result<Option<(S, Vec<Tensor<f32>>)>> {
    let (header, tensors): (Header, _) = checkpoint::read(path, KIND)?;
    if header.kind != kind {
        return Ok(None);
    }
    let shape = serde_json::from_value(header.shape).map_err(|error| fault(path, error.to_string()))?;
    Ok(Some((shape, tensors)))
}
