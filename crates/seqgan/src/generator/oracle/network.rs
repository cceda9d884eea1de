//! The paper's oracle (SeqGAN, section 4): the generator's network with parameters from N(0, 1), or read from a file.
//!
//! Files are safetensors with one tensor a gate: `embedding` `[V, E]`; `w_g` `[E, H]`, `u_g` `[H, H]`, `b_g` `[H]` for g in i, f, o,
//! c; `w_out` `[H, V]`, `b_out` `[V]`, all f32. They go to and from the generator's own layout without loss.

use crate::error::{Error, Result};
use crate::generator::{LstmGenerator, LstmShape, SequenceSpace};
use crate::nn::Tensors;
use crate::rng::{Purpose, Streams};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use sha2::{Digest, Sha256};
use std::path::Path;

const GATES: [&str; 4] = ["i", "f", "o", "c"];

/// The space of a synthetic task: all sequences have length `max_length`, and token 0 is also the start input.
pub fn synthetic_space(vocab_size: usize, max_length: usize) -> SequenceSpace {
    SequenceSpace {
        vocab_size,
        max_length,
        start_token: 0,
        end_token: None,
        never: Vec::new(),
        allow_empty: false,
        label_counts: Vec::new(),
    }
}

/// An LSTM with parameters from N(0, 1), drawn from a seed.
pub fn random(space: SequenceSpace, shape: LstmShape, seed: u64) -> LstmGenerator {
    LstmGenerator::new(space, shape, 1.0, &Streams::new(seed, Purpose::OracleInit))
}

/// Reads the parameters of an oracle for sequences of length `max_length`.
pub fn read(path: &Path, max_length: usize) -> Result<LstmGenerator> {
    read_with_hash(path, max_length).map(|(generator, _)| generator)
}

/// The same, with the SHA-256 of the file's bytes in hexadecimal.
pub(super) fn read_with_hash(path: &Path, max_length: usize) -> Result<(LstmGenerator, String)> {
    let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
    let hash = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok((from_bytes(path, &bytes, max_length)?, hash))
}

fn from_bytes(path: &Path, bytes: &[u8], max_length: usize) -> Result<LstmGenerator> {
    let fault = |message: String| {
        Error::Checkpoint {
        path: path.to_path_buf(),
        message,
        hint: Some("expected safetensors with f32 tensors embedding, w_i, u_i, b_i, .. (gates i f o c), w_out, b_out".into()),
    }
    };
    let file = SafeTensors::deserialize(bytes).map_err(|e| fault(format!("not a safetensors file: {e}")))?;
    let tensor = |name: &str, rank: usize| -> Result<(Vec<usize>, Vec<f32>)> {
        let view = file.tensor(name).map_err(|_| fault(format!("no tensor `{name}`")))?;
        if view.dtype() != Dtype::F32 || view.shape().len() != rank {
            let (dtype, shape) = (view.dtype(), view.shape());
            return Err(fault(format!(
                "`{name}` is {dtype:?} of shape {shape:?}, expected F32 with {rank} dimensions"
            )));
        }
        let values: Vec<f32> =
            view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        if let Some(x) = values.iter().find(|x| !x.is_finite()) {
            return Err(fault(format!("`{name}` holds {x}, expected finite numbers")));
        }
        Ok((view.shape().to_vec(), values))
    };
    let (sizes, embedding) = tensor("embedding", 2)?;
    let (vocab, dim) = (sizes[0], sizes[1]);
    let (sizes, _) = tensor("w_out", 2)?;
    let hidden = sizes[0];
    if vocab == 0 || dim == 0 || hidden == 0 {
        return Err(fault("a dimension is 0".into()));
    }
    let checked = |name: &str, want: &[usize]| -> Result<Vec<f32>> {
        let (shape, values) = tensor(name, want.len())?;
        if shape != want {
            return Err(fault(format!("`{name}` has shape {shape:?}, expected {want:?}")));
        }
        Ok(values)
    };
    let gates = |prefix: &str, rows: usize, bias: bool| -> Result<Vec<f32>> {
        let want = if bias { vec![hidden] } else { vec![rows, hidden] };
        let parts: Vec<_> =
            GATES.iter().map(|g| checked(&format!("{prefix}_{g}"), &want)).collect::<Result<_>>()?;
        Ok((0..rows)
            .flat_map(|r| parts.iter().flat_map(move |p| &p[r * hidden..(r + 1) * hidden]))
            .copied()
            .collect())
    };
    let mut parameters = Tensors::new();
    parameters.push("embedding", &[vocab, dim], embedding);
    parameters.push("w", &[dim, 4 * hidden], gates("w", dim, false)?);
    parameters.push("u", &[hidden, 4 * hidden], gates("u", hidden, false)?);
    parameters.push("b", &[4 * hidden], gates("b", 1, true)?);
    parameters.push("w_out", &[hidden, vocab], checked("w_out", &[hidden, vocab])?);
    parameters.push("b_out", &[vocab], checked("b_out", &[vocab])?);
    let (space, shape) = (synthetic_space(vocab, max_length), LstmShape::new(dim, hidden));
    LstmGenerator::from_parameters(space, shape, parameters).map_err(fault)
}

/// The parameters as the bytes of a safetensors file with one tensor a gate, which [`read`] takes.
pub fn to_safetensors(oracle: &LstmGenerator) -> Vec<u8> {
    let hidden = oracle.shape().hidden_dim;
    let mut tensors: Vec<(String, Vec<usize>, Vec<u8>)> = Vec::new();
    for tensor in oracle.parameters().iter() {
        if ["w", "u", "b"].contains(&tensor.name.as_str()) {
            for (g, gate) in GATES.iter().enumerate() {
                let rows = tensor.data.chunks_exact(4 * hidden);
                let bytes = rows
                    .flat_map(|r| &r[g * hidden..(g + 1) * hidden])
                    .flat_map(|x| x.to_le_bytes())
                    .collect();
                let mut shape = tensor.shape.clone();
                *shape.last_mut().expect("no scalar among them") = hidden;
                tensors.push((format!("{}_{gate}", tensor.name), shape, bytes));
            }
        } else {
            let bytes = tensor.data.iter().flat_map(|x| x.to_le_bytes()).collect();
            tensors.push((tensor.name.clone(), tensor.shape.clone(), bytes));
        }
    }
    let views = tensors.iter().map(|(name, shape, bytes)| {
        (name, TensorView::new(Dtype::F32, shape.clone(), bytes).expect("shape and bytes agree"))
    });
    safetensors::serialize(views, None).expect("named tensors of known shape")
}
