//! The format: safetensors, f32 alone, with one JSON document in the metadata.

use super::write_atomically;
use crate::nn::Tensor;
use crate::{Error, Result};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::HashMap;
use std::path::Path;

/// Version of what the files hold; a file of another version is refused.
const VERSION: &str = "2";

/// Writes `tensors` and `meta` to `path`, atomically. `kind` says what the file is ("generator", "state").
pub fn write<'a>(
    path: &Path,
    kind: &str,
    meta: &impl Serialize,
    tensors: impl IntoIterator<Item = (String, &'a Tensor<f32>)>,
) -> Result<()> {
    let text = serde_json::to_string(meta).expect("metadata are plain data");
    let header = HashMap::from([
        ("seqgan".to_string(), VERSION.to_string()),
        ("kind".to_string(), kind.to_string()),
        ("meta".to_string(), text),
    ]);
    let list: Vec<(String, &Tensor<f32>, Vec<u8>)> = tensors
        .into_iter()
        .map(|(name, t)| (name, t, t.data.iter().flat_map(|x| x.to_le_bytes()).collect()))
        .collect();
    let views = list.iter().map(|(name, t, bytes)| {
        (name, TensorView::new(Dtype::F32, t.shape.clone(), bytes).expect("shape and data agree"))
    });
    let mut bytes = safetensors::serialize(views, Some(header)).expect("named tensors of known shape");
    sort_metadata(&mut bytes);
    write_atomically(path, &bytes)
}

/// Orders the metadata, which come out of a hash map in another order every time: equal models are equal files.
fn sort_metadata(bytes: &mut [u8]) {
    let (length, rest) = bytes.split_first_chunk_mut::<8>().expect("a length");
    let header = &mut rest[..u64::from_le_bytes(*length) as usize];
    let mut document: serde_json::Value = serde_json::from_slice(header).expect("a JSON header");
    document["__metadata__"].as_object_mut().expect("given above").sort_keys();
    let text = document.to_string();
    header.fill(b' ');
    header[..text.len()].copy_from_slice(text.as_bytes());
}

/// Reads what [`write()`] wrote; names, shapes and values are as they were, in the order of the names.
pub fn read<M: DeserializeOwned>(path: &Path, kind: &str) -> Result<(M, Vec<Tensor<f32>>)> {
    let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
    let fault = |message: String, hint: &str| Error::Checkpoint {
        path: path.to_path_buf(),
        message,
        hint: Some(hint.to_string()),
    };
    let damaged = "the file is damaged or was cut short; restore it from a copy or train again";
    let (_, header) = SafeTensors::read_metadata(&bytes)
        .map_err(|e| fault(format!("not a complete safetensors file: {e}"), damaged))?;
    let file = SafeTensors::deserialize(&bytes)
        .map_err(|e| fault(format!("not a complete safetensors file: {e}"), damaged))?;
    let header = header.metadata().clone().unwrap_or_default();
    let get = |key: &str| header.get(key).map(String::as_str).unwrap_or_default();
    if get("seqgan") != VERSION {
        let found = if get("seqgan").is_empty() {
            "no version".to_string()
        } else {
            format!("version {}", get("seqgan"))
        };
        return Err(fault(
            format!("a file of {found}, expected version {VERSION} of seqgan's own files"),
            "read it with the program version that wrote it, or train again",
        ));
    }
    if get("kind") != kind {
        return Err(fault(format!("holds a {}, expected a {kind}", get("kind")), "is it the right file?"));
    }
    let meta =
        serde_json::from_str(get("meta")).map_err(|e| fault(format!("unreadable metadata: {e}"), damaged))?;
    let mut tensors = Vec::new();
    for (name, view) in file.iter() {
        if view.dtype() != Dtype::F32 {
            return Err(fault(format!("`{name}` is {:?}, expected F32", view.dtype()), damaged));
        }
        let data: Vec<f32> =
            view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        if let Some(x) = data.iter().find(|x| !x.is_finite()) {
            return Err(fault(format!("`{name}` holds {x}, expected finite numbers"), damaged));
        }
        tensors.push(Tensor { name: name.to_string(), shape: view.shape().to_vec(), data });
    }
    tensors.sort_by(|a, b| a.name.cmp(&b.name));
    Ok((meta, tensors))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written() -> (tempfile::TempDir, std::path::PathBuf, Tensor<f32>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.safetensors");
        let tensor =
            Tensor { name: "x".into(), shape: vec![2, 3], data: vec![1.0, -2.5, 3e-9, 0.0, 7.0, 8.0] };
        write(&path, "generator", &vec![1, 2], [("p/x".to_string(), &tensor)]).unwrap();
        (folder, path, tensor)
    }

    #[test]
    fn what_is_written_is_read() {
        let (_folder, path, tensor) = written();
        let (meta, tensors): (Vec<u32>, _) = read(&path, "generator").unwrap();
        assert_eq!(meta, [1, 2]);
        assert_eq!(tensors, [Tensor { name: "p/x".into(), ..tensor }]);
    }

    #[test]
    fn equal_content_is_equal_bytes() {
        let files: Vec<_> =
            (0..16).map(|_| written()).map(|(_folder, path, _)| std::fs::read(path).unwrap()).collect();
        assert!(files.iter().all(|bytes| *bytes == files[0]));
    }

    #[test]
    fn every_cut_and_other_kinds_are_refused() {
        let (_folder, path, _) = written();
        let bytes = std::fs::read(&path).unwrap();
        let message = |kind: &str| read::<Vec<u32>>(&path, kind).unwrap_err().to_string();
        assert!(message("state").contains("holds a generator, expected a state"));
        for n in 0..bytes.len() {
            std::fs::write(&path, &bytes[..n]).unwrap();
            assert!(message("generator").contains("not a complete safetensors file"), "cut at {n}");
        }
        let mut other = bytes.clone();
        let at = bytes.windows(12).position(|w| w == b"\"seqgan\":\"2\"").unwrap();
        other[at + 10] = b'9';
        std::fs::write(&path, other).unwrap();
        assert!(message("generator").contains("version 9, expected version 2"));
    }
}
