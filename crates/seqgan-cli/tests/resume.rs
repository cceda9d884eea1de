//! Equal runs give equal results, whatever disturbs them.

use std::fs;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use seqgan::generator::{LstmShape, oracle};
use serde_json::Value;

use crate::support::{
    Ended, Results, Scratch, and, and_set, contents, safetensors, tiny_oracle, tiny_train, wait_for,
    with_header,
};

/// A run that takes long enough to be killed in every phase, and saves its state after every step.
fn slower(arguments: &[String]) -> Vec<String> {
    let settings =
        ["mle.num_epochs=8", "mle_tuned.num_epochs=8", "mle_tuned.patience=8", "adversarial.num_rounds=8"];
    and_set(&and_set(arguments, &settings), &["checkpoint.every_secs=0"])
}

/// Sends a signal by name, as `kill` does.
fn signal(child: &Child, name: &str) {
    let sent = Command::new("sh").args(["-c", &format!("kill -{name} {}", child.id())]).status().unwrap();
    assert!(sent.success(), "kill -{name}");
}

/// Stages of the run's plan that are done, and seconds of work, as the saved state tells them.
fn position(run: &Path) -> Option<(u64, f64)> {
    let bytes = fs::read(run.join("checkpoints/state.safetensors")).ok()?;
    let (header, _) = safetensors(&bytes);
    let meta: Value = serde_json::from_str(header["__metadata__"]["meta"].as_str()?).ok()?;
    Some((meta["stages"].as_u64()?, meta["elapsed_s"].as_f64()?))
}

/// Starts or goes on with the run `out` and kills it `pause` after it has come to `stage` and saved something there;
/// without a stage, after it has made its folder. Returns the stage it was in.
fn kill_at(
    scratch: &Scratch,
    arguments: &[String],
    out: &str,
    stage: Option<u64>,
    pause: Duration,
) -> Option<u64> {
    let run = scratch.path(out);
    let before = position(&run);
    let mut child = scratch.start(and(arguments, &["--out", out, "--resume", "-q"]));
    wait_for("the run to come so far", || {
        let there = match stage {
            None => run.is_dir(),
            Some(stage) => {
                position(&run).is_some_and(|at| at.0 >= stage && before.is_none_or(|b| at.1 > b.1))
            }
        };
        (there || child.try_wait().unwrap().is_some()).then_some(())
    });
    std::thread::sleep(pause);
    // Nothing happens to one that has ended.
    child.kill().unwrap();
    let ended = Ended::of(child);
    assert_eq!((ended.status, ended.stderr.as_str()), (None, ""), "the run ended before it could be killed");
    position(&run).map(|at| at.0)
}

/// Kills a run in every stage, goes on with each number of threads in turn, and compares.
pub fn kill_everywhere(scratch: &Scratch, arguments: &[String], last_stage: u64) {
    let arguments = slower(arguments);
    let undisturbed = scratch.run(and(&arguments, &["--out", "whole", "-q"])).expect_fine();
    let mut killed_in = Vec::new();
    // The pauses spread the kills between the steps and into the middle of files being written.
    let points = (0..=last_stage).flat_map(|stage| [(Some(stage), 0), (Some(stage), 1_300)]);
    for (n, (stage, micros)) in [(None, 0), (None, 700)].into_iter().chain(points).enumerate() {
        let arguments = and(&arguments, &["--threads", if n % 2 == 0 { "2" } else { "1" }]);
        killed_in.push(kill_at(scratch, &arguments, "killed", stage, Duration::from_micros(micros)));
    }
    let resumed = scratch.run(and(&arguments, &["--out", "killed", "--resume", "-q"])).expect_fine();
    killed_in.dedup();
    assert!(killed_in.len() >= 4, "kills are not spread over the phases: {killed_in:?}");
    assert_eq!(resumed.stdout, undisturbed.stdout);
    let whole = Results::of(&scratch.path("whole"));
    Results::of(&scratch.path("killed")).assert_same(&whole, "killed and resumed");
}

#[test]
fn the_result_does_not_depend_on_threads_or_on_saving() {
    let scratch = Scratch::with_sentences();
    for (name, arguments) in [("oracle", tiny_oracle()), ("train", tiny_train("sentences.txt"))] {
        let run = |out: &str, more: &[&str]| {
            let out = format!("{name}-{out}");
            let ended = scratch.run(and(&and(&arguments, &["--out", &out, "-q"]), more)).expect_fine();
            (Results::of(&scratch.path(&out)), ended.stdout)
        };
        let (one, table) = run("one", &["--threads", "1"]);
        for (out, more) in [("two", ["--threads", "2"]), ("eight", ["--threads", "8"])] {
            let (other, same_table) = run(out, &more);
            one.assert_same(&other, out);
            assert_eq!(table, same_table);
        }
        let (other_seed, other_table) = run("seed", &["--seed", "2"]);
        assert_ne!(one.summary()["methods"], other_seed.summary()["methods"]);
        assert_ne!(table, other_table);
    }
}

#[test]
fn an_oracle_run_killed_in_every_phase_ends_the_same() {
    kill_everywhere(&Scratch::new(), &tiny_oracle(), 4);
}

/// The methods that the other two leave out: each has a discriminator, a search or inputs of its own to go on with.
#[test]
fn every_other_method_killed_in_every_phase_ends_the_same() {
    let methods = r#"methods=["mle-ensemble", "distilled", "scheduled-sampling", "pg-bleu", "seqgan-step", "seqgan-crossfit", "distilled-seqgan-crossfit", "maligan", "rankgan"]"#;
    let arguments =
        and(&tiny_oracle(), &["--set", methods, "--set", "scheduled_sampling.teacher_forcing_decay=0.1"]);
    kill_everywhere(&Scratch::new(), &arguments, 25);
}

/// Each fold has members, their ensemble's pupil, and all of them are there when the discriminator is trained.
#[test]
fn a_discriminator_that_sees_an_ensemble_killed_in_every_phase_ends_the_same() {
    let settings = [
        r#"methods=["seqgan-crossfit"]"#,
        "adversarial.base=distilled",
        "crossfit.ensemble_features=true",
        "ensemble.num_members=2",
        "crossfit.discount=0.5",
        "crossfit.demonstration_value=0.5",
        "crossfit.learning_rate=0.5",
        "crossfit.patience=2",
        "crossfit.measure_every_rounds=1",
    ];
    kill_everywhere(&Scratch::new(), &and_set(&tiny_oracle(), &settings), 12);
}

/// A discriminator that is trained anew in the rounds, and what it is trained against.
#[test]
fn a_discriminator_that_is_refreshed_killed_in_every_phase_ends_the_same() {
    let settings = [
        r#"methods=["seqgan-crossfit"]"#,
        "adversarial.base=mle-tuned",
        "crossfit.ensemble_features=true",
        "ensemble.num_members=2",
        "crossfit.num_rounds=8",
        "crossfit.refresh_every_rounds=1",
    ];
    let scratch = Scratch::new();
    kill_everywhere(&scratch, &and_set(&tiny_oracle(), &settings), 8);
    // Before its two passes and after each, before the first round and after each but the last.
    let examined = scratch.records("whole", "discriminator");
    let steps: Vec<_> = examined.iter().map(|record| record["step"].as_u64().unwrap()).collect();
    assert_eq!(steps, (0..24).collect::<Vec<_>>());
}

/// What a method ends with does not depend on which others are trained beside it.
#[test]
fn a_method_does_not_depend_on_its_neighbours() {
    let scratch = Scratch::new();
    let model = |out: &str, methods: &str, name: &str| {
        let setting = format!("methods={methods}");
        let more = ["--out", out, "-q", "--set", &setting, "--set", "adversarial.base=mle-tuned"];
        scratch.run(and(&tiny_oracle(), &more)).expect_fine();
        fs::read(scratch.path(&format!("{out}/models/{name}.safetensors"))).unwrap()
    };
    let all = model("all", r#"["mle", "pg-bleu", "seqgan", "maligan", "rankgan"]"#, "rankgan");
    assert_eq!(model("alone", r#"["rankgan"]"#, "rankgan"), all);
    let seqgan = fs::read(scratch.path("all/models/seqgan.safetensors")).unwrap();
    assert_eq!(model("pair", r#"["seqgan", "maligan"]"#, "seqgan"), seqgan);
    // These share the generators of their folds, of which one alone does not need all.
    let (own, distilled) = ("seqgan-crossfit", "distilled-seqgan-crossfit");
    let both = model("both", &format!("{:?}", [own, distilled]), own);
    for (out, name) in [("own", own), ("distilled", distilled)] {
        let alone = model(out, &format!("{:?}", [name]), name);
        assert!(
            alone == fs::read(scratch.path(&format!("both/models/{name}.safetensors"))).unwrap(),
            "{name}"
        );
        let discriminator = |run: &str| {
            fs::read(scratch.path(&format!("{run}/models/{name}.discriminator.safetensors"))).unwrap()
        };
        assert!(discriminator(out) == discriminator("both"), "the discriminator of {name}");
    }
    assert!(
        both != fs::read(scratch.path("distilled/models/distilled-seqgan-crossfit.safetensors")).unwrap()
    );
}

#[test]
fn a_training_run_killed_in_every_phase_ends_the_same() {
    kill_everywhere(&Scratch::with_sentences(), &tiny_train("sentences.txt"), 3);
}

#[test]
fn a_signal_saves_the_state_and_the_run_goes_on() {
    let scratch = Scratch::new();
    let more = ["--set", "mle.num_epochs=60", "--set", "adversarial.num_rounds=60"];
    let arguments = and(&slower(&tiny_oracle()), &more);
    let table = scratch.run(and(&arguments, &["--out", "whole", "-q"])).expect_fine().stdout;
    // Long pauses between saves: what is found afterwards was saved because of the signal.
    let seldom = and(&arguments, &["--set", "checkpoint.every_secs=3600", "--out", "stopped"]);
    for (name, status) in [("TERM", 143), ("INT", 130), ("INT", 130), ("TERM", 143)] {
        let before = position(&scratch.path("stopped"));
        let child = scratch.start(and(&seldom, &["--resume"]));
        wait_for("the folder", || scratch.path("stopped/config.toml").is_file().then_some(()));
        std::thread::sleep(Duration::from_millis(60));
        signal(&child, name);
        let sent = Instant::now();
        let ended = Ended::of(child);
        assert_eq!(ended.status, Some(status), "{}", ended.stderr);
        assert!(sent.elapsed() < Duration::from_secs(2), "{:?}", sent.elapsed());
        assert!(ended.stdout.is_empty());
        for part in ["error: stopped", "saved", "hint: ", "--resume"] {
            assert!(ended.stderr.contains(part), "{}", ended.stderr);
        }
        let after = position(&scratch.path("stopped"));
        assert!(after > before, "{before:?} {after:?}: nothing was saved");
        assert!(!scratch.path("stopped/summary.json").exists());
    }
    let resumed = scratch.run(and(&seldom, &["--resume"])).expect_fine();
    assert_eq!(resumed.stdout, table);
    let config = "config.toml";
    // The two runs were told to save at different times, and nothing else.
    fs::copy(scratch.path("whole").join(config), scratch.path("stopped").join(config)).unwrap();
    Results::of(&scratch.path("stopped")).assert_same(&Results::of(&scratch.path("whole")), "stopped");
}

/// The first signal asks for the state to be saved, and here that never ends: what it is written to has no reader.
#[test]
fn a_second_signal_stops_at_once() {
    let scratch = Scratch::new();
    let more = ["--set", "mle.num_epochs=4000", "--set", "checkpoint.every_secs=3600", "--out", "run"];
    let mut child = scratch.start(and(&tiny_oracle(), &more));
    let checkpoints = scratch.path("run/checkpoints");
    wait_for("the folder", || checkpoints.is_dir().then_some(()));
    let pipe = checkpoints.join("state.safetensors.tmp");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    signal(&child, "INT");
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(child.try_wait().unwrap(), None, "the pipe was not written to");
    signal(&child, "TERM");
    let sent = Instant::now();
    let ended = Ended::of(child);
    assert_eq!(ended.status, Some(143));
    assert!(sent.elapsed() < Duration::from_secs(1), "{:?}", sent.elapsed());
    assert!(!ended.stderr.contains("saved"), "{}", ended.stderr);
    assert_eq!(position(&scratch.path("run")), None, "there was no time to save");
}

/// With the sizes of a real run a step takes longer than with tiny ones; two seconds are promised all the same.
#[test]
fn a_run_of_usual_size_stops_at_once() {
    let scratch = Scratch::new();
    for (millis, name, status) in [(30, "INT", 130), (1_200, "TERM", 143)] {
        let out = format!("run-{millis}");
        let child = scratch.start(["oracle", "--out", &out, "-q"]);
        wait_for("the folder", || scratch.path(&out).join("config.toml").is_file().then_some(()));
        std::thread::sleep(Duration::from_millis(millis));
        signal(&child, name);
        let sent = Instant::now();
        assert_eq!(Ended::of(child).status, Some(status));
        assert!(sent.elapsed() < Duration::from_secs(2), "{:?}", sent.elapsed());
        assert!(position(&scratch.path(&out)).is_some());
    }
}

#[test]
fn resume_without_a_run_starts_one() {
    let scratch = Scratch::new();
    let arguments = tiny_oracle();
    let plain = scratch.run(and(&arguments, &["--out", "plain", "-q"])).expect_fine();
    fs::create_dir_all(scratch.path("empty")).unwrap();
    for out in ["not/there/yet", "empty"] {
        let resumed = scratch.run(and(&arguments, &["--out", out, "--resume", "-q"])).expect_fine();
        assert_eq!(resumed.stdout, plain.stdout);
        Results::of(&scratch.path(out)).assert_same(&Results::of(&scratch.path("plain")), out);
    }
}

#[test]
fn resume_never_takes_over_a_folder_of_somebody_else() {
    let scratch = Scratch::new();
    fs::create_dir_all(scratch.path("letters")).unwrap();
    scratch.write("letters/to-anna.txt", "dear Anna");
    scratch.refuses(
        1,
        &and(&tiny_oracle(), &["--out", "letters", "--resume"]),
        &["error: letters: no run folder", "to-anna.txt", "hint: give another --out"],
    );
    scratch.write("file", "");
    scratch.refuses(1, &and(&tiny_oracle(), &["--out", "file", "--resume"]), &["file", "exists", "hint: "]);
}

#[test]
fn a_finished_run_is_shown_again_and_left_alone() {
    let scratch = Scratch::with_sentences();
    for (out, arguments) in [("a", tiny_oracle()), ("b", tiny_train("sentences.txt"))] {
        let arguments = and(&arguments, &["--out", out]);
        let first = scratch.run(&arguments).expect_fine();
        let before = contents(&scratch.path(out));
        assert!(!before.contains_key("checkpoints/state.safetensors"));
        let start = Instant::now();
        let again = scratch.run(and(&arguments, &["--resume"])).expect_fine();
        assert!(start.elapsed() < Duration::from_secs(2));
        assert_eq!(again.stdout, first.stdout);
        assert!(again.stderr.contains("finished already"), "{}", again.stderr);
        assert!(before == contents(&scratch.path(out)), "a file changed");
        let other = and(&arguments, &["--resume", "--seed", "3"]);
        scratch.refuses(2, &other, &["`seed` is 3, expected 1", "config.toml", "hint: "]);
    }
}

#[test]
fn resume_with_other_settings_is_refused() {
    let scratch = Scratch::with_sentences();
    let arguments = and(&slower(&tiny_train("sentences.txt")), &["--out", "run"]);
    kill_at(&scratch, &slower(&tiny_train("sentences.txt")), "run", Some(1), Duration::ZERO);
    for (more, key) in [
        (&["--set", "mle_tuned.learning_rate=0.5"][..], "`mle_tuned.learning_rate` is 0.5, expected 0.0"),
        (&["--set", "rollout.num_rollouts=3"], "`rollout.num_rollouts` is 3, expected 2"),
        (&["--set", "methods=[\"mle\"]"], "`methods` is [\"mle\"], expected ["),
        (&["--tokens", "chars"], "`data.tokens` is \"chars\", expected \"auto\""),
        (&["--seed", "9"], "`seed` is 9, expected 1"),
    ] {
        let arguments = and(&and(&arguments, &["--resume"]), more);
        scratch.refuses(2, &arguments, &[key, "run/config.toml", "hint: resume with the same settings"]);
    }
    // A preset that was left out is another preset.
    let quick: Vec<String> =
        arguments.iter().map(|a| if a == "smoke" { "quick".into() } else { a.clone() }).collect();
    let hint = "hint: the run was started with --preset smoke; resume it with the same";
    scratch.refuses(2, &and(&quick, &["--resume"]), &["expected", "as when the run was started", hint]);
    // When the state is saved changes no result.
    scratch
        .run(and(&arguments, &["--resume", "--set", "checkpoint.every_secs=9", "--threads", "1"]))
        .expect_fine();
}

#[test]
fn resume_with_other_data_is_refused() {
    let scratch = Scratch::with_sentences();
    let arguments = slower(&tiny_train("sentences.txt"));
    kill_at(&scratch, &arguments, "run", Some(1), Duration::ZERO);
    let text = scratch.read("sentences.txt");
    // As long as before and with the same words.
    scratch.write("sentences.txt", text.replacen("cat", "dog", 1));
    let arguments = and(&arguments, &["--out", "run", "--resume"]);
    scratch.refuses(
        1,
        &arguments,
        &["run: the data file has changed", "hint: resume with the file as it was"],
    );
    scratch.write("sentences.txt", text);
    scratch.run(arguments).expect_fine();
}

/// Where the files of a run lie may change; their content, and how it is read, may not.
#[test]
fn files_that_have_moved_are_the_same_files() {
    let scratch = Scratch::with_sentences();
    scratch.write(
        "test.txt",
        scratch.read("sentences.txt").lines().take(30).map(|l| format!("{l}\n")).collect::<String>(),
    );
    let arguments = slower(&tiny_train("sentences.txt"));
    let files = |data: &str, test: &str| {
        let arguments: Vec<String> =
            arguments.iter().map(|a| if a == "sentences.txt" { data.into() } else { a.clone() }).collect();
        and(&arguments, &["--test", test])
    };
    let paths = |run: &str| {
        let config: toml::Table = toml::from_str(&scratch.read(&format!("{run}/config.toml"))).unwrap();
        [&config["data"]["path"], &config["data"]["test"]].map(|path| path.as_str().unwrap().to_string())
    };
    scratch.run(and(&files("sentences.txt", "test.txt"), &["--out", "whole"])).expect_fine();
    kill_at(&scratch, &files("sentences.txt", "test.txt"), "run", Some(1), Duration::ZERO);

    // Another spelling, while the run is at work; and files that have moved, with a link in place of one.
    let absolute = scratch.path("sentences.txt").display().to_string();
    kill_at(&scratch, &files(&absolute, "./test.txt"), "run", Some(2), Duration::ZERO);
    assert_eq!(paths("run"), [absolute.as_str(), "./test.txt"]);
    fs::create_dir(scratch.path("elsewhere")).unwrap();
    fs::rename(scratch.path("sentences.txt"), scratch.path("elsewhere/words.txt")).unwrap();
    fs::rename(scratch.path("test.txt"), scratch.path("elsewhere/held.txt")).unwrap();
    let moved = and(&files("elsewhere/words.txt", "elsewhere/held.txt"), &["--out", "run", "--resume"]);
    scratch.run(&moved).expect_fine();
    assert_eq!(paths("run"), ["elsewhere/words.txt", "elsewhere/held.txt"]);
    // The same results; the settings differ in the paths alone.
    let whole = scratch.read("whole/config.toml");
    let whole = whole.replace("\"sentences.txt\"", "\"elsewhere/words.txt\"");
    scratch.write("whole/config.toml", whole.replace("\"test.txt\"", "\"elsewhere/held.txt\""));
    Results::of(&scratch.path("run")).assert_same(&Results::of(&scratch.path("whole")), "moved");
    // The file is found again.
    scratch.run(["sample", "run", "-n", "3", "--novel"]).expect_fine();
    scratch.run(["evaluate", "run", "--test", "elsewhere/held.txt", "-n", "20"]).expect_fine();

    // A finished run takes the new places, too.
    fs::rename(scratch.path("elsewhere/words.txt"), scratch.path("words.txt")).unwrap();
    let again = files("words.txt", "elsewhere/held.txt");
    let again = and(&again, &["--out", "run", "--resume"]);
    scratch.run(&again).expect_fine();
    assert_eq!(paths("run"), ["words.txt", "elsewhere/held.txt"]);
    // Another ending is another format, or may be.
    fs::copy(scratch.path("words.txt"), scratch.path("words.csv")).unwrap();
    let other = and(&files("words.csv", "elsewhere/held.txt"), &["--out", "run", "--resume"]);
    scratch.refuses(
        1,
        &other,
        &["run: the data are read in another way", "hint: give the file under a name"],
    );
    // A test file that has changed.
    let held = scratch.read("elsewhere/held.txt");
    scratch.write("elsewhere/held.txt", held.replacen("cat", "dog", 1));
    scratch.refuses(1, &again, &["run: the test file has changed", "hint: resume with the file as it was"]);
    scratch.write("elsewhere/held.txt", held);

    // A folder that knows no hash of the test file: its path decides.
    let mut run: Value = serde_json::from_str(&scratch.read("run/run.json")).unwrap();
    assert!(run["data"].as_object_mut().unwrap().remove("test").is_some());
    scratch.write("run/run.json", run.to_string());
    scratch.run(&again).expect_fine();
    let spelt = and(&files("words.txt", "./elsewhere/held.txt"), &["--out", "run", "--resume"]);
    scratch.refuses(2, &spelt, &["`data.test` is \"./elsewhere/held.txt\", expected \"elsewhere/held.txt\""]);
}

/// The same of the oracle's parameters.
#[test]
fn parameters_that_have_moved_are_the_same_parameters() {
    let scratch = Scratch::new();
    let write = |name: &str, seed: u64| {
        let network = oracle::random(oracle::synthetic_space(50, 8), LstmShape::new(8, 8), seed);
        scratch.write(name, oracle::to_safetensors(&network));
    };
    write("a.safetensors", 1);
    let run = |path: &str, more: &[&str]| {
        and(&and(&tiny_oracle(), &["--oracle-params", path, "--out", "run", "-q"]), more)
    };
    scratch.run(run("a.safetensors", &[])).expect_fine();
    fs::rename(scratch.path("a.safetensors"), scratch.path("b.safetensors")).unwrap();
    scratch.run(run("./b.safetensors", &["--resume"])).expect_fine();
    assert!(scratch.read("run/config.toml").contains("params = \"./b.safetensors\""));
    write("b.safetensors", 2);
    let parts =
        ["run: the file of the oracle's parameters has changed", "hint: resume with the file as it was"];
    scratch.refuses(1, &run("b.safetensors", &["--resume"]), &parts);
    // A folder that knows no hash.
    let mut document: Value = serde_json::from_str(&scratch.read("run/run.json")).unwrap();
    assert!(document["data"].as_object_mut().unwrap().remove("oracle_params_sha256").is_some());
    scratch.write("run/run.json", document.to_string());
    scratch.run(run("./b.safetensors", &["--resume"])).expect_fine();
    scratch.refuses(2, &run("b.safetensors", &["--resume"]), &["`oracle.params` is \"b.safetensors\""]);
}

#[test]
fn a_damaged_state_is_refused_and_nothing_else_is_lost() {
    let scratch = Scratch::new();
    let arguments = slower(&tiny_oracle());
    let table = scratch.run(and(&arguments, &["--out", "whole", "-q"])).expect_fine().stdout;
    kill_at(&scratch, &arguments, "run", Some(3), Duration::ZERO);
    let name = "run/checkpoints/state.safetensors";
    let good = fs::read(scratch.path(name)).unwrap();
    let (header, data) = safetensors(&good);
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut header = header.clone();
        change(&mut header);
        with_header(&header, data)
    };
    let reshaped = changed(&|header| {
        let shape = &mut header["generator/embedding"]["shape"];
        assert_eq!(*shape, serde_json::json!([50, 8]));
        *shape = serde_json::json!([8, 50]);
    });
    let renamed = changed(&|header| {
        let tensor = header.as_object_mut().unwrap().remove("rollout/w_out").unwrap();
        header["rollout/w_in"] = tensor;
    });
    let mut not_a_number = good.clone();
    let end = good.len();
    not_a_number[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    let edited = |change: &dyn Fn(&mut Value)| {
        changed(&|header| {
            let mut meta: Value =
                serde_json::from_str(header["__metadata__"]["meta"].as_str().unwrap()).unwrap();
            change(&mut meta);
            header["__metadata__"]["meta"] = meta.to_string().into();
        })
    };
    let resume = and(&arguments, &["--out", "run", "--resume"]);
    for (bytes, parts) in [
        (edited(&|meta| meta["stages"] = 99.into()), &["99 stages are done of ", "hint: "][..]),
        (
            edited(&|meta| {
                let generators = meta["generators"].as_object_mut().unwrap();
                generators.retain(|name, _| !name.starts_with("finished."));
            }),
            &["is done, but not there", "hint: "],
        ),
        (
            edited(&|meta| meta["stage"]["adversarial"]["cursor"]["round"] = (1u64 << 50).into()),
            &["a position of 1125899906842624, expected 1099511627776 at most", "hint: "],
        ),
        (
            edited(&|meta| {
                meta["stage"]["adversarial"]["cursor"]["best"] = serde_json::json!({ "nll": 1.5, "done": 99 })
            }),
            &["the best model is that after 99 epochs or rounds, but 0 are done", "hint: "],
        ),
        (
            edited(&|meta| meta["updates"]["generator"] = u64::MAX.into()),
            &["18446744073709551615 updates of `generator`", "hint: "],
        ),
        (good[..good.len() / 2].to_vec(), &["not a complete safetensors file", "hint: the file is damaged"]),
        (good[..good.len() - 1].to_vec(), &["not a complete safetensors file", "hint: the file is damaged"]),
        (Vec::new(), &["not a complete safetensors file", "hint: "]),
        (b"hello, world".to_vec(), &["not a complete safetensors file", "hint: "]),
        (
            changed(&|header| header["__metadata__"]["seqgan"] = "9".into()),
            &[
                "a file of version 9, expected version 2",
                "hint: read it with the program version that wrote it",
            ],
        ),
        (
            changed(&|header| header["__metadata__"]["kind"] = "generator".into()),
            &["holds a generator, expected a state", "hint: "],
        ),
        (changed(&|header| header["__metadata__"]["meta"] = "{}".into()), &["unreadable metadata", "hint: "]),
        (
            reshaped,
            &[
                "`generator`: tensor `embedding` of shape [8, 50], expected `embedding` of shape [50, 8]",
                "hint: ",
            ],
        ),
        (renamed, &["`rollout`: no tensor `w_out`", "hint: "]),
        (not_a_number, &["holds NaN, expected finite numbers", "hint: "]),
    ] {
        scratch.write(name, bytes);
        scratch.refuses(1, &resume, &[&[format!("error: {name}: ").as_str()], parts].concat());
    }
    // A log that lost its end cannot be continued either.
    scratch.write(name, &good);
    let log = scratch.read("run/metrics.jsonl");
    scratch.write("run/metrics.jsonl", &log[..log.len() / 2]);
    scratch.refuses(1, &resume, &["run/metrics.jsonl", "bytes long", "hint: the file was cut"]);
    scratch.write("run/metrics.jsonl", log);
    assert_eq!(scratch.run(and(&resume, &["-q"])).expect_fine().stdout, table);
    Results::of(&scratch.path("run")).assert_same(&Results::of(&scratch.path("whole")), "restored");
}

#[test]
fn an_existing_folder_is_refused_untouched() {
    let scratch = Scratch::with_run();
    fs::create_dir_all(scratch.path("empty")).unwrap();
    for out in ["run", "empty", "sentences.txt"] {
        for arguments in [tiny_oracle(), tiny_train("sentences.txt")] {
            let parts = [&format!("error: {out}: exists already"), "hint: give another --out, or --resume"];
            scratch.refuses(1, &and(&arguments, &["--out", out]), &parts);
        }
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_refused_before_any_work() {
    let scratch = Scratch::with_sentences();
    // With the paper's sizes even drawing the data would take seconds.
    let paper: Vec<String> = ["oracle", "--preset", "paper"].map(String::from).to_vec();
    let start = Instant::now();
    for out in ["/dev/null/run", "sentences.txt/a/run", "sentences.txt"] {
        scratch.refuses(
            1,
            &and(&paper, &["--out", out]),
            &[&format!("error: {out}: "), "hint: give another --out"],
        );
        scratch.refuses(1, &and(&paper, &["--out", out, "--resume"]), &["error: ", out, "hint: "]);
        scratch.refuses(1, &and(&tiny_train("sentences.txt"), &["--out", out]), &["error: ", out, "hint: "]);
    }
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[test]
fn folders_without_a_name_are_numbered() {
    let scratch = Scratch::with_sentences();
    let mut said = Vec::new();
    for arguments in [
        and(&tiny_oracle(), &["--seed", "7"]),
        and(&tiny_oracle(), &["--seed", "7"]),
        tiny_train("sentences.txt"),
        and(&tiny_oracle(), &["--seed", "7"]),
    ] {
        let stderr = scratch.run(arguments).expect_fine().stderr;
        let line = stderr.lines().rfind(|line| line.starts_with("run folder: ")).map(str::to_owned);
        said.push(line.unwrap_or_else(|| panic!("the folder is not named:\n{stderr}")));
    }
    let names = ["oracle-smoke-7", "oracle-smoke-7-2", "train-smoke-1", "oracle-smoke-7-3"];
    assert_eq!(said, names.map(|name| format!("run folder: runs/{name}")));
    let mut found: Vec<_> = fs::read_dir(scratch.path("runs"))
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    found.sort();
    assert_eq!(found, ["oracle-smoke-7", "oracle-smoke-7-2", "oracle-smoke-7-3", "train-smoke-1"]);
}
