//! The kinds of generators by name: those of the library, and those that a program registers.

use super::kind::GeneratorKind;
use super::lstm::LstmKind;
use super::transformer::TransformerKind;
use super::{BoxTrainable, SequenceSpace};
use crate::config::GeneratorConfig;
use crate::rng::Streams;
use crate::{Error, Result};
use std::sync::RwLock;

/// Kinds of the library.
static BUILT_IN: [&dyn GeneratorKind; 2] = [&LstmKind, &TransformerKind];

/// Kinds that a program has registered.
static REGISTERED: RwLock<Vec<&'static dyn GeneratorKind>> = RwLock::new(Vec::new());

/// Adds a kind of generators, which configurations and files may name from now on. A kind that was registered under the same
/// name is replaced.
///
/// # Panics
/// If the library itself has a kind of that name.
pub fn register(kind: &'static dyn GeneratorKind) {
    let name = kind.name();
    assert!(BUILT_IN.iter().all(|other| other.name() != name), "the library has a kind \"{name}\"");
    let mut registered = REGISTERED.write().unwrap_or_else(|poisoned| poisoned.into_inner());
    registered.retain(|other| other.name() != name);
    registered.push(kind);
}

/// Every known kind, those of the library first.
pub fn kinds() -> Vec<&'static dyn GeneratorKind> {
    let registered = REGISTERED.read().unwrap_or_else(|poisoned| poisoned.into_inner());
    BUILT_IN.iter().chain(registered.iter()).copied().collect()
}

/// The kind of a name; the error lists the names.
pub(super) fn find(name: &str) -> Result<&'static dyn GeneratorKind, String> {
    let kinds = kinds();
    let names: Vec<String> = kinds.iter().map(|kind| format!("\"{}\"", kind.name())).collect();
    let found = kinds.into_iter().find(|kind| kind.name() == name);
    found.ok_or_else(|| format!("one of {}", names.join(", ")))
}

/// An untrained generator of the configured kind with all parameters from N(0, `std`); the error names the setting.
pub fn build(
    space: &SequenceSpace,
    config: &GeneratorConfig,
    std: f64,
    streams: &Streams,
) -> Result<BoxTrainable> {
    let fault = |expected| fault(&config.kind, expected);
    find(&config.kind).map_err(fault)?.build(space, config, std, streams).map_err(fault)
}

/// Number of parameters of a generator of the configured kind; the error names the setting.
pub fn num_parameters(space: &SequenceSpace, config: &GeneratorConfig) -> Result<usize> {
    let fault = |expected| fault(&config.kind, expected);
    find(&config.kind).map_err(fault)?.num_parameters(space, config).map_err(fault)
}

/// Checks that a kind of this name is known; the error names the setting and lists the kinds.
pub fn check_kind(name: &str) -> Result<()> {
    find(name).map(|_| ()).map_err(|expected| fault(name, expected))
}

fn fault(kind: &str, expected: String) -> Error {
    let (key, value) = ("generator.kind".into(), format!("\"{kind}\""));
    Error::Config { key, value, expected, source_place: None, hint: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::generator::TrainableGenerator;
    use crate::generator::oracle::synthetic_space;
    use crate::rng::Purpose;

    #[test]
    fn parameters_are_counted_without_a_network() {
        let (space, streams) = (synthetic_space(9, 5), Streams::new(1, Purpose::GeneratorInit));
        for kind in ["lstm", "transformer"] {
            for tied_embeddings in [false, true] {
                let config = Config::default().generator;
                let config = GeneratorConfig { kind: kind.into(), num_layers: 2, tied_embeddings, ..config };
                let generator = build(&space, &config, 0.1, &streams).unwrap();
                let made: usize = generator.parameters().iter().map(|tensor| tensor.data.len()).sum();
                assert_eq!(num_parameters(&space, &config).unwrap(), made, "{kind}");
            }
        }
    }

    #[test]
    fn an_unknown_kind_is_refused_with_the_known_ones() {
        let streams = Streams::new(1, Purpose::GeneratorInit);
        let mut config = Config::default().generator;
        assert_eq!(build(&synthetic_space(4, 3), &config, 1.0, &streams).unwrap().kind(), "lstm");
        config.kind = "transformer".into();
        assert_eq!(build(&synthetic_space(4, 3), &config, 1.0, &streams).unwrap().kind(), "transformer");
        (config.num_heads, config.hidden_dim) = (5, 32);
        let error = build(&synthetic_space(4, 3), &config, 1.0, &streams).unwrap_err().to_string();
        let expected = "expected num_heads of 5 does not divide hidden_dim of 32 into heads of an even size";
        assert!(error.contains(expected), "{error}");
        config.kind = "lsmt".into();
        let error = build(&synthetic_space(4, 3), &config, 1.0, &streams).unwrap_err().to_string();
        assert!(
            error.starts_with("`generator.kind` is \"lsmt\", expected one of \"lstm\", \"transformer\""),
            "{error}"
        );
    }
}
