//! LSTM generators with stored parameters, and stored tensors beside theirs.

use super::Precision;
use super::reference::Reference;
use crate::closeness::assert_close;
use seqgan::generator::{LstmGenerator, LstmShape, SequenceSpace};
use seqgan::nn::Tensors;

/// The generator with the parameters `names` of a case, whose start and end are token 0.
pub fn generator<R: Precision>(
    r: &Reference,
    names: &[&str],
    shape: LstmShape,
    never: Vec<u32>,
) -> LstmGenerator<R> {
    let space = SequenceSpace {
        vocab_size: r.shape("embedding")[0],
        max_length: r.shape("tokens")[1],
        start_token: 0,
        end_token: Some(0),
        never,
        allow_empty: false,
        label_counts: Vec::new(),
    };
    let mut parameters = Tensors::new();
    names.iter().for_each(|&name| parameters.push(name, &r.shape(name), r.values(name)));
    LstmGenerator::from_parameters(space, shape, parameters).expect("PyTorch's shapes")
}

/// Panics unless tensors have the shapes and values of the stored ones `prefix.NAME`.
pub fn compare<R: Precision>(r: &Reference, prefix: &str, tensors: &Tensors<R>) {
    for tensor in tensors.iter() {
        let name = format!("{prefix}.{}", tensor.name);
        assert_eq!(tensor.shape, r.shape(&name), "{name}");
        assert_close(&name, &tensor.data, &r.floats(&name), R::TOLERANCE);
    }
}
