//! Tokenizers against what the Python package made of the same texts (`testdata/tokenizers`), and hostile files.

use super::*;
use crate::TokenId;
use crate::data::{ReadOptions, Tokens, TrainingText, Vocab, read_training, read_with};
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/tokenizers").join(name)
}

fn tokenizer(name: &str) -> Arc<Subwords> {
    Arc::new(Subwords::read(&path(&format!("{name}.json"))).unwrap())
}

fn document(name: &str) -> Value {
    serde_json::from_slice(tokenizer(name).json()).unwrap()
}

/// Reads `text` as a training file.
fn training(name: &str, text: &str) -> TrainingText {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    read_training(file.path(), &options(name)).unwrap()
}

fn options(name: &str) -> ReadOptions {
    ReadOptions { tokens: Tokens::Bpe, tokenizer: Some(tokenizer(name)), ..ReadOptions::default() }
}

/// What Python recorded of a tokenizer: text, ids, spellings, the text written back.
fn cases(name: &str) -> Vec<(String, Vec<u32>, Vec<String>, String)> {
    let all: Value = serde_json::from_slice(&std::fs::read(path("cases.json")).unwrap()).unwrap();
    let one = |case: &Value| {
        let text = |key: &str| case[key].as_str().unwrap().to_string();
        let ids = serde_json::from_value(case["ids"].clone()).unwrap();
        (text("text"), ids, serde_json::from_value(case["tokens"].clone()).unwrap(), text("decoded"))
    };
    all[name].as_array().unwrap().iter().map(one).collect()
}

#[test]
fn tokens_ids_and_texts_are_those_of_python() {
    for (name, unknown) in [
        ("byte_level", None),
        ("characters_without_unknown", None),
        ("word_piece", Some("[UNK]")),
        ("unigram", Some("<unk>")),
    ] {
        let tokenizer = tokenizer(name);
        let cases = cases(name);
        assert_eq!(cases.len(), 19);
        for (text, ids, tokens, decoded) in cases {
            let mut found = tokenizer.split(&text).unwrap();
            if name == "characters_without_unknown" {
                // Python passes over what it cannot spell, here it is an unknown token.
                found.retain(|token| !token.is_empty());
            }
            let spelled =
                |token: &String| if Some(token.as_str()) == unknown { String::new() } else { token.clone() };
            assert_eq!(found, tokens.iter().map(spelled).collect::<Vec<_>>(), "{name}: {text:?}");
            let known: Vec<u32> = tokens.iter().map(|token| tokenizer.engine.id(token).unwrap()).collect();
            assert_eq!(known, ids, "{name}: {text:?}");
            assert_eq!(tokenizer.join(tokens).unwrap(), decoded, "{name}: {text:?}");
        }
    }
}

#[test]
fn what_cannot_be_spelled_is_unknown_and_no_token() {
    let tokenizer = tokenizer("characters_without_unknown");
    // z and ß are in no training text; each letter is one unknown token.
    assert_eq!(tokenizer.split("the zß cat").unwrap(), ["the", "", "", "cat"]);
    assert!(!tokenizer.knows(UNSPELLABLE) && !tokenizer.knows("") && tokenizer.knows("cat"));
    assert!(!self::tokenizer("word_piece").knows("[UNK]"));
}

#[test]
fn a_training_file_makes_a_vocabulary_of_its_own_tokens() {
    let data = training("byte_level", "the cat\n\nthe cats\n 秦\n");
    // the 2, Ġcat 2, then once s, and the bytes E7 A7 A6 of 秦 as one token behind a blank.
    let spellings: Vec<_> = (2..data.vocab.len() as TokenId).map(|id| data.vocab.token(id)).collect();
    assert_eq!(spellings[..2], ["the", "Ġcat"]);
    let lines: Vec<_> = data.sequences.rows().map(|row| data.vocab.decode(row)).collect();
    assert_eq!(lines, ["the cat", "the cats", " 秦"]);
    assert_eq!(
        data.report.dropped.iter().map(|dropped| (dropped.reason, dropped.count)).collect::<Vec<_>>(),
        [("blank", 1)]
    );
    assert_eq!((data.report.unknown_tokens, data.report.vocabulary), (0, spellings.len()));
    assert_eq!(data.vocab.encode("the dog"), [2, Vocab::UNKNOWN]);
    assert_eq!(data.vocab.decode(&[2, Vocab::UNKNOWN, 3]), "the<unk> cat");
}

#[test]
fn unknown_text_is_counted_in_training_and_test_files() {
    let data = training("word_piece", "the cat\nthe zebra\n");
    assert_eq!((data.report.unknown_tokens, data.report.sequences_with_unknown), (1, 1));
    assert_eq!(data.vocab.id("[UNK]"), None);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "the dog\nthe cat\n🎵\n").unwrap();
    // The vocabulary's tokenizer cuts, whatever the options say.
    let (batch, report) = read_with(file.path(), &ReadOptions::default(), &data.vocab, &[]).unwrap();
    assert_eq!(batch.rows().collect::<Vec<_>>(), [&[2, 1][..], &[2, 3], &[1]]);
    assert_eq!((report.unknown_tokens, report.kept), (2, 3));
}

#[test]
fn a_vocabulary_from_json_takes_the_tokenizer_that_knows_its_tokens() {
    let data = training("unigram", "the cat\nthe dog\n");
    let json = serde_json::to_string(&data.vocab).unwrap();
    assert!(json.starts_with("{\"tokens\":\"bpe\",\"entries\":["), "{json}");
    let bare = || serde_json::from_str::<Vocab>(&json).unwrap();
    assert_eq!(bare().with_tokenizer(tokenizer("unigram")).unwrap(), data.vocab);
    let error = bare().with_tokenizer(tokenizer("byte_level")).unwrap_err().to_string();
    assert!(error.starts_with("not a vocabulary: the tokenizer has no token \"▁"), "{error}");
    let words = Vocab::new(Tokens::Words, vec!["a".into()]).unwrap();
    assert!(
        words.with_tokenizer(tokenizer("unigram")).unwrap_err().to_string().contains("take no tokenizer")
    );
}

/// The texts that a constraint reads are those that the decoder writes.
#[test]
fn texts_of_tokens_joined_are_the_text_of_the_sequence() {
    for name in ["byte_level", "characters_without_unknown"] {
        for (text, _, tokens, decoded) in cases(name) {
            let writing = tokenizer(name).writing().unwrap();
            let texts: Vec<_> = tokens.iter().map(|token| writing.bytes(token)).collect();
            let joined = texts.join(writing.separator().as_bytes());
            assert_eq!(String::from_utf8_lossy(&joined), decoded, "{name}: {text:?}");
        }
    }
    for (name, decoder) in [("word_piece", "WordPiece"), ("unigram", "Metaspace")] {
        let reason = tokenizer(name).writing().unwrap_err().to_string();
        assert!(reason.contains(&format!("decoder {decoder} does not just write")), "{reason}");
    }
}

#[test]
fn tokenizers_that_cut_by_chance_and_broken_ones_are_refused() {
    let refused = |document: &Value| Subwords::new(document.to_string().into_bytes()).unwrap_err();
    let mut chance = document("byte_level");
    chance["model"]["dropout"] = json!(0.1);
    assert!(refused(&chance).starts_with("`model.dropout` is 0.1, expected null"), "{}", refused(&chance));
    chance["model"]["dropout"] = json!(0.0);
    assert!(Subwords::new(chance.to_string().into_bytes()).is_ok());
    let mut chance = document("unigram");
    chance["model"]["alpha"] = json!(0.5);
    assert!(refused(&chance).starts_with("`model.alpha` is 0.5"));

    let mut twice = document("characters_without_unknown");
    twice["model"]["vocab"]["cat"] = twice["model"]["vocab"]["the"].clone();
    assert!(refused(&twice).contains("\"cat\" and \"the\" have the same id"), "{}", refused(&twice));
    let mut unread = document("byte_level");
    unread["pre_tokenizer"] = json!({ "type": "NoSuch" });
    assert!(!refused(&unread).is_empty());
    for bad in ["{}", "[]", "7", "\"a\"", "null", "{\"the\": 0}", "{\"model\": {\"vocab\": 3}}"] {
        assert!(Subwords::new(bad.into()).unwrap_err().contains("`model` with a `vocab`"), "{bad}");
    }
    assert!(Subwords::new(b"\xff".to_vec()).is_err() && Subwords::new(Vec::new()).is_err());
}

#[test]
fn files_that_are_no_tokenizer_are_named_with_a_hint() {
    let dir = tempfile::tempdir().unwrap();
    let read = |path: &Path| {
        let error = Subwords::read(path).unwrap_err();
        (error.to_string(), error.hint().unwrap().to_string())
    };
    let missing = dir.path().join("none.json");
    let (message, hint) = read(&missing);
    let expected = "there is no such file, expected the tokenizer.json of `data.tokenizer`";
    assert_eq!(message, format!("{}: {expected}", missing.display()));
    assert!(hint.contains("spelling"));
    assert!(read(dir.path()).0.contains("this is a folder"));
    let other = dir.path().join("tokenizer.json");
    std::fs::write(&other, "the cat\n").unwrap();
    assert_eq!(read(dir.path()).1, "name the file tokenizer.json in it");
    assert!(read(&other).0.contains("no tokenizer.json: expected"), "{}", read(&other).0);
}
