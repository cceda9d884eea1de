//! The stored tensors of one parity case.

use crate::closeness::round;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use seqgan::SeqBatch;
use seqgan::kernel::Real;
use std::path::Path;

pub struct Reference(Vec<u8>);

impl Reference {
    pub fn read(case: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/parity").join(case);
        let path = folder.join(format!("{case}.safetensors"));
        Self(std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display())))
    }

    fn view<T>(&self, name: &str, dtype: Dtype, take: impl Fn(TensorView<'_>) -> T) -> T {
        let file = SafeTensors::deserialize(&self.0).expect("a safetensors file");
        let view = file.tensor(name).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(view.dtype(), dtype, "{name}");
        take(view)
    }

    pub fn shape(&self, name: &str) -> Vec<usize> {
        SafeTensors::deserialize(&self.0)
            .expect("a safetensors file")
            .tensor(name)
            .expect(name)
            .shape()
            .to_vec()
    }

    pub fn floats(&self, name: &str) -> Vec<f64> {
        let number = |b: &[u8]| f64::from_le_bytes(b.try_into().expect("8 bytes"));
        self.view(name, Dtype::F64, |view| view.data().chunks_exact(8).map(number).collect())
    }

    /// The same, rounded to R.
    pub fn values<R: Real>(&self, name: &str) -> Vec<R> {
        round(&self.floats(name))
    }

    pub fn number(&self, name: &str) -> f64 {
        self.floats(name)[0]
    }

    pub fn integers(&self, name: &str) -> Vec<usize> {
        let number = |b: &[u8]| i64::from_le_bytes(b.try_into().expect("8 bytes")) as usize;
        self.view(name, Dtype::I64, |view| view.data().chunks_exact(8).map(number).collect())
    }

    /// `tokens` `[B, T]` with `lengths` `[B]`, or all of length T where the case has no lengths.
    pub fn batch(&self) -> SeqBatch {
        let (rows, length) = (self.shape("tokens")[0], self.shape("tokens")[1]);
        let tokens: Vec<u32> = self.integers("tokens").iter().map(|&t| t as u32).collect();
        let file = SafeTensors::deserialize(&self.0).expect("a safetensors file");
        let fixed = file.tensor("lengths").is_err();
        let lengths = if fixed { vec![length; rows] } else { self.integers("lengths") };
        SeqBatch::from_rows(tokens.chunks(length).zip(lengths).map(|(row, l)| &row[..l]), length)
    }
}

/// The transpose of a row-major matrix of `columns` columns: PyTorch keeps a row an output, this crate a column.
pub fn transposed<T: Copy>(x: &[T], columns: usize) -> Vec<T> {
    (0..columns).flat_map(|j| x.iter().skip(j).step_by(columns).copied()).collect()
}
