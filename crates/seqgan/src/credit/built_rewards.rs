//! The parts of `[[reward]]`, created once and combined for each batch.

use super::{MixedReward, Part};
use crate::Result;
use crate::config::RewardConfig;
use crate::reward::Watcher;
use crate::reward::{Reward, RewardContext, registry};
use crate::token::SeqBatch;

/// The parts of `[[reward]]` with their settings. The discriminator in training is not stored; it is passed to
/// [`BuiltRewards::parts`].
pub struct BuiltRewards {
    parts: Vec<BuiltPart>,
}

struct BuiltPart {
    config: RewardConfig,
    /// None for the discriminator.
    reward: Option<Box<dyn Reward>>,
}

impl BuiltRewards {
    /// Builds every part except the discriminator, by the kinds of [`registry`]. No process is started. The part number
    /// in `context` is set for each part.
    pub fn new(parts: &[RewardConfig], context: &RewardContext<'_>) -> Result<Self> {
        let build = |(i, part): (usize, &RewardConfig)| {
            let reward = match registry::is_discriminator(part) {
                true => None,
                false => Some(registry::build(part, &context.of_part(i + 1))?),
            };
            Ok(BuiltPart { config: part.clone(), reward })
        };
        Ok(Self { parts: parts.iter().enumerate().map(build).collect::<Result<_>>()? })
    }

    /// Whether the discriminator is one of the parts.
    pub fn has_discriminator(&self) -> bool {
        self.parts.iter().any(|part| part.reward.is_none())
    }

    /// Detects errors before a long run: each reward checks itself on the first training sequence ([`Reward::check`]),
    /// and says through `watcher` what the user should know meanwhile.
    pub fn check(&self, train: &SeqBatch, watcher: &dyn Watcher) -> Result<()> {
        let example = train.slice(0, 1);
        self.parts
            .iter()
            .filter_map(|part| part.reward.as_ref())
            .try_for_each(|reward| reward.check(&example, watcher))
    }

    /// Name and scores `[B]` of each part that scores single sequences. The discriminator, and parts that depend on a
    /// batch, are excluded.
    pub fn scores(&self, sequences: &SeqBatch) -> Result<Vec<(String, Vec<f32>)>> {
        let mut all = Vec::new();
        for part in &self.parts {
            let Some(reward) = &part.reward else { continue };
            if reward.for_batch(sequences).is_none() {
                all.push((part.config.name().to_string(), reward.score(sequences)?));
            }
        }
        Ok(all)
    }

    /// Weighted sum of all parts for a batch sampled from the generator. The weights are those of round `round`,
    /// counted from 0, out of `num_rounds`.
    ///
    /// # Panics
    ///
    /// Panics if a part is the discriminator and none is given.
    pub fn parts<'a>(
        &'a self,
        batch: &'a SeqBatch,
        discriminator: Option<&'a dyn Reward>,
        round: usize,
        num_rounds: usize,
    ) -> MixedReward<'a> {
        let part = |part: &'a BuiltPart| {
            let reward: &'a dyn Reward = match &part.reward {
                Some(reward) => &**reward,
                None => discriminator.expect("a discriminator for the part of this kind"),
            };
            Part {
                name: part.config.name(),
                weight: part.config.weight(round, num_rounds),
                search: part.config.search,
                reward: reward.for_batch(batch).unwrap_or_else(|| Box::new(reward)),
            }
        };
        MixedReward { parts: self.parts.iter().map(part).collect() }
    }
}

impl std::fmt::Debug for BuiltRewards {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_list().entries(self.parts.iter().map(|part| part.config.name())).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(text: &str) -> RewardConfig {
        toml::from_str(text).unwrap()
    }

    struct Half;
    impl Reward for Half {
        fn score(&self, sequences: &SeqBatch) -> Result<Vec<f32>> {
            Ok(vec![0.5; sequences.len()])
        }
    }

    #[test]
    fn parts_keep_their_order_names_and_weights() {
        let train = SeqBatch::from_rows([vec![2, 3], vec![4]], 4);
        let settings = [
            part("kind = \"discriminator\"\nweight_end = 0.0"),
            part("kind = \"unique\"\nname = \"rare\""),
            part("kind = \"novel\"\nweight = -2.0\nsearch = false"),
        ];
        let built = BuiltRewards::new(&settings, &RewardContext::new(&train, None, 4)).unwrap();
        assert!(built.has_discriminator());
        assert_eq!(built.scores(&train).unwrap(), [("novel".to_string(), vec![0.0, 0.0])]);
        let batch = SeqBatch::from_rows([vec![2, 3], vec![2, 3], vec![5]], 4);
        let mixed = built.parts(&batch, Some(&Half), 1, 3);
        let seen = |part: &Part<'_>| (part.name.to_string(), part.weight, part.search);
        let expected = [("discriminator", 0.5, true), ("rare", 1.0, true), ("novel", -2.0, false)];
        assert_eq!(
            mixed.parts.iter().map(seen).collect::<Vec<_>>(),
            expected.map(|(name, weight, search)| (name.to_string(), weight, search))
        );
        let scores: Vec<_> = mixed.parts.iter().map(|part| part.reward.score(&batch).unwrap()).collect();
        assert_eq!(scores, [[0.5, 0.5, 0.5], [0.5, 0.5, 1.0], [0.0, 0.0, 1.0]]);
        // A completion is counted relative to the batch, not to the other completions.
        let completion = SeqBatch::from_rows([vec![2, 3]], 4);
        assert_eq!(mixed.parts[1].reward.score(&completion).unwrap(), [0.5]);
    }
}
