//! Times the phases of training through the functions that training calls, with the shapes of the paper's synthetic
//! task unless told otherwise. Each phase is checked before it is timed, and gives one JSON line:
//! `{"phase":"dtrain","threads":2,"seconds":[..],"median":..,"gflop":..,..}`.
//!
//!     cargo bench -p seqgan --bench phases -- --phase dtrain,reward --repeat 3 --threads 2
//!
//! `cargo test` checks all phases at small sizes and times nothing.

mod actor;
mod discriminator;
mod machine;
mod monte_carlo;
mod options;
mod phase;
mod product;
mod record;
mod saved;
mod scale;
mod statistics;
mod vary;
mod work;

use machine::Machine;
use options::{Options, USAGE};
use phase::Phase;
use record::Record;
use saved::Saved;
use scale::Scale;
use std::process::ExitCode;

fn main() -> ExitCode {
    let (cargo, arguments): (Vec<_>, Vec<_>) = std::env::args().skip(1).partition(|a| a == "--bench");
    if cargo.is_empty() {
        check(&arguments);
        return ExitCode::SUCCESS;
    }
    if arguments.iter().any(|a| a == "--help" || a == "-h") {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    let options = match Options::parse(arguments) {
        Ok(options) => options,
        Err(message) => {
            eprintln!("error: {message}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let done = match &options.vary {
        Some(what) => vary::print(what, &options),
        None => measure(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

/// What `cargo test` runs, unless it was given the names of tests.
fn check(arguments: &[String]) {
    if arguments.iter().any(|a| a == "--list" || !a.starts_with('-')) {
        return;
    }
    for (name, phase) in Phase::ALL {
        let record = Record::measure(phase, &Scale::small(), 1, false);
        assert!(record.gflop > 0.0 && record.median > 0.0, "{record:?}");
        println!("phase {name}: checked at small sizes, not timed");
    }
}

fn measure(options: &Options) -> Result<(), String> {
    let saved = options.baseline.as_deref().map(Saved::read).transpose()?;
    let first = saved.as_ref().map(|saved| &saved.records[0]);
    let scale = options.resize(first.map_or_else(Scale::paper, |record| record.scale))?;
    let repeat = options.repeat.or(first.map(|record| record.seconds.len())).unwrap_or(3);
    let threads = options.threads.or(first.map(|record| record.threads)).unwrap_or(0);
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global().map_err(|e| e.to_string())?;

    let mut phases = options.phases.clone();
    if phases.is_empty() {
        phases = match &saved {
            Some(saved) => saved.records.iter().map(|r| r.phase.parse()).collect::<Result<_, _>>()?,
            None => Phase::ALL.into_iter().map(|(_, phase)| phase).filter(|p| *p != Phase::Round).collect(),
        };
    }
    let mut records = Vec::new();
    for phase in phases {
        let record = Record::measure(phase, &scale, repeat, !options.no_warm_up);
        let line = serde_json::to_string(&record).expect("plain data");
        // A comparison is the output; its lines only tell that it goes on.
        if saved.is_some() {
            eprintln!("{line}")
        } else {
            println!("{line}")
        }
        records.push(record);
    }
    let machine = Machine::this();
    match (saved, &options.save) {
        (Some(saved), _) => print!("{}", saved.compare(&machine, &records)),
        (None, Some(name)) => eprintln!("saved {}", Saved { machine, records }.write(name)?.display()),
        (None, None) => {}
    }
    Ok(())
}
