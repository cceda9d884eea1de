//! What the kernels compute at a time.

use super::number::Line;

/// A block of C: some of its rows and some of its columns.
///
/// Its makers vouch that `c` begins `rows` rows of `columns` elements that nobody else touches, that `a` holds the strips of these
/// rows, `tiles` tiles each, and `b` those of these columns, the first `tiles` of `b_tiles` tiles each.
pub(super) struct Block<'a> {
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) tiles: usize,
    pub(super) a: &'a [Line],
    pub(super) b: &'a [Line],
    pub(super) b_tiles: usize,
    pub(super) c: *mut f32,
    pub(super) c_stride: usize,
    pub(super) accumulate: bool,
}
