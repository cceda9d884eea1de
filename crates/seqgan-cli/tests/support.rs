//! A folder to run the program in, settings for runs of a moment, and what a run folder holds.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// A run of all phases in a fraction of a second.
pub const TINY: [&str; 28] = [
    "ensemble.num_members=3",
    "ensemble.num_epochs=2",
    "crossfit.num_folds=2",
    "crossfit.d_epochs=2",
    "crossfit.require_validation_gain=false",
    "crossfit.num_rounds=3",
    "crossfit.batch_size=16",
    "generator.embedding_dim=8",
    "generator.hidden_dim=8",
    "discriminator.embedding_dim=8",
    "discriminator.filters=[[1, 8], [2, 8], [4, 8]]",
    "mle.num_epochs=3",
    "mle.batch_size=32",
    "mle_tuned.num_epochs=3",
    "mle_tuned.batch_size=32",
    "mle_tuned.patience=2",
    // Those of a preset are for wider models and more updates.
    "mle_tuned.warmup_updates=0",
    "mle_tuned.input_dropout=0",
    "mle_tuned.output_dropout=0",
    "rollout.num_rollouts=2",
    "adversarial.num_rounds=3",
    "adversarial.g_steps=2",
    "adversarial.d_pretrain_steps=2",
    "adversarial.num_negatives=96",
    "adversarial.batch_size=16",
    "evaluate.num_samples=200",
    "evaluate.num_samples_training=50",
    "adversarial.measure_every_rounds=2",
];

/// A small oracle. The floor is measured in two parts.
pub const TINY_ORACLE: [&str; 9] = [
    "oracle.vocab_size=50",
    "oracle.length=8",
    "oracle.embedding_dim=8",
    "oracle.hidden_dim=8",
    "oracle.num_train=320",
    "oracle.num_validation=64",
    "oracle.num_test=100",
    "oracle.num_floor=6000",
    "methods=[\"random\", \"unigram\", \"mle\", \"mle-tuned\", \"seqgan\"]",
];

/// `oracle` with tiny settings, a value an argument.
pub fn tiny_oracle() -> Vec<String> {
    with_settings(&["oracle", "--preset", "smoke"], TINY.iter().chain(&TINY_ORACLE))
}

/// `compare` on the synthetic task with tiny settings.
pub fn tiny_compare() -> Vec<String> {
    // The methods are the caller's.
    let task = TINY_ORACLE.iter().filter(|setting| !setting.starts_with("methods"));
    with_settings(&["compare", "--preset", "smoke"], TINY.iter().chain(task))
}

/// `train --data data` with tiny settings.
pub fn tiny_train(data: &str) -> Vec<String> {
    with_settings(&["train", "--preset", "smoke", "--data", data], &TINY)
}

/// `train --data sentences.txt` for models that are clearly better than chance.
pub fn trained_on_sentences() -> Vec<String> {
    let longer = ["mle_tuned.num_epochs=20", "mle_tuned.batch_size=8", "mle_tuned.learning_rate=0.02"];
    and_set(&tiny_train("sentences.txt"), &longer)
}

/// A command with settings, a value an argument.
pub fn with_settings<'a>(command: &[&str], settings: impl IntoIterator<Item = &'a &'a str>) -> Vec<String> {
    and_set(&strings(command), &settings.into_iter().copied().collect::<Vec<_>>())
}

/// The arguments and settings.
pub fn and_set(arguments: &[String], settings: &[&str]) -> Vec<String> {
    let more: Vec<&str> = settings.iter().flat_map(|setting| ["--set", *setting]).collect();
    and(arguments, &more)
}

/// The arguments and more of them.
pub fn and(arguments: &[String], more: &[&str]) -> Vec<String> {
    [arguments, &strings(more)].concat()
}

fn strings(list: &[&str]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

/// A hundred sentences of 3 to 8 words, some of them equal.
pub fn sentences() -> String {
    let mut text = String::new();
    for i in 0..100 {
        let pick = |list: &[&'static str], factor: usize| list[(i * factor + i / 7) % list.len()];
        let (who, does) = (pick(&["cat", "dog", "bird"], 1), pick(&["sees", "likes", "has"], 2));
        let object = pick(&["fish", "milk", "wool", "corn"], 3);
        let tail = pick(&["", " today", " in the old garden", " and sleeps"], 5);
        writeln!(text, "{who} {does} {object}{tail}").unwrap();
    }
    text
}

/// An empty folder in which the program is run; names in arguments are relative to it.
pub struct Scratch {
    folder: TempDir,
}

impl Scratch {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// A folder with `sentences.txt` in it.
    pub fn with_sentences() -> Self {
        let scratch = Self::new();
        scratch.write("sentences.txt", sentences());
        scratch
    }

    /// A folder with the finished run `run` of [`trained_on_sentences`].
    pub fn with_run() -> Self {
        let scratch = Self::with_sentences();
        scratch.run(and(&trained_on_sentences(), &["--out", "run", "-q"])).expect_fine();
        scratch
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// What the run in a folder has recorded of a phase.
    pub fn records(&self, run: &str, phase: &str) -> Vec<Value> {
        let log = self.read(&format!("{run}/metrics.jsonl"));
        let records = log.lines().map(|line| serde_json::from_str(line).expect("a record"));
        records.filter(|record: &Value| record["phase"] == phase).collect()
    }

    fn command(&self, arguments: impl IntoIterator<Item = impl AsRef<str>>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_seqgan"));
        command.args(arguments.into_iter().map(|a| a.as_ref().to_owned())).current_dir(self.folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Starts the program.
    pub fn start(&self, arguments: impl IntoIterator<Item = impl AsRef<str>>) -> Child {
        self.start_with(arguments, &[])
    }

    /// Starts the program with variables of the environment.
    pub fn start_with(
        &self,
        arguments: impl IntoIterator<Item = impl AsRef<str>>,
        environment: &[(&str, &str)],
    ) -> Child {
        self.command(arguments).envs(environment.iter().copied()).spawn().expect("the program starts")
    }

    /// Runs the program to its end.
    pub fn run(&self, arguments: impl IntoIterator<Item = impl AsRef<str>>) -> Ended {
        Ended::of(self.start(arguments))
    }

    /// What the program prints as its result when all is well.
    pub fn output(&self, arguments: &[&str]) -> String {
        self.run(arguments).expect_fine().stdout
    }

    /// Every file below the folder with its content, and every folder.
    pub fn contents(&self) -> BTreeMap<String, Vec<u8>> {
        contents(self.folder.path())
    }

    /// Runs the program, which must refuse with `status` and a message that holds all `parts`, print nothing as a
    /// result and change nothing in the folder.
    pub fn refuses(&self, status: i32, arguments: &[impl AsRef<str>], parts: &[&str]) {
        let before = self.contents();
        let ended = self.run(arguments);
        let shown: Vec<&str> = arguments.iter().map(AsRef::as_ref).collect();
        let message = &ended.stderr;
        assert_eq!(ended.status, Some(status), "{shown:?}\n{message}");
        assert_eq!(ended.stdout, "", "{shown:?}");
        for part in parts {
            assert!(message.contains(part), "`{part}` is missing for {shown:?} in\n{message}");
        }
        assert!(!message.contains("panicked"), "{message}");
        let after = self.contents();
        let (before, names): (Vec<_>, Vec<_>) = (before.keys().collect(), after.keys().collect());
        assert_eq!(names, before, "{shown:?} left something behind, or removed it");
        assert!(self.contents() == after, "{shown:?} changed a file");
    }
}

/// Every file below a folder with its content, and every folder, by relative path.
pub fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fn visit(base: &Path, folder: &Path, all: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(base).unwrap().display().to_string();
            if path.is_dir() {
                visit(base, &path, all);
                all.insert(name + "/", Vec::new());
            } else {
                all.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    let mut all = BTreeMap::new();
    visit(folder, folder, &mut all);
    all
}

/// How the program ended.
#[derive(Debug)]
pub struct Ended {
    /// Exit status; nothing if a signal ended it.
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    /// Waits for the end.
    pub fn of(child: Child) -> Self {
        let output = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).expect("the program prints UTF-8");
        Self { status: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    #[track_caller]
    pub fn expect_fine(self) -> Self {
        assert_eq!(self.status, Some(0), "{}", self.stderr);
        self
    }
}

/// All that equal runs have in common: the folder's files without times, hosts and threads.
#[derive(PartialEq)]
pub struct Results {
    files: BTreeMap<String, Vec<u8>>,
    summary: Value,
    metrics: Vec<Value>,
}

impl Results {
    /// Of a finished run.
    pub fn of(run: &Path) -> Self {
        // The events of equal runs differ by their times; they are compared with the run's own log.
        crate::events::assert_as_logged(run);
        let mut files = contents(run);
        files.remove("events.out.tfevents.seqgan");
        // It holds the number of a process.
        files.remove("lock");
        let mut take = |name: &str| {
            let bytes = files.remove(name).unwrap_or_else(|| panic!("no {name} in {}", run.display()));
            String::from_utf8(bytes).unwrap()
        };
        let mut summary: Value = serde_json::from_str(&take("summary.json")).unwrap();
        summary.as_object_mut().unwrap().remove("seconds").expect("seconds");
        let metrics = take("metrics.jsonl");
        let metrics = metrics.lines().map(|line| {
            let mut record: Value = serde_json::from_str(line).unwrap();
            record.as_object_mut().unwrap().remove("elapsed_s").expect("elapsed_s");
            record
        });
        let metrics = metrics.collect();
        take("run.json");
        Self { files, summary, metrics }
    }

    /// Compares, naming what differs.
    #[track_caller]
    pub fn assert_same(&self, other: &Self, what: &str) {
        let names = |results: &Self| results.files.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(self), names(other), "{what}: files");
        assert_eq!(self.summary, other.summary, "{what}: summary.json");
        assert_eq!(self.metrics, other.metrics, "{what}: metrics.jsonl");
        for (name, bytes) in &self.files {
            assert!(bytes == &other.files[name], "{what}: {name} differs");
        }
    }

    pub fn summary(&self) -> &Value {
        &self.summary
    }
}

/// Looks again and again until there is something to see.
#[track_caller]
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "waited in vain for {what}");
        std::thread::sleep(Duration::from_micros(300));
    }
}

/// The JSON header of a safetensors file, and its tensors' bytes.
pub fn safetensors(bytes: &[u8]) -> (Value, &[u8]) {
    let (length, rest) = bytes.split_first_chunk().expect("a length");
    let (header, data) = rest.split_at(u64::from_le_bytes(*length) as usize);
    (serde_json::from_slice(header).expect("a JSON header"), data)
}

/// The bytes of a safetensors file with zeros in tensors of these shapes.
pub fn zeros(tensors: &[(&str, &[usize])]) -> Vec<u8> {
    let mut header = serde_json::Map::new();
    let mut end = 0;
    for (name, shape) in tensors {
        let start = end;
        end += 4 * shape.iter().product::<usize>();
        header.insert(
            name.to_string(),
            serde_json::json!({ "dtype": "F32", "shape": shape, "data_offsets": [start, end] }),
        );
    }
    with_header(&Value::Object(header), &vec![0; end])
}

/// Puts a safetensors file together.
pub fn with_header(header: &Value, data: &[u8]) -> Vec<u8> {
    let mut text = header.to_string().into_bytes();
    text.resize(text.len().next_multiple_of(8), b' ');
    [&(text.len() as u64).to_le_bytes()[..], &text, data].concat()
}
