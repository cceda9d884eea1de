//! Tests of merging: precedence, types, and every error with its words.

use serde::Deserialize;

use super::*;

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Config {
    seed: u64,
    title: String,
    train: Train,
    data: Data,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Train {
    learning_rate: f64,
    num_rounds: usize,
    shuffle: bool,
    widths: Vec<usize>,
    weights: Vec<f64>,
    notes: Vec<String>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Data {
    tokens: Tokens,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Tokens {
    Words,
    Chars,
}

fn layers() -> Layers {
    Layers::new(toml::toml! {
        seed = 1
        title = ""
        [train]
        learning_rate = 0.01
        num_rounds = 20
        shuffle = true
        widths = [1, 2, 3]
        weights = [0.5]
        notes = []
        [data]
        tokens = "words"
    })
}

/// Message and hint of a refusal.
fn refused<T>(result: Result<T>) -> (String, Option<String>) {
    let error = result.err().expect("this must be refused");
    (error.to_string(), error.hint().map(str::to_owned))
}

fn write(bytes: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("text.toml");
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

#[test]
fn defaults_alone_make_the_settings() {
    let (config, provenance) = layers().finish::<Config>().unwrap();
    assert_eq!((config.seed, config.train.learning_rate, config.data.tokens), (1, 0.01, Tokens::Words));
    assert_eq!(provenance.origin("seed"), None);
}

#[test]
fn a_later_layer_wins_and_is_named() {
    let (_folder, path) =
        write(b"# a comment\nseed = 3\n\n[train]\nnum_rounds = 5\nwidths = [\n  4,\n  5,\n]\n");
    let mut layers = layers();
    layers.text("seed = 2\ntitle = 'quick'", "quick.toml").unwrap();
    layers.file(&path).unwrap();
    layers.option("seed", 4, "--seed 4").unwrap().set("train.num_rounds=6").unwrap();
    let (config, provenance) = layers.finish::<Config>().unwrap();
    assert_eq!((config.seed, config.train.num_rounds, config.title.as_str()), (4, 6, "quick"));
    assert_eq!(config.train.widths, [4, 5]);
    assert_eq!(provenance.origin("seed"), Some("--seed 4"));
    assert_eq!(provenance.origin("title"), Some("quick.toml, line 2"));
    assert_eq!(provenance.origin("train.num_rounds"), Some("set train.num_rounds=6"));
    assert_eq!(provenance.origin("train.widths"), Some(&*format!("{}, line 6", path.display())));
    assert_eq!(provenance.origin("train.shuffle"), None);
}

#[test]
fn sections_may_be_dotted_or_inline() {
    let mut layers = layers();
    layers.text("train.num_rounds = 2\ndata = { tokens = 'chars' }", "a.toml").unwrap();
    layers.set("train={shuffle=false}").unwrap();
    let (config, provenance) = layers.finish::<Config>().unwrap();
    assert_eq!((config.train.num_rounds, config.train.shuffle), (2, false));
    assert_eq!(config.data.tokens, Tokens::Chars);
    assert_eq!(provenance.origin("train.num_rounds"), Some("a.toml, line 1"));
    assert_eq!(provenance.origin("data.tokens"), Some("a.toml, line 2"));
}

#[test]
fn whole_numbers_do_for_numbers() {
    let mut layers = layers();
    layers.set("train.learning_rate=1").unwrap().set("train.weights=[1, 2.5]").unwrap();
    let (config, _) = layers.finish::<Config>().unwrap();
    assert_eq!((config.train.learning_rate, config.train.weights), (1.0, vec![1.0, 2.5]));
}

#[test]
fn set_takes_toml_or_bare_text() {
    for (given, title) in [
        ("title=a name", "a name"),
        ("title = \"quoted\" ", "quoted"),
        ("title=2024", "2024"),
        ("title=a=b", "a=b"),
        ("title=", ""),
    ] {
        let mut layers = layers();
        let (config, _) = layers.set(given).unwrap().finish::<Config>().unwrap();
        assert_eq!(config.title, title, "{given}");
    }
}

#[test]
fn a_missing_file_is_named() {
    let error = layers().file("no/such.toml").unwrap_err();
    assert!(matches!(error, Error::Io { action: "read", .. }));
    assert!(error.to_string().starts_with("cannot read no/such.toml: "), "{error}");
}

#[test]
fn a_file_that_is_not_text_is_refused_with_its_line() {
    let (_folder, path) = write(b"seed = 3\ntitle = '\xff'\n");
    let (message, hint) = refused(layers().file(&path));
    assert_eq!(message, format!("not UTF-8 text ({}, line 2)", path.display()));
    assert_eq!(hint.as_deref(), Some("save the file as UTF-8"));
}

#[test]
fn an_error_of_syntax_names_its_line() {
    for (text, line) in [("seed = 3\ntitle = quick\n", 2), ("seed = 1\n\nseed = 2", 3), ("[train\n", 1)] {
        let error = layers().text(text, "a.toml").unwrap_err();
        assert!(matches!(error, Error::ConfigSyntax { .. }), "{error:?}");
        assert!(error.to_string().ends_with(&format!("(a.toml, line {line})")), "{error}");
    }
    let (message, _) = refused(layers().text("seed = 99999999999999999999", "a.toml"));
    assert!(message.ends_with("(a.toml, line 1)"), "{message}");
}

#[test]
fn an_unknown_key_is_named_with_the_nearest() {
    let (message, hint) = refused(layers().text("[train]\nshuffle = true\nnum_round = 5", "a.toml"));
    assert_eq!(message, "unknown key `train.num_round` (a.toml, line 3)");
    assert_eq!(hint.as_deref(), Some("did you mean `train.num_rounds`?"));

    let (message, hint) = refused(layers().set("learning_rate=1"));
    assert_eq!(message, "unknown key `learning_rate` (set learning_rate=1)");
    assert_eq!(hint.as_deref(), Some("did you mean `train.learning_rate`?"));

    let (_, hint) = refused(layers().set("data.zzz=1"));
    assert_eq!(hint.as_deref(), Some("known keys in `data`: tokens"));
    let (_, hint) = refused(layers().set("zzz=1"));
    assert_eq!(hint.as_deref(), Some("known keys and sections: seed, title, train, data"));

    for unknown in ["seed.x=1", "train..shuffle=true", ".=1"] {
        let error = layers().set(unknown).unwrap_err();
        assert!(matches!(error, Error::ConfigSyntax { .. }), "{unknown}: {error}");
    }
    let (message, _) = refused(layers().text("\"train.shuffle\" = true", "a.toml"));
    assert_eq!(message, "unknown key `\"train.shuffle\"` (a.toml, line 1)");
}

#[test]
fn a_wrong_type_is_named_with_value_and_place() {
    let (message, _) = refused(layers().text("\n[train]\nshuffle = 1", "a.toml"));
    assert_eq!(message, "`train.shuffle` is 1, expected true or false (a.toml, line 3)");
    let (message, _) = refused(layers().set("seed=1.5"));
    assert_eq!(message, "`seed` is 1.5, expected a whole number (set seed=1.5)");
    let (message, _) = refused(layers().set("train.learning_rate=fast"));
    assert_eq!(
        message,
        "`train.learning_rate` is \"fast\", expected a number (set train.learning_rate=fast)"
    );
    let (message, _) = refused(layers().set("train.widths=[1, 2.5]"));
    assert!(message.starts_with("`train.widths` is [1, 2.5], expected a list, each item a whole number"));
    let (message, hint) = refused(layers().set("train=3"));
    assert_eq!(message, "`train` is 3, expected a section (set train=3)");
    assert_eq!(hint.as_deref(), Some("set the keys in it, such as `train.learning_rate`"));
    let (message, _) = refused(layers().text("seed = { a = 1 }", "a.toml"));
    assert!(message.starts_with("`seed` is { a = 1 }, expected a whole number"), "{message}");
    let (_, hint) = refused(layers().set("train.notes=a,b"));
    assert_eq!(hint.as_deref(), Some("write a list as [\"a\", \"b\"]"));
}

#[test]
fn set_without_an_equals_sign_is_refused() {
    for malformed in ["seed", "=3", " = 3", ""] {
        let (message, hint) = refused(layers().set(malformed));
        assert_eq!(message, format!("`{malformed}` is not of the form KEY=VALUE (set {malformed})"));
        assert_eq!(hint.as_deref(), Some("for example set seed=7"));
    }
}

#[test]
fn what_the_settings_refuse_is_named_with_its_origin() {
    let mut unknown_name = layers();
    unknown_name.text("\n[data]\ntokens = 'word'", "a.toml").unwrap();
    let (message, _) = refused(unknown_name.finish::<Config>());
    assert_eq!(message, "`data.tokens` is \"word\", expected `words` or `chars` (a.toml, line 3)");

    let mut negative = layers();
    let (message, _) = refused(negative.set("train.num_rounds=-1").unwrap().finish::<Config>());
    assert_eq!(
        message,
        "`train.num_rounds` is -1, expected a whole number from 0 up (set train.num_rounds=-1)"
    );

    let mut items = layers();
    let (message, _) = refused(items.set("train.notes=[1]").unwrap().finish::<Config>());
    assert_eq!(message, "`train.notes` is [1], expected a string (set train.notes=[1])");
}

#[test]
fn every_error_is_one_of_usage() {
    for error in [
        layers().text("x", "a.toml").unwrap_err(),
        layers().set("zzz=1").unwrap_err(),
        layers().set("seed=true").unwrap_err(),
    ] {
        assert!(error.is_usage(), "{error}");
    }
}
