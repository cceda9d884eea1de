//! The model that training goes on from: a trained one of other data, made to fit the task.

use super::Task;
use crate::config::DataConfig;
use crate::data::{self, ReadOptions, Tokens, TrainingText, Vocab};
use crate::generator::{BoxTrainable, SequenceSpace};
use crate::rng::{Purpose, Streams};
use crate::token::{Label, TokenId};
use crate::{Error, Result};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// A trained model of other data, from which training goes on.
#[derive(Debug, Clone)]
pub struct InitialModel {
    /// What messages call it, such as "mle-tuned of runs/moses".
    pub name: String,
    /// Its kind and sizes in words, such as "lstm, 1 x 512".
    pub sizes: String,
    /// The model, over its own tokens and labels.
    pub generator: BoxTrainable,
    /// The vocabulary of its data.
    pub vocab: Vocab,
    /// The names of its labels, by number; none where its sequences have no labels.
    pub labels: Vec<String>,
}

/// What a task's tokens and labels are in the vocabulary of an initial model.
struct Overlap {
    /// Different tokens of the data that the model knows.
    known: usize,
    /// Tokens of the data that it does not know.
    new: Vec<String>,
    /// Its tokens that the data have not.
    unused: usize,
    /// Its label of each of the data's.
    labels: Vec<Option<Label>>,
}

impl InitialModel {
    /// Whether its sequences end by a token of their own.
    pub(super) fn has_end(&self) -> bool {
        self.generator.space().end_token.is_some()
    }

    /// Checks before the file is read that it is cut into the model's kind of tokens, and has labels if the model has.
    pub(super) fn check_reading(&self, config: &DataConfig, options: &ReadOptions) -> Result<()> {
        let (own, asked) = (self.vocab.tokens(), options.tokens);
        if own != asked {
            return Err(Error::Config {
                key: "data.tokens".into(),
                value: format!("\"{asked}\""),
                expected: format!("\"{own}\", the tokens of {}", self.name),
                source_place: None,
                hint: Some("leave `data.tokens` out, or train without `generator.init_from`".into()),
            });
        }
        let tokenizer =
            |tokenizer: Option<&std::sync::Arc<data::Subwords>>| tokenizer.map(|t| t.sha256().to_owned());
        if own == Tokens::Bpe && tokenizer(self.vocab.tokenizer()) != tokenizer(options.tokenizer.as_ref()) {
            return Err(Error::Config {
                key: "data.tokenizer".into(),
                value: format!("{:?}", config.tokenizer),
                expected: format!("the tokenizer of {}", self.name),
                source_place: None,
                hint: Some("leave `data.tokenizer` out: the run has a copy of its own".into()),
            });
        }
        if !self.labels.is_empty() && config.label.is_empty() {
            return Err(Error::Config {
                key: "data.label".into(),
                value: "\"\"".into(),
                expected: format!("a column of classes, as {} has ({})", self.name, some_of(&self.labels, ", ")),
                source_place: None,
                hint: Some(
                    "name the column of the classes with `data.label = \"NAME\"`, or go on from a run without classes".into(),
                ),
            });
        }
        Ok(())
    }

    /// Checks that the model can make the file's sequences: it knows some of their tokens, and how they end.
    pub(super) fn check_text(&self, config: &DataConfig, text: &TrainingText) -> Result<()> {
        let fault = |message: String, hint: &str| Error::Data {
            path: data::shown(&config.training_path()),
            line: None,
            message,
            hint: Some(hint.into()),
        };
        let Overlap { known, new, .. } = self.overlap(text);
        if known == 0 {
            let message = format!(
                "{} knows none of its {} tokens, such as {}",
                self.name,
                new.len(),
                some_of(&new, " ")
            );
            return Err(fault(
                message,
                "look whether `data.field` names the right column, or train without `generator.init_from`",
            ));
        }
        let length = text.sequences.max_length();
        if !self.has_end() && text.sequences.rows().any(|row| row.len() < length) {
            let own = self.generator.space().max_length;
            let message = format!(
                "its sequences have different lengths, but all those of {} have {own} tokens, and it knows no end",
                self.name
            );
            return Err(fault(
                message,
                "give sequences of one length, or train without `generator.init_from`",
            ));
        }
        Ok(())
    }

    fn overlap(&self, text: &TrainingText) -> Overlap {
        let mut used = vec![false; text.vocab.len()];
        text.sequences.rows().flatten().for_each(|&id| used[id as usize] = true);
        let used = (Vocab::NUM_SPECIAL..used.len()).filter(|&id| used[id]).map(|id| id as TokenId);
        let (known, new): (Vec<TokenId>, Vec<TokenId>) =
            used.partition(|&id| (id as usize) < self.vocab.len());
        let number =
            |name: &String| self.labels.iter().position(|own| own == name).map(|number| number as Label);
        Overlap {
            known: known.len(),
            new: new.into_iter().map(|id| text.vocab.token(id).into_owned()).collect(),
            unused: self.vocab.num_user_tokens() - known.len(),
            labels: text.labels.iter().map(number).collect(),
        }
    }

    /// Makes the model fit a task, which was read by its vocabulary, and adds what happened to the task's notes and
    /// description. `seed` selects the parameters of new tokens.
    pub(super) fn begin(&self, task: &mut Task, text: &TrainingText, seed: u64) -> Result<()> {
        let overlap = self.overlap(text);
        let space = task.space.clone();
        let known = |id| (id < self.vocab.len()).then_some(id as TokenId);
        let tokens: Vec<Option<TokenId>> = (0..space.vocab_size).map(known).collect();
        let streams = Streams::new(seed, Purpose::NewTokens);
        let generator = self.extended(&space, (&tokens, &overlap.labels), &streams)?;
        let generator = task.with_constraint(generator.into_generator()).to_trainable();
        task.initial = Some(generator.expect("a generator that can be trained without a constraint"));
        task.notes.push(self.note(&overlap));
        if overlap.known < overlap.new.len() {
            task.notes.push(format!(
                "warning: {} knows fewer than half of the file's tokens; is it of the same kind of sequences?",
                self.name
            ));
        }
        task.description["initial"] = self.description(&overlap);
        Ok(())
    }

    fn extended(
        &self,
        space: &SequenceSpace,
        (tokens, labels): (&[Option<TokenId>], &[Option<Label>]),
        streams: &Streams,
    ) -> Result<BoxTrainable> {
        self.generator.with_space(space, tokens, labels, streams).map_err(|message| Error::Config {
            key: "generator.init_from".into(),
            value: self.name.clone(),
            expected: format!("a model that can make the sequences of the file: {message}"),
            source_place: None,
            hint: None,
        })
    }

    /// One line: "model: mle-tuned of runs/moses (lstm, 1 x 512), 26 of 29 tokens of the data known, 3 new: [Se] [Si] [Te], 12
    /// of its tokens not in the data".
    fn note(&self, overlap: &Overlap) -> String {
        let Overlap { known, new, unused, labels } = overlap;
        let Self { name, sizes, .. } = self;
        let of = known + new.len();
        let mut text = format!("model: {name} ({sizes}), {known} of {of} tokens of the data known");
        if !new.is_empty() {
            text.push_str(&format!(", {} new: {}", new.len(), some_of(new, " ")));
        }
        text.push_str(&format!(", {unused} of its tokens not in the data"));
        if !labels.is_empty() {
            let known = labels.iter().flatten().count();
            text.push_str(&format!(", {known} of {} classes known", labels.len()));
        }
        text
    }

    /// Where the model comes from, for run.json.
    fn description(&self, overlap: &Overlap) -> Value {
        json!({
            "sha256": self.sha256(),
            "name": self.name,
            "known_tokens": overlap.known,
            "new_tokens": overlap.new,
            "unused_tokens": overlap.unused,
        })
    }

    /// Hash of all that training depends on: parameters, tokens and labels.
    fn sha256(&self) -> String {
        let mut hash = Sha256::new();
        let words = json!([
            self.generator.kind(),
            self.generator.shape(),
            self.generator.space(),
            self.vocab,
            self.labels
        ]);
        hash.update(words.to_string());
        for (name, tensor) in self.generator.tensors() {
            hash.update(name);
            tensor.data.iter().for_each(|value| hash.update(value.to_le_bytes()));
        }
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// The first names of a list.
fn some_of(names: &[String], separator: &str) -> String {
    const NAMED: usize = 12;
    let first = names[..names.len().min(NAMED)].join(separator);
    if names.len() > NAMED { format!("{first} ...") } else { first }
}
