//! Rows of a factor of a product.

/// Where the rows of A begin.
#[derive(Clone, Copy)]
pub(crate) enum Rows<'a> {
    /// Row i begins at `i * stride`.
    Stride(usize),
    /// Row i begins at `offsets[i]`; rows may overlap.
    Offsets(&'a [usize]),
}

impl Rows<'_> {
    /// Where row `i` begins.
    pub(crate) fn start(&self, i: usize) -> usize {
        match self {
            Rows::Stride(stride) => i * stride,
            Rows::Offsets(offsets) => offsets[i],
        }
    }
}
