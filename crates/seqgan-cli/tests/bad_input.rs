//! What cannot be used is refused with its place and a hint, and nothing is left behind.

use std::fs;

use serde_json::Value;

use crate::support::{
    Scratch, and, safetensors, tiny_oracle, tiny_train, trained_on_sentences, with_header, zeros,
};

/// `train` on a file of `content` is refused.
fn data_refused(name: &str, content: impl AsRef<[u8]>, more: &[&str], status: i32, parts: &[&str]) {
    let scratch = Scratch::new();
    scratch.write(name, content);
    scratch.refuses(status, &and(&tiny_train(name), more), parts);
    scratch.refuses(status, &and(&and(&tiny_train(name), more), &["--out", "run"]), parts);
}

#[test]
fn files_that_are_not_there() {
    let scratch = Scratch::with_sentences();
    fs::create_dir(scratch.path("folder")).unwrap();
    fs::write(scratch.path("folder/train.txt"), "a b\n").unwrap();
    for more in [&[][..], &["--tokens", "words"], &["--format", "ids"]] {
        let missing =
            ["error: no/file.txt: there is no such file", "hint: the path is relative to the current folder"];
        scratch.refuses(1, &and(&tiny_train("no/file.txt"), more), &missing);
        let folder = ["error: folder: this is a folder", "hint: name a file in it, such as folder/train.txt"];
        scratch.refuses(1, &and(&tiny_train("folder"), more), &folder);
    }
    let absolute = scratch.path("nothing").display().to_string();
    scratch.refuses(1, &tiny_train(&absolute), &["there is no such file", "hint: check the spelling"]);
    scratch.refuses(1, &["train", "no.toml"], &["error: cannot read no.toml", "hint: check the spelling"]);
    scratch.refuses(1, &["train", "folder"], &["error: cannot read folder", "hint: name a file"]);
    let oracle = |file| and(&tiny_oracle(), &["--oracle-params", file]);
    scratch.refuses(1, &oracle("no.st"), &["error: cannot read no.st", "hint: check the spelling"]);
    scratch.refuses(1, &oracle("folder"), &["error: cannot read folder", "hint: name a file"]);
    for arguments in [
        &["evaluate", "--samples", "sentences.txt", "--test", "no.txt"][..],
        &["evaluate", "--samples", "no.txt", "--test", "sentences.txt"],
        &["evaluate", "--samples", "sentences.txt", "--test", "sentences.txt", "--train", "no.txt"],
    ] {
        scratch.refuses(1, arguments, &["error: no.txt: there is no such file", "hint: "]);
    }
}

#[test]
fn files_that_are_no_text() {
    data_refused("a.txt", "", &[], 1, &["error: a.txt: the file is empty", "hint: one sequence per line"]);
    data_refused(
        "a.txt",
        "\n\n\n",
        &[],
        1,
        &["error: a.txt: the file holds blank lines alone (3)", "hint: "],
    );
    let latin = b"ca va\nbien\nd\xe9j\xe0 vu\n";
    let parts = [
        "error: a.txt, line 3: byte 2 of the line is 0xe9, expected UTF-8 text",
        "hint: save the file as UTF-8",
    ];
    data_refused("a.txt", latin, &[], 1, &parts);
    let utf16 = b"\xff\xfea\0 \0b\0\n\0";
    data_refused("a.txt", utf16, &[], 1, &["a.txt: this is text in UTF-16LE", "hint: save it as UTF-8"]);
    data_refused(
        "a.txt",
        b"\x1f\x8b\x08\0\0",
        &[],
        1,
        &["cannot read a.txt: its compressed data are damaged or cut off"],
    );
}

#[test]
fn lines_that_are_too_long() {
    let set = ["--set", "data.max_line_bytes=9"];
    let parts = ["error: a.txt, line 2: the line is longer than 9 bytes", "hint: ", "`data.max_line_bytes`"];
    data_refused("a.txt", "a b c d e\na b c d ef\n", &set, 1, &parts);
    // One line more than the default allows, and no end of it.
    let endless = "a ".repeat(1 << 19) + "a";
    data_refused(
        "a.txt",
        endless,
        &[],
        1,
        &["a.txt, line 1: the line is longer than 1,048,576 bytes", "hint: "],
    );
    let set = ["--set", "data.max_length=2"];
    let parts = [
        "error: a.txt: no sequence is left: all 2 have more than 2 tokens, the shortest 3",
        "hint: raise `data.max_length` or set `data.long_sequences",
    ];
    data_refused("a.txt", "a b c\na b c d\n", &set, 1, &parts);
    // What the hint says helps.
    let scratch = Scratch::with_sentences();
    let truncate = ["--set", "data.max_length=2", "--set", "data.long_sequences=\"truncate\"", "-q"];
    scratch.run(and(&tiny_train("sentences.txt"), &truncate)).expect_fine();
}

#[test]
fn ids_that_are_none() {
    for more in [&["--tokens", "ids"][..], &["--format", "ids"], &["--set", "data.tokens=ids"]] {
        let parts =
            ["error: a.txt, line 2: \"x\" is not an integer, expected", "hint: for words use --tokens words"];
        data_refused("a.txt", "1 2\n3 x\n", more, 1, &parts);
        data_refused(
            "a.txt",
            "1 2\n3,4\n",
            more,
            1,
            &["a.txt, line 2: \"3,4\" is not an integer", "hint: separate"],
        );
        data_refused(
            "a.txt",
            "1 2\n\n-3 4\n",
            more,
            1,
            &["a.txt, line 3: \"-3\" is negative", "hint: number"],
        );
        data_refused(
            "a.txt",
            "1 99999999999999999999\n",
            more,
            1,
            &["a.txt, line 1: ", "larger than any", "hint: "],
        );
    }
    let set = ["--tokens", "ids", "--set", "data.vocab_size=9"];
    let parts = [
        "error: a.txt, line 2: \"9\" is outside `data.vocab_size`, expected an integer from 0 to 8",
        "hint: raise it",
    ];
    data_refused("a.txt", "0 8\n1 9\n", &set, 1, &parts);
}

#[test]
fn nothing_to_validate_on() {
    for text in ["a b c\n", "a b c", "a b\na b\na  b\n"] {
        let parts =
            ["error: a.txt: all lines are equal", "hint: give a file with at least two different sequences"];
        data_refused("a.txt", text, &[], 1, &parts);
    }
    let set = ["--set", "data.validation_share=-0.1"];
    data_refused("a.txt", "a b\nc d\n", &set, 2, &["`data.validation_share` is -0.1, expected 0 to 0.5"]);
}

#[test]
fn formats_that_are_not_read() {
    for extension in ["json", "parquet", "XLSX"] {
        let name = format!("a.{extension}");
        let found = format!("error: {name}: files of the kind .{} are not read", extension.to_lowercase());
        data_refused(&name, "a b\nc d\n", &[], 1, &[&found, "hint: convert it to JSON lines"]);
    }
    // What the hint says helps.
    let scratch = Scratch::new();
    scratch.write("a.json", "a b\nc d\n");
    scratch.run(and(&tiny_train("a.json"), &["--format", "text", "-q"])).expect_fine();
}

#[test]
fn tables_and_json_that_leave_the_sequence_open() {
    let two = ["a.csv, line 1: the table has the columns \"a\", \"b\"; which one", "hint: say --field NAME"];
    data_refused("a.csv", "a,b\nx,y\n", &[], 1, &two);
    let none = ["a.csv, line 1: no column \"c\"; the table has \"a\", \"b\"", "hint: the first line"];
    data_refused("a.csv", "a,b\nx,y\n", &["--field", "c"], 1, &none);
    let broken = ["a.jsonl, line 2: no JSON: ", "hint: one JSON value per line"];
    data_refused("a.jsonl", "\"a b\"\n{\"a\": \n", &[], 1, &broken);
    let torn = ["a.jsonl, line 1: the sequence holds a line break", "hint: "];
    data_refused("a.jsonl", "\"a\\nb\"\n", &["--tokens", "chars"], 1, &torn);
}

#[test]
fn settings_of_a_file() {
    let scratch = Scratch::with_sentences();
    let start = "seed = 3\n\n[data]\npath = \"sentences.txt\"\n";
    for (text, parts) in [
        (
            "max_lenth = 9\n",
            &["unknown key `data.max_lenth` (a.toml, line 5)", "hint: did you mean `data.max_length`?"][..],
        ),
        ("[rollouts]\nnum = 1\n", &["unknown key `rollouts", "(a.toml, line 5)", "hint: "]),
        (
            "num_rounds = 9\n",
            &[
                "unknown key `data.num_rounds`",
                "line 5",
                "hint: did you mean `adversarial.num_rounds` or `crossfit.num_rounds`?",
            ],
        ),
        (
            "\n[rollout]\nnum_rollouts = 0\n",
            &["`rollout.num_rollouts` is 0, expected 1 to 1024 (a.toml, line 7)"],
        ),
        (
            "max_length = \"long\"\n",
            &["`data.max_length` is \"long\", expected a whole number (a.toml, line 5)"],
        ),
        (
            "tokens = \"letters\"\n",
            &[
                "`data.tokens` is \"letters\", expected one of auto, words, chars, ids, smiles, bpe (a.toml, line 5)",
            ],
        ),
        ("max_length = \n", &["(a.toml, line 5)"]),
        ("[rollout\n", &["(a.toml, line 5)"]),
        (
            "[ensemble]\nsoft_share = 0.5\n",
            &["`ensemble.soft_share` is called `ensemble.distillation_weight` now (a.toml, line 6)"],
        ),
        ("max_length = 3\nmax_length = 4\n", &["duplicate key", "(a.toml, line 6)"]),
        ("path = \"\\q\"\n", &["(a.toml, line 5)"]),
        ("[oracle]\nlength = -1\n", &["`oracle.length` is -1, expected", "(a.toml, line 6)"]),
        ("[mle]\nlearning_rate = nan\n", &["`mle.learning_rate` is", "expected 0 to 10 (a.toml, line 6)"]),
    ] {
        scratch.write("a.toml", start.to_owned() + text);
        scratch.refuses(2, &["train", "a.toml", "--preset", "smoke"], &[&["error: "], parts].concat());
    }
    scratch.write("a.toml", b"seed = 3\n# \xe9\n");
    scratch.refuses(
        2,
        &["train", "a.toml"],
        &["not UTF-8 text (a.toml, line 2)", "hint: save the file as UTF-8"],
    );
    let hint = "hint: a configuration is TOML; to learn from a file of sequences: --data sentences.txt";
    scratch.refuses(2, &["train", "sentences.txt"], &["(sentences.txt, line 1)", hint]);
    scratch.write("a.toml", "seed = 3\n");
    scratch.refuses(2, &["train", "a.toml"], &["no data: `data.path` is empty", "hint: set `data.path`"]);
    scratch.write("a.toml", "[data]\npath = \"gone.txt\"\n");
    scratch.refuses(1, &["train", "a.toml"], &["error: gone.txt: there is no such file", "hint: "]);
}

#[test]
fn settings_of_the_command_line() {
    let scratch = Scratch::with_sentences();
    for (set, parts) in [
        ("sed=3", &["unknown key `sed` (--set sed=3)", "hint: did you mean `seed`?"][..]),
        ("rollout.num_rollout=3", &["unknown key", "hint: did you mean `rollout.num_rollouts`?"]),
        ("mle.xyzzy=3", &["unknown key `mle.xyzzy`", "hint: known keys in `mle`: num_epochs"]),
        ("seed", &["`seed` is not of the form KEY=VALUE", "hint: for example --set seed=7"]),
        ("=3", &["`=3` is not of the form KEY=VALUE", "hint: "]),
        ("seed=x", &["`seed` is \"x\", expected a whole number (--set seed=x)"]),
        ("seed=-1", &["`seed` is -1, expected", "(--set seed=-1)"]),
        (
            "crossfit.needs_worth=true",
            &[
                "`crossfit.needs_worth` is called `crossfit.require_validation_gain` now (--set crossfit.needs",
            ],
        ),
        ("rollout=3", &["`rollout` is 3, expected a section", "hint: set the keys in it"]),
        (
            "rollout.num_rollouts=1025",
            &["`rollout.num_rollouts` is 1025, expected 1 to 1024 (--set rollout.num"],
        ),
        ("rollout.delay=nan", &["`rollout.delay` is", "expected 0 to 0.9999 (--set"]),
        ("mle.learning_rate=inf", &["`mle.learning_rate` is inf, expected 0 to 10"]),
        ("methods=[]", &["`methods` is empty, expected at least one method"]),
        ("methods=[\"gpt\"]", &["`methods` is \"gpt\", expected one of random, unigram, mixture"]),
        ("methods=mle", &["`methods` is \"mle\", expected a list", "hint: write a list as [\"a\", \"b\"]"]),
        ("adversarial.base=seqgan", &["`adversarial.base` is \"seqgan\", expected one of mle, mle-tuned"]),
        ("adversarial.baseline=gpt", &["`adversarial.baseline` is \"gpt\", expected"]),
        ("methods=[\"mle\", \"mle\"]", &["`methods` is \"mle\" twice, expected each method once"]),
        ("evaluate.temperatures=[1, 0.9, 1]", &["`evaluate.temperatures` is 1 twice, expected each"]),
        ("hidden_dim=3", &["`oracle.hidden_dim` or `generator.hidden_dim` or"]),
        ("evaluate.temperatures=[1, 0]", &["`evaluate.temperatures` is 0, expected 0.05 to 20"]),
        ("discriminator.filters=[]", &["`discriminator.filters` is 0, expected 1 to 64"]),
        ("discriminator.filters=[[1, 0]]", &["`discriminator.filters` is 0, expected 1 to 4096"]),
    ] {
        for arguments in [tiny_oracle(), tiny_train("sentences.txt")] {
            scratch.refuses(2, &and(&arguments, &["--set", set]), &[&["error: "], parts].concat());
        }
    }
    // What `best` asks for by itself where it can.
    let arguments = and(&tiny_train("sentences.txt"), &["--set", "evaluate.reverse_lm=true"]);
    scratch.refuses(2, &arguments, &["`evaluate.reverse_lm` is true, expected false without `data.test`"]);
}

#[test]
fn options_of_the_command_line() {
    let scratch = Scratch::with_sentences();
    for (arguments, parts) in [
        (&["oracle", "--preset", "huge"][..], &["'huge'", "quick, paper, best, smoke"][..]),
        (&["oracle", "--treads", "2"], &["--treads", "--threads"]),
        (&["oracle", "--threads", "0"], &["--threads", "1..=1024"]),
        (&["oracle", "--seed", "9223372036854775808"], &["--seed", "0..=9223372036854775807"]),
        (&["oracle", "--resume"], &["--out"]),
        (&["oracle", "--data", "sentences.txt"], &["--data"]),
        (&["train"], &["--data <FILE>"]),
        (
            &["train", "--data", "sentences.txt", "--format", "abc"],
            &["'abc'", "text, ids, csv, tsv, jsonl, smiles, fasta, midi"],
        ),
        (
            &["train", "--data", "sentences.txt", "--tokens", "bytes"],
            &["'bytes'", "words, chars, ids, smiles, bpe"],
        ),
        (&["sample"], &["<RUN>"]),
        (&["sample", "run", "-n", "0"], &["--num <N>"]),
        (&["sample", "run", "--temperature", "-1"], &["-1"]),
        (&["evaluate", "run"], &["--test <FILE>"]),
        (&["evaluate", "--test", "sentences.txt"], &["--samples"]),
    ] {
        scratch.refuses(2, arguments, &[&["error: "], parts].concat());
    }
}

#[test]
fn parameters_of_an_oracle() {
    let scratch = Scratch::new();
    let mut tensors = vec![("embedding", vec![5, 3]), ("w_out", vec![4, 5]), ("b_out", vec![5])];
    for gate in ["i", "f", "o", "c"] {
        for (name, shape) in [("w", vec![3, 4]), ("u", vec![4, 4]), ("b", vec![4])] {
            tensors.push((format!("{name}_{gate}").leak(), shape));
        }
    }
    let write = |tensors: &[(&str, Vec<usize>)]| {
        zeros(&tensors.iter().map(|(name, shape)| (*name, shape.as_slice())).collect::<Vec<_>>())
    };
    let arguments = and(&tiny_oracle(), &["--oracle-params", "a.st"]);
    let changed = |name: &str, shape: &[usize]| {
        let change = |(other, old): &(&'static str, Vec<usize>)| {
            (*other, if *other == name { shape.to_vec() } else { old.clone() })
        };
        write(&tensors.iter().map(change).collect::<Vec<_>>())
    };
    let good = write(&tensors);
    let nan = [&good[..good.len() - 4], &f32::NAN.to_le_bytes()].concat();
    for (bytes, part) in [
        (b"no tensors at all".to_vec(), "not a safetensors file"),
        (good[..good.len() - 1].to_vec(), "not a safetensors file"),
        (Vec::new(), "not a safetensors file"),
        (write(&tensors[1..]), "no tensor `embedding`"),
        (write(&tensors[..tensors.len() - 1]), "no tensor `b_c`"),
        (changed("w_i", &[4, 3]), "`w_i` has shape [4, 3], expected [3, 4]"),
        (changed("b_out", &[4]), "`b_out` has shape [4], expected [5]"),
        (changed("embedding", &[15]), "`embedding` is F32 of shape [15], expected F32 with 2 dimensions"),
        (changed("embedding", &[0, 3]), "a dimension is 0"),
        (nan, "`b_c` holds NaN, expected finite numbers"),
    ] {
        scratch.write("a.st", bytes);
        scratch.refuses(
            1,
            &arguments,
            &["error: a.st: ", part, "hint: expected safetensors with f32 tensors"],
        );
    }
    scratch.write("a.st", good);
    scratch.run(and(&arguments, &["--out", "run", "-q"])).expect_fine();
    // Zeros everywhere: all five tokens alike, and sequences as long as set.
    let samples = scratch.output(&["sample", "run", "-n", "50"]);
    assert!(samples.lines().all(|line| line.split(' ').count() == 8));
    assert!(samples.split_whitespace().all(|token| token.parse::<u32>().unwrap() < 5));
}

#[test]
fn folders_that_are_no_run() {
    let scratch = Scratch::with_sentences();
    fs::create_dir(scratch.path("folder")).unwrap();
    for run in ["folder", "nowhere", "sentences.txt"] {
        let no_run = format!("error: {run}: no run folder");
        for arguments in [
            &["sample", run][..],
            &["sample", run, "--out", "new.txt"],
            &["evaluate", run, "--test", "sentences.txt"],
            &["inspect", run],
        ] {
            scratch.refuses(
                1,
                arguments,
                &[&no_run, "hint: give a folder that `seqgan oracle` or `seqgan train` made"],
            );
        }
    }
}

#[test]
fn a_run_is_asked_for_what_it_has_not() {
    let scratch = Scratch::with_run();
    scratch.refuses(
        2,
        &["sample", "run", "--out", "new.csv.gz"],
        &[
            "error: new.csv.gz: samples are written as they are, not packed",
            "hint: leave .gz out of the name",
        ],
    );
    scratch.run(["sample", "run", "-n", "3", "--out", "new.jsonl", "-q"]).expect_fine();
    assert!(scratch.read("new.jsonl").lines().all(|line| line.starts_with("{\"")));
    scratch.refuses(
        2,
        &["sample", "run", "--regex", "[0-9]+"],
        &[
            "`constraint.regex` is \"[0-9]+\", expected one that some sequence of up to 7 tokens",
            "matches as a whole",
        ],
    );
    let unknown = ["error: run: holds no model `gpt`", "hint: it holds mle-tuned, seqgan"];
    scratch.refuses(1, &["sample", "run", "--method", "gpt"], &unknown);
    scratch.refuses(1, &["evaluate", "run", "--test", "sentences.txt", "--method", "gpt"], &unknown);
    scratch.refuses(
        1,
        &["sample", "run", "--method", "discriminator"],
        &["holds no model `discriminator`", "hint: "],
    );
    scratch.refuses(
        1,
        &["sample", "run", "--out", "sentences.txt"],
        &["sentences.txt: exists already", "hint: "],
    );
    scratch.refuses(1, &["sample", "run", "--out", "run"], &["run: exists already", "hint: "]);
    scratch.refuses(1, &["sample", "run", "--out", "no/new.txt"], &["cannot create no/new.txt", "hint: "]);
    scratch.refuses(
        1,
        &["evaluate", "run", "--test", "no.txt"],
        &["error: no.txt: there is no such file", "hint: "],
    );
    scratch.refuses(1, &["evaluate", "run", "--test", "run"], &["error: run: this is a folder", "hint: "]);
    scratch.write("empty.txt", "");
    scratch.refuses(
        1,
        &["evaluate", "run", "--test", "empty.txt"],
        &["empty.txt: the file is empty", "hint: "],
    );
    let many = ["evaluate", "--samples", "sentences.txt", "--test", "sentences.txt", "-n", "101"];
    scratch.refuses(
        1,
        &many,
        &["sentences.txt: holds 100 sequences, expected at least the 101 of -n", "hint: "],
    );
    scratch.run(and(&tiny_oracle(), &["--out", "oracle", "-q"])).expect_fine();
    let parts = ["error: oracle: a run of the synthetic task is measured by its own oracle", "hint: "];
    scratch.refuses(2, &["evaluate", "oracle", "--test", "sentences.txt"], &parts);
}

#[test]
fn a_run_that_was_damaged() {
    let scratch = Scratch::with_run();
    let commands = [
        &["sample", "run", "--method", "seqgan"][..],
        &["evaluate", "run", "--method", "seqgan", "--test", "sentences.txt"],
    ];
    let damaged = |name: &str, bytes: Vec<u8>, commands: &[&[&str]], parts: &[&str]| {
        let good = fs::read(scratch.path(name)).unwrap();
        scratch.write(name, bytes);
        for arguments in commands {
            scratch.refuses(
                1,
                arguments,
                &[&[format!("error: {name}: ").as_str(), "hint: "], parts].concat(),
            );
        }
        scratch.write(name, good);
    };
    let model = "run/models/seqgan.safetensors";
    let good = fs::read(scratch.path(model)).unwrap();
    let (header, data) = safetensors(&good);
    let with_meta = |change: &dyn Fn(&mut Value)| {
        let mut header = header.clone();
        let text = header["__metadata__"]["meta"].as_str().unwrap();
        let mut meta: Value = serde_json::from_str(text).unwrap();
        change(&mut meta);
        header["__metadata__"]["meta"] = meta.to_string().into();
        with_header(&header, data)
    };
    let with_metadata = |key: &str, value: &str| {
        let mut header = header.clone();
        header["__metadata__"][key] = value.into();
        with_header(&header, data)
    };
    let discriminator = fs::read(scratch.path("run/models/seqgan.discriminator.safetensors")).unwrap();
    for (bytes, part) in [
        (good[..good.len() - 5].to_vec(), "not a complete safetensors file"),
        (Vec::new(), "not a complete safetensors file"),
        (zeros(&[("embedding", &[2, 2])]), "a file of no version, expected version 2"),
        (with_metadata("seqgan", "1"), "a file of version 1, expected version 2"),
        (discriminator, "holds a discriminator, expected a generator"),
        (with_metadata("meta", "[]"), "unreadable metadata"),
        (
            with_meta(&|meta| meta["generator"]["shape"]["hidden_dim"] = 9.into()),
            "tensor `w` of shape [8, 32], expected",
        ),
        (
            with_meta(&|meta| meta["generator"]["space"]["vocab_size"] = 9.into()),
            "tensor `embedding` of shape",
        ),
        (with_meta(&|meta| meta["generator"]["space"]["start_token"] = 99.into()), "outside the vocabulary"),
        (with_meta(&|meta| meta["generator"]["space"]["end_token"] = 99.into()), "outside the vocabulary"),
        (
            with_meta(&|meta| meta["generator"]["space"]["never"] = serde_json::json!([1, 99])),
            "outside the vocabulary",
        ),
        (
            with_meta(&|meta| meta["generator"]["shape"]["hidden_dim"] = 0.into()),
            "its hidden_dim is 0, expected 1 to",
        ),
        (
            with_meta(&|meta| meta["generator"]["shape"]["hidden_dim"] = (1u64 << 62).into()),
            "its hidden_dim is 46116860",
        ),
        (
            with_meta(&|meta| meta["generator"]["space"]["label_counts"] = serde_json::json!([u64::MAX, 1])),
            "no frequencies",
        ),
        (
            [&good[..good.len() - 4], &3e38f32.to_le_bytes()].concat(),
            "e38, expected numbers of size 1e9 at most",
        ),
        (with_meta(&|meta| meta["generator"]["space"]["max_length"] = 0.into()), "its longest sequence is 0"),
        (
            with_meta(&|meta| meta["generator"]["space"]["max_length"] = (1u64 << 60).into()),
            "expected 1 to 2048",
        ),
    ] {
        damaged(model, bytes, &commands, &[part]);
    }
    // A discriminator of another shape than its tensors or the generator have.
    let discriminator_file = "run/models/seqgan.discriminator.safetensors";
    let discriminator = fs::read(scratch.path(discriminator_file)).unwrap();
    let with_discriminator_shape = |key: &str, value: Value| {
        let (mut header, data) = safetensors(&discriminator);
        let mut meta: Value = serde_json::from_str(header["__metadata__"]["meta"].as_str().unwrap()).unwrap();
        meta["shape"][key] = value;
        header["__metadata__"]["meta"] = meta.to_string().into();
        with_header(&header, data)
    };
    let scored = [&["sample", "run", "--method", "seqgan", "--score"][..]];
    for (key, value, part) in [
        ("embedding_dim", 9.into(), "tensor `embedding` of shape"),
        ("embedding_dim", (1u64 << 62).into(), "its embedding_dim is 46116860"),
        ("filters", serde_json::json!([[99, 8]]), "it has 8 filters of width 99, expected 1 to"),
        ("max_length", 6.into(), "scores other sequences than the generator makes"),
    ] {
        damaged(discriminator_file, with_discriminator_shape(key, value), &scored, &[part]);
    }
    // The other model is as good as before.
    scratch.write(model, "");
    scratch.output(&["sample", "run", "--method", "mle-tuned"]);
    // Which of them is better cannot be told.
    scratch.refuses(1, &["sample", "run"], &[&format!("error: {model}: not a complete safetensors file")]);
    scratch.write(model, &good);

    let half = |name: &str| {
        let bytes = fs::read(scratch.path(name)).unwrap();
        bytes[..bytes.len() / 2].to_vec()
    };
    let inspect = [&["inspect", "run"][..]];
    damaged("run/vocab.json", half("run/vocab.json"), &commands, &["unreadable: "]);
    let fewer = br#"{"tokens":"words","entries":["cat","dog"]}"#.to_vec();
    damaged("run/vocab.json", fewer, &commands, &["holds 4 tokens, but the model 1"]);
    damaged("run/config.toml", half("run/config.toml"), &commands, &["unreadable settings: "]);
    damaged("run/config.toml", half("run/config.toml"), &inspect, &["unreadable settings: "]);
    let settings = scratch.read("run/config.toml");
    let other_format = settings.replace("format = \"auto\"", "format = \"abc\"");
    let part = "unreadable settings: `data.format` is \"abc\", expected one of";
    damaged("run/config.toml", other_format.into_bytes(), &commands, &[part]);
    let older = settings.replace("distillation_weight", "soft_share");
    let part = "unreadable settings: `ensemble.soft_share` is called `ensemble.distillation_weight` now (config.toml";
    damaged("run/config.toml", older.into_bytes(), &commands, &[part]);
    damaged("run/run.json", half("run/run.json"), &inspect, &["unreadable: "]);
    damaged("run/summary.json", half("run/summary.json"), &inspect, &["unreadable: "]);
    let resume = and(&trained_on_sentences(), &["--out", "run", "--resume"]);
    for name in ["run/config.toml", "run/run.json", "run/summary.json"] {
        let resume: Vec<&str> = resume.iter().map(String::as_str).collect();
        damaged(name, half(name), &[&resume], &["unreadable"]);
    }
    fs::remove_file(scratch.path("run/vocab.json")).unwrap();
    for arguments in commands {
        scratch.refuses(1, arguments, &["error: cannot read run/vocab.json", "hint: "]);
    }
}
