//! Ranges of settings, checked before any work is done.

use super::baseline::Baseline;
use super::file_format::FileFormat;
use super::layers::Provenance;
use super::method::Method;
use super::monitor::Action;
use super::reward;
use super::settings::{Config, ConstraintConfig, DataConfig, LikelihoodConfig, OracleConfig};
use super::synthetic_task::SyntheticTask;
use crate::{Error, Result};
use std::fmt::Display;

/// Checks every range; the error names the key, its value, the range and where it was set.
pub fn validate(config: &Config, provenance: &Provenance) -> Result<()> {
    let check = Check { provenance };
    let data = &config.data;
    let formats: Vec<_> = ["auto"].into_iter().chain(FileFormat::ALL.map(FileFormat::name)).collect();
    check.one_of("data.format", &data.format, &formats)?;
    check.one_of("data.tokens", &data.tokens, &["auto", "words", "chars", "ids", "smiles", "bpe"])?;
    check.tokenizer(data)?;
    check.one_of("data.long_sequences", &data.long_sequences, &["drop", "truncate"])?;
    check.range("data.max_length", data.max_length, 1, 2048)?;
    check.range("data.max_line_bytes", data.max_line_bytes, 1, 1 << 30)?;
    check.range("data.max_vocab", data.max_vocab, 0, 1 << 20)?;
    check.range("data.vocab_size", data.vocab_size, 0, 1 << 20)?;
    check.range("data.min_count", data.min_count, 1, 1 << 30)?;
    if data.window > data.max_length {
        let expected = format!("0 to `data.max_length`, {}", data.max_length);
        return Err(check.fault("data.window", data.window, expected));
    }
    check.range("data.midi_step_secs", data.midi_step_secs, 0.001, 8.0)?;
    check.range("data.validation_share", data.validation_share, 0.001, 0.5)?;

    check.range("constraint.min_length", config.constraint.min_length, 0, 2048)?;
    check.range("constraint.max_length", config.constraint.max_length, 0, 2048)?;
    if data.path.is_empty() && config.constraint != ConstraintConfig::default() {
        let expected = "nothing for the synthetic task, whose sequences are the oracle's".into();
        return Err(check.fault("constraint", "set", expected));
    }

    let oracle = &config.oracle;
    // A file of parameters brings sizes of its own.
    if oracle.params.is_empty() {
        check.range("oracle.vocab_size", oracle.vocab_size, 2, 1 << 20)?;
        check.range("oracle.embedding_dim", oracle.embedding_dim, 1, 4096)?;
        check.range("oracle.hidden_dim", oracle.hidden_dim, 1, 4096)?;
    }
    check.range("oracle.length", oracle.length, 1, 2048)?;
    check.range("oracle.noise", oracle.noise, 1e-9, 0.5)?;
    check.synthetic_task(oracle)?;
    check.range("oracle.num_train", oracle.num_train, 2, 10_000_000)?;
    check.range("oracle.num_validation", oracle.num_validation, 2, 10_000_000)?;
    check.range("oracle.num_test", oracle.num_test, 2, 10_000_000)?;
    check.range("oracle.num_floor", oracle.num_floor, 2, 10_000_000)?;

    check.range("generator.embedding_dim", config.generator.embedding_dim, 1, 4096)?;
    check.range("generator.hidden_dim", config.generator.hidden_dim, 1, 4096)?;
    check.range("generator.init_std", config.generator.init_std, 1e-6, 10.0)?;

    let discriminator = &config.discriminator;
    check.range("discriminator.embedding_dim", discriminator.embedding_dim, 1, 4096)?;
    check.range("discriminator.filters", discriminator.filters.len(), 1, 64)?;
    for &(width, number) in &discriminator.filters {
        check.range("discriminator.filters", width, 1, 2048)?;
        check.range("discriminator.filters", number, 1, 4096)?;
    }
    check.range("discriminator.dropout_keep", discriminator.dropout_keep, 0.01, 1.0)?;
    check.range("discriminator.l2", discriminator.l2, 0.0, 100.0)?;
    check.range("discriminator.learning_rate", discriminator.learning_rate, 1e-9, 10.0)?;
    check.range("discriminator.batch_size", discriminator.batch_size, 2, 65_536)?;

    check.likelihood("mle", &config.mle)?;
    check.likelihood("mle_tuned", &config.mle_tuned)?;

    check.range("rollout.num_rollouts", config.rollout.num_rollouts, 1, 1024)?;
    check.range("rollout.max_prefixes", config.rollout.max_prefixes, 0, 2048)?;
    check.range("rollout.delay", config.rollout.delay, 0.0, 0.9999)?;

    let adversarial = &config.adversarial;
    check.range("adversarial.num_rounds", adversarial.num_rounds, 0, 1_000_000)?;
    check.range("adversarial.g_steps", adversarial.g_steps, 1, 100_000)?;
    check.range("adversarial.d_steps", adversarial.d_steps, 0, 100_000)?;
    check.range("adversarial.d_epochs", adversarial.d_epochs, 1, 100_000)?;
    check.range("adversarial.d_pretrain_steps", adversarial.d_pretrain_steps, 0, 100_000)?;
    check.range("adversarial.num_negatives", adversarial.num_negatives, 1, 10_000_000)?;
    check.range("adversarial.batch_size", adversarial.batch_size, 1, 65_536)?;
    check.range("adversarial.learning_rate", adversarial.learning_rate, 0.0, 10.0)?;
    check.range("adversarial.clip_norm", adversarial.clip_norm, 0.0, 1e9)?;

    let decrease = config.scheduled_sampling.teacher_forcing_decay;
    check.range("scheduled_sampling.teacher_forcing_decay", decrease, 0.0, 1.0)?;
    check.range("pg_bleu.max_order", config.pg_bleu.max_order, 1, 9)?;
    let step = &config.seqgan_step;
    check.range("seqgan_step.embedding_dim", step.embedding_dim, 1, 4096)?;
    check.range("seqgan_step.hidden_dim", step.hidden_dim, 1, 4096)?;
    check.range("seqgan_step.learning_rate", step.learning_rate, 1e-9, 10.0)?;
    check.range("seqgan_step.discount", step.discount, 0.0, 1.0)?;
    let ensemble = &config.ensemble;
    check.range("ensemble.num_members", ensemble.num_members, 2, 100)?;
    check.range("ensemble.distillation_weight", ensemble.distillation_weight, 0.0, 1.0)?;
    check.range("ensemble.num_epochs", ensemble.num_epochs, 1, 100_000)?;
    check.range("ensemble.l2", ensemble.l2, 0.0, 1.0)?;

    let crossfit = &config.crossfit;
    if crossfit.all_actions && crossfit.baseline == Baseline::StepNormalised {
        let expected =
            "none or step-mean where crossfit.all_actions is true: what all actions earn has another unit";
        return Err(check.fault("crossfit.baseline", "\"step-normalised\"", expected.into()));
    }
    check.range("crossfit.num_folds", crossfit.num_folds, 1, 100)?;
    check.range("crossfit.max_folds", crossfit.max_folds, 0, crossfit.num_folds)?;
    check.range("crossfit.embedding_dim", crossfit.embedding_dim, 1, 4096)?;
    check.range("crossfit.hidden_dim", crossfit.hidden_dim, 1, 4096)?;
    check.range("crossfit.d_epochs", crossfit.d_epochs, 1, 100_000)?;
    check.range("crossfit.d_batch_size", crossfit.d_batch_size, 2, 65_536)?;
    check.range("crossfit.d_learning_rate", crossfit.d_learning_rate, 1e-9, 10.0)?;
    check.range("crossfit.num_rounds", crossfit.num_rounds, 0, 1_000_000)?;
    check.range("crossfit.batch_size", crossfit.batch_size, 1, 65_536)?;
    check.range("crossfit.learning_rate", crossfit.learning_rate, 0.0, 10.0)?;
    check.range("crossfit.patience", crossfit.patience, 0, 1_000_000)?;
    if crossfit.patience > 0 && crossfit.measure_every_rounds == 0 {
        let expected =
            "0 where crossfit.measure_every_rounds is 0: only rounds that are measured can be the best"
                .into();
        return Err(check.fault("crossfit.patience", crossfit.patience, expected));
    }
    check.range("crossfit.refresh_every_rounds", crossfit.refresh_every_rounds, 0, 1_000_000)?;
    check.range("crossfit.discount", crossfit.discount, 0.0, 1.0)?;
    check.range("crossfit.num_candidates", crossfit.num_candidates, 0, 1000)?;
    check.range("crossfit.demonstration_value", crossfit.demonstration_value, 0.0, 1e6)?;
    check.range("crossfit.reward_scale", crossfit.reward_scale, 0.0, 1000.0)?;
    check.range("crossfit.kl", crossfit.kl, 0.0, 1000.0)?;
    check.range("mixture.share", config.mixture.share, 0.0, 1.0)?;
    check.range("mixture.temperature", config.mixture.temperature, 0.01, 100.0)?;
    check.range("rankgan.num_references", config.rankgan.num_references, 1, 1024)?;
    check.range("rankgan.num_comparisons", config.rankgan.num_comparisons, 1, 1024)?;
    check.range("rankgan.gamma", config.rankgan.gamma, 0.001, 1000.0)?;

    if let Some(method) = first_repeated(&config.methods) {
        return Err(check.fault("methods", format!("\"{method}\" twice"), "each method once".into()));
    }
    reward::validate(&config.reward, provenance)?;
    if config.methods.contains(&Method::MIXED) && config.reward.is_empty() {
        return Err(check.fault(
            "reward",
            "empty",
            "a table [[reward]] or more for the method `mixed`".into(),
        ));
    }

    check.range("evaluate.num_samples", config.evaluate.num_samples, 2, 10_000_000)?;
    check.range("evaluate.num_samples_training", config.evaluate.num_samples_training, 2, 10_000_000)?;
    for &temperature in &config.evaluate.temperatures {
        check.range("evaluate.temperatures", temperature, 0.05, 20.0)?;
    }
    if let Some(temperature) = first_repeated(&config.evaluate.temperatures) {
        let expected = "each temperature once".into();
        return Err(check.fault("evaluate.temperatures", format!("{temperature} twice"), expected));
    }
    // A preset asks for it before it knows of any data; a user is told.
    let asked = provenance.origin("evaluate.reverse_lm").is_some() && config.evaluate.reverse_lm;
    if asked && !data.path.is_empty() && data.test.is_empty() {
        let expected = "false without `data.test`: held-out sequences are compared".into();
        return Err(check.fault("evaluate.reverse_lm", true, expected));
    }
    check.monitor(config)?;
    check.range("checkpoint.every_secs", config.checkpoint.every_secs, 0.0, 86_400.0)?;
    check.range("checkpoint.keep_best", config.checkpoint.keep_best, 0, 1_000)?;
    let by = config.checkpoint.keep_by;
    if by.needs_oracle() && !data.path.is_empty() {
        let expected = "nll_validation or reward for a file of sequences, which has no oracle".into();
        return Err(check.fault("checkpoint.keep_by", format!("\"{}\"", by.name()), expected));
    }
    Ok(())
}

fn first_repeated<T: PartialEq>(list: &[T]) -> Option<&T> {
    list.iter().enumerate().find(|(i, item)| list[..*i].contains(item)).map(|(_, item)| item)
}

pub(super) struct Check<'a> {
    pub(super) provenance: &'a Provenance,
}

impl Check<'_> {
    pub(super) fn fault(&self, key: &str, value: impl Display, expected: String) -> Error {
        Error::Config {
            key: key.into(),
            value: value.to_string(),
            expected,
            source_place: self.provenance.origin(key).map(String::from),
            hint: None,
        }
    }

    pub(super) fn range<T: PartialOrd + Display>(&self, key: &str, value: T, low: T, high: T) -> Result<()> {
        // Written so that NaN fails.
        if value >= low && value <= high {
            Ok(())
        } else {
            Err(self.fault(key, value, format!("{low} to {high}")))
        }
    }

    /// What the tasks with a rule need of their sizes.
    fn synthetic_task(&self, oracle: &OracleConfig) -> Result<()> {
        let OracleConfig { task, params, vocab_size, length, .. } = oracle;
        if *task == SyntheticTask::Oracle {
            return Ok(());
        }
        let name = task.name();
        if !params.is_empty() {
            let expected = format!("no file for the task {name}, which has no such parameters");
            return Err(self.fault("oracle.params", params, expected));
        }
        if task.needs_even_length() && length % 2 != 0 {
            let expected = format!("an even number for the task {name}");
            return Err(self.fault("oracle.length", length, expected));
        }
        if *task == SyntheticTask::Brackets && vocab_size % 2 != 0 {
            let expected = "an even number for the task brackets, two for each kind".into();
            return Err(self.fault("oracle.vocab_size", vocab_size, expected));
        }
        if *length < 2 && task.has_rule() {
            return Err(self.fault("oracle.length", length, format!("2 or more for the task {name}")));
        }
        Ok(())
    }

    fn monitor(&self, config: &Config) -> Result<()> {
        let monitor = &config.monitor;
        self.range("monitor.entropy_share", monitor.entropy_share, 0.0, 1.0)?;
        self.range("monitor.unique_share", monitor.unique_share, 0.0, 1.0)?;
        self.range("monitor.self_bleu_rise", monitor.self_bleu_rise, 0.0, 1.0)?;
        self.range("monitor.nll_rise", monitor.nll_rise, 0.0, 100.0)?;
        self.range("monitor.discriminator_accuracy", monitor.discriminator_accuracy, 0.5, 1.0)?;
        self.range("monitor.value_spread", monitor.value_spread, 0.0, 1.0)?;
        self.range("monitor.auc_gap", monitor.auc_gap, 0.0, 1.0)?;
        self.range("monitor.num_samples", monitor.num_samples, 2, 1_000_000)?;
        let actions = [
            ("monitor.collapse", monitor.collapse),
            ("monitor.forgetting", monitor.forgetting),
            ("monitor.saturation", monitor.saturation),
            ("monitor.vanishing", monitor.vanishing),
            ("monitor.memorising", monitor.memorising),
        ];
        match actions.into_iter().find(|(_, action)| *action == Action::RollBack) {
            Some((key, _)) if config.checkpoint.keep_best == 0 => {
                let expected = "off, warn or stop where `checkpoint.keep_best` is 0".into();
                Err(self.fault(key, "\"roll-back\"", expected))
            }
            _ => Ok(()),
        }
    }

    fn one_of(&self, key: &str, value: &str, allowed: &[&str]) -> Result<()> {
        if allowed.contains(&value) {
            return Ok(());
        }
        Err(self.fault(key, format!("\"{value}\""), format!("one of {}", allowed.join(", "))))
    }

    /// A tokenizer belongs to subwords, and subwords to formats that hold text.
    fn tokenizer(&self, data: &DataConfig) -> Result<()> {
        let value = format!("{:?}", data.tokenizer);
        let subwords = data.tokens == "bpe" || data.tokens == "auto" && !data.tokenizer.is_empty();
        if !subwords && !data.tokenizer.is_empty() {
            let expected = format!("none where `data.tokens` is \"{}\"", data.tokens);
            return Err(self.fault("data.tokenizer", value, expected));
        }
        if subwords && data.tokenizer.is_empty() {
            return Err(Error::Config {
                key: "data.tokenizer".into(),
                value,
                expected: "the path of a tokenizer.json where `data.tokens` is \"bpe\"".into(),
                source_place: self.provenance.origin("data.tokens").map(String::from),
                hint: Some("give --tokenizer tokenizer.json".into()),
            });
        }
        Ok(())
    }

    fn likelihood(&self, section: &str, config: &LikelihoodConfig) -> Result<()> {
        let key = |name: &str| format!("{section}.{name}");
        self.range(&key("num_epochs"), config.num_epochs, 1, 1_000_000)?;
        self.range(&key("max_updates"), config.max_updates, 0, 1 << 40)?;
        self.range(&key("batch_size"), config.batch_size, 1, 65_536)?;
        self.range(&key("learning_rate"), config.learning_rate, 0.0, 10.0)?;
        self.range(&key("l2"), config.l2, 0.0, 100.0)?;
        self.range(&key("clip_norm"), config.clip_norm, 0.0, 1e9)?;
        self.range(&key("patience"), config.patience, 1, 1_000_000)?;
        self.range(&key("plateau_factor"), config.plateau_factor, 0.0, 1.0)
    }
}
