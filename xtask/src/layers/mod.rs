//! `cargo xtask layers`: how the library is built up.
//!
//! - [`order`]: a module uses itself and modules before it.
//! - [`circles`]: few files use each other in a circle, and those of `train/` in none.
//! - [`networks`]: `train/` names no kind of network.
//! - [`retired`]: no definition has a name that the glossary has retired.

mod attributes;
mod circles;
mod definitions;
mod fault;
#[cfg(test)]
mod fixture;
mod glossary;
mod library;
mod names;
mod networks;
mod order;
mod paths;
mod retired;
mod words;

use anyhow::{Result, bail};
use fault::Fault;
use library::Library;
use order::{FLOORS, Order, REFUSED};
use std::path::Path;

/// The library's folder in the repository.
const SOURCE: &str = "crates/seqgan/src";

/// Checks the repository in `root`.
pub fn check(root: &Path) -> Result<()> {
    let faults = faults(root)?;
    for fault in &faults {
        eprintln!("{fault}");
    }
    match faults.len() {
        0 => Ok(()),
        1 => bail!("1 fault in the layers; the order of modules is {}", FLOORS.join(" -> ")),
        n => bail!("{n} faults in the layers; the order of modules is {}", FLOORS.join(" -> ")),
    }
}

/// All faults, check by check.
fn faults(root: &Path) -> Result<Vec<Fault>> {
    let library = Library::read(&root.join(SOURCE))?;
    let mut faults = order::faults(&library, &Order { floors: FLOORS, refused: REFUSED });
    faults.extend(circles::faults(&library));
    faults.extend(networks::faults(&library));
    let mut faults: Vec<_> = faults.into_iter().map(|fault| fault.below(Path::new(SOURCE))).collect();
    faults.extend(retired::faults(root)?);
    Ok(faults)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_library_obeys() {
        check(&crate::root()).unwrap();
    }
}
