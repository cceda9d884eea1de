//! Named tensors: the parameters of a network, their gradients, or an optimizer's moments.

use crate::kernel::Real;
use rayon::prelude::*;

/// One named tensor, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor<R> {
    /// Name, unique in its network: "w_out".
    pub name: String,
    /// Sizes, outermost first.
    pub shape: Vec<usize>,
    /// The values, `shape` multiplied out.
    pub data: Vec<R>,
}

/// The tensors of one network, in a fixed order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tensors<R>(Vec<Tensor<R>>);

impl<R: Real> Tensors<R> {
    /// An empty list.
    pub fn new() -> Self {
        Self(Vec::new())
    }

    /// Appends a tensor.
    pub fn push(&mut self, name: impl Into<String>, shape: &[usize], data: Vec<R>) {
        assert_eq!(shape.iter().product::<usize>(), data.len(), "shape and data disagree");
        self.0.push(Tensor { name: name.into(), shape: shape.to_vec(), data });
    }

    /// The same names and shapes, all values zero.
    pub fn zeros_like(&self) -> Self {
        let zero = |t: &Tensor<R>| Tensor { data: vec![R::default(); t.data.len()], ..t.clone() };
        Self(self.0.iter().map(zero).collect())
    }

    /// Sets every value to zero.
    pub fn fill_zero(&mut self) {
        self.0.iter_mut().for_each(|t| t.data.par_chunks_mut(CHUNK).for_each(|c| c.fill(R::default())));
    }

    /// The tensors in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Tensor<R>> {
        self.0.iter()
    }

    /// The tensors in order, to be changed.
    pub fn iter_mut(&mut self) -> impl ExactSizeIterator<Item = &mut Tensor<R>> {
        self.0.iter_mut()
    }

    /// Checks that names and shapes are `expected`, in this order; the error names the first that is not.
    pub fn check_layout<N: AsRef<str>>(&self, expected: &[(N, Vec<usize>)]) -> Result<(), String> {
        if self.0.len() != expected.len() {
            return Err(format!("{} tensors, expected {}", self.0.len(), expected.len()));
        }
        for ((name, sizes), tensor) in expected.iter().zip(&self.0) {
            let name = name.as_ref();
            if tensor.name != name || tensor.shape != *sizes {
                return Err(format!(
                    "tensor `{}` of shape {:?}, expected `{name}` of shape {sizes:?}",
                    tensor.name, tensor.shape
                ));
            }
        }
        Ok(())
    }

    /// Checks that no value is so large that a network would overflow; the error names one that is.
    pub fn check_values(&self) -> Result<(), String> {
        // Far beyond what training makes, and far from where a product of two or a sum of their squares overflows.
        const LARGEST: f64 = 1e9;
        for tensor in &self.0 {
            if let Some(x) = tensor.data.iter().map(|x| x.to_f64()).find(|x| x.abs() > LARGEST || x.is_nan())
            {
                return Err(format!(
                    "`{}` holds {:e}, expected numbers of size {LARGEST:e} at most",
                    tensor.name, x as f32
                ));
            }
        }
        Ok(())
    }

    /// Number of tensors.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no tensor.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The tensor called `name`.
    pub fn named(&self, name: &str) -> Option<&Tensor<R>> {
        self.0.iter().find(|t| t.name == name)
    }

    /// The same tensors in another number type.
    pub fn cast<S: Real>(&self) -> Tensors<S> {
        let cast = |t: &Tensor<R>| Tensor {
            name: t.name.clone(),
            shape: t.shape.clone(),
            data: t.data.iter().map(|x| S::of(x.to_f64())).collect(),
        };
        Tensors(self.0.iter().map(cast).collect())
    }

    /// Sum of all squared values, in f64. Each chunk has one owner and the chunks are added in order, so the sum
    /// does not depend on the threads.
    pub fn sum_of_squares(&self) -> f64 {
        let of_tensor = |t: &Tensor<R>| t.data.par_chunks(CHUNK).map(sum_of_squares).collect::<Vec<_>>();
        self.0.iter().flat_map(of_tensor).sum()
    }

    /// self = rate * self + (1 - rate) * other.
    pub fn blend(&mut self, other: &Self, rate: f64) {
        let (old, new) = (R::of(rate), R::of(1.0 - rate));
        for (a, b) in self.0.iter_mut().zip(&other.0) {
            a.data.iter_mut().zip(&b.data).for_each(|(a, &b)| *a = old * *a + new * b);
        }
    }

    /// The values of the tensors at `at`, all of them different, for functions that need several at once.
    pub fn at_mut<const N: usize>(&mut self, at: [usize; N]) -> [&mut Vec<R>; N] {
        let tensors = self.0.get_disjoint_mut(at).expect("different tensors of the list");
        tensors.map(|tensor| &mut tensor.data)
    }

    /// All tensors' values as mutable slices, in order, for functions that need several at once.
    pub fn slices_mut<const N: usize>(&mut self) -> [&mut [R]; N] {
        assert_eq!(self.0.len(), N, "number of tensors");
        let mut tensors = self.0.iter_mut();
        std::array::from_fn(|_| tensors.next().expect("counted above").data.as_mut_slice())
    }
}

/// Values a task handles at a time.
const CHUNK: usize = 1 << 16;

/// Eight sums side by side: one alone would wait for itself.
pub(super) fn sum_of_squares<R: Real>(values: &[R]) -> f64 {
    let mut sums = [0.0; 8];
    for chunk in values.chunks(8) {
        for (sum, x) in sums.iter_mut().zip(chunk) {
            *sum += x.to_f64() * x.to_f64();
        }
    }
    sums.iter().sum()
}

impl<R> std::ops::Index<usize> for Tensors<R> {
    type Output = Vec<R>;

    fn index(&self, i: usize) -> &Vec<R> {
        &self.0[i].data
    }
}

impl<R> std::ops::IndexMut<usize> for Tensors<R> {
    fn index_mut(&mut self, i: usize) -> &mut Vec<R> {
        &mut self.0[i].data
    }
}
