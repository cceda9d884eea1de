//! A method of one's own, registered from outside the library: policy gradient by the share of vowels.
//!
//!     cargo run --release -p seqgan --example custom_method

use seqgan::Result;
use seqgan::SeqBatch;
use seqgan::config::{Config, Method, Preset};
use seqgan::experiment::{Settings, run};
use seqgan::reward::Reward;
use seqgan::saved::SavedRun;
use seqgan::task::Task;
use seqgan::train::method::{
    ActionValues, AdversarialMethod, Kind, RewardModel, RewardTraining, RolloutContext, TrainingMethod,
    register,
};
use seqgan::train::{RoundSchedule, Silent};

/// A row of the table.
struct Vowels;

/// The share of a sequence's tokens that are vowels.
#[derive(Debug)]
struct VowelShare {
    /// Whether each token is one.
    is_vowel: Vec<bool>,
}

impl TrainingMethod for Vowels {
    fn name(&self) -> Method {
        Method::named("vowels")
    }

    fn about(&self) -> &'static str {
        "policy gradient by the share of vowels"
    }

    fn kind(&self) -> Kind<'_> {
        Kind::Adversarial(self)
    }
}

impl AdversarialMethod for Vowels {
    /// Vowels are worth some likelihood: the last model is kept, not that of the best validation likelihood.
    fn schedule(&self, config: &Config) -> RoundSchedule {
        RoundSchedule { patience: 0, ..RoundSchedule::adversarial(config) }
    }

    fn reward_training(&self, _: &Config) -> RewardTraining {
        RewardTraining::Never
    }

    fn build(&self, _: &Config, task: &Task) -> Result<Box<dyn RewardModel>> {
        let vocab = task.vocab.as_ref().expect("a file has a vocabulary");
        let is_vowel = |token| "aeiou".contains(&*vocab.token(token));
        Ok(Box::new(VowelShare { is_vowel: (0..vocab.len() as u32).map(is_vowel).collect() }))
    }
}

impl Reward for VowelShare {
    fn score(&self, sequences: &SeqBatch) -> Result<Vec<f32>> {
        let vowels = |row: &[u32]| row.iter().filter(|&&token| self.is_vowel[token as usize]).count() as f32;
        Ok(sequences.rows().map(|row| vowels(row) / row.len().max(1) as f32).collect())
    }
}

impl RewardModel for VowelShare {
    fn action_values(&self, context: &RolloutContext<'_>) -> Result<ActionValues> {
        context.monte_carlo(self)
    }
}

/// Learns from `file` by maximum likelihood, and by the method.
fn learn(file: &str, out: &std::path::Path) -> Result<SavedRun> {
    register(&Vowels)?;
    let mut settings = Settings::new(Preset::Smoke);
    settings.option("data.path", file, "the file")?;
    settings.set("methods=[\"mle-tuned\", \"vowels\"]")?.set("adversarial.num_rounds=40")?;
    let mut experiment = settings.experiment()?;
    experiment.out = Some(out.into());
    run(&experiment, &Silent)?;
    SavedRun::open(out)
}

/// The mean share of vowels in samples of a method's model.
fn vowels(run: &SavedRun, method: &str) -> Result<f64> {
    let samples = run.sample(&run.model(Some(method), None)?, 500, 1);
    let text: String = samples.rows().map(|row| run.text(row)).collect();
    Ok(text.chars().filter(|c| "aeiou".contains(*c)).count() as f64 / text.chars().count().max(1) as f64)
}

fn file(folder: &std::path::Path) -> String {
    let syllable = |i: usize| ["ka", "lor", "mi", "ren", "su", "tor", "an"][i % 7];
    let names: Vec<String> = (0..343).map(|i: usize| [i, i / 7, i / 49].map(syllable).concat()).collect();
    let path = folder.join("names.txt");
    std::fs::write(&path, names.join("\n")).expect("a file of names");
    path.display().to_string()
}

fn main() -> Result<()> {
    let folder = std::env::temp_dir().join(format!("seqgan-custom-method-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let run = learn(&file(&folder), &folder.join("run"))?;
    for method in ["mle-tuned", "vowels"] {
        println!("{method:10} {:.1} % vowels", 100.0 * vowels(&run, method)?);
    }
    Ok(())
}

#[test]
fn a_method_from_outside_is_trained_saved_and_follows_its_reward() {
    let folder = tempfile::tempdir().unwrap();
    let run = learn(&file(folder.path()), &folder.path().join("run")).unwrap();
    let summary = run.summary().unwrap().expect("a finished run");
    let row = summary.methods.iter().find(|row| row.name == "vowels").expect("a row of the table");
    assert_eq!(row.base.as_deref(), Some("mle-tuned"));
    let (before, after) = (vowels(&run, "mle-tuned").unwrap(), vowels(&run, "vowels").unwrap());
    assert!(after > before + 0.03, "{before} {after}");
    assert!(register(&Vowels).unwrap_err().to_string().contains("no method has yet"));
}
