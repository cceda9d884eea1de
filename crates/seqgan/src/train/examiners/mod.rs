//! Judges of samples that have to be trained first: language models, as in Cífka, Severyn, Alfonseca and Filippova
//! ("Eval all, trust a few, do wrong to none", 2018), Semeniuta, Severyn and Gelly (2018, arXiv 1806.04936) and Caccia
//! et al. (ICLR 2020); and a classifier, as in Lopez-Paz and Oquab (ICLR 2017).
//!
//! A judge is fresh: it shares neither weights nor random numbers with the model that made the samples.

mod classifier;
mod language_model;
mod vocabulary;

use super::event::Observer;
use super::measure;
use crate::Result;
use crate::generator::LstmPolicy;
use crate::metrics::{Estimate, Scorecard};
use crate::rng::{Purpose, Streams};
use crate::token::SeqBatch;
use vocabulary::Vocabulary;

/// Fewest sequences of each kind that anything can be learnt from.
pub const FEWEST: usize = 20;

/// What the judges say of one set of sequences.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged {
    /// -log p of the sequences under a model of real training sequences, nats a decision.
    pub lm_score: Estimate,
    /// -log p of test sequences under a model of the sequences, nats a decision.
    pub reverse_lm_score: Estimate,
    /// Share of held-out sequences that a classifier tells from real ones or to be real.
    pub classifier_accuracy: Estimate,
}

/// What the judges say of samples, and of real sequences in their place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judgement {
    /// Of the samples.
    pub samples: Judged,
    /// Of as many real sequences.
    pub real: Judged,
    /// Sequences each language model was made from.
    pub language_model_sequences: usize,
    /// Sequences of each class that the classifiers were made from and tried on.
    pub classifier_sequences: usize,
}

impl Judged {
    /// Adds the scores to `card`.
    pub fn add_to(&self, card: &mut Scorecard) {
        card.lm_score = Some(self.lm_score);
        card.reverse_lm_score = Some(self.reverse_lm_score);
        card.classifier_accuracy = Some(self.classifier_accuracy);
    }
}

/// Trains two language models, one of real training sequences and one of as many samples, and two classifiers, of
/// training sequences against samples and against test sequences; tokens are any numbers that mean the same in all
/// three sets. A training sequence that is in the test set, too, is not left out: short sequences repeat, and without
/// the likeliest ones the rest would be another distribution.
///
/// None where there are fewer than [`FEWEST`] sequences of a kind.
pub fn judge(
    samples: &SeqBatch,
    test: &SeqBatch,
    train: &SeqBatch,
    seed: u64,
    observer: &dyn Observer,
) -> Result<Option<Judgement>> {
    let vocabulary = Vocabulary::new(train, [samples, test, train]);
    let order = Streams::new(seed, Purpose::ExaminerOrder);
    // Sets that are sorted by something would give halves that differ.
    let shuffled =
        |set: &SeqBatch, number| vocabulary.encode(&set.select(order.permutation(number, set.len())));
    let [samples, test, train] = [(samples, 0), (test, 1), (train, 2)].map(|(s, i)| shuffled(s, i));
    let n = samples.len().min(train.len());
    let pairs = n.min(test.len());
    if pairs < FEWEST {
        return Ok(None);
    }
    let model = |name, set: &SeqBatch| {
        language_model::train(name, &set.slice(0, n), vocabulary.generator_shape(), seed, observer)
    };
    let real = model("language model of real sequences", &train)?;
    let sampled = model("language model of samples", &samples)?;
    let accuracy = |name, set: &SeqBatch| {
        let (real, other) = (train.slice(0, pairs), set.slice(0, pairs));
        classifier::accuracy(name, &real, &other, vocabulary.discriminator_shape(), seed, observer)
    };
    let real_on_test = language_model::nll(&real, &test);
    Ok(Some(Judgement {
        samples: Judged {
            lm_score: language_model::nll(&real, &samples),
            reverse_lm_score: language_model::nll(&sampled, &test),
            classifier_accuracy: accuracy("classifier of samples", &samples)?,
        },
        real: Judged {
            lm_score: real_on_test,
            reverse_lm_score: real_on_test,
            classifier_accuracy: accuracy("classifier of real sequences", &test)?,
        },
        language_model_sequences: n,
        classifier_sequences: pairs,
    }))
}

/// Test sequences under language models of two sets of samples.
#[derive(Debug, Clone, PartialEq)]
pub struct ReverseNats {
    /// -log p of each test sequence, a model each, in nats.
    pub nats: [Vec<f64>; 2],
    /// Decisions of each test sequence.
    pub steps: Vec<u32>,
}

/// Trains a language model of each of two sets of samples, of as many as both have and as there are training sequences, and asks
/// both for the test sequences. None where there are fewer than [`FEWEST`] sequences of a kind.
pub fn reverse_nats(
    samples: [&SeqBatch; 2],
    test: &SeqBatch,
    train: &SeqBatch,
    seed: u64,
    observer: &dyn Observer,
) -> Result<Option<ReverseNats>> {
    let n = samples.iter().map(|set| set.len()).fold(train.len(), usize::min);
    if n.min(test.len()) < FEWEST {
        return Ok(None);
    }
    let vocabulary = Vocabulary::new(train, [samples[0], samples[1], test]);
    let test = vocabulary.encode(test);
    let nats = |set: &SeqBatch| {
        let set = vocabulary.encode(&set.slice(0, n));
        let name = "language model of samples";
        let model = language_model::train(name, &set, vocabulary.generator_shape(), seed, observer)?;
        Ok(measure::nats(&LstmPolicy::new(&model, 1.0), &test))
    };
    Ok(Some(ReverseNats { nats: [nats(samples[0])?, nats(samples[1])?], steps: measure::steps(&test, true) }))
}

#[cfg(test)]
mod tests {
    use super::super::Silent;
    use super::*;

    /// Walks on a circle of 12 tokens, mostly by `step`, of 4 to 8 tokens.
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

    fn judged(samples: &SeqBatch) -> Judgement {
        judge(samples, &walks(1, 200, 1), &walks(2, 500, 1), 7, &Silent).unwrap().unwrap()
    }

    #[test]
    fn real_sequences_are_as_good_as_real_ones() {
        let got = judged(&walks(3, 500, 1));
        assert_eq!((got.language_model_sequences, got.classifier_sequences), (500, 200));
        let near = |a: Estimate, b: Estimate| (a.mean - b.mean).abs() < 4.0 * a.stderr.hypot(b.stderr);
        assert!(near(got.samples.lm_score, got.real.lm_score), "{got:?}");
        assert!(near(got.samples.reverse_lm_score, got.real.reverse_lm_score), "{got:?}");
        for judged in [got.samples, got.real] {
            let accuracy = judged.classifier_accuracy;
            assert!((accuracy.mean - 0.5).abs() < 4.0 * accuracy.stderr, "{got:?}");
            // Binomial, of 100 held-out sequences of each class.
            let binomial = (accuracy.mean * (1.0 - accuracy.mean) / 199.0).sqrt();
            assert!((accuracy.stderr - binomial).abs() < 1e-12, "{got:?}");
        }
        // The entropy of a walk, without its start: 0.8 + 0.2/12 for the step, 0.2/12 for each other token.
        let [step, other] = [0.8 + 0.2 / 12.0, 0.2 / 12.0f64];
        let entropy = -step * step.ln() - 11.0 * other * other.ln();
        assert!(got.real.lm_score.mean > entropy && got.real.lm_score.mean < 2.5, "{got:?}");
    }

    #[test]
    fn other_sequences_are_worse_by_every_judge() {
        let got = judged(&walks(4, 500, 5));
        assert!(got.samples.lm_score.mean > got.real.lm_score.mean + 1.0, "{got:?}");
        assert!(got.samples.reverse_lm_score.mean > got.real.reverse_lm_score.mean + 1.0, "{got:?}");
        assert!(got.samples.classifier_accuracy.mean > 0.85, "{got:?}");
    }

    #[test]
    fn repeating_one_good_sequence_pleases_the_forward_score_alone() {
        let good: Vec<u32> = (100..108).collect();
        let got = judged(&SeqBatch::from_rows(vec![good; 500], 8));
        assert!(got.samples.lm_score.mean < got.real.lm_score.mean, "{got:?}");
        assert!(got.samples.reverse_lm_score.mean > got.real.reverse_lm_score.mean + 1.0, "{got:?}");
        assert!(got.samples.classifier_accuracy.mean > 0.9, "{got:?}");
    }

    /// Of two sets of samples the one that is like the test sequences makes the better model of them, and two alike are one.
    #[test]
    fn a_reverse_score_tells_which_samples_are_nearer() {
        let (test, train) = (walks(1, 200, 1), walks(2, 500, 1));
        let score = |samples: [&SeqBatch; 2]| {
            let found = reverse_nats(samples, &test, &train, 7, &Silent).unwrap().unwrap();
            found.nats.map(|nats| crate::metrics::per_token(&nats, &found.steps).mean)
        };
        let (near, far) = (walks(3, 500, 1), walks(4, 500, 5));
        let [of_near, of_far] = score([&near, &far]);
        assert!(of_far > of_near + 1.0, "{of_near} {of_far}");
        let [one, other] = score([&near, &near]);
        assert_eq!(one, other);
        // The other judgement reads in another order.
        assert!((one - judged(&near).samples.reverse_lm_score.mean).abs() < 0.1, "{one}");
        let few = walks(5, FEWEST - 1, 1);
        assert_eq!(reverse_nats([&near, &few], &test, &train, 7, &Silent).unwrap(), None);
    }

    #[test]
    fn too_little_is_no_judgement() {
        let (few, enough) = (walks(5, FEWEST - 1, 1), walks(6, FEWEST, 1));
        for [samples, test, train] in
            [[&few, &enough, &enough], [&enough, &few, &enough], [&enough, &enough, &few]]
        {
            assert_eq!(judge(samples, test, train, 7, &Silent).unwrap(), None);
        }
        assert!(judge(&enough, &enough, &enough, 7, &Silent).unwrap().is_some());
    }
}
