//! Execution of the stages of a run.

use super::fold_layout::FoldLayout;
use super::model_cache::CachedModel;
use super::plan::Stage;
use crate::Result;
use crate::config::{Config, Method};
use crate::discriminator;
use crate::evaluate::evaluate;
use crate::generator::file::{self, ModelInfo};
use crate::generator::{BoxGenerator, ensemble};
use crate::measure::validation_nll;
use crate::run::RunFolder;
use crate::token::SeqBatch;
use crate::train::ensemble::{member_job, member_seed};
use crate::train::method::crossfit::fold_sequences;
use crate::train::method::{self, AdversarialMethod, RewardModel, RewardTraining, Teacher};
use crate::train::mle::{self, LikelihoodJob};
use crate::train::{AdversarialState, Completed, Context, Part, StageState, adversarial, begin, pretrain};
use std::borrow::Cow;
use std::path::Path;

/// Carries out a stage from its saved position, and stores the result in `completed`.
pub(super) fn run(
    context: &mut Context<'_>,
    cache: Option<&Path>,
    completed: &mut Completed,
    in_progress: &mut StageState,
    stage: Stage,
) -> Result<()> {
    let (config, train) = (context.config, &context.task.train);
    match stage {
        Stage::Likelihood(name) => {
            let job = likelihood_job(config, train, completed, name);
            let generator = likelihood(context, cache, completed, in_progress, &job)?;
            finish(context, completed, name, generator)
        }
        Stage::Member(member) => {
            let job = member_job(config, train, member);
            let generator = likelihood(context, cache, completed, in_progress, &job)?;
            completed.parts.push(Part { method: job.method, generator });
            Ok(())
        }
        Stage::Ensemble => {
            let mut members = vec![completed.finished[&Method::MLE_TUNED].clone()];
            members.extend(completed.parts.drain(..).map(|part| part.generator));
            finish(context, completed, Method::MLE_ENSEMBLE, ensemble(&members))
        }
        Stage::Fold(fold, number) => {
            let job = fold_job(config, train, completed, fold, number);
            let generator = likelihood(context, cache, completed, in_progress, &job)?;
            completed.parts.push(Part { method: job.method, generator });
            Ok(())
        }
        Stage::RewardModel(name) => {
            let method = adversarial_method(name);
            let state = adversarial_state(context, completed, in_progress, (name, method))?;
            pretrain(context, completed, method, state)?;
            // A network trained on folds is saved before the rounds, when it fits the generator that the rounds start
            // with.
            match method.reward_training(config) {
                RewardTraining::OnFolds => save_network(context.folder, name, &*state.reward.model),
                RewardTraining::EveryRound | RewardTraining::Never => Ok(()),
            }
        }
        Stage::Rounds(name) => {
            let method = adversarial_method(name);
            let state = adversarial_state(context, completed, in_progress, (name, method))?;
            adversarial::rounds(context, completed, method, state)?;
            if method.reward_training(config) != RewardTraining::OnFolds {
                save_network(context.folder, name, &*state.reward.model)?;
            }
            completed.outcome.notes.append(&mut state.cursor.warnings);
            let generator = state.model.clone().into_best();
            *in_progress = StageState::Fresh;
            finish(context, completed, name, generator)
        }
        Stage::Measure => evaluate(context, completed),
    }
}

/// Adds a trained generator to the completed ones and writes it to the run folder, with its validation likelihood.
fn finish(
    context: &Context<'_>,
    completed: &mut Completed,
    name: Method,
    generator: BoxGenerator,
) -> Result<()> {
    let nll = validation_nll(context.config, context.task, &generator).mean;
    let info = ModelInfo::trained(name).with_nll_validation(nll);
    file::write(&context.folder.model(name.name()), info, &generator)?;
    completed.finished.insert(name, generator);
    Ok(())
}

/// Writes the network of a reward model, if there is one, to the run folder.
fn save_network(folder: &RunFolder, name: Method, model: &dyn RewardModel) -> Result<()> {
    let Some(network) = model.network() else { return Ok(()) };
    let path = folder.discriminator(name.name());
    discriminator::file::write(&path, name, (network.kind(), network.shape()), network.parameters())
}

/// Training job of a method's likelihood model.
fn likelihood_job<'a>(
    config: &Config,
    train: &'a SeqBatch,
    completed: &Completed,
    name: Method,
) -> LikelihoodJob<'a> {
    let of = |name| &completed.finished[&name];
    let teacher = method::known_likelihood(name)
        .needs_teacher()
        .then(|| Teacher::new(config, of(Method::MLE_ENSEMBLE).clone(), of(Method::MLE_TUNED)));
    LikelihoodJob {
        method: name,
        name: name.name().into(),
        seed: config.seed,
        teacher,
        train: Cow::Borrowed(train),
    }
}

/// Training job of generator number `number` among those that do not see fold number `fold`.
fn fold_job<'a>(
    config: &Config,
    train: &SeqBatch,
    completed: &Completed,
    fold: usize,
    number: usize,
) -> LikelihoodJob<'a> {
    let layout = FoldLayout::of(config);
    let (members, name) = (layout.members(), layout.methods()[number]);
    // The first member is trained like `mle-tuned`, and generators after the members like their bases: with the seed of
    // the run.
    let first = number == 0 || number >= members;
    let seed = if first { config.seed } else { member_seed(config, number, fold + 1) };
    let of_fold = completed.parts[completed.parts.len() - number..].iter().map(|part| part.generator.clone());
    let of_fold: Vec<BoxGenerator> = of_fold.collect();
    let teacher = method::known_likelihood(name)
        .needs_teacher()
        .then(|| Teacher::new(config, ensemble(&of_fold[..members]), &of_fold[0]));
    let train = Cow::Owned(fold_sequences(config, train, fold));
    LikelihoodJob { method: name, name: layout.name(fold, number), seed, teacher, train }
}

/// Trains a likelihood model from its saved position, or loads it from the cache if another run of the study has
/// trained it.
fn likelihood(
    context: &mut Context<'_>,
    cache: Option<&Path>,
    completed: &Completed,
    in_progress: &mut StageState,
    job: &LikelihoodJob<'_>,
) -> Result<BoxGenerator> {
    let cached = cache.map(|folder| CachedModel::new(folder, context, job));
    if !matches!(in_progress, StageState::Likelihood(_)) {
        if let Some(cached) = &cached
            && let Some(generator) = cached.load(context)?
        {
            return Ok(generator);
        }
        *in_progress = StageState::Likelihood(Box::new(job.begin(context.config, context.task)?));
    }
    let StageState::Likelihood(state) = in_progress else { unreachable!("begun above") };
    let generator = mle::train(context, completed, job, state)?;
    *in_progress = StageState::Fresh;
    if let Some(cached) = cached {
        cached.save(context.folder, &generator)?;
    }
    Ok(generator)
}

fn adversarial_method(name: Method) -> &'static dyn AdversarialMethod {
    method::adversarial(name).expect("the plan has rounds for adversarial methods alone")
}

/// State of a method's adversarial training: the one in progress, or a new one.
fn adversarial_state<'s>(
    context: &Context<'_>,
    completed: &Completed,
    in_progress: &'s mut StageState,
    method: (Method, &dyn AdversarialMethod),
) -> Result<&'s mut AdversarialState> {
    if !matches!(in_progress, StageState::Adversarial(_)) {
        let state = begin((context.config, context.task), completed, method)?;
        *in_progress = StageState::Adversarial(Box::new(state));
    }
    let StageState::Adversarial(state) = in_progress else { unreachable!("begun above") };
    Ok(state)
}
