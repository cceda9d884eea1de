//! A run that is interrupted, goes on, and ends as if nothing had happened.
//!
//!     cargo run --release -p seqgan --example resume

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use seqgan::config::{Preset, Provenance};
use seqgan::experiment::{Experiment, Kind, check, run};
use seqgan::measure::Summary;
use seqgan::run::RunFolder;
use seqgan::task::Task;
use seqgan::train::{Observer, Silent};
use seqgan::{Error, Result};

/// Asks for a stop after so many questions; training asks after each update.
struct StopAfter(AtomicUsize);

impl Observer for StopAfter {
    fn should_stop(&self) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_err()
    }
}

fn main() -> Result<()> {
    let folder = std::env::temp_dir().join(format!("seqgan-resume-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for the runs");
    let parts = in_parts(&folder.join("parts"), 40)?;
    let (whole, _) = run(&experiment(&folder.join("whole"))?, &Silent)?;
    println!("interrupted {} times, then finished", parts.0);
    for row in &parts.2.methods {
        println!(
            "{:10} {:.4} nats per token on fresh sequences",
            row.name,
            row.measures.nll_test.map_or(f64::NAN, |x| x.mean)
        );
    }
    let same = model(&parts.1) == model(&whole);
    println!("the model is {} that of an undisturbed run", if same { "bit for bit" } else { "NOT" });
    std::fs::remove_dir_all(&folder).expect("the folder can be removed");
    Ok(())
}

/// Runs `steps` updates at a time until the run has ended. Returns how often it was interrupted.
fn in_parts(out: &Path, steps: usize) -> Result<(usize, RunFolder, Summary)> {
    let mut interruptions = 0;
    loop {
        // Each time as a new process would: everything else is forgotten, and read from the folder.
        match run(&experiment(out)?, &StopAfter(AtomicUsize::new(steps))) {
            Ok((folder, summary)) => return Ok((interruptions, folder, summary)),
            Err(Error::Interrupted) => interruptions += 1,
            Err(error) => return Err(error),
        }
    }
}

/// A small synthetic task that takes a second.
fn experiment(out: &Path) -> Result<Experiment> {
    let mut config = Preset::Smoke.config();
    (config.oracle.vocab_size, config.oracle.length) = (50, 8);
    (config.oracle.num_train, config.oracle.num_validation) = (640, 64);
    (config.oracle.num_test, config.oracle.num_floor) = (200, 2000);
    config.adversarial.num_negatives = 128;
    config.evaluate.num_samples = 200;
    config.evaluate.temperatures = vec![1.0, 0.8];
    config.discriminator.filters = vec![(1, 8), (2, 8), (3, 8)];
    let task = Task::oracle(&config.oracle, config.seed)?;
    let config = check(config, &Provenance::default())?;
    let (kind, preset, out) = (Kind::Oracle, "smoke".into(), Some(out.into()));
    Ok(Experiment { kind, preset, config, task, out, resume: true, models: None })
}

fn model(folder: &RunFolder) -> Vec<u8> {
    std::fs::read(folder.model("seqgan")).expect("a trained model")
}

#[test]
fn an_interrupted_run_ends_like_an_undisturbed_one() {
    let folder = tempfile::tempdir().unwrap();
    let (interruptions, parts, _) = in_parts(&folder.path().join("parts"), 11).unwrap();
    let (whole, _) = run(&experiment(&folder.path().join("whole")).unwrap(), &Silent).unwrap();
    assert!(interruptions > 2, "{interruptions}");
    assert_eq!(model(&parts), model(&whole));
}
