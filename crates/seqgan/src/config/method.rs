//! Names of methods. What a name stands for is registered in `train::method`.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// The name of a method, which is a row of the table: "mle-tuned", "seqgan".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Method(&'static str);

impl Method {
    /// Uniform tokens; untrained.
    pub const RANDOM: Self = Self("random");
    /// Tokens by their frequency; untrained.
    pub const UNIGRAM: Self = Self("unigram");
    /// The base model, a share of the sequences at a low temperature; untrained.
    pub const MIXTURE: Self = Self("mixture");
    /// The model of `generator.init_from`, before any update.
    pub const PRETRAINED: Self = Self("pretrained");
    /// Maximum likelihood on the paper's schedule.
    pub const MLE: Self = Self("mle");
    /// Maximum likelihood with early stopping, L2 and a cosine schedule.
    pub const MLE_TUNED: Self = Self("mle-tuned");
    /// The geometric mean of several such models.
    pub const MLE_ENSEMBLE: Self = Self("mle-ensemble");
    /// A single model distilled from the ensemble (Hinton et al., 2015).
    pub const DISTILLED: Self = Self("distilled");
    /// Scheduled sampling (Bengio et al., NIPS 2015).
    pub const SCHEDULED_SAMPLING: Self = Self("scheduled-sampling");
    /// Policy gradient with BLEU as the reward (SeqGAN, section 4.1).
    pub const PG_BLEU: Self = Self("pg-bleu");
    /// SeqGAN, Algorithm 1.
    pub const SEQGAN: Self = Self("seqgan");
    /// SeqGAN with a causal discriminator, which gives a reward at every step, and no rollouts.
    pub const SEQGAN_STEP: Self = Self("seqgan-step");
    /// A cross-fitted causal discriminator, trained once, and a KL penalty.
    pub const SEQGAN_CROSSFIT: Self = Self("seqgan-crossfit");
    /// The same from the base `distilled`.
    pub const DISTILLED_SEQGAN_CROSSFIT: Self = Self("distilled-seqgan-crossfit");
    /// MaliGAN (Che et al., 2017).
    pub const MALIGAN: Self = Self("maligan");
    /// RankGAN (Lin et al., NIPS 2017).
    pub const RANKGAN: Self = Self("rankgan");
    /// Policy gradient with a weighted sum of rewards (`[[reward]]`).
    pub const MIXED: Self = Self("mixed");

    /// The method of this name, which need not be registered.
    pub fn named(name: &str) -> Self {
        static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
        let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
        Self(names.get(name).copied().unwrap_or_else(|| {
            // Names are few, and live as long as the program.
            let name: &'static str = Box::leak(name.into());
            names.insert(name);
            name
        }))
    }

    /// The name in settings, tables and files.
    pub const fn name(self) -> &'static str {
        self.0
    }

    /// Comma-separated names, for messages.
    pub fn list(methods: &[Self]) -> String {
        methods.iter().map(|method| method.0).collect::<Vec<_>>().join(", ")
    }
}

impl std::fmt::Display for Method {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.0)
    }
}

impl Serialize for Method {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

impl<'de> Deserialize<'de> for Method {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::named(&String::deserialize(deserializer)?))
    }
}

/// A text: a configuration may name any registered method.
impl JsonSchema for Method {
    fn schema_name() -> Cow<'static, str> {
        "Method".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_names_are_equal_methods() {
        assert_eq!(Method::named("seqgan"), Method::SEQGAN);
        let own = Method::named("my-method");
        assert_eq!(own, Method::named("my-method"));
        assert_eq!(serde_json::to_value(own).unwrap(), "my-method");
        assert_eq!(serde_json::from_str::<Method>("\"mle\"").unwrap(), Method::MLE);
    }
}
