//! Self-BLEU, how alike the samples are (Zhu et al., Texygen, SIGIR 2018).

use std::ops::RangeInclusive;

use super::Estimate;
use super::bleu::mean_scores;
use super::metric::{Metric, Reference};
use crate::SeqBatch;
use crate::ngram::sentence_bleu::References;

/// For each maximum order n of `orders` the mean over `samples` of sentence BLEU-n against all the other
/// samples ([`References::score`]).
///
/// A sample is not its own reference, but an equal sample is. Everything is counted afresh at each call. The
/// score grows with the number of samples, so compare equal numbers only. The standard error is over samples
/// with the others given; it leaves out that they are references of one another, and so is too small for long
/// n-grams (on image captions by about a fifth at n = 5).
pub fn self_bleu(samples: &SeqBatch, orders: RangeInclusive<usize>) -> Vec<Estimate> {
    let references = References::new(samples, orders.clone());
    mean_scores(samples.len(), orders, |b| references.score(samples.row(b), Some(b)))
}

/// In a scorecard.
pub(super) static SELF_BLEU: Metric = Metric {
    names: &["self_bleu_2", "self_bleu_3", "self_bleu_4", "self_bleu_5"],
    about: "BLEU-n of each sample against the others: higher is less varied; standard error over samples.",
    reference: Reference::Test,
    measure: |context| self_bleu(context.samples, 2..=5),
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::bleu;

    fn samples() -> SeqBatch {
        SeqBatch::from_rows([vec![1, 2, 3, 4], vec![1, 2, 5, 6], vec![7, 8, 9], vec![1, 2, 3, 4]], 4)
    }

    /// RelGAN leaves a hypothesis among its own references, and every self-BLEU becomes 1.
    #[test]
    fn a_sample_is_not_its_own_reference() {
        let with_itself = bleu(&samples(), &samples(), 2..=3);
        assert!(with_itself.iter().all(|score| score.mean == 1.0));
        // The two equal samples score 1 and 7 8 9 scores 0. Of 1 2 5 6 match p_1 = 2/4 and p_2 = 1/3.
        let by_hand = (1.0 + 1.0 + 0.0 + (1.0f64 / 6.0).sqrt()) / 4.0;
        let got = self_bleu(&samples(), 2..=2)[0].mean;
        assert!((got - by_hand).abs() < 1e-15, "{got}, {by_hand}");
    }

    /// Texygen's object keeps the references of its first call for ever.
    #[test]
    fn nothing_is_kept_between_calls() {
        let first = self_bleu(&samples(), 2..=5);
        let other = SeqBatch::from_rows([vec![1, 1, 1], vec![2, 2, 2], vec![3, 3, 3]], 4);
        assert!(self_bleu(&other, 2..=5).iter().all(|score| score.mean == 0.0));
        assert_eq!(self_bleu(&samples(), 2..=5), first);
    }

    #[test]
    fn order_of_samples_does_not_matter() {
        let got = self_bleu(&samples().select([2, 3, 0, 1]), 2..=5);
        for (got, expected) in got.iter().zip(self_bleu(&samples(), 2..=5)) {
            assert!((got.mean - expected.mean).abs() < 1e-15);
        }
    }

    #[test]
    fn one_sample_has_no_references() {
        assert_eq!(self_bleu(&samples().slice(0, 1), 2..=2)[0].mean, 0.0);
        assert!(self_bleu(&SeqBatch::new(4), 2..=2)[0].mean.is_nan());
    }
}
