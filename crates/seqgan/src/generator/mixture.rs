//! A mixture of policies: each whole sequence comes from one of them.

use super::{Policy, Samples, SequenceSpace};
use crate::rng::Streams;
use crate::token::{SeqBatch, TokenId};

/// A mixture of policies over the same sequences.
pub struct MixturePolicy {
    parts: Vec<(f64, Box<dyn Policy>)>,
}

impl MixturePolicy {
    /// A mixture of policies with their shares, which sum to 1.
    ///
    /// # Panics
    /// If there is no policy.
    pub fn new(parts: Vec<(f64, Box<dyn Policy>)>) -> Self {
        assert!(!parts.is_empty(), "a mixture of nothing");
        Self { parts }
    }

    /// The part that sequence number `sequence` comes from.
    fn choose(&self, streams: &Streams, sequence: u64) -> usize {
        // The steps of a sequence use up numbers 0..T, its label number T.
        let mut left = streams.uniform(sequence, self.max_length() as u32 + 1);
        let found = self.parts.iter().position(|(share, _)| {
            left -= share;
            left < 0.0
        });
        found.unwrap_or(self.parts.len() - 1)
    }
}

impl Policy for MixturePolicy {
    fn space(&self) -> &SequenceSpace {
        self.parts[0].1.space()
    }

    fn allows(&self, row: &[TokenId]) -> bool {
        self.parts.iter().any(|(share, policy)| *share > 0.0 && policy.allows(row))
    }

    fn sample(&self, streams: &Streams, first: u64, n: usize) -> Samples {
        let drawn: Vec<SeqBatch> =
            self.parts.iter().map(|(_, policy)| policy.sample(streams, first, n).sequences).collect();
        let mut sequences = SeqBatch::new(self.max_length());
        for b in 0..n {
            sequences.extend(&drawn[self.choose(streams, first + b as u64)].slice(b, 1));
        }
        Samples { log_prob: self.sequence_log_prob(&sequences), sequences }
    }

    fn log_prob(&self, batch: &SeqBatch) -> Vec<f32> {
        let length = self.max_length();
        let of_parts: Vec<Vec<f32>> = self.parts.iter().map(|(_, policy)| policy.log_prob(batch)).collect();
        let mut result = vec![0.0; batch.len() * length];
        for (b, row) in result.chunks_exact_mut(length.max(1)).enumerate() {
            // log of the joint probability of each part and the tokens so far.
            let mut joint: Vec<f64> = self.parts.iter().map(|(share, _)| share.ln()).collect();
            let mut before = 0.0;
            for (t, log_prob) in row.iter_mut().enumerate() {
                joint
                    .iter_mut()
                    .zip(&of_parts)
                    .for_each(|(sum, part)| *sum += f64::from(part[b * length + t]));
                let largest = joint.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let so_far = largest + joint.iter().map(|x| (x - largest).exp()).sum::<f64>().ln();
                *log_prob = (so_far - before) as f32;
                before = so_far;
            }
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::{GeneratorPolicy, LstmShape, oracle};
    use crate::rng::Purpose;

    fn mixture(shares: [f64; 2]) -> (MixturePolicy, [GeneratorPolicy; 2]) {
        let space = SequenceSpace { end_token: Some(0), ..oracle::synthetic_space(3, 3) };
        let generator = oracle::random(space, LstmShape::new(3, 4), 5);
        let part = |temperature| GeneratorPolicy::new(&generator, temperature);
        let boxed = |temperature| -> Box<dyn Policy> { Box::new(part(temperature)) };
        (MixturePolicy::new(vec![(shares[0], boxed(0.3)), (shares[1], boxed(1.0))]), [part(0.3), part(1.0)])
    }

    /// All sequences: of 1, 2 or 0 to 2 and then the end or the longest length.
    fn all() -> SeqBatch {
        let tokens = [1, 2];
        let mut rows: Vec<Vec<TokenId>> = vec![Vec::new()];
        let mut next = 0;
        while next < rows.len() {
            if rows[next].len() < 3 {
                let longer = tokens.map(|token| [&rows[next][..], &[token]].concat());
                rows.extend(longer);
            }
            next += 1;
        }
        SeqBatch::from_rows(rows, 3)
    }

    #[test]
    fn probabilities_are_the_weighted_means_of_the_parts() {
        let (mixture, parts) = mixture([0.2, 0.8]);
        let [cold, plain] = parts.map(|part| part.sequence_log_prob(&all()));
        let found = mixture.sequence_log_prob(&all());
        for ((found, cold), plain) in found.iter().zip(cold).zip(plain) {
            assert!((found.exp() - (0.2 * cold.exp() + 0.8 * plain.exp())).abs() < 1e-6, "{found}");
        }
        let log_prob = mixture.log_prob(&all());
        for (b, row) in log_prob.chunks(3).enumerate() {
            assert!(row[all().steps(b, true)..].iter().all(|&l| l.abs() < 1e-6), "nothing behind the end");
        }
    }

    #[test]
    fn sequences_are_drawn_as_often_as_they_are_likely() {
        let (mixture, _) = mixture([0.4, 0.6]);
        let n = 20_000;
        let samples = mixture.sample(&Streams::new(1, Purpose::Sample), 0, n);
        let again = mixture.sequence_log_prob(&samples.sequences);
        assert_eq!(samples.log_prob, again);
        for (row, log_prob) in all().rows().zip(mixture.sequence_log_prob(&all())) {
            let count = samples.sequences.rows().filter(|other| *other == row).count() as f64;
            let p = log_prob.exp();
            let stderr = (p * (1.0 - p) * n as f64).sqrt();
            assert!((count - p * n as f64).abs() < 4.5 * stderr + 1.0, "{row:?} {count} {p}");
        }
        let mut parts = mixture.sample(&Streams::new(1, Purpose::Sample), 0, 7).sequences;
        parts.extend(&mixture.sample(&Streams::new(1, Purpose::Sample), 7, 13).sequences);
        assert_eq!(parts, samples.sequences.slice(0, 20));
    }
}
