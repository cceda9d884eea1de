//! The smallest run: names in, new names out.
//!
//!     cargo run --release -p seqgan --example smallest_run            names made on the spot
//!     cargo run --release -p seqgan --example smallest_run FILE       lines of a file

use seqgan::Result;
use seqgan::config::Preset;
use seqgan::experiment::{Settings, run};
use seqgan::saved::SavedRun;
use seqgan::train::Silent;

fn main() -> Result<()> {
    let file = std::env::args().nth(1).unwrap_or_else(made_up_names);
    let mut settings = Settings::new(Preset::Smoke);
    settings.option("data.path", file, "the file of names")?;
    let (folder, summary) = run(&settings.experiment()?, &Silent)?;
    for row in &summary.methods {
        let nll = row.measures.nll_validation.map_or(f64::NAN, |nll| nll.mean);
        println!("{:10} {nll:.3} nats per token on sequences it has not seen", row.name);
    }
    SavedRun::open(folder.path())?.sample_text(5, 1)?.iter().for_each(|name| println!("  {name}"));
    Ok(())
}

/// A file of 343 names of three syllables.
fn made_up_names() -> String {
    let syllable = |i: usize| ["ka", "lo", "mi", "ren", "su", "tor", "an"][i % 7];
    let name = |i: usize| [i, i / 7, i / 49].map(syllable).concat();
    let path = std::env::temp_dir().join("seqgan-names.txt");
    std::fs::write(&path, (0..343).map(name).collect::<Vec<_>>().join("\n")).expect("a file of names");
    path.display().to_string()
}

#[test]
fn new_names_have_letters_of_the_old() {
    let mut settings = Settings::new(Preset::Smoke);
    settings.option("data.path", made_up_names(), "the test").unwrap();
    let mut experiment = settings.experiment().unwrap();
    experiment.out = Some(tempfile::tempdir().unwrap().keep().join("run"));
    let (folder, _) = run(&experiment, &Silent).unwrap();
    let names = SavedRun::open(folder.path()).unwrap().sample_text(20, 1).unwrap();
    assert!(names.len() == 20 && names.iter().all(|name| name.chars().all(|c| "kalomirenstu".contains(c))));
}
