//! A weighted sum of the logits of LSTM generators as one LSTM, whose weights are theirs in blocks.
//!
//! The zeros outside the blocks are stored, but not multiplied (`nn::lstm::find_blocks`).

use super::model::LstmGenerator;
use super::shape::{EMBEDDING, LstmShape, layout};
use crate::kernel::Real;
use crate::nn::Tensors;
use std::sync::Arc;

/// Most units of a layer of the sum: the zeros of a wider one would take more memory than the products of the parts cost time.
const WIDEST: usize = 1024;

/// Whether [`weighted_blocks`] can hold these parts: they have as many layers and one precision, and are not too wide together.
pub fn fit_in_blocks<R: Real>(parts: &[(&LstmGenerator<R>, f64)]) -> bool {
    let layers = parts[0].0.shape().num_layers;
    let widths = |layer| parts.iter().map(move |(part, _)| part.shape().width(layer)).sum::<usize>();
    let precision = parts[0].0.shape().precision;
    let alike = |shape: LstmShape| shape.num_layers == layers && shape.precision == precision;
    parts.iter().all(|(part, _)| alike(part.shape())) && (0..layers).all(|layer| widths(layer) <= WIDEST)
}

/// The generator whose logits are the sum of weight times logits of `parts`, which share a space and a number of layers and may
/// differ in width, under the rules of the first.
pub fn weighted_blocks<R: Real>(parts: &[(&LstmGenerator<R>, f64)]) -> LstmGenerator<R> {
    let first = parts[0].0;
    let num_layers = first.shape().num_layers;
    assert!(parts.iter().all(|(part, _)| part.space() == first.space()), "parts of one space");
    assert!(parts.iter().all(|(part, _)| part.shape().num_layers == num_layers), "parts of one depth");
    let sum = |width: fn(&LstmShape) -> usize| parts.iter().map(|(part, _)| width(&part.shape())).sum();
    let shape = LstmShape {
        last_hidden_dim: Some(sum(LstmShape::output_dim)).filter(|_| num_layers > 1),
        // A single layer is the last one.
        ..LstmShape::new(
            sum(|shape| shape.embedding_dim),
            sum(|shape| if shape.num_layers > 1 { shape.hidden_dim } else { shape.output_dim() }),
        )
        .with_layers(num_layers)
        .in_precision(first.shape().precision)
    };
    let mut parameters = Tensors::new();
    for (name, sizes) in layout(first.space(), shape) {
        let n = sizes.iter().product();
        parameters.push(name, &sizes, vec![R::default(); n]);
    }
    // Where the inputs of a part begin, and its units of each layer.
    let mut inputs = 0;
    let mut units = vec![0; num_layers];
    for &(part, weight) in parts {
        copy_part(&mut parameters, shape, (inputs, &units), part, R::of(weight));
        inputs += part.shape().embedding_dim;
        units.iter_mut().enumerate().for_each(|(layer, unit)| *unit += part.shape().width(layer));
    }
    let sum = LstmGenerator::from_parameters(first.space().clone(), shape, parameters);
    sum.expect("parameters of its layout").with_constraint(Arc::clone(first.rules()))
}

/// Copies the weights of a part into those of an LSTM of sizes `wide`. The part's inputs begin at `first_input`, and its units
/// of each layer at `first_units`. The part's output layer is multiplied by `weight`.
fn copy_part<R: Real>(
    parameters: &mut Tensors<R>,
    wide: LstmShape,
    (first_input, first_units): (usize, &[usize]),
    part: &LstmGenerator<R>,
    weight: R,
) {
    let (own, shape) = (part.parameters(), part.shape());
    let rows = parameters[EMBEDDING].chunks_exact_mut(wide.embedding_dim);
    for (row, own) in rows.zip(own[EMBEDDING].chunks_exact(shape.embedding_dim)) {
        row[first_input..][..shape.embedding_dim].copy_from_slice(own);
    }
    let mut first_row = first_input;
    for (layer, &first_unit) in first_units.iter().enumerate() {
        let (hidden, wide_hidden) = (shape.width(layer), wide.width(layer));
        // Row i of a part's matrix is a later row of the sum's; its gates are as far apart as the sum is wide.
        let mut copy_gates = |i: usize, first_row: usize| {
            for (row, own) in own[i].chunks_exact(4 * hidden).enumerate() {
                let to = &mut parameters[i][(first_row + row) * 4 * wide_hidden..][..4 * wide_hidden];
                for (gate, own) in own.chunks_exact(hidden).enumerate() {
                    to[gate * wide_hidden + first_unit..][..hidden].copy_from_slice(own);
                }
            }
        };
        let [w, u, b] = shape.layer(layer);
        copy_gates(w, first_row);
        copy_gates(u, first_unit);
        copy_gates(b, 0);
        // The units of this layer are the inputs of the next, and of the output layer.
        first_row = first_unit;
    }
    let b_out = &own[shape.output_bias()];
    let (vocab, hidden) = (b_out.len(), shape.output_dim());
    let output = &mut parameters[wide.output_matrix()][first_row * vocab..][..hidden * vocab];
    output.iter_mut().zip(part.output().columns().iter()).for_each(|(to, &x)| *to = x * weight);
    R::axpy(weight, b_out, &mut parameters[wide.output_bias()]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::oracle::{random, synthetic_space};
    use crate::generator::{GeneratorPolicy, Policy};
    use crate::rng::{Purpose, Streams};
    use crate::token::SeqBatch;

    /// The geometric mean of the members.
    fn ensemble<R: Real>(members: &[LstmGenerator<R>]) -> LstmGenerator<R> {
        let share = 1.0 / members.len() as f64;
        weighted_blocks(&members.iter().map(|member| (member, share)).collect::<Vec<_>>())
    }

    /// Logits of the next token from those of one-step likelihoods: every token's log p after each prefix.
    fn log_probs(generator: &LstmGenerator<f64>, row: &[u32], vocab: u32) -> Vec<Vec<f64>> {
        let after = |t: usize| {
            let of = |token| {
                let rows = [row[..t].iter().copied().chain([token]).collect::<Vec<u32>>()];
                generator.log_prob(&SeqBatch::from_rows(rows, row.len()))[t]
            };
            (0..vocab).map(of).collect()
        };
        (0..row.len()).map(after).collect()
    }

    #[test]
    fn an_ensemble_is_the_geometric_mean_of_its_members() {
        let mut space = synthetic_space(5, 4);
        space.label_counts = vec![3, 1];
        let members: Vec<LstmGenerator<f64>> = (0..3)
            .map(|i| {
                LstmGenerator::new(
                    space.clone(),
                    LstmShape::new(3, 4),
                    1.0,
                    &Streams::new(i, Purpose::OracleInit),
                )
            })
            .collect();
        let together = ensemble(&members);
        for label in [0, 1] {
            let row = [2, 0, 4, 1];
            let labelled = |rows: Vec<Vec<u32>>| {
                let n = rows.len();
                SeqBatch::from_rows(rows, 4).with_labels(vec![label; n])
            };
            for t in 0..4 {
                let all: Vec<Vec<u32>> = (0..5).map(|token| [&row[..t], &[token]].concat()).collect();
                let batch = labelled(all);
                let of = |generator: &LstmGenerator<f64>| -> Vec<f64> {
                    generator.log_prob(&batch).chunks_exact(4).map(|row| row[t]).collect()
                };
                let each: Vec<Vec<f64>> = members.iter().map(of).collect();
                let mean: Vec<f64> =
                    (0..5).map(|v| each.iter().map(|row| row[v]).sum::<f64>() / 3.0).collect();
                let normaliser = mean.iter().map(|l| l.exp()).sum::<f64>().ln();
                for (found, mean) in of(&together).iter().zip(&mean) {
                    assert!((found - (mean - normaliser)).abs() < 1e-12, "step {t}: {found}");
                }
            }
        }
    }

    /// Members of other widths, with several layers, some with tied embeddings: log-probabilities are those of the weighted
    /// logits, and samples have them. Members that are too wide together, or of another depth, do not fit.
    #[test]
    fn stacked_members_fit_in_blocks() {
        let space = synthetic_space(7, 5);
        let shapes = [LstmShape::new(3, 20).with_layers(2), LstmShape::new(18, 17).with_layers(2).tied()];
        let members: Vec<LstmGenerator<f64>> = (0..2)
            .map(|i| {
                LstmGenerator::new(
                    space.clone(),
                    shapes[i],
                    0.7,
                    &Streams::new(i as u64, Purpose::OracleInit),
                )
            })
            .collect();
        let together = weighted_blocks(&[(&members[0], 0.25), (&members[1], 0.75)]);
        assert_eq!(together.layer(1).blocks.len(), 2);
        let batch = SeqBatch::from_rows((0..7).map(|token| [3, token, 1, 6, 0]), 5);
        // log p of the second token, given the first.
        let second = |generator: &LstmGenerator<f64>| -> Vec<f64> {
            generator.log_prob(&batch).chunks_exact(5).map(|row| row[1]).collect()
        };
        let [a, b] = [second(&members[0]), second(&members[1])];
        let sums: Vec<f64> = a.iter().zip(&b).map(|(a, b)| 0.25 * a + 0.75 * b).collect();
        let normaliser = sums.iter().map(|x| x.exp()).sum::<f64>().ln();
        for (found, sum) in second(&together).iter().zip(sums) {
            assert!((found - (sum - normaliser)).abs() < 1e-12, "{found}");
        }
        let wide = LstmGenerator::<f32>::new(
            space.clone(),
            LstmShape::new(2, 600),
            0.1,
            &Streams::new(1, Purpose::OracleInit),
        );
        let deep = LstmGenerator::new(
            space,
            LstmShape::new(2, 6).with_layers(2),
            0.1,
            &Streams::new(1, Purpose::OracleInit),
        );
        assert!(fit_in_blocks(&[(&wide, 1.0)]) && fit_in_blocks(&[(&deep, 1.0), (&deep, 1.0)]));
        assert!(
            !fit_in_blocks(&[(&wide, 0.5), (&wide, 0.5)]) && !fit_in_blocks(&[(&wide, 0.5), (&deep, 0.5)])
        );
    }

    /// The decoder, the whole pass and a file agree on a stacked model with tied embeddings, at any temperature.
    #[test]
    fn samples_of_a_stacked_model_have_its_likelihood() {
        let mut space = synthetic_space(9, 12);
        space.end_token = Some(0);
        let generator = random(space, LstmShape::new(18, 20).with_layers(3).tied(), 5);
        for temperature in [1.0, 0.7] {
            let policy = GeneratorPolicy::new(&generator, temperature);
            let samples = policy.sample(&Streams::new(3, Purpose::Sample), 0, 100);
            let likelihood = policy.sequence_log_prob(&samples.sequences);
            for (drawn, likelihood) in samples.log_prob.iter().zip(&likelihood) {
                assert!((drawn - likelihood).abs() < 1e-4, "{drawn}, {likelihood}");
            }
        }
    }

    #[test]
    fn an_ensemble_of_one_is_the_one() {
        let one: LstmGenerator<f64> = LstmGenerator::new(
            synthetic_space(6, 4),
            LstmShape::new(3, 5),
            1.0,
            &Streams::new(1, Purpose::OracleInit),
        );
        let row = [5, 0, 3, 3];
        assert_eq!(log_probs(&ensemble(std::slice::from_ref(&one)), &row, 6), log_probs(&one, &row, 6));
    }

    /// Members of different widths, with labels, of sequences that all end before time; as blocks, and as the dense matrices
    /// that hold them.
    #[test]
    fn blocks_give_the_bits_of_dense_matrices() {
        let member = |hidden_dim: usize, seed| {
            let mut space = synthetic_space(3, 60);
            (space.end_token, space.label_counts) = (Some(0), vec![2, 1]);
            LstmGenerator::new(
                space,
                LstmShape::new(4, hidden_dim),
                0.3,
                &Streams::new(seed, Purpose::OracleInit),
            )
        };
        let members = [member(16, 1), member(20, 2), member(17, 3)];
        let parts = [(&members[0], 0.5), (&members[1], -0.25), (&members[2], 0.75)];
        let blocks = weighted_blocks(&parts);
        let mut dense = blocks.clone();
        // Whatever is changed counts as dense.
        dense.parameters_mut();
        let widths = |generator: &LstmGenerator| -> Vec<usize> {
            generator.layer(0).blocks.iter().map(|block| block.hidden.len()).collect()
        };
        assert_eq!((widths(&blocks), widths(&dense)), (vec![16, 20, 17], vec![]));
        let sample = |generator: &LstmGenerator| {
            GeneratorPolicy::new(generator, 0.9).sample(&Streams::new(3, Purpose::Sample), 0, 200)
        };
        let (samples, of_dense) = (sample(&blocks), sample(&dense));
        assert!(samples.sequences.rows().all(|row| row.len() < 60));
        assert_eq!(samples.sequences, of_dense.sequences);
        assert_eq!(samples.log_prob, of_dense.log_prob);
        assert_eq!(blocks.log_prob(&samples.sequences), dense.log_prob(&samples.sequences));
    }

    #[test]
    fn samples_of_an_ensemble_have_its_likelihood() {
        let members: Vec<_> =
            (0..2).map(|seed| random(synthetic_space(9, 6), LstmShape::new(4, 5), seed)).collect();
        let policy = GeneratorPolicy::new(&ensemble(&members), 0.8);
        let samples = policy.sample(&Streams::new(3, Purpose::Sample), 0, 40);
        for (drawn, likelihood) in samples.log_prob.iter().zip(policy.sequence_log_prob(&samples.sequences)) {
            assert!((drawn - likelihood).abs() < 1e-4, "{drawn}, {likelihood}");
        }
    }
}
