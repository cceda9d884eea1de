//! The test file: finished models are measured against it, and training never sees it.

use crate::Result;
use crate::config::DataConfig;
use crate::data::{
    self, Interner, LongSequences, ReadOptions, ReadReport, Subwords, Tokens, TrainingText, Vocab,
    are_pitches, read_options,
};
use crate::generator::{Policy, Rules, SequenceSpace};
use crate::metrics::{Estimate, SampleContext, Scorecard, nll};
use crate::rng::{Purpose, Streams};
use crate::token::SeqBatch;
use std::path::Path;
use std::sync::Arc;

/// Most samples that are measured unless asked otherwise.
pub const MAX_SAMPLES: usize = 10_000;

/// Test sequences, twice: in the model's tokens for likelihood, and whole for the comparison of texts, in which every
/// word counts, whatever the model knows.
pub struct HeldOut {
    /// Those that a generator can give a likelihood: of its tokens and its lengths.
    pub likely: SeqBatch,
    /// How the file was read with the model's vocabulary.
    pub report: ReadReport,
    test: SeqBatch,
    interner: Interner,
    pitches: bool,
}

impl HeldOut {
    /// Reads `test` for models with this vocabulary, of this shape and under these rules.
    pub fn read(
        test: &Path,
        config: &DataConfig,
        vocab: &Vocab,
        space: &SequenceSpace,
        rules: &Rules,
        labels: &[String],
    ) -> Result<Self> {
        let options = ReadOptions { max_length: space.max_length, ..read_options(config, test)? };
        let (encoded, report) = data::read_with(test, &options, vocab, labels)?;
        let whole = read_whole(test, vocab.tokens(), vocab.tokenizer(), config)?;
        let mut interner = Interner::default();
        Ok(Self {
            likely: encoded.select((0..encoded.len()).filter(|&b| rules.allow(space, encoded.row(b)))),
            report,
            test: interner.rows(&whole.sequences, &whole.vocab),
            interner,
            pitches: are_pitches(config),
        })
    }

    /// Test sequences, with and without a likelihood.
    pub fn len(&self) -> usize {
        self.test.len()
    }

    /// Whether the file holds none.
    pub fn is_empty(&self) -> bool {
        self.test.is_empty()
    }

    /// The test sequences, in numbers shared with the training file and with samples.
    pub fn test(&self) -> &SeqBatch {
        &self.test
    }

    /// Mean -log p per token of the sequences that have a likelihood; none where no sequence has.
    pub fn nll(&self, policy: &dyn Policy) -> Option<Estimate> {
        (!self.likely.is_empty()).then(|| nll(policy, &self.likely))
    }

    /// The training file as the comparison of texts needs it.
    pub fn training(&mut self, config: &DataConfig, vocab: &Vocab) -> Result<SeqBatch> {
        let whole = read_whole(Path::new(&config.path), vocab.tokens(), vocab.tokenizer(), config)?;
        Ok(self.interner.rows(&whole.sequences, &whole.vocab))
    }

    /// Samples of the model in the shared numbers.
    pub fn samples(&self, samples: &SeqBatch, vocab: &Vocab) -> SeqBatch {
        self.interner.clone().rows(samples, vocab)
    }

    /// Measures samples; they as [`HeldOut::samples`] and `train` as [`HeldOut::training`] gives them.
    pub fn scorecard(&self, samples: &SeqBatch, train: Option<&SeqBatch>) -> Scorecard {
        Scorecard::measure(&self.context(samples, train))
    }

    /// Measures `n` real sequences of `train`, in an order that the seed names.
    pub fn real(&self, train: &SeqBatch, n: usize, seed: u64) -> Scorecard {
        let order = Streams::new(seed, Purpose::RealSubset).permutation(0, train.len());
        let train = train.select(order);
        let hypotheses = Scorecard::hypotheses(&train, &self.test, n);
        Scorecard::measure_real(&self.context(&hypotheses, Some(&train)))
    }

    fn context<'a>(&'a self, samples: &'a SeqBatch, train: Option<&'a SeqBatch>) -> SampleContext<'a> {
        let pitches = self.pitches.then_some(&self.interner);
        SampleContext { train, pitches, ..SampleContext::new(samples, &self.test) }
    }
}

/// Measures `n` sequences of `train` beside `test` ([`Scorecard::of_real`]), in an order that the seed names.
pub fn real_scorecard(train: &SeqBatch, test: &SeqBatch, n: usize, seed: u64) -> Scorecard {
    let order = Streams::new(seed, Purpose::RealSubset).permutation(0, train.len());
    Scorecard::of_real(&train.select(order), test, n)
}

/// A file with a vocabulary of all its tokens, split as `tokens` says, subwords by `tokenizer`: nothing is unknown that
/// can be spelled.
pub fn read_whole(
    path: &Path,
    tokens: Tokens,
    tokenizer: Option<&Arc<Subwords>>,
    config: &DataConfig,
) -> Result<TrainingText> {
    let options = ReadOptions {
        tokens,
        tokenizer: tokenizer.cloned(),
        min_count: 1,
        max_vocab: 0,
        long: LongSequences::Drop,
        ..read_options(config, path)?
    };
    data::read_training(path, &options)
}
