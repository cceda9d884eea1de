//! The test file. Finished models are measured on it; no model is trained on it.

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

    /// Mean -log p in nats per token of the sequences within the support; none if there are none.
    pub fn nll(&self, policy: &dyn Policy) -> Option<Estimate> {
        (!self.likely.is_empty()).then(|| nll(policy, &self.likely))
    }

    /// Reads the training file with the shared token ids.
    pub fn training(&mut self, config: &DataConfig, vocab: &Vocab) -> Result<SeqBatch> {
        let whole = read_whole(Path::new(&config.path), vocab.tokens(), vocab.tokenizer(), config)?;
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
        let hypotheses = Scorecard::hypotheses(&train, &self.test, n);
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

/// Reads a file with a vocabulary of all its tokens, so that no token is unknown. `tokens` says how lines are split;
/// subwords use `tokenizer`.
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
