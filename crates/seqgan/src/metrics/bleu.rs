//! BLEU of samples against held-out references.

use std::ops::RangeInclusive;

use rayon::prelude::*;

use super::Estimate;
use super::metric::{Metric, Reference};
use crate::SeqBatch;
use crate::ngram::sentence_bleu::References;

/// For each maximum order n of `orders` the mean over `hypotheses` of sentence BLEU-n
/// ([`References::score`]), every hypothesis against all `references`.
///
/// The standard error is over hypotheses, the references being given. BLEU grows with the number of
/// references, so scores are comparable only against the same ones.
pub fn bleu(hypotheses: &SeqBatch, references: &SeqBatch, orders: RangeInclusive<usize>) -> Vec<Estimate> {
    let references = References::new(references, orders.clone());
    mean_scores(hypotheses.len(), orders, |b| references.score(hypotheses.row(b), None))
}

/// Means over hypotheses of one score an order. Threads share the hypotheses, but the scores are summed in
/// their order, so the result does not depend on the number of threads.
pub(super) fn mean_scores(
    hypotheses: usize,
    orders: RangeInclusive<usize>,
    score: impl Fn(usize) -> Vec<f64> + Sync + Send,
) -> Vec<Estimate> {
    let scores: Vec<Vec<f64>> = (0..hypotheses).into_par_iter().with_min_len(64).map(score).collect();
    orders
        .enumerate()
        .map(|(column, _)| Estimate::from_values(scores.iter().map(|scores| scores[column])))
        .collect()
}

/// In a scorecard.
pub(super) static BLEU: Metric = Metric {
    names: &["bleu_2", "bleu_3", "bleu_4", "bleu_5"],
    about: "BLEU-n against the test sequences; standard error over samples.",
    reference: Reference::Test,
    measure: |context| bleu(context.samples, context.test, 2..=5),
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TokenId;

    /// One set of sequences of `testdata/nltk/cases.json`, with NLTK's score of each hypothesis.
    #[derive(serde::Deserialize)]
    struct Case {
        name: String,
        hypotheses: Vec<Vec<TokenId>>,
        references: Vec<Vec<TokenId>>,
        /// BLEU-2 to BLEU-5 of each hypothesis.
        bleu: Vec<[f64; 4]>,
        /// The same against the other hypotheses.
        self_bleu: Vec<[f64; 4]>,
    }

    fn batch(rows: &[Vec<TokenId>]) -> SeqBatch {
        SeqBatch::from_rows(rows, 20)
    }

    fn cases() -> Vec<Case> {
        serde_json::from_str(include_str!("../../testdata/nltk/cases.json")).unwrap()
    }

    fn assert_close(got: &[f64], expected: &[f64], what: &str) {
        assert_eq!(got.len(), expected.len(), "{what}");
        for (got, expected) in got.iter().zip(expected) {
            assert!((got - expected).abs() < 1e-12, "{what}: {got}, NLTK {expected}");
        }
    }

    #[test]
    fn each_score_is_that_of_nltk() {
        let mut compared = 0;
        for case in cases() {
            let references = References::new(&batch(&case.references), 2..=5);
            let samples = References::new(&batch(&case.hypotheses), 2..=5);
            for (b, row) in case.hypotheses.iter().enumerate() {
                let what = format!("{} {b} {row:?}", case.name);
                assert_close(&references.score(row, None), &case.bleu[b], &what);
                assert_close(&samples.score(row, Some(b)), &case.self_bleu[b], &format!("self, {what}"));
                compared += 1;
            }
        }
        assert!(compared >= 400, "{compared} hypotheses");
    }

    /// One set of `testdata/sacrebleu/cases.json`.
    #[derive(serde::Deserialize)]
    struct SacrebleuCase {
        name: String,
        hypotheses: Vec<Vec<TokenId>>,
        references: Vec<Vec<TokenId>>,
        /// BLEU-2 to BLEU-5 of each hypothesis, 0 to 1.
        bleu: Vec<[f64; 4]>,
    }

    /// Where a hypothesis has n tokens. sacrebleu gives shorter ones 0, NLTK and we count one missing n-gram.
    #[test]
    fn each_score_is_that_of_sacrebleu() {
        let text = include_str!("../../testdata/sacrebleu/cases.json");
        let cases: Vec<SacrebleuCase> = serde_json::from_str(text).unwrap();
        let (mut equal, mut parted) = (0, 0);
        for case in cases {
            let references = References::new(&batch(&case.references), 2..=5);
            for (row, expected) in case.hypotheses.iter().zip(&case.bleu) {
                let scores = references.score(row, None);
                for (n, (got, expected)) in (2..).zip(scores.iter().zip(expected)) {
                    if row.len() >= n {
                        assert!((got - expected).abs() < 1e-9, "{} {row:?}: {got}, {expected}", case.name);
                        equal += 1;
                    } else {
                        assert_eq!(*expected, 0.0, "{} {row:?}", case.name);
                        parted += usize::from(*got > 0.0);
                    }
                }
            }
        }
        assert!(equal >= 800 && parted >= 20, "{equal} compared, {parted} parted");
    }

    #[test]
    fn means_and_errors_are_those_of_the_scores() {
        for case in cases() {
            let hypotheses = batch(&case.hypotheses);
            let bleu = bleu(&hypotheses, &batch(&case.references), 2..=5);
            let self_bleu = super::super::self_bleu(&hypotheses, 2..=5);
            for order in 0..4 {
                let expected = Estimate::from_values(case.bleu.iter().map(|scores| scores[order]));
                let of_others = Estimate::from_values(case.self_bleu.iter().map(|scores| scores[order]));
                assert_close(&[bleu[order].mean], &[expected.mean], &case.name);
                assert_close(&[bleu[order].stderr], &[expected.stderr], &case.name);
                assert_close(&[self_bleu[order].mean], &[of_others.mean], &case.name);
            }
        }
    }

    #[test]
    fn neither_order_of_references_nor_threads_change_a_bit() {
        let case = cases().swap_remove(0);
        let (hypotheses, references) = (batch(&case.hypotheses), batch(&case.references));
        let expected = bleu(&hypotheses, &references, 1..=5);
        let reversed = references.select((0..references.len()).rev());
        assert_eq!(bleu(&hypotheses, &reversed, 1..=5), expected);
        for threads in [1, 2, 8] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            assert_eq!(pool.install(|| bleu(&hypotheses, &references, 1..=5)), expected);
        }
    }

    #[test]
    fn orders_are_those_asked_for() {
        let case = cases().swap_remove(0);
        let (hypotheses, references) = (batch(&case.hypotheses), batch(&case.references));
        let all = bleu(&hypotheses, &references, 1..=5);
        assert_eq!(bleu(&hypotheses, &references, 3..=4), all[2..4]);
        assert_eq!(all.len(), 5);
    }
}
