//! How far melodies are from the mean melody of the test file: the nearest guess at the mean squared error of the SeqGAN
//! paper's music task.

use super::Estimate;
use super::metric::{Metric, Reference};
use crate::data::Interner;
use crate::token::{SeqBatch, TokenId};

/// Mean over samples of the mean squared difference, in squared semitones, between each pitch and the mean pitch of the
/// test sequences at the same step. Rests (0) have no pitch and are left out on both sides, and so are steps that no
/// test sequence reaches. The standard error is over samples, the test sequences being given.
///
/// Tokens are those that `interner` has numbered, their spellings whole numbers.
///
/// The paper (section 5.3, table 4) names a mean squared error of "continuous pitch data patterns" and does not say
/// between what; docs/metrics.md tells why this is taken.
pub fn pitch_mse(samples: &SeqBatch, test: &SeqBatch, interner: &Interner) -> Estimate {
    let pitches: Vec<Option<f64>> =
        interner.spellings().iter().map(|s| s.parse().ok().filter(|&pitch| pitch > 0.0)).collect();
    squared_error(samples, test, |token| pitches.get(token as usize).copied().flatten())
}

fn squared_error(samples: &SeqBatch, test: &SeqBatch, pitch: impl Fn(TokenId) -> Option<f64>) -> Estimate {
    let mut sums = vec![(0.0, 0.0); test.max_length()];
    for row in test.rows() {
        for (sum, &token) in sums.iter_mut().zip(row) {
            if let Some(pitch) = pitch(token) {
                *sum = (sum.0 + pitch, sum.1 + 1.0);
            }
        }
    }
    let means: Vec<Option<f64>> =
        sums.iter().map(|&(sum, count)| (count > 0.0).then(|| sum / count)).collect();
    let error = |row: &[TokenId]| {
        let both = row.iter().zip(&means).filter_map(|(&token, &mean)| Some((pitch(token)?, mean?)));
        let (sum, count) =
            both.fold((0.0, 0.0), |(sum, count), (pitch, mean)| (sum + (pitch - mean).powi(2), count + 1.0));
        // A sample of rests alone says nothing of pitches.
        (count > 0.0).then(|| sum / count)
    };
    Estimate::from_values(samples.rows().filter_map(error))
}

/// In a scorecard.
pub(super) static PITCH_MSE: Metric = Metric {
    names: &["pitch_mse"],
    about: "Squared distance to the mean melody of the test sequences, in squared semitones; standard error over samples.",
    reference: Reference::Test,
    measure: |context| {
        context.pitches.map(|pitches| pitch_mse(context.samples, context.test, pitches)).into_iter().collect()
    },
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{
        FileFormat, MidiOptions, NUM_PITCHES, ReadOptions, RestHandling, Tokens, Vocab, read_training,
    };
    use crate::rng::{Purpose, Streams};

    #[test]
    fn by_hand() {
        let vocab = Vocab::integers(89).unwrap();
        let mut interner = Interner::default();
        let mut rows = |lines: &[&str]| {
            let rows: Vec<_> = lines.iter().map(|line| vocab.encode(line)).collect();
            interner.rows(&SeqBatch::from_rows(rows, 4), &vocab)
        };
        // The mean melody is 12 20 30: a rest is no pitch of 0. Nothing reaches the last step.
        let test = rows(&["10 20 30", "14 0"]);
        // 0 4 0, then 9 alone; rests are left out, and what holds no pitch is no sample.
        let samples = rows(&["12 22 30 88", "9", "9 0 0", "0 0"]);
        let got = pitch_mse(&samples, &test, &interner);
        assert!((got.mean - (4.0 / 3.0 + 9.0 + 9.0) / 3.0).abs() < 1e-12, "{got:?}");
        assert!(pitch_mse(&samples.slice(3, 1), &test, &interner).mean.is_nan());
    }

    /// The numbers of docs/metrics.md: other readings of "MSE", and generators that know nothing of melodies.
    #[test]
    fn what_the_paper_may_have_meant() {
        let Some(data) = std::env::var_os("SEQGAN_DATA") else {
            eprintln!("SKIPPED: what_the_paper_may_have_meant: SEQGAN_DATA names no folder of data sets");
            return;
        };
        let folder = std::path::PathBuf::from(data).join("nottingham/midi");
        let read = |part: &str, rests| {
            let options = ReadOptions {
                format: FileFormat::Midi,
                midi: MidiOptions { rests, ..MidiOptions::default() },
                tokens: Tokens::Ids,
                window: 32,
                vocab_size: NUM_PITCHES,
                ..ReadOptions::default()
            };
            read_training(folder.join(part), &options).unwrap().sequences
        };
        let (train, test) = (read("train", RestHandling::Fill), read("test", RestHandling::Fill));
        assert_eq!((train.len(), test.len()), (3244, 332));
        // Token n + 2 is the pitch n; a difference does not see it.
        let apart = |a: &[TokenId], b: &[TokenId]| {
            a.iter().zip(b).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum::<f64>() / 32.0
        };
        let (mut all, mut nearest) = (0.0, 0.0);
        for row in train.rows() {
            let distances: Vec<f64> = test.rows().map(|other| apart(row, other)).collect();
            all += distances.iter().sum::<f64>() / (train.len() * test.len()) as f64;
            nearest += distances.iter().fold(f64::MAX, |a, &b| a.min(b)) / train.len() as f64;
        }
        let to_mean = |samples: &SeqBatch, test: &SeqBatch| {
            squared_error(samples, test, |t| t.checked_sub(2).filter(|&p| p > 0).map(f64::from)).mean
        };
        let tokens: Vec<TokenId> = train.rows().flatten().copied().collect();
        let order = Streams::new(1, Purpose::RealSubset).permutation(0, tokens.len());
        let shuffled: Vec<TokenId> = order.into_iter().map(|i| tokens[i]).collect();
        let unigram = SeqBatch::from_rows(shuffled.chunks(32), 32);
        let mean = test.rows().flatten().map(|&t| f64::from(t)).sum::<f64>() / test.total_tokens() as f64;
        let constant = SeqBatch::from_rows([[mean.round() as TokenId; 32]], 32);
        let (rests, test_rests) = (read("train", RestHandling::Keep), read("test", RestHandling::Keep));
        let with_zeros = squared_error(&rests, &test_rests, |t| Some(f64::from(t))).mean;
        let near = |name: &str, got: f64, told: f64| assert!((got - told).abs() < 0.05, "{name}: {got}");
        near("mean tune", to_mean(&train, &test), 23.7);
        near("mean tune, rests left out", to_mean(&rests, &test_rests), 23.5);
        near("mean tune, rests as 0", with_zeros, 72.7);
        near("all pairs", all, 45.9);
        near("nearest", nearest, 11.5);
        near("unigram", to_mean(&unigram, &test), 23.7);
        near("constant", to_mean(&constant, &test), 0.1);
    }
}
