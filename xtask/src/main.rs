//! Developer tools: `cargo xtask COMMAND`.

mod check;
mod docs;
mod layers;
mod rust_text;

use std::path::PathBuf;
use std::process::ExitCode;

const USAGE: &str = "\
Usage: cargo xtask COMMAND

  layers   no module of the library uses one to its right
  docs     write docs/configuration.md from the code
  check    everything that CI runs, cheapest first, up to the first failure";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["layers"] => layers::check(&root()),
        ["docs"] => docs::write(&root()),
        ["check"] => check::run(&root()),
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

/// The repository: the folder above this crate. Cargo tells it when the tool runs; a path fixed when the tool was
/// compiled would be wrong in a moved checkout.
fn root() -> PathBuf {
    let manifest =
        std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    PathBuf::from(manifest).parent().expect("this crate has a folder").to_path_buf()
}
