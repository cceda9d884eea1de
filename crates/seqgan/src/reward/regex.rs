//! Reward of texts that a regular expression matches.

use super::{Reward, RewardContext, RewardKind};
use crate::Result;
use crate::config::RewardConfig;
use crate::generator::constraint::Language;
use crate::token::SeqBatch;

/// 1 where the regular expression matches the whole text, else 0.
impl Reward for Language {
    fn score(&self, sequences: &SeqBatch) -> Result<Vec<f32>> {
        Ok(sequences.rows().map(|row| f32::from(u8::from(self.matches(row)))).collect())
    }
}

/// The kind `regex`.
pub(super) struct RegexKind;

impl RewardKind for RegexKind {
    fn name(&self) -> &'static str {
        "regex"
    }

    fn about(&self) -> &'static str {
        "1 where a regular expression matches the whole text, else 0."
    }

    fn missing(&self, part: &RewardConfig) -> Option<(&'static str, &'static str)> {
        part.regex.is_empty().then_some(("regex", "a regular expression"))
    }

    fn build(&self, part: &RewardConfig, context: &RewardContext<'_>) -> Result<Box<dyn Reward>> {
        let fault = |expected: String| context.fault("regex", format!("{:?}", part.regex), expected);
        let Some(vocab) = context.vocab else {
            return Err(fault("nothing for the synthetic task, which has no text".into()));
        };
        let language = Language::new(&part.regex, vocab);
        Ok(Box::new(language.map_err(|error| fault(format!("a regular expression ({error})")))?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Tokens, Vocab};

    #[test]
    fn the_whole_text_must_match() {
        let vocab = Vocab::new(Tokens::Chars, vec!["a".into(), "b".into()]).unwrap();
        let language = Language::new("a+|ab", &vocab).unwrap();
        let rows = SeqBatch::from_rows([vec![2, 3], vec![2, 2, 2, 2], vec![], vec![2, 3, 2], vec![3]], 5);
        assert_eq!(language.score(&rows).unwrap(), [1.0, 1.0, 0.0, 0.0, 0.0]);
    }
}
