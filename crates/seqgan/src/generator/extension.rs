//! Parameters of a generator for other tokens: rows and columns of known tokens are kept, those of new ones are drawn.
//!
//! Kinds of networks map their tables by these functions in [`TrainableGenerator::with_space`](super::TrainableGenerator).
//! `rows` and `columns` say for each index of the result which index of the given table it is; none for a new one.

use super::SequenceSpace;
use crate::nn::Tensors;
use crate::rng::{Reader, Streams};
use crate::token::{Label, TokenId};

/// What the tokens and labels of a new space are in the old one.
#[derive(Debug, Clone, Copy)]
pub struct SpaceMap<'a> {
    old: &'a SequenceSpace,
    /// Token of the old space of each new token, `[V]`.
    pub tokens: &'a [Option<TokenId>],
    /// Label of the old space of each new label, `[C]`.
    pub labels: &'a [Option<Label>],
}

impl<'a> SpaceMap<'a> {
    /// The map of a generator with the space `old` to the space `new`.
    ///
    /// # Errors
    /// A wrong number of entries, one that the old space does not have, no known token at all, or an end token where the old
    /// space has none.
    pub fn new(
        (old, new): (&'a SequenceSpace, &SequenceSpace),
        tokens: &'a [Option<TokenId>],
        labels: &'a [Option<Label>],
    ) -> Result<Self, String> {
        let sizes = [
            ("tokens", tokens, new.vocab_size, old.vocab_size),
            ("labels", labels, new.num_labels(), old.num_labels()),
        ];
        for (name, map, of_new, of_old) in sizes {
            if map.len() != of_new {
                return Err(format!("{} {name} are mapped, expected {of_new}", map.len()));
            }
            if let Some(index) = map.iter().flatten().find(|&&index| index as usize >= of_old) {
                return Err(format!("{name} are mapped to number {index} of {of_old}"));
            }
        }
        if tokens.iter().all(Option::is_none) {
            return Err("it knows none of the tokens".into());
        }
        if old.end_token.is_none() && new.end_token.is_some() {
            return Err("all its sequences have one length, and it knows no end of a sequence".into());
        }
        Ok(Self { old, tokens, labels })
    }

    /// The parameters of a network for the new space, which have this layout: the embedding table `[V + C, E]` first, an output
    /// matrix `[H, V]` unless it is the table, and perhaps an output bias. All others are kept.
    pub fn parameters(
        &self,
        own: &Tensors<f32>,
        layout: Vec<(String, Vec<usize>)>,
        (output_matrix, output_bias): (usize, Option<usize>),
        streams: &Streams,
    ) -> Tensors<f32> {
        let mut parameters = Tensors::new();
        for (i, (name, sizes)) in layout.into_iter().enumerate() {
            let (own, mut reader) = (&own[i], streams.reader(i as u64));
            let values = match i {
                // Of tied embeddings it is the output matrix, too.
                0 => self.embedding(own, sizes[1], &mut reader),
                _ if i == output_matrix => self.output_matrix(own, &mut reader),
                _ if Some(i) == output_bias => self.output_bias(own),
                _ => own.clone(),
            };
            parameters.push(name, &sizes, values);
        }
        parameters
    }

    /// An embedding table `[V + C, width]`, whose rows of labels follow those of the tokens.
    pub fn embedding(&self, table: &[f32], width: usize, reader: &mut Reader) -> Vec<f32> {
        let (tokens, labels) = table.split_at(self.old.vocab_size * width);
        let mut mapped = mapped_rows(tokens, width, self.tokens, reader);
        mapped.extend(mapped_rows(labels, width, self.labels, reader));
        mapped
    }

    /// An output matrix `[height, V]`.
    pub fn output_matrix(&self, matrix: &[f32], reader: &mut Reader) -> Vec<f32> {
        mapped_columns(matrix, self.old.vocab_size, self.tokens, reader)
    }

    /// An output bias `[V]`; that of a new token is the smallest of those that are kept, as that of a rare token.
    pub fn output_bias(&self, bias: &[f32]) -> Vec<f32> {
        let known = |row: &Option<TokenId>| row.map(|row| bias[row as usize]);
        let smallest = self.tokens.iter().filter_map(known).fold(f32::INFINITY, f32::min);
        self.tokens.iter().map(|row| known(row).unwrap_or(smallest)).collect()
    }
}

/// A table `[N, width]` with the rows of `table`. New rows are drawn from the normal distribution that has, value by value, the
/// mean and the standard deviation of the rows of `table`; they are zero if `table` has none.
pub fn mapped_rows(table: &[f32], width: usize, rows: &[Option<u32>], reader: &mut Reader) -> Vec<f32> {
    let n = (table.len() / width).max(1) as f64;
    let values = |column: usize| table.iter().skip(column).step_by(width).map(|&x| f64::from(x));
    let moments: Vec<(f64, f64)> = (0..width)
        .map(|column| {
            let mean = values(column).sum::<f64>() / n;
            let variance = values(column).map(|x| (x - mean).powi(2)).sum::<f64>() / n;
            (mean, variance.sqrt())
        })
        .collect();
    let mut mapped = Vec::with_capacity(rows.len() * width);
    for row in rows {
        match row {
            Some(row) => mapped.extend_from_slice(&table[*row as usize * width..][..width]),
            None => mapped.extend(moments.iter().map(|(mean, std)| (mean + std * reader.normal()) as f32)),
        }
    }
    mapped
}

/// A matrix `[height, N]` with the columns of `matrix`, which has `width` of them. New columns are drawn as by
/// [`mapped_rows`].
pub fn mapped_columns(
    matrix: &[f32],
    width: usize,
    columns: &[Option<u32>],
    reader: &mut Reader,
) -> Vec<f32> {
    let height = matrix.len() / width;
    let mapped = mapped_rows(&transposed(matrix, height, width), height, columns, reader);
    transposed(&mapped, columns.len(), height)
}

/// The transpose of a matrix `[height, width]`.
fn transposed(matrix: &[f32], height: usize, width: usize) -> Vec<f32> {
    (0..width).flat_map(|column| (0..height).map(move |row| matrix[row * width + column])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::oracle::synthetic_space;
    use crate::rng::{Purpose, Streams};

    fn reader() -> Reader {
        Streams::new(7, Purpose::NewTokens).reader(0)
    }

    #[test]
    fn known_rows_and_columns_are_kept_in_the_new_order() {
        let table = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        assert_eq!(mapped_rows(&table, 2, &[Some(2), Some(0)], &mut reader()), [5.0, 6.0, 1.0, 2.0]);
        assert_eq!(mapped_columns(&table, 3, &[Some(2), Some(0)], &mut reader()), [3.0, 1.0, 6.0, 4.0]);
        let with_new = mapped_columns(&table, 3, &[Some(1), None], &mut reader());
        assert_eq!((with_new.len(), with_new[0], with_new[2]), (4, 2.0, 5.0));
    }

    #[test]
    fn new_rows_have_the_moments_of_the_table() {
        // Columns with means 10 and -1, and standard deviations 2 and 0.
        let table = [8.0, -1.0, 12.0, -1.0];
        let rows = vec![None; 20_000];
        let drawn = mapped_rows(&table, 2, &rows, &mut reader());
        let n = rows.len() as f64;
        let first = || drawn.iter().step_by(2).map(|&x| f64::from(x));
        let mean = first().sum::<f64>() / n;
        let variance = first().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
        assert!((mean - 10.0).abs() < 0.1 && (variance.sqrt() - 2.0).abs() < 0.1, "{mean} {variance}");
        assert!(drawn.iter().skip(1).step_by(2).all(|&x| x == -1.0));
        // Of a table without rows, such as that of labels.
        assert_eq!(mapped_rows(&[], 3, &[None], &mut reader()), [0.0; 3]);
    }

    #[test]
    fn maps_that_do_not_fit_are_refused() {
        let old = synthetic_space(3, 4);
        let new = SequenceSpace { vocab_size: 2, ..old.clone() };
        let refused = |new: &SequenceSpace, tokens: &[Option<u32>], labels: &[Option<u32>]| {
            SpaceMap::new((&old, new), tokens, labels).unwrap_err()
        };
        assert!(SpaceMap::new((&old, &new), &[Some(2), None], &[]).is_ok());
        assert!(refused(&new, &[Some(2)], &[]).contains("1 tokens are mapped, expected 2"));
        assert!(refused(&new, &[Some(3), None], &[]).contains("number 3 of 3"));
        assert!(refused(&new, &[Some(1), None], &[None]).contains("1 labels"));
        assert!(refused(&new, &[None, None], &[]).contains("none of the tokens"));
        let ending = SequenceSpace { end_token: Some(0), ..new.clone() };
        assert!(refused(&ending, &[Some(1), None], &[]).contains("no end of a sequence"));
    }
}
