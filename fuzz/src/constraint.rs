//! Constraints on sequences.

use seqgan::config::ConstraintConfig;
use seqgan::data::{Tokens, Vocab};
use seqgan::generator::constraint::Language;
use seqgan::generator::{GeneratorPolicy, LstmGenerator, LstmShape, Policy, SequenceSpace, constrained};
use seqgan::rng::{Purpose, Streams};

/// Most tokens of a vocabulary.
const MOST_TOKENS: usize = 100;

/// The first byte is what tokens and sequences are, the second is T; then lines: a text whose tokens are the vocabulary, a
/// regular expression, a prefix, an alphabet, the fewest and most tokens, and texts that are forbidden.
pub fn read(bytes: &[u8]) -> bool {
    let [kind, length, text @ ..] = bytes else { return false };
    let Ok(text) = std::str::from_utf8(text) else { return false };
    let mut lines = text.split('\n');
    let mut line = || lines.next().unwrap_or_default();
    let tokens = [Tokens::Words, Tokens::Chars, Tokens::Smiles][usize::from(kind & 3) % 3];
    let mut entries: Vec<String> = Vec::new();
    for token in tokens.split(line()).take(MOST_TOKENS) {
        if !entries.iter().any(|entry| entry == token) {
            entries.push(token.to_string());
        }
    }
    let Ok(vocab) = Vocab::new(tokens, entries) else { return false };
    let (regex, prefix) = (line().to_string(), line().to_string());
    let alphabet = line().split(' ').filter(|token| !token.is_empty()).map(String::from).collect();
    let mut range = line().split(' ').map(|number| number.parse().unwrap_or(0));
    let (min_length, max_length) = (range.next().unwrap_or(0), range.next().unwrap_or(0));
    let forbidden = lines.map(String::from).collect();
    let config = ConstraintConfig { regex, alphabet, forbidden, min_length, max_length, prefix };
    let fixed = kind & 4 != 0;
    let space = SequenceSpace {
        vocab_size: vocab.len(),
        max_length: 1 + usize::from(*length),
        start_token: Vocab::END,
        end_token: (!fixed).then_some(Vocab::END),
        never: if fixed { vec![Vocab::END, Vocab::UNKNOWN] } else { vec![Vocab::UNKNOWN] },
        allow_empty: kind & 8 != 0,
        label_counts: Vec::new(),
    };
    let generator = LstmGenerator::new(
        space.clone(),
        LstmShape::new(2, 2),
        1.0,
        &Streams::new(1, Purpose::GeneratorInit),
    );
    let Ok(generator) = constrained(&generator, &config, &vocab) else { return false };
    // Every sample satisfies the constraint.
    let policy = GeneratorPolicy::new(&generator, 1.0);
    let samples = policy.sample(&Streams::new(1, Purpose::Sample), 0, 4).sequences;
    let language = (!config.regex.is_empty()).then(|| Language::new(&config.regex, &vocab).unwrap());
    for row in samples.rows() {
        assert!(generator.rules().allow(&space, row), "{config:?} {row:?}");
        assert!(language.as_ref().is_none_or(|language| language.matches(row)), "{config:?} {row:?}");
        assert!(row.len() >= config.min_length);
    }
    assert!(policy.sequence_log_prob(&samples).iter().all(|l| l.is_finite() && *l < 1e-3));
    true
}
