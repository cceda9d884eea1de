//! The test file. Finished models are measured on it; no model is trained on it.

use crate::Result;
use crate::config::DataConfig;
use crate::data::{
    self, FileFormat, Interner, LongSequences, ReadOptions, ReadReport, Subwords, Tokens, TrainingText,
    Vocab, are_pitches, read_options_for,
};
use crate::generator::{Policy, Rules, SequenceSpace};
use crate::metrics::{Estimate, SampleContext, Scorecard, nll};
use crate::rng::{Purpose, Streams};
use crate::token::{SeqBatch, TokenId};
use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

/// Default maximum number of samples that are measured.
pub const MAX_SAMPLES: usize = 10_000;

/// Test sequences in two encodings: in the model's tokens, for likelihood; and with a vocabulary of all words, for text
/// metrics, which must also count words that are unknown to the model.
pub struct HeldOut {
    /// Test sequences within the generator's support, in the model's tokens.
    pub likely: SeqBatch,
    /// Statistics of reading the file with the model's vocabulary.
    pub report: ReadReport,
    test: SeqBatch,
    interner: Interner,
    pitches: bool,
}

impl HeldOut {
    /// Reads the file `test` for models with this vocabulary, space, rules and labels.
    pub fn read(
        test: &Path,
        config: &DataConfig,
        vocab: &Vocab,
        space: &SequenceSpace,
        rules: &Rules,
        labels: &[String],
    ) -> Result<Self> {
        let options = read_options_for(config, test, vocab.tokens())?;
        let options = ReadOptions { max_length: space.max_length, ..options };
        let (encoded, report) = data::read_with(test, &options, vocab, labels)?;
        let whole = read_whole(test, vocab.tokens(), vocab.tokenizer(), config, false)?;
        let is_midi = report.format == FileFormat::Midi;
        let mut interner = Interner::default();
        Ok(Self {
            likely: encoded.select((0..encoded.len()).filter(|&b| rules.allow(space, encoded.row(b)))),
            report,
            test: interner.rows(&whole.sequences, &whole.vocab),
            interner,
            pitches: are_pitches(config) || is_midi,
        })
    }

    /// Number of test sequences, including those outside the generator's support.
    pub fn len(&self) -> usize {
        self.test.len()
    }

    /// Whether there are no test sequences.
    pub fn is_empty(&self) -> bool {
        self.test.is_empty()
    }

    /// All test sequences, with token ids shared with the training file and samples.
    pub fn test(&self) -> &SeqBatch {
        &self.test
    }

    /// What a reader of the results must know of the test sequences, each in one line: copies of training sequences, which
    /// make results better than they are, and tokens that the model does not know, which no sample can have. `train` is
    /// encoded by [`HeldOut::training`].
    pub fn warnings(&self, train: Option<&SeqBatch>) -> Vec<String> {
        let mut warnings: Vec<String> =
            train.and_then(|train| overlap(train, &self.test)).into_iter().collect();
        let unknown = self.report.sequences_with_unknown;
        if 2 * unknown > self.report.kept {
            warnings.push(format!(
                "{unknown} of {} test sequences hold tokens that the model does not know: are they of the same kind?",
                self.report.kept
            ));
        }
        warnings
    }

    /// Mean -log p in nats per token of the sequences within the support; none if there are none.
    pub fn nll(&self, policy: &dyn Policy) -> Option<Estimate> {
        (!self.likely.is_empty()).then(|| nll(policy, &self.likely))
    }

    /// Reads the training file with the shared token ids.
    pub fn training(&mut self, config: &DataConfig, vocab: &Vocab) -> Result<SeqBatch> {
        let whole = read_whole(&config.training_path(), vocab.tokens(), vocab.tokenizer(), config, false)?;
        Ok(self.interner.rows(&whole.sequences, &whole.vocab))
    }

    /// Converts samples of a model to the shared token ids.
    pub fn samples(&self, samples: &SeqBatch, vocab: &Vocab) -> SeqBatch {
        self.interner.clone().rows(samples, vocab)
    }

    /// Measures samples, encoded by [`HeldOut::samples`], against the test sequences. `train` is encoded by
    /// [`HeldOut::training`].
    pub fn scorecard(&self, samples: &SeqBatch, train: Option<&SeqBatch>) -> Scorecard {
        Scorecard::measure(&self.context(samples, train))
    }

    /// Measures `n` training sequences in place of samples. `seed` determines their order.
    pub fn real(&self, train: &SeqBatch, n: usize, seed: u64) -> Scorecard {
        let order = Streams::new(seed, Purpose::RealSubset).permutation(0, train.len());
        let train = train.select(order);
        let hypotheses = Scorecard::hypotheses(&train, n);
        Scorecard::measure_real(&self.context(&hypotheses, Some(&train)))
    }

    fn context<'a>(&'a self, samples: &'a SeqBatch, train: Option<&'a SeqBatch>) -> SampleContext<'a> {
        let pitches = self.pitches.then_some(&self.interner);
        SampleContext { train, pitches, ..SampleContext::new(samples, &self.test) }
    }
}

/// Measures `n` sequences of `train` against `test` ([`Scorecard::of_real`]). `seed` determines their order.
pub fn real_scorecard(train: &SeqBatch, test: &SeqBatch, n: usize, seed: u64) -> Scorecard {
    let order = Streams::new(seed, Purpose::RealSubset).permutation(0, train.len());
    Scorecard::of_real(&train.select(order), test, n)
}

/// Says how many test sequences are training sequences as well; none if there are none. Token ids are shared.
pub fn overlap(train: &SeqBatch, test: &SeqBatch) -> Option<String> {
    let known: HashSet<&[TokenId]> = train.rows().collect();
    let copies = test.rows().filter(|row| known.contains(row)).count();
    let is_all = copies == test.len() && train.len() == test.len();
    match copies {
        0 => None,
        _ if is_all => {
            Some("the test file holds the training sequences: nothing is measured on new ones".into())
        }
        _ => Some(format!("{copies} of {} test sequences are in the training file, too", test.len())),
    }
}

/// Says that samples are made of other tokens than the test sequences, if more than half of them are. Token ids are shared.
pub fn other_tokens(samples: &SeqBatch, test: &SeqBatch) -> Option<String> {
    let known: HashSet<TokenId> = test.rows().flatten().copied().collect();
    let others = samples.rows().flatten().filter(|token| !known.contains(token)).count();
    (2 * others > samples.total_tokens()).then(|| {
        format!(
            "{others} of {} tokens of the samples are in no test sequence: are both cut in the same way?",
            samples.total_tokens()
        )
    })
}

/// Reads a file with a vocabulary of all its tokens, so that no token is unknown. `tokens` says how lines are split;
/// subwords use `tokenizer`. Of samples in a SMILES file none is dropped, whether it is a molecule or not.
pub fn read_whole(
    path: &Path,
    tokens: Tokens,
    tokenizer: Option<&Arc<Subwords>>,
    config: &DataConfig,
    are_samples: bool,
) -> Result<TrainingText> {
    let options = ReadOptions {
        tokenizer: tokenizer.cloned(),
        min_count: 1,
        max_vocab: 0,
        long: LongSequences::Drop,
        ..read_options_for(config, path, tokens)?
    };
    let only_molecules = options.only_molecules && !are_samples;
    let options = ReadOptions { only_molecules, ..options };
    data::read_training(path, &options)
}
