//! A tokenizer.json: learnt with, kept in the run folder, sampled as text, and refused where it does not fit.

use crate::support::{Scratch, and, tiny_train};

#[cfg(not(feature = "bpe"))]
#[test]
fn without_the_feature_the_error_says_how_to_build() {
    let scratch = Scratch::with_sentences();
    scratch.write("t.json", "{}");
    let train =
        and(&tiny_train("sentences.txt"), &["--tokens", "bpe", "--tokenizer", "t.json", "--out", "run"]);
    scratch.refuses(
        2,
        &train,
        &[
            "`data.tokens` is \"bpe\", expected another kind of tokens: this program was built without subwords",
            "hint: build it with them: cargo build --release -p seqgan-cli --features bpe",
        ],
    );
    assert!(!scratch.path("run").exists());
}

#[test]
fn a_tokenizer_belongs_to_subwords_and_subwords_to_text() {
    let scratch = Scratch::with_sentences();
    let refused = |options: &[&str], parts: &[&str]| {
        scratch.refuses(2, &and(&tiny_train("sentences.txt"), options), parts);
    };
    refused(
        &["--tokens", "bpe"],
        &[
            "`data.tokenizer` is \"\", expected the path of a tokenizer.json",
            "(--tokens",
            "hint: set --tokenizer",
        ],
    );
    refused(
        &["--tokens", "words", "--tokenizer", "t.json"],
        &["`data.tokenizer` is \"t.json\", expected none where `data.tokens` is \"words\" (--tokenizer)"],
    );
    for format in ["ids", "smiles", "fasta", "midi"] {
        refused(
            &["--tokenizer", "t.json", "--format", format],
            &[
                &format!("`data.tokens` is \"bpe\", expected another kind of tokens for the format {format}"),
                "hint: a tokenizer cuts the formats text, csv, tsv and jsonl",
            ],
        );
    }
}

#[cfg(feature = "bpe")]
mod with_the_feature {
    use super::*;
    use serde_json::{Value, json};
    use std::fs;
    use std::path::Path;

    /// A folder with `sentences.txt`, and a tokenizer of the library's tests as `t.json`.
    fn scratch(tokenizer: &str) -> Scratch {
        let scratch = Scratch::with_sentences();
        let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("../seqgan/testdata/tokenizers");
        scratch.write("t.json", fs::read(all.join(format!("{tokenizer}.json"))).unwrap());
        scratch
    }

    fn train(data: &str, options: &[&str]) -> Vec<String> {
        and(
            &tiny_train(data),
            &[&["--tokens", "bpe", "--tokenizer", "t.json", "--out", "run", "-q"], options].concat(),
        )
    }

    #[test]
    fn learnt_sampled_measured_and_gone_on_with() {
        let scratch = scratch("byte_level");
        let train = train("sentences.txt", &["--test", "sentences.txt"]);
        scratch.run(&train).expect_fine();
        assert_eq!(scratch.read("run/tokenizer.json"), scratch.read("t.json"));
        let vocab: Value = serde_json::from_str(&scratch.read("run/vocab.json")).unwrap();
        assert_eq!(vocab["tokens"], "bpe");
        assert!(vocab["entries"].as_array().unwrap().contains(&json!("Ġthe")), "{vocab}");
        let run: Value = serde_json::from_str(&scratch.read("run/run.json")).unwrap();
        assert_eq!(run["data"]["tokenizer"]["sha256"].as_str().unwrap().len(), 64);
        for entry in fs::read_dir(scratch.path("run/samples")).unwrap() {
            let text = fs::read_to_string(entry.unwrap().path()).unwrap();
            assert!(!text.contains('Ġ') && text.contains(' '), "{text}");
        }

        // The run folder is enough: the tokenizer it was started with may be gone.
        fs::rename(scratch.path("t.json"), scratch.path("away.json")).unwrap();
        let text = scratch.output(&["sample", "run", "-n", "50", "--novel", "--unique", "--out", "new.txt"]);
        assert_eq!(text, "");
        let samples = scratch.read("new.txt");
        assert!(
            samples.lines().count() == 50 && !samples.contains('Ġ') && samples.contains(' '),
            "{samples}"
        );
        let card: Value =
            serde_json::from_str(&scratch.output(&["evaluate", "run", "--test", "sentences.txt", "--json"]))
                .unwrap();
        assert!(card["bleu_2"]["mean"].as_f64().unwrap() > 0.1, "{card}");
        assert_eq!(card["facts"]["test_sequences_in_nll"], 100);
        let files = ["evaluate", "--samples", "sentences.txt", "--test", "sentences.txt", "--json"];
        let card = scratch.output(&[&files[..], &["--tokenizer", "away.json"]].concat());
        let card: Value = serde_json::from_str(&card).unwrap();
        assert_eq!(card["bleu_2"]["mean"], 1.0);

        // A beginning that the tokenizer cuts, and an expression over the text.
        let text = scratch.output(&["sample", "run", "-n", "20", "--prefix", "cat sees"]);
        assert!(
            text.lines().count() == 20 && text.lines().all(|line| line.starts_with("cat sees")),
            "{text}"
        );
        let text = scratch.output(&["sample", "run", "-n", "20", "--regex", "(cat|dog) [a-z]+ .*(n|h)"]);
        let fits =
            |line: &str| (line.starts_with("cat ") || line.starts_with("dog ")) && line.ends_with(['n', 'h']);
        assert!(text.lines().count() == 20 && text.lines().all(fits), "{text}");

        // Going on asks for the same tokenizer, byte for byte.
        let resume = and(&train, &["--resume"]);
        scratch.refuses(1, &resume, &["t.json: there is no such file", "hint: check the spelling"]);
        fs::copy(scratch.path("away.json"), scratch.path("t.json")).unwrap();
        scratch.run(&resume).expect_fine();
        scratch.write("t.json", scratch.read("away.json") + "\n");
        scratch.refuses(1, &resume, &["run: the tokenizer has changed since the run was started", "hint: "]);
        scratch.write("run/tokenizer.json", scratch.read("t.json"));
        let sample = ["sample", "run"];
        scratch.refuses(
            1,
            &sample,
            &["run/tokenizer.json: is not the tokenizer that the run was started with", "hint: restore"],
        );
    }

    #[test]
    fn columns_and_members_are_cut_and_written_as_text() {
        for (name, heading) in [("d.csv", "text\n"), ("d.tsv", "text\n"), ("d.jsonl", "")] {
            let scratch = scratch("byte_level");
            let sentences = scratch.read("sentences.txt");
            let line = |line: &str| match heading {
                "" => json!({ "text": line }).to_string() + "\n",
                _ => format!("{line}\n"),
            };
            scratch.write(name, heading.to_string() + &sentences.lines().map(line).collect::<String>());
            scratch.run(train(name, &["--field", "text"])).expect_fine();
            let text = scratch.output(&["sample", "run", "-n", "5"]);
            let first = if heading.is_empty() { "{\"text\":\"" } else { heading };
            assert!(text.starts_with(first) && text.contains(' ') && !text.contains('Ġ'), "{name}: {text}");
        }
    }

    #[test]
    fn constraints_that_cannot_be_exact_and_files_that_are_no_tokenizer_are_refused() {
        let scratch = scratch("word_piece");
        let refused = |code: i32, options: &[&str], parts: &[&str]| {
            scratch.refuses(code, &train("sentences.txt", options), parts);
        };
        refused(
            2,
            &["--set", "constraint.regex=the.*"],
            &[
                "`constraint.regex` is \"the.*\"",
                "decoder WordPiece does not just write one token behind the other",
            ],
        );
        refused(
            2,
            &["--set", "constraint.forbidden=[\"cat\"]"],
            &["`constraint.forbidden` is \"cat\", expected nothing where tokens are subwords"],
        );
        refused(
            2,
            &["--set", "constraint.prefix=the 🎵"],
            &["`constraint.prefix` is \"the 🎵\", expected text that the tokenizer can spell"],
        );
        scratch.write("t.json", "{\"the\": 0}");
        refused(1, &[], &["t.json: no tokenizer.json: it holds no `model` with a `vocab`", "hint: "]);
        fs::remove_file(scratch.path("t.json")).unwrap();
        refused(1, &[], &["t.json: there is no such file, expected the tokenizer.json of `data.tokenizer`"]);
        assert!(!scratch.path("run").exists());
    }
}
