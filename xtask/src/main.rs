//! Developer tools: `cargo xtask COMMAND`.

mod book;
mod check;
mod docs;
mod fuzz;
mod layers;
mod minimum_rust;
mod rust_source;
mod rustup;
mod safety;
mod sanitize;
// The medians of the bench are those of this comparison.
#[path = "../../crates/seqgan/benches/phases/statistics.rs"]
mod statistics;
mod supply;
mod versus_pytorch;

use std::path::PathBuf;
use std::process::ExitCode;

const USAGE: &str = "\
Usage: cargo xtask COMMAND

  layers   modules use what stands before them, files use each other in no circle, names are those of the field
  docs     write docs/configuration.md from the code
  book     every page is listed once, and every link leads somewhere
  safety   unsafe code stands in the kernels alone, and gives its reasons
  supply   sources and licences of packages are those that deny.toml allows
  minimum-rust
           everything compiles with the oldest Rust that Cargo.toml promises
  check    everything that CI runs, cheapest first, up to the first failure
  sanitize [STAGE]
           the kernels under Miri and AddressSanitizer; STAGE: miri, miri-avx2, address, ...
  fuzz [--minutes N] [TARGET..]
           let each fuzz target, or those named, look for files that are read badly (60 minutes); needs a nightly toolchain
           and cargo-fuzz, and goes on where it was
  versus-pytorch --python PATH [--phases P,P] [--pairs N] [--threads N] [--repeat N]
           time the bench in turn with benchmarks/pytorch_baseline.py; PATH is a Python that has torch";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["layers"] => layers::check(&root()),
        ["docs"] => docs::write(&root()),
        ["book"] => book::check(&root()),
        ["safety"] => safety::check(&root()),
        ["supply"] => supply::check(&root()).map(tell),
        ["minimum-rust"] => minimum_rust::check(&root()).map(tell),
        ["check"] => check::run(&root()),
        ["sanitize"] => sanitize::run(&root(), ""),
        ["sanitize", which] => sanitize::run(&root(), which),
        ["fuzz", rest @ ..] => match fuzz::Options::parse(rest) {
            Ok(options) => fuzz::run(&root(), &options),
            Err(error) => return misused(&error),
        },
        ["versus-pytorch", rest @ ..] => match versus_pytorch::Options::parse(rest) {
            Ok(options) => versus_pytorch::run(&root(), &options),
            Err(error) => return misused(&error),
        },
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Tells what a check that ran by itself has skipped.
fn tell(skipped: check::Skipped) {
    skipped.iter().for_each(|what| println!("SKIPPED {what}"));
}

fn misused(error: &anyhow::Error) -> ExitCode {
    eprintln!("error: {error:#}\n\n{USAGE}");
    ExitCode::from(2)
}

/// The repository: the folder above this crate. Cargo tells it when the tool runs; a path fixed when the tool was
/// compiled would be wrong in a moved checkout.
fn root() -> PathBuf {
    let manifest =
        std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    PathBuf::from(manifest).parent().expect("this crate has a folder").to_path_buf()
}
