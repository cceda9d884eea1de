//! The smallest run: lines of text in, new lines out.
//!
//!     cargo run --release -p seqgan --example smallest_run            sentences made on the spot
//!     cargo run --release -p seqgan --example smallest_run FILE       lines of a file

use std::path::Path;

use seqgan::config::Preset;
use seqgan::run::RunFolder;
use seqgan::train::{Experiment, Kind, Silent, Summary, Task, run};

fn main() -> seqgan::Result<()> {
    let folder = std::env::temp_dir().join(format!("seqgan-smallest-run-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for the run");
    let made = folder.join("sentences.txt");
    let data = match std::env::args().nth(1) {
        Some(file) => file.into(),
        None => {
            std::fs::write(&made, sentences().join("\n")).expect("a file can be written");
            made
        }
    };
    let (run, summary) = learn(&data, &folder.join("run"))?;
    for row in &summary.methods {
        let nll = row.measures.nll_validation.map_or(String::new(), |nll| format!("{:.3}", nll.mean));
        println!("{:10} {nll} nats a token on sequences it has not seen", row.name);
    }
    println!("\nsamples, from {}:", run.path().display());
    samples(&run, 5)?.iter().for_each(|line| println!("  {line}"));
    Ok(())
}

/// Sentences of a few words.
fn sentences() -> Vec<String> {
    let pick = |words: &[&'static str], i: usize| words[i % words.len()];
    (0..400)
        .map(|i| {
            let (who, what) =
                (pick(&["a cat", "the dog", "one bird"], i), pick(&["milk", "corn", "wool"], i / 3));
            let (does, tail) =
                (pick(&["sees", "likes"], i / 9), pick(&["", " today", " in the garden"], i / 18));
            format!("{who} {does} {what}{tail}")
        })
        .collect()
}

/// Trains a likelihood model and SeqGAN from it.
fn learn(data: &Path, out: &Path) -> seqgan::Result<(RunFolder, Summary)> {
    let mut config = Preset::Smoke.config();
    config.data.path = data.display().to_string();
    let task = Task::file(&config.data, &config.constraint)?;
    // Sizes that fit the file; what is set afterwards stays.
    let mut sized = Preset::Smoke.config_for_file(task.size());
    sized.data = config.data;
    sized.adversarial.num_rounds = 2;
    sized.evaluate.num_samples = 200;
    sized.evaluate.temperatures = vec![1.0, 0.8];
    let experiment = Experiment {
        kind: Kind::Train,
        preset: "smoke".into(),
        config: sized,
        task,
        out: Some(out.into()),
        resume: false,
        models: None,
    };
    run(&experiment, &Silent)
}

/// Draws from the last model that the run trained, as `seqgan sample` does.
fn samples(run: &RunFolder, n: usize) -> seqgan::Result<Vec<String>> {
    use seqgan::generator::{GeneratorPolicy, Policy};
    use seqgan::rng::{Purpose, Streams};
    use seqgan::train::{load_model, load_vocab};

    let model = load_model(run, None, None)?;
    let vocab = load_vocab(run, &model)?.expect("a run of a file has a vocabulary");
    let policy = GeneratorPolicy::new(&model.generator, 1.0);
    let drawn = policy.sample(&Streams::new(1, Purpose::Sample), 0, n);
    Ok(drawn.sequences.rows().map(|row| vocab.decode(row)).collect())
}

#[test]
fn the_smallest_run_samples_words_that_it_read() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("sentences.txt");
    std::fs::write(&data, sentences().join("\n")).unwrap();
    let (run, summary) = learn(&data, &folder.path().join("run")).unwrap();
    assert!(summary.methods.iter().any(|row| row.name == "seqgan"));
    let text = sentences().join(" ");
    let known: Vec<&str> = text.split(' ').collect();
    let lines = samples(&run, 50).unwrap();
    assert!(lines.len() == 50 && lines.iter().all(|line| line.split(' ').all(|word| known.contains(&word))));
}
