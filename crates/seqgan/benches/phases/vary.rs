//! Tables over several sizes. Each time is measured in a process of its own, so that its memory is its own too.
//!
//! The lists end where a stage still takes well under a minute; what sizes from the command line make longer than
//! that is left out.

use super::options::Options;
use super::phase::Phase;
use super::record::Record;
use super::scale::Scale;
use super::work::Work;
use seqgan::rollout::prefix_lengths;
use std::process::{Command, Stdio};

/// What is varied, over which sizes, and the phases that it matters to.
const LISTS: [(&str, &[usize], &[Phase]); 5] = [
    ("vocab", &[1_000, 5_000, 20_000, 100_000], &[Phase::Mle, Phase::Sample, Phase::Dtrain, Phase::Reward]),
    ("length", &[20, 64, 128, 256, 512], &[Phase::Mle, Phase::Sample, Phase::Dtrain, Phase::Reward]),
    ("batch", &[16, 64, 256], &[Phase::Mle, Phase::Dtrain, Phase::Reward]),
    ("rollouts", &[1, 4, 16, 64], &[Phase::Reward]),
    ("threads", &[1, 2], &[Phase::Product, Phase::Mle, Phase::Sample, Phase::Dtrain, Phase::Reward]),
];

/// Sequences of a time of `mle` and `sample`.
const SEQUENCES: usize = 1_000;

/// Updates of a time of `dtrain`.
const STEPS: usize = 10;

/// A longer run is left out.
const MOST_GFLOP: f64 = 20_000.0;

/// Prints the table.
pub fn print(what: &str, options: &Options) -> Result<(), String> {
    let Some((_, sizes, phases)) = LISTS.iter().find(|(known, ..)| *known == what) else {
        let known = LISTS.map(|(known, ..)| known).join(", ");
        return Err(format!("--vary is `{what}`, expected {known}"));
    };
    let told = |phase: &Phase| options.phases.is_empty() || options.phases.contains(phase);
    let phases: Vec<Phase> = phases.iter().copied().filter(told).collect();
    println!("{}\n", caption(what, options.resize(Scale::paper())?, options.threads));
    let columns: String = phases.iter().map(|&phase| format!(" {} | MB |", heading(phase))).collect();
    println!("| {what} |{columns} what was run |");
    println!("|{}", "---|".repeat(2 * phases.len() + 2));
    let mut failed = 0;
    for &size in *sizes {
        let mut scale = options.resize(Scale::paper())?;
        let mut threads = options.threads.unwrap_or(0);
        *scale.size_mut(what).unwrap_or(&mut threads) = size;
        if !options.sizes.iter().any(|(name, _)| name == "max-prefixes") {
            scale.max_prefixes = scale.prefixes_of_presets();
        }
        let mut row = format!("| {size} |");
        for &phase in &phases {
            row += &cells(phase, &at(phase, scale), threads, options).unwrap_or_else(|message| {
                eprintln!("error: {phase} at {what} {size}: {message}");
                failed += 1;
                " failed | |".into()
            });
        }
        println!("{row} {} |", description(&phases, scale));
    }
    if failed > 0 { Err(format!("{failed} of the times failed")) } else { Ok(()) }
}

/// The sizes that stay as they are.
fn caption(what: &str, mut scale: Scale, threads: Option<usize>) -> String {
    let mut list = vec![format!("threads {}", threads.map_or("one a core".into(), |n| n.to_string()))];
    for name in ["vocab", "length", "batch", "rollouts", "hidden"] {
        list.push(format!("{name} {}", scale.size_mut(name).expect("a size")));
    }
    list.retain(|size| !size.starts_with(what));
    let prefixes = "The reward completes as many prefixes as the presets for files.";
    format!("With {}. {prefixes} MB: the most memory of that time's own process.", list.join(", "))
}

fn heading(phase: Phase) -> String {
    match phase {
        Phase::Mle | Phase::Sample => format!("{phase} {SEQUENCES}, s"),
        Phase::Dtrain => format!("{phase} {STEPS} steps, s"),
        Phase::Reward => format!("{phase} one batch, s"),
        _ => format!("{phase}, s"),
    }
}

/// The scale of one time: as few sequences as the phase is timed with.
fn at(phase: Phase, scale: Scale) -> Scale {
    let sequences = match phase {
        Phase::Dtrain => scale.batch * STEPS / 2,
        _ => SEQUENCES.max(scale.batch),
    };
    Scale { sequences, ..scale }
}

/// Seconds and megabytes.
fn cells(phase: Phase, scale: &Scale, threads: usize, options: &Options) -> Result<String, String> {
    let work = Work::of(phase, scale);
    if work.gflop > MOST_GFLOP {
        return Ok(format!(" {:.0} TFLOP: left out | |", work.gflop / 1e3));
    }
    let record = measure(phase, scale, threads, options)?;
    // Maximum likelihood learns whole batches, which may be a few sequences less or more.
    let share = match (phase, work.sequences) {
        (Phase::Mle, Some(n)) => n as f64 / SEQUENCES as f64,
        _ => 1.0,
    };
    let memory = record.peak_rss_mb.map_or("-".into(), |mb| format!("{mb:.0}"));
    Ok(format!(" {:.4} | {memory} |", record.median / share))
}

fn measure(phase: Phase, scale: &Scale, threads: usize, options: &Options) -> Result<Record, String> {
    let mut scale = *scale;
    let mut command = Command::new(std::env::current_exe().map_err(|e| e.to_string())?);
    command.args(["--bench", "--phase", &phase.to_string(), "--threads", &threads.to_string()]);
    command.args(["--repeat", &options.repeat.unwrap_or(1).to_string()]);
    command.args(options.no_warm_up.then_some("--no-warm-up"));
    for name in ["vocab", "length", "batch", "rollouts", "max-prefixes", "hidden", "sequences"] {
        let size = scale.size_mut(name).expect("a size");
        command.args([format!("--{name}"), size.to_string()]);
    }
    let output = command.stderr(Stdio::inherit()).output().map_err(|e| format!("cannot start: {e}"))?;
    if !output.status.success() {
        return Err(format!("ended with {}", output.status));
    }
    serde_json::from_slice(&output.stdout).map_err(|e| format!("no record: {e}"))
}

fn description(phases: &[Phase], scale: Scale) -> String {
    let Scale { length, batch, rollouts, max_prefixes, .. } = scale;
    let all = length - 1;
    let prefixes = prefix_lengths(length, max_prefixes).len();
    let prefixes = if prefixes < all { format!("{prefixes} of {all}") } else { prefixes.to_string() };
    let part = |phase: &Phase| {
        Some(match phase {
            Phase::Mle => format!("mle {} batches of {batch}", at(*phase, scale).sequences / batch),
            Phase::Dtrain => format!("dtrain {STEPS} batches of {batch}"),
            Phase::Reward => format!("reward {batch} x {prefixes} prefixes x {rollouts}"),
            _ => return None,
        })
    };
    phases.iter().filter_map(part).collect::<Vec<_>>().join(", ")
}
