//! Several generators as one: an LSTM whose weights are theirs in blocks.
//!
//! Its logits are a weighted sum of theirs, so its distribution is the normalised product of theirs, each to the power of its
//! weight (a product of experts). Of an ensemble the weights are equal, and it is the geometric mean. Because it is a
//! generator like any other, everything works with it: sampling at a temperature, likelihood, constraints, files. The zeros
//! outside the blocks are stored, but not multiplied (`nn::lstm::find_blocks`).

use super::lstm::parameter::{B, B_OUT, EMBEDDING, U, W, W_OUT};
use super::{GeneratorShape, LstmGenerator};
use crate::kernel::Real;
use crate::nn::Tensors;

/// The ensemble of generators of one shape, under the rules of the first.
pub fn ensemble<R: Real>(members: &[LstmGenerator<R>]) -> LstmGenerator<R> {
    let share = 1.0 / members.len() as f64;
    weighted(&members.iter().map(|member| (member, share)).collect::<Vec<_>>())
}

/// The generator whose logits are the sum of weight times logits, under the rules of the first; the parts may differ in
/// width.
pub fn weighted<R: Real>(parts: &[(&LstmGenerator<R>, f64)]) -> LstmGenerator<R> {
    let one = parts[0].0.shape();
    let sum = |width: fn(&GeneratorShape) -> usize| parts.iter().map(|(part, _)| width(part.shape())).sum();
    let shape = GeneratorShape {
        embedding_dim: sum(|shape| shape.embedding_dim),
        hidden_dim: sum(|shape| shape.hidden_dim),
        ..one.clone()
    };
    for (part, _) in parts {
        let GeneratorShape { embedding_dim, hidden_dim, .. } = *part.shape();
        assert_eq!(
            *part.shape(),
            GeneratorShape { embedding_dim, hidden_dim, ..one.clone() },
            "one vocabulary"
        );
    }
    let (v, c) = (one.vocab_size, one.num_labels());
    let (wide_e, wide_h) = (shape.embedding_dim, shape.hidden_dim);
    let mut embedding = vec![R::default(); (v + c) * wide_e];
    let mut w = vec![R::default(); wide_e * 4 * wide_h];
    let mut u = vec![R::default(); wide_h * 4 * wide_h];
    let mut b = vec![R::default(); 4 * wide_h];
    let mut w_out = Vec::with_capacity(wide_h * v);
    let mut b_out = vec![R::default(); v];
    // Where a part's units begin.
    let (mut first_e, mut first_h) = (0, 0);
    for (part, weight) in parts {
        let (p, weight) = (part.parameters(), R::of(*weight));
        let (e, h) = (part.shape().embedding_dim, part.shape().hidden_dim);
        for (row, own) in embedding.chunks_exact_mut(wide_e).zip(p[EMBEDDING].chunks_exact(e)) {
            row[first_e..first_e + e].copy_from_slice(own);
        }
        // Row i of a part's matrix is a later row of the whole; its gates stand apart by the wide H.
        let block = |wide: &mut [R], own: &[R], first: usize| {
            for (i, own) in own.chunks_exact(4 * h).enumerate() {
                let row = &mut wide[(first + i) * 4 * wide_h..][..4 * wide_h];
                for (gate, own) in own.chunks_exact(h).enumerate() {
                    row[gate * wide_h + first_h..][..h].copy_from_slice(own);
                }
            }
        };
        block(&mut w, &p[W], first_e);
        block(&mut u, &p[U], first_h);
        block(&mut b, &p[B], 0);
        w_out.extend(p[W_OUT].iter().map(|&x| x * weight));
        R::axpy(weight, &p[B_OUT], &mut b_out);
        (first_e, first_h) = (first_e + e, first_h + h);
    }
    let mut parameters = Tensors::new();
    let tensors = [
        ("embedding", vec![v + c, wide_e], embedding),
        ("w", vec![wide_e, 4 * wide_h], w),
        ("u", vec![wide_h, 4 * wide_h], u),
        ("b", vec![4 * wide_h], b),
        ("w_out", vec![wide_h, v], w_out),
        ("b_out", vec![v], b_out),
    ];
    tensors.into_iter().for_each(|(name, sizes, data)| parameters.push(name, &sizes, data));
    let generator = LstmGenerator::from_parameters(shape, parameters).expect("blocks of its layout");
    generator.with_constraint(parts[0].0.shared_rules())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::LstmPolicy;
    use crate::generator::Policy;
    use crate::generator::oracle::{random, synthetic_shape};
    use crate::rng::{Purpose, Streams};
    use crate::token::SeqBatch;

    /// Logits of the next token from those of one-step likelihoods: every token's log p after each beginning.
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
        let mut shape = synthetic_shape(5, 3, 4, 4);
        shape.label_counts = vec![3, 1];
        let members: Vec<LstmGenerator<f64>> = (0..3)
            .map(|i| LstmGenerator::new(shape.clone(), 1.0, &Streams::new(i, Purpose::OracleInit)))
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

    #[test]
    fn an_ensemble_of_one_is_the_one() {
        let one: LstmGenerator<f64> =
            LstmGenerator::new(synthetic_shape(6, 3, 5, 4), 1.0, &Streams::new(1, Purpose::OracleInit));
        let row = [5, 0, 3, 3];
        assert_eq!(log_probs(&ensemble(std::slice::from_ref(&one)), &row, 6), log_probs(&one, &row, 6));
    }

    /// Members of different widths, with labels, of sequences that all end before time; as blocks, and as the dense matrices
    /// that hold them.
    #[test]
    fn blocks_give_the_bits_of_dense_matrices() {
        let member = |hidden_dim: usize, seed| {
            let mut shape = synthetic_shape(3, 4, hidden_dim, 60);
            (shape.end_token, shape.label_counts) = (Some(0), vec![2, 1]);
            LstmGenerator::new(shape, 0.3, &Streams::new(seed, Purpose::OracleInit))
        };
        let members = [member(16, 1), member(20, 2), member(17, 3)];
        let parts = [(&members[0], 0.5), (&members[1], -0.25), (&members[2], 0.75)];
        let blocks = weighted(&parts);
        let mut dense = blocks.clone();
        // Whatever is changed counts as dense.
        dense.parameters_mut();
        let widths = |generator: &LstmGenerator| -> Vec<usize> {
            generator.lstm_weights().blocks.iter().map(|block| block.hidden.len()).collect()
        };
        assert_eq!((widths(&blocks), widths(&dense)), (vec![16, 20, 17], vec![]));
        let sample = |generator: &LstmGenerator| {
            LstmPolicy::new(generator, 0.9).sample(&Streams::new(3, Purpose::Sample), 0, 200)
        };
        let (samples, of_dense) = (sample(&blocks), sample(&dense));
        assert!(samples.sequences.rows().all(|row| row.len() < 60));
        assert_eq!(samples.sequences, of_dense.sequences);
        assert_eq!(samples.log_prob, of_dense.log_prob);
        assert_eq!(blocks.log_prob(&samples.sequences), dense.log_prob(&samples.sequences));
    }

    #[test]
    fn an_ensemble_is_sampled_as_it_is_judged() {
        let members: Vec<_> = (0..2).map(|seed| random(synthetic_shape(9, 4, 5, 6), seed)).collect();
        let policy = LstmPolicy::new(&ensemble(&members), 0.8);
        let samples = policy.sample(&Streams::new(3, Purpose::Sample), 0, 40);
        for (drawn, judged) in samples.log_prob.iter().zip(policy.sequence_log_prob(&samples.sequences)) {
            assert!((drawn - judged).abs() < 1e-4, "{drawn}, {judged}");
        }
    }
}
