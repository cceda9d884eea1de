//! Metrics of samples that train a model. Language models: Cífka, Severyn, Alfonseca and Filippova ("Eval all, trust a
//! few, do wrong to none", 2018), Semeniuta, Severyn and Gelly (2018, arXiv 1806.04936) and Caccia et al. (ICLR 2020);
//! here with n-grams, as in Zhao et al. (ICML 2018). Classifier: Lopez-Paz and Oquab (ICLR 2017).
//!
//! The models of a metric share neither parameters nor random numbers with the generator that is evaluated.

mod classifier;
mod language_model;
mod vocabulary;

use crate::Result;
use crate::metrics::{Estimate, Scorecard};
use crate::rng::{Purpose, Streams};
use crate::token::SeqBatch;
use crate::train::Observer;
use language_model::{LanguageModel, Shape};
use vocabulary::Vocabulary;

/// Minimum number of sequences in each set.
pub const MIN_SEQUENCES: usize = 20;

/// Trained metrics of one set of sequences.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrainedScores {
    /// Mean -log p of the sequences under a model of training sequences, in nats per token.
    pub lm_score: Estimate,
    /// Mean -log p of test sequences under a model of the sequences, in nats per token.
    pub reverse_lm_score: Estimate,
    /// Accuracy of a classifier that distinguishes the sequences from training sequences, on held-out sequences; 0.5 is
    /// chance.
    pub classifier_accuracy: Estimate,
}

/// Trained metrics of samples, and of real sequences for comparison.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrainedMetrics {
    /// Scores of the samples.
    pub samples: TrainedScores,
    /// Scores of as many real sequences.
    pub real: TrainedScores,
    /// Number of training sequences of each language model.
    pub language_model_sequences: usize,
    /// Number of sequences of each class, training and test, for the classifiers.
    pub classifier_sequences: usize,
}

impl TrainedScores {
    /// Adds the scores to `card`.
    pub fn add_to(&self, card: &mut Scorecard) {
        card.insert("lm_score", self.lm_score);
        card.insert("reverse_lm_score", self.reverse_lm_score);
        card.insert("classifier_accuracy", self.classifier_accuracy);
    }
}

/// Trains two language models, of training sequences and of as many samples, and two classifiers, of training sequences
/// against samples and against test sequences. The three sets share token ids. Training sequences that also occur in
/// the test set are kept: short sequences repeat, and removing the most likely ones would change the distribution.
///
/// Returns none if a set has fewer than [`MIN_SEQUENCES`] sequences.
pub fn trained_metrics(
    samples: &SeqBatch,
    test: &SeqBatch,
    train: &SeqBatch,
    seed: u64,
    observer: &dyn Observer,
) -> Result<Option<TrainedMetrics>> {
    let vocabulary = Vocabulary::new(train, [samples, test, train]);
    let order = Streams::new(seed, Purpose::TrainedMetricOrder);
    // Halves of a sorted set would differ.
    let shuffled =
        |set: &SeqBatch, number| vocabulary.encode(&set.select(order.permutation(number, set.len())));
    let [samples, test, train] = [(samples, 0), (test, 1), (train, 2)].map(|(s, i)| shuffled(s, i));
    let n = samples.len().min(train.len());
    let pairs = n.min(test.len());
    if pairs < MIN_SEQUENCES {
        return Ok(None);
    }
    let shape = Shape::new(&vocabulary, &train, n);
    let model = |name, set: &SeqBatch| LanguageModel::new(name, shape, &set.slice(0, n), &test, observer);
    let real = model("language models of real sequences", &train)?;
    let sampled = model("language models of samples", &samples)?;
    let accuracy = |name, set: &SeqBatch| {
        let (real, other) = (train.slice(0, pairs), set.slice(0, pairs));
        classifier::accuracy(name, &real, &other, vocabulary.discriminator_shape(), seed, observer)
    };
    Ok(Some(TrainedMetrics {
        samples: TrainedScores {
            lm_score: real.nll(&samples),
            reverse_lm_score: sampled.reverse(),
            classifier_accuracy: accuracy("classifier of samples", &samples)?,
        },
        real: TrainedScores {
            lm_score: real.nll_test(),
            reverse_lm_score: real.reverse(),
            classifier_accuracy: accuracy("classifier of real sequences", &test)?,
        },
        language_model_sequences: n,
        classifier_sequences: pairs,
    }))
}

/// Difference of the reverse LM scores of two sets of samples, first minus second, in nats per token. Both language
/// models have the same number of training sequences: the size of the smallest of the two sets and `train`. Returns
/// none if a set has fewer than [`MIN_SEQUENCES`] sequences.
pub fn reverse_difference(
    samples: [&SeqBatch; 2],
    test: &SeqBatch,
    train: &SeqBatch,
    observer: &dyn Observer,
) -> Result<Option<Estimate>> {
    let n = samples.iter().map(|set| set.len()).fold(train.len(), usize::min);
    if n.min(test.len()) < MIN_SEQUENCES {
        return Ok(None);
    }
    let vocabulary = Vocabulary::new(train, [samples[0], samples[1], test]);
    let test = vocabulary.encode(test);
    let shape = Shape::new(&vocabulary, train, n);
    let model = |set: &SeqBatch| {
        let set = vocabulary.encode(&set.slice(0, n));
        LanguageModel::new("language models of samples", shape, &set, &test, observer)
    };
    let (first, second) = rayon::join(|| model(samples[0]), || model(samples[1]));
    Ok(Some(first?.reverse_minus(&second?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::Silent;

    /// Random walks on a circle of 12 tokens, mostly by `step`, of 4 to 8 tokens.
    fn walks(seed: u64, rows: usize, step: usize) -> SeqBatch {
        let streams = Streams::new(seed, Purpose::Sample);
        let walk = |b| {
            let mut reader = streams.reader(b as u64);
            let mut at = reader.below(12);
            let mut next = || {
                at = if reader.uniform() < 0.8 { (at + step) % 12 } else { reader.below(12) };
                100 + at as u32
            };
            (0..4 + b % 5).map(|_| next()).collect::<Vec<_>>()
        };
        SeqBatch::from_rows((0..rows).map(walk), 8)
    }

    fn measured(samples: &SeqBatch) -> TrainedMetrics {
        trained_metrics(samples, &walks(1, 200, 1), &walks(2, 500, 1), 7, &Silent).unwrap().unwrap()
    }

    #[test]
    fn real_sequences_are_as_good_as_real_ones() {
        let got = measured(&walks(3, 500, 1));
        assert_eq!((got.language_model_sequences, got.classifier_sequences), (500, 200));
        let near = |a: Estimate, b: Estimate| (a.mean - b.mean).abs() < 4.0 * a.stderr.hypot(b.stderr);
        assert!(near(got.samples.lm_score, got.real.lm_score), "{got:?}");
        assert!(near(got.samples.reverse_lm_score, got.real.reverse_lm_score), "{got:?}");
        for scores in [got.samples, got.real] {
            let accuracy = scores.classifier_accuracy;
            assert!((accuracy.mean - 0.5).abs() < 4.0 * accuracy.stderr, "{got:?}");
            // Binomial, with 100 held-out sequences of each class.
            let binomial = (accuracy.mean * (1.0 - accuracy.mean) / 199.0).sqrt();
            assert!((accuracy.stderr - binomial).abs() < 1e-12, "{got:?}");
        }
        // The entropy of a walk, without its start: 0.8 + 0.2/12 for the step, 0.2/12 for each other token.
        let [step, other] = [0.8 + 0.2 / 12.0, 0.2 / 12.0f64];
        let entropy = -step * step.ln() - 11.0 * other * other.ln();
        assert!(got.real.lm_score.mean > entropy && got.real.lm_score.mean < 2.5, "{got:?}");
    }

    #[test]
    fn other_sequences_are_worse_by_every_metric() {
        let got = measured(&walks(4, 500, 5));
        assert!(got.samples.lm_score.mean > got.real.lm_score.mean + 1.0, "{got:?}");
        assert!(got.samples.reverse_lm_score.mean > got.real.reverse_lm_score.mean + 1.0, "{got:?}");
        assert!(got.samples.classifier_accuracy.mean > 0.85, "{got:?}");
    }

    #[test]
    fn repeating_one_good_sequence_pleases_the_forward_score_alone() {
        let good: Vec<u32> = (100..108).collect();
        let got = measured(&SeqBatch::from_rows(vec![good; 500], 8));
        assert!(got.samples.lm_score.mean < got.real.lm_score.mean, "{got:?}");
        assert!(got.samples.reverse_lm_score.mean > got.real.reverse_lm_score.mean + 1.0, "{got:?}");
        assert!(got.samples.classifier_accuracy.mean > 0.9, "{got:?}");
    }

    /// Samples like the test sequences give a lower reverse LM score; two sets of one distribution give equal scores.
    #[test]
    fn a_reverse_score_tells_which_samples_are_nearer() {
        let (test, train) = (walks(1, 200, 1), walks(2, 500, 1));
        let difference =
            |samples: [&SeqBatch; 2]| reverse_difference(samples, &test, &train, &Silent).unwrap();
        let (near, far) = (walks(3, 500, 1), walks(4, 500, 5));
        let found = difference([&far, &near]).unwrap();
        assert!(found.mean > 1.0 && found.mean > 10.0 * found.stderr, "{found:?}");
        assert_eq!(difference([&near, &near]).unwrap().mean, 0.0);
        let [of_far, of_near] = [&far, &near].map(|samples| measured(samples).samples.reverse_lm_score.mean);
        assert!((found.mean - (of_far - of_near)).abs() < 1e-9, "{found:?} {of_far} {of_near}");
        let few = walks(5, MIN_SEQUENCES - 1, 1);
        assert_eq!(difference([&near, &few]), None);
    }

    /// The standard error covers the spread of scores between sets of samples. For so few short sequences it is too
    /// large: twice the observed spread, and 1.5 times with 2,000 sequences.
    #[test]
    fn the_error_of_a_difference_is_that_of_other_samples() {
        let (test, train) = (walks(1, 200, 1), walks(2, 500, 1));
        let found: Vec<Estimate> = (10..50)
            .map(|seed| {
                let samples = [walks(seed, 300, 1), walks(seed + 100, 300, 1)];
                reverse_difference([&samples[0], &samples[1]], &test, &train, &Silent).unwrap().unwrap()
            })
            .collect();
        let scatter = Estimate::from_values(found.iter().map(|f| f.mean)).stderr * 40f64.sqrt();
        let stated = found.iter().map(|f| f.stderr).sum::<f64>() / 40.0;
        assert!((0.8..2.5).contains(&(stated / scatter)), "{stated} stated, {scatter} seen");
    }

    #[test]
    fn too_few_sequences_have_no_metrics() {
        let (few, enough) = (walks(5, MIN_SEQUENCES - 1, 1), walks(6, MIN_SEQUENCES, 1));
        for [samples, test, train] in
            [[&few, &enough, &enough], [&enough, &few, &enough], [&enough, &enough, &few]]
        {
            assert_eq!(trained_metrics(samples, test, train, 7, &Silent).unwrap(), None);
        }
        assert!(trained_metrics(&enough, &enough, &enough, 7, &Silent).unwrap().is_some());
    }
}
