//! Rewards and metrics that another crate registers. Registrations last as long as the process, so each test has names
//! of its own.

use seqgan::config::RewardConfig;
use seqgan::credit::BuiltRewards;
use seqgan::metrics::{Estimate, Scorecard};
use seqgan::metrics::{Metric, Reference, registry as metrics};
use seqgan::reward::registry as rewards;
use seqgan::reward::{Reward, RewardContext, RewardKind};
use seqgan::{Result, SeqBatch};

/// 1 at the wanted number of a token, less by 1/T for each one more or less.
struct Count {
    token: u32,
    wanted: usize,
}

impl Reward for Count {
    fn score(&self, sequences: &SeqBatch) -> Result<Vec<f32>> {
        let count = |row: &[u32]| row.iter().filter(|&&token| token == self.token).count();
        let longest = sequences.max_length() as f32;
        Ok(sequences.rows().map(|row| 1.0 - count(row).abs_diff(self.wanted) as f32 / longest).collect())
    }
}

struct CountKind(&'static str);

impl RewardKind for CountKind {
    fn name(&self) -> &'static str {
        self.0
    }

    fn about(&self) -> &'static str {
        "1 at the wanted number of a token, less by 1/T for each one more or less."
    }

    fn options(&self) -> &'static [&'static str] {
        &["token", "wanted"]
    }

    fn build(&self, part: &RewardConfig, context: &RewardContext<'_>) -> Result<Box<dyn Reward>> {
        let Some(token) = context.option(part, "token")? else {
            return Err(context.fault("options.token", "not given", "the number of a token"));
        };
        Ok(Box::new(Count { token, wanted: context.option(part, "wanted")?.unwrap_or(1) }))
    }
}

#[derive(serde::Deserialize)]
struct File {
    reward: Vec<RewardConfig>,
}

fn build(text: &str, train: &SeqBatch) -> Result<BuiltRewards> {
    let file: File = toml::from_str(text).unwrap();
    BuiltRewards::new(&file.reward, &RewardContext::new(train, None, train.max_length()))
}

fn batch() -> SeqBatch {
    SeqBatch::from_rows([vec![5, 5], vec![5], vec![5, 6, 5, 5]], 4)
}

#[test]
fn a_registered_reward_is_built_from_settings() {
    rewards::register(&CountKind("count")).unwrap();
    assert!(rewards::kinds().iter().any(|kind| kind.name() == "count"));
    let text = "[[reward]]\nkind = \"novel\"\nweight = 0.5\n\n\
                [[reward]]\nkind = \"count\"\n[reward.options]\ntoken = 5\nwanted = 2\n";
    let built = build(text, &batch()).unwrap();
    built.check(&batch(), &|_: &str| ()).unwrap();
    let expected = [("novel".to_string(), vec![0.0; 3]), ("count".to_string(), vec![1.0, 0.75, 0.75])];
    assert_eq!(built.scores(&batch()).unwrap(), expected);
    let again = rewards::register(&CountKind("count")).unwrap_err().to_string();
    assert_eq!(again, "`kind` is \"count\", expected a name that no other reward has");
    assert!(rewards::register(&CountKind(rewards::DISCRIMINATOR)).is_err());
}

#[test]
fn an_option_that_is_wrong_is_named() {
    rewards::register(&CountKind("counted")).unwrap();
    let refused = |options: &str| {
        let text = format!("[[reward]]\nkind = \"counted\"\noptions = {{ {options} }}\n");
        let error = build(&text, &batch()).unwrap_err();
        (error.to_string(), error.hint().map(String::from))
    };
    let message = |options| refused(options).0;
    assert_eq!(message("token = \"a\""), "`reward[1].options.token` is \"a\", expected u32");
    assert_eq!(message(""), "`reward[1].options.token` is not given, expected the number of a token");
    let (message, hint) = refused("token = 5, wnated = 2");
    assert_eq!(message, "`reward[1].options.wnated` is 2, expected one of the options token, wanted");
    assert_eq!(hint.as_deref(), Some("did you mean `wanted`?"));
}

#[test]
fn an_unknown_kind_is_refused_with_all_kinds() {
    rewards::register(&CountKind("counting")).unwrap();
    let text = "[[reward]]\nkind = \"novel\"\n[[reward]]\nkind = \"contuing\"\n";
    let error = build(text, &batch()).unwrap_err();
    let message = error.to_string();
    assert!(
        message.starts_with("`reward[2].kind` is \"contuing\", expected one of `discriminator`, `bleu`, ")
    );
    assert!(message.contains("`counting`"), "{message}");
    assert_eq!(error.hint(), Some("did you mean `counting`?"));
}

static MEAN_LENGTH: Metric = Metric {
    names: &["mean_length"],
    about: "Mean number of tokens; standard error over samples.",
    reference: Reference::Test,
    measure: |context| vec![Estimate::from_values(context.samples.rows().map(|row| row.len() as f64))],
};

static LENGTH_GAP: Metric = Metric {
    names: &["longest_of_train", "absent"],
    about: "Longest training sequence, in tokens; no second number.",
    reference: Reference::Train,
    measure: |context| {
        let longest = |train: &SeqBatch| train.rows().map(<[u32]>::len).max().unwrap_or(0);
        let exact = |length| Estimate { mean: length as f64, stderr: f64::NAN };
        context.train.map(|train| exact(longest(train))).into_iter().collect()
    },
};

static BLEU_AGAIN: Metric = Metric {
    names: &["bleu_3"],
    about: "Has the name of another metric.",
    reference: Reference::Test,
    measure: |_| Vec::new(),
};

#[test]
fn a_registered_metric_stands_in_the_scorecard() {
    metrics::register(&MEAN_LENGTH).unwrap();
    metrics::register(&LENGTH_GAP).unwrap();
    let test = SeqBatch::from_rows([vec![5], vec![7, 6, 5]], 4);
    let card = Scorecard::of(&batch(), &test, None);
    assert_eq!(card.get("mean_length").unwrap().mean, 7.0 / 3.0);
    assert!(card.get("bleu_2").is_some() && card.get("longest_of_train").is_none());
    let text = serde_json::to_string(&card).unwrap();
    let read: Scorecard = serde_json::from_str(&text).unwrap();
    assert_eq!(read.get("mean_length"), card.get("mean_length"));
    // Of real sequences: the first two of the training file, with 1 and 2 tokens.
    let real = Scorecard::of_real(&batch(), &test, 2);
    assert_eq!(real.get("mean_length").unwrap().mean, 1.5);
    assert_eq!(real.get("longest_of_train").unwrap().mean, 4.0);
    assert!(real.get("absent").is_none());
    let refused = metrics::register(&BLEU_AGAIN).unwrap_err().to_string();
    assert_eq!(refused, "`metric` is \"bleu_3\", expected a name that no other metric has");
}
