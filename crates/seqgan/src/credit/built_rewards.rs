//! The parts of `[[reward]]`, built once.

use super::{MixedReward, Part};
use crate::config::{RewardConfig, RewardKind};
use crate::data::Vocab;
use crate::generator::constraint::Language;
use crate::reward::{
    Bleu, Length, Novel, Program, ProgramReward, ProgramSettings, Repetition, Reward, Unique,
};
use crate::token::SeqBatch;
use crate::{Error, Result};

/// What rewards are built from.
pub struct RewardContext<'a> {
    /// Training sequences.
    pub train: &'a SeqBatch,
    /// The vocabulary, where tokens are text.
    pub vocab: Option<&'a Vocab>,
    /// T.
    pub max_length: usize,
    /// The longest n-gram of BLEU, where a part does not say.
    pub bleu_order: usize,
}

/// The parts that need no training, made once.
#[derive(Debug)]
pub struct BuiltRewards {
    configs: Vec<RewardConfig>,
    made: Vec<Made>,
    vocab: Option<Vocab>,
}

#[derive(Debug)]
enum Made {
    /// Trained beside the generator.
    Discriminator,
    /// Of each batch anew.
    Unique,
    Bleu(Bleu),
    Length(Length),
    Novel(Novel),
    Repetition(Repetition),
    Regex(Box<Language>),
    Program(Program),
}

impl BuiltRewards {
    /// Starts no program yet.
    pub fn new(configs: &[RewardConfig], context: &RewardContext<'_>) -> Result<Self> {
        let made = configs.iter().enumerate().map(|(i, part)| make(part, i, context));
        Ok(Self {
            configs: configs.to_vec(),
            made: made.collect::<Result<_>>()?,
            vocab: context.vocab.cloned(),
        })
    }

    /// Asks every program about a training sequence, so that a wrong one is found before the long run.
    pub fn check(&self, train: &SeqBatch) -> Result<()> {
        for made in &self.made {
            if let Made::Program(program) = made {
                let reward = ProgramReward { program, vocab: self.vocab.as_ref() };
                program.check(&reward.text(train.row(0)))?;
            }
        }
        Ok(())
    }

    /// Scores of sequences under each part that judges a sequence by itself, with its name.
    pub fn scores(&self, sequences: &SeqBatch) -> Result<Vec<(String, Vec<f32>)>> {
        let mut all = Vec::new();
        for (part, made) in self.configs.iter().zip(&self.made) {
            let scores = match made {
                Made::Discriminator | Made::Unique => continue,
                Made::Bleu(bleu) => bleu.score(sequences),
                Made::Length(length) => length.score(sequences),
                Made::Novel(novel) => novel.score(sequences),
                Made::Repetition(repetition) => repetition.score(sequences),
                Made::Regex(language) => language.score(sequences),
                Made::Program(program) => {
                    ProgramReward { program, vocab: self.vocab.as_ref() }.score(sequences)
                }
            };
            all.push((part.name().to_string(), scores?));
        }
        Ok(all)
    }

    /// The weighted sum in a round; the parts borrow from what is given.
    pub fn with_parts<T>(
        &self,
        batch: &SeqBatch,
        discriminator: Option<&dyn Reward>,
        (round, num_rounds): (usize, usize),
        use_sum: impl FnOnce(&MixedReward<'_>) -> T,
    ) -> T {
        let unique = Unique::new(batch);
        let programs: Vec<Option<ProgramReward<'_>>> = self
            .made
            .iter()
            .map(|made| match made {
                Made::Program(program) => Some(ProgramReward { program, vocab: self.vocab.as_ref() }),
                _ => None,
            })
            .collect();
        let parts = self.configs.iter().zip(&self.made).zip(&programs).map(|((part, made), program)| {
            let reward: &dyn Reward = match made {
                Made::Discriminator => discriminator.expect("a part that is trained"),
                Made::Unique => &unique,
                Made::Bleu(bleu) => bleu,
                Made::Length(length) => length,
                Made::Novel(novel) => novel,
                Made::Repetition(repetition) => repetition,
                Made::Regex(language) => &**language,
                Made::Program(_) => program.as_ref().expect("made above"),
            };
            Part { name: part.name(), weight: part.weight(round, num_rounds), search: part.search, reward }
        });
        use_sum(&MixedReward { parts: parts.collect() })
    }
}

fn make(part: &RewardConfig, number: usize, context: &RewardContext<'_>) -> Result<Made> {
    let longest = context.max_length;
    let key = |name: &str| format!("reward[{}].{name}", number + 1);
    let fault = |name: &str, value: String, expected: String| Error::Config {
        key: key(name),
        value,
        expected,
        source_place: None,
        hint: None,
    };
    Ok(match part.kind {
        RewardKind::Discriminator => Made::Discriminator,
        RewardKind::Unique => Made::Unique,
        RewardKind::Bleu => {
            let order = if part.order == 0 { context.bleu_order } else { part.order };
            Made::Bleu(Bleu::new(context.train, order))
        }
        RewardKind::Length => {
            let max = if part.max_length == 0 { longest } else { part.max_length };
            if part.min_length > max || max > longest {
                let value = format!("{}, `max_length` {max}", part.min_length);
                return Err(fault(
                    "min_length",
                    value,
                    format!("a range within 0 to {longest}, the longest sequence"),
                ));
            }
            Made::Length(Length { min: part.min_length, max })
        }
        RewardKind::Novel => Made::Novel(Novel::new(context.train)),
        RewardKind::Repetition => {
            Made::Repetition(Repetition { order: if part.order == 0 { 2 } else { part.order } })
        }
        RewardKind::Regex => {
            let value = format!("{:?}", part.regex);
            let Some(vocab) = context.vocab else {
                return Err(fault(
                    "regex",
                    value,
                    "nothing for the synthetic task, which has no text".into(),
                ));
            };
            let language = Language::new(&part.regex, vocab);
            Made::Regex(Box::new(
                language.map_err(|e| fault("regex", value, format!("a regular expression ({e})")))?,
            ))
        }
        RewardKind::Program => Made::Program(Program::new(ProgramSettings {
            command: part.command.clone(),
            num_processes: part.num_processes,
            batch_size: part.batch_size,
            timeout_secs: part.timeout_secs,
            max_restarts: part.max_restarts,
        })),
    })
}
