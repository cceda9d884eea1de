//! The networks that judge.

use crate::credit::BuiltRewards;
use crate::discriminator::{CausalDiscriminator, Discriminator, Ranker};
use crate::nn::{Gradients, Tensors};
use crate::reward::Bleu;
use serde_json::{Value, json};
use std::sync::Arc;

/// What judges.
#[derive(Debug, Clone)]
pub(super) enum Network {
    Discriminator(Discriminator),
    Causal(CausalDiscriminator),
    Ranker(Ranker),
    /// Trained once, before the rounds.
    Crossfit(CausalDiscriminator),
    /// Made from the training data, and not trained.
    Bleu(Bleu),
    /// Parts, of which the discriminator may be one.
    Mix(Arc<BuiltRewards>, Option<Discriminator>),
}

impl Network {
    /// The part that is trained, if there is one.
    pub(super) fn trained(&self) -> Option<&dyn Trained> {
        match self {
            Self::Discriminator(network) | Self::Mix(_, Some(network)) => Some(network),
            Self::Causal(network) | Self::Crossfit(network) => Some(network),
            Self::Ranker(network) => Some(network),
            Self::Bleu(_) | Self::Mix(_, None) => None,
        }
    }

    /// The same, to be changed.
    pub(super) fn trained_mut(&mut self) -> Option<&mut dyn Trained> {
        match self {
            Self::Discriminator(network) | Self::Mix(_, Some(network)) => Some(network),
            Self::Causal(network) | Self::Crossfit(network) => Some(network),
            Self::Ranker(network) => Some(network),
            Self::Bleu(_) | Self::Mix(_, None) => None,
        }
    }
}

/// A network as those see it who save it or make its optimizer.
pub(super) trait Trained {
    /// The parameters.
    fn parameters(&self) -> &Tensors<f32>;
    /// The parameters, to be changed.
    fn parameters_mut(&mut self) -> &mut Tensors<f32>;
    /// Zero gradients of them.
    fn gradients(&self) -> Gradients<f32>;
    /// The sizes, as files tell them.
    fn shape(&self) -> Value;
}

/// By the methods of the same names that each network has.
macro_rules! trained {
    ($($network:ty),+) => {$(
        impl Trained for $network {
            fn parameters(&self) -> &Tensors<f32> {
                self.parameters()
            }
            fn parameters_mut(&mut self) -> &mut Tensors<f32> {
                self.parameters_mut()
            }
            fn gradients(&self) -> Gradients<f32> {
                self.gradients()
            }
            fn shape(&self) -> Value {
                json!(self.shape())
            }
        }
    )+};
}
trained!(Discriminator, CausalDiscriminator, Ranker);
