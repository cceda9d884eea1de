//! The method `mixed`: a reward put together as `[[reward]]` says.

use super::judge::{Earned, Search};
use super::task::Task;
use crate::config::{Config, RewardConfig, RewardKind};
use crate::credit::{MixedReward, Part};
use crate::data::Vocab;
use crate::discriminator::Discriminator;
use crate::generator::constraint::Language;
use crate::reward::{
    Bleu, DiscriminatorReward, Length, Novel, Program, ProgramReward, ProgramSettings, Repetition, Reward,
    Unique,
};
use crate::token::SeqBatch;
use crate::{Error, Result};

/// The parts that need no training, made once.
#[derive(Debug)]
pub(super) struct Mix {
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

impl Mix {
    /// Starts no program yet.
    pub(super) fn new(config: &Config, task: &Task) -> Result<Self> {
        let made = config.reward.iter().enumerate().map(|(i, part)| make(part, i, config, task));
        Ok(Self { made: made.collect::<Result<_>>()?, vocab: task.vocab.clone() })
    }

    /// Asks every program about a training sequence, so that a wrong one is found before the long run.
    pub(super) fn check(&self, train: &SeqBatch) -> Result<()> {
        for made in &self.made {
            if let Made::Program(program) = made {
                let reward = ProgramReward { program, vocab: self.vocab.as_ref() };
                program.check(&reward.text(train.row(0)))?;
            }
        }
        Ok(())
    }

    /// Scores of sequences under each part that judges a sequence by itself, with its name.
    pub(super) fn scores(&self, config: &Config, sequences: &SeqBatch) -> Result<Vec<(String, Vec<f32>)>> {
        let mut all = Vec::new();
        for (part, made) in config.reward.iter().zip(&self.made) {
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

    /// What the decisions of a batch are worth.
    pub(super) fn values(
        &self,
        search: &Search<'_>,
        discriminator: Option<&Discriminator>,
        round: usize,
    ) -> Result<Earned> {
        let config = search.config;
        let precision = config.rollout.precision;
        let scoring = discriminator.map(|discriminator| DiscriminatorReward { discriminator, precision });
        let unique = Unique::new(search.batch);
        let programs: Vec<Option<ProgramReward<'_>>> = self
            .made
            .iter()
            .map(|made| match made {
                Made::Program(program) => Some(ProgramReward { program, vocab: self.vocab.as_ref() }),
                _ => None,
            })
            .collect();
        let parts = config.reward.iter().zip(&self.made).zip(&programs).map(|((part, made), program)| {
            let reward: &dyn Reward = match made {
                Made::Discriminator => scoring.as_ref().expect("a part that is trained"),
                Made::Unique => &unique,
                Made::Bleu(bleu) => bleu,
                Made::Length(length) => length,
                Made::Novel(novel) => novel,
                Made::Repetition(repetition) => repetition,
                Made::Regex(language) => &**language,
                Made::Program(_) => program.as_ref().expect("made above"),
            };
            let weight = part.weight(round, config.adversarial.num_rounds);
            Part { name: part.name(), weight, search: part.search, reward }
        });
        let mixed = MixedReward { parts: parts.collect() };
        let found = mixed.values(
            search.settings(),
            &search.rollout.policy(),
            search.batch,
            &search.streams,
            search.first,
        )?;
        Ok(Earned {
            parts: mixed.parts.iter().map(|part| part.name.to_string()).zip(found.means).collect(),
            completions: found.completions,
            ..Earned::new(found.values, found.mean)
        })
    }
}

/// Whether a mix has a discriminator.
pub(super) fn has_discriminator(config: &Config) -> bool {
    config.reward.iter().any(|part| part.kind == RewardKind::Discriminator)
}

fn make(part: &RewardConfig, number: usize, config: &Config, task: &Task) -> Result<Made> {
    let longest = task.max_length();
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
            let order = if part.order == 0 { config.pg_bleu.max_order } else { part.order };
            Made::Bleu(Bleu::new(&task.train, order))
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
        RewardKind::Novel => Made::Novel(Novel::new(&task.train)),
        RewardKind::Repetition => {
            Made::Repetition(Repetition { order: if part.order == 0 { 2 } else { part.order } })
        }
        RewardKind::Regex => {
            let value = format!("{:?}", part.regex);
            let Some(vocab) = &task.vocab else {
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
