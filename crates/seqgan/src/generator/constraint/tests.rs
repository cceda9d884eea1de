//! Constraints against the set of all sequences that satisfy them, listed by brute force.

use super::*;
use crate::data::Tokens;
use crate::generator::{
    GeneratorPolicy, LstmGenerator, LstmShape, Policy, Prefix, RolloutPolicy, WeightedBatch,
};
use crate::rng::{Purpose, Streams};
use crate::token::SeqBatch;

/// Tokens a, b, c with ids 2, 3, 4.
fn letters() -> Vocab {
    Vocab::new(Tokens::Chars, ["a", "b", "c"].map(String::from).into()).unwrap()
}

fn space(max_length: usize, has_end: bool) -> SequenceSpace {
    SequenceSpace {
        vocab_size: 5,
        max_length,
        start_token: Vocab::END,
        end_token: has_end.then_some(Vocab::END),
        never: if has_end { vec![Vocab::UNKNOWN] } else { vec![Vocab::END, Vocab::UNKNOWN] },
        allow_empty: false,
        label_counts: Vec::new(),
    }
}

fn generator(space: SequenceSpace) -> LstmGenerator {
    LstmGenerator::new(space, LstmShape::new(3, 4), 1.0, &Streams::new(7, Purpose::GeneratorInit))
}

fn config() -> ConstraintConfig {
    ConstraintConfig::default()
}

/// All sequences of up to `length` tokens, or of exactly so many.
fn all(length: usize, has_end: bool) -> Vec<Vec<TokenId>> {
    let mut all = vec![vec![]];
    let mut longest: Vec<Vec<TokenId>> = vec![vec![]];
    for _ in 0..length {
        longest = longest.iter().flat_map(|row| (2..5).map(|t| [&row[..], &[t]].concat())).collect();
        all.extend(longest.iter().cloned());
    }
    all.retain(|row| if has_end { !row.is_empty() } else { row.len() == length });
    all
}

/// Sequences that satisfy the constraint have probabilities that sum to 1, all others have none, and samples and
/// completions satisfy it and have the probability that likelihood gives them.
fn check(config: &ConstraintConfig, length: usize, has_end: bool, satisfies: impl Fn(&str) -> bool) {
    let vocab = letters();
    let free = generator(space(length, has_end));
    let generator = constrained(&free, config, &vocab).unwrap();
    let policy = GeneratorPolicy::new(&generator, 1.0);
    let rows = all(length, has_end);
    let batch = SeqBatch::from_rows(&rows, length);
    let log_prob = policy.sequence_log_prob(&batch);
    let mut total = 0.0;
    let mut good = 0;
    for (row, log_prob) in rows.iter().zip(&log_prob) {
        let text = vocab.decode(row);
        assert_eq!(satisfies(&text), *log_prob > -1e6, "{text}: {log_prob}");
        assert_eq!(satisfies(&text), generator.rules().allow(generator.space(), row), "{text}");
        if satisfies(&text) {
            total += log_prob.exp();
            good += 1;
        }
    }
    assert!(good > 1, "nothing to choose from");
    assert!((total - 1.0).abs() < 1e-5, "{total}");

    let streams = Streams::new(9, Purpose::Sample);
    let samples = policy.sample(&streams, 0, 500);
    let likelihood = policy.sequence_log_prob(&samples.sequences);
    for (b, row) in samples.sequences.rows().enumerate() {
        assert!(satisfies(&vocab.decode(row)), "{}", vocab.decode(row));
        assert!((samples.log_prob[b] - likelihood[b]).abs() < 1e-5);
    }
    let prefixes: Vec<Prefix> = (0..50)
        .flat_map(|row| (1..samples.sequences.length(row)).map(move |length| Prefix { row, length }))
        .collect();
    let completions = policy.complete(&samples.sequences, &prefixes, 3, &streams, 1_000);
    for (i, row) in completions.rows().enumerate() {
        let prefix = prefixes[i / 3];
        assert_eq!(row[..prefix.length], samples.sequences.row(prefix.row)[..prefix.length]);
        assert!(satisfies(&vocab.decode(row)), "{}", vocab.decode(row));
    }
}

#[test]
fn a_regular_expression_matches_the_whole_sequence() {
    let constraint = |regex: &str| ConstraintConfig { regex: regex.into(), ..config() };
    let even = |text: &str| text.chars().filter(|&c| c == 'a').count() % 2 == 0;
    check(&constraint("(?:[^a]*a[^a]*a)*[^a]*"), 5, true, even);
    check(&constraint("(?:[^a]*a[^a]*a)*[^a]*"), 5, false, even);
    // Of two branches the longer one counts as much as the first.
    check(&constraint("a|ab|abc+"), 6, true, |t| {
        t == "a" || t == "ab" || t.starts_with("abc") && t[3..].chars().all(|c| c == 'c')
    });
    // Ways that would be longer than the longest sequence are not begun: b must end in time for 3 c.
    check(&constraint("b*ccc|a.*"), 4, true, |t| t.starts_with('a') || t == "ccc" || t == "bccc");
}

#[test]
fn ngrams_alphabets_lengths_and_prefixes() {
    let forbidden = |list: &[&str]| ConstraintConfig {
        forbidden: list.iter().map(|s| s.to_string()).collect(),
        ..config()
    };
    check(&forbidden(&["aa", "cb", "bab"]), 5, true, |t| !["aa", "cb", "bab"].iter().any(|n| t.contains(n)));
    check(&forbidden(&["b"]), 4, false, |t| !t.contains('b'));
    let alphabet = ConstraintConfig { alphabet: vec!["a".into(), "c".into()], ..config() };
    check(&alphabet, 4, true, |t| !t.contains('b'));
    let lengths = ConstraintConfig { min_length: 2, max_length: 3, ..config() };
    check(&lengths, 5, true, |t| (2..=3).contains(&t.len()));
    let prefix = ConstraintConfig { prefix: "cb".into(), ..config() };
    check(&prefix, 5, true, |t| t.starts_with("cb"));
    check(&prefix, 4, false, |t| t.starts_with("cb"));
    let both =
        ConstraintConfig { prefix: "c".into(), min_length: 3, regex: "[bc]+a?".into(), ..forbidden(&["cc"]) };
    check(&both, 5, true, |t| {
        let (body, last) = t.split_at(t.len() - 1);
        t.starts_with('c') && t.len() >= 3 && !t.contains("cc") && !body.contains('a') && "abc".contains(last)
    });
}

#[test]
fn words_are_matched_with_the_blanks_between_them() {
    let vocab = Vocab::new(Tokens::Words, ["the", "cat", "sat"].map(String::from).into()).unwrap();
    let config = ConstraintConfig { regex: "the( cat| sat){2,}".into(), ..config() };
    let generator = constrained(&generator(space(4, true)), &config, &vocab).unwrap();
    let samples = GeneratorPolicy::new(&generator, 1.0).sample(&Streams::new(3, Purpose::Sample), 0, 100);
    for row in samples.sequences.rows() {
        let text = vocab.decode(row);
        assert!(
            text.starts_with("the ") && (3..=4).contains(&row.len()) && !text[4..].contains("the"),
            "{text}"
        );
    }
}

/// The gradient of a constrained likelihood against its differences.
#[test]
fn training_follows_the_renormalised_likelihood() {
    let config = ConstraintConfig { regex: "(ab|c)+".into(), min_length: 2, ..config() };
    let space = space(4, true);
    let generator = LstmGenerator::<f64>::new(
        space.clone(),
        LstmShape::new(3, 4),
        0.5,
        &Streams::new(2, Purpose::GeneratorInit),
    )
    .with_constraint(rules(&config, &space, &letters()).unwrap().unwrap());
    let batch = SeqBatch::from_rows([vec![2, 3], vec![4, 2, 3, 4], vec![4, 4, 4], vec![3, 2]], 4);
    let weights: Vec<f64> = (0..16).map(|i| 0.3 + f64::from(i) * 0.1).collect();
    let mut gradients = generator.gradients();
    let loss = generator.accumulate(WeightedBatch::new(&batch, &weights), &mut gradients);
    // The last row violates the constraint: it has no probability, and no weight.
    let log_prob = generator.log_prob(&batch);
    let by_hand: f64 = (0..12).map(|i| -weights[i] * log_prob[i]).sum();
    assert!((loss - by_hand).abs() < 1e-12 && log_prob[12] < -1e6, "{loss} {by_hand} {log_prob:?}");
    let value = |generator: &LstmGenerator<f64>| {
        generator.accumulate(WeightedBatch::new(&batch, &weights), &mut generator.gradients())
    };
    let mut checked = 0;
    for (i, gradient) in gradients.parts_mut().0.slices_mut::<6>().into_iter().enumerate() {
        for j in (0..gradient.len()).step_by(3) {
            let mut moved = generator.clone();
            moved.parameters_mut()[i][j] += 1e-5;
            let up = value(&moved);
            moved.parameters_mut()[i][j] -= 2e-5;
            let difference = (up - value(&moved)) / 2e-5;
            assert!((difference - gradient[j]).abs() < 1e-7, "{i} {j}: {difference} {}", gradient[j]);
            checked += usize::from(difference != 0.0);
        }
    }
    assert!(checked > 30, "{checked}");
}

#[test]
fn what_cannot_be_satisfied_is_refused() {
    let refused = |config: ConstraintConfig, length: usize| {
        rules(&config, &space(length, true), &letters()).unwrap_err().to_string()
    };
    let none = refused(ConstraintConfig { regex: "aaaa+".into(), ..config() }, 3);
    let whole = "one that some sequence of up to 3 tokens of this vocabulary matches as a whole";
    assert!(none.contains("`constraint.regex` is \"aaaa+\"") && none.contains(whole), "{none}");
    let both = refused(
        ConstraintConfig { regex: "a+".into(), min_length: 2, alphabet: vec!["b".into()], ..config() },
        3,
    );
    assert!(both.contains("`constraint` is unsatisfiable, expected one that some sequence"), "{both}");
    let unknown = refused(ConstraintConfig { prefix: "abx".into(), ..config() }, 3);
    assert!(
        unknown.contains("`constraint.prefix` is \"x\", expected a token of the training data"),
        "{unknown}"
    );
    let open = refused(ConstraintConfig { regex: "(a".into(), ..config() }, 3);
    assert!(
        open.contains("`constraint.regex` is \"(a\", expected a regular expression (")
            && open.contains("unclosed"),
        "{open}"
    );
    let lengths = refused(ConstraintConfig { min_length: 4, ..config() }, 3);
    assert!(lengths.contains("`constraint.min_length` is 4, `max_length` 3"), "{lengths}");
    let long = refused(ConstraintConfig { prefix: "abca".into(), ..config() }, 3);
    assert!(long.contains("`constraint.prefix` is 4 tokens, expected at most 3"), "{long}");
}

/// What follows a decision without probability has none either, even where the text could go on.
#[test]
fn nothing_counts_behind_a_violation() {
    let config = ConstraintConfig { prefix: "c".into(), ..config() };
    let space = space(4, true);
    let rules = rules(&config, &space, &letters()).unwrap().unwrap();
    let allowed =
        |row: &[TokenId]| rules.decisions(&space, row).iter().map(|d| d.allowed).collect::<Vec<_>>();
    assert_eq!(allowed(&[4, 2, 3]), [true; 4]);
    assert_eq!(allowed(&[2, 4, 3]), [false; 4]);
}

/// Tokens that are parts of characters: all sequences of up to four tokens, against the text that the decoder writes.
#[cfg(feature = "bpe")]
#[test]
fn expressions_follow_subwords_byte_by_byte() {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/tokenizers/byte_level.json");
    let tokenizer = Arc::new(crate::data::Subwords::read(&file).unwrap());
    // é is made of the bytes C3 A9.
    let entries = ["Ã", "©", "Ġcat"].map(String::from).into();
    let vocab = Vocab::new(Tokens::Bpe, entries).unwrap().with_tokenizer(tokenizer).unwrap();
    let space = space(4, true);
    let allowed = |config: ConstraintConfig| -> Vec<String> {
        let rules = rules(&config, &space, &vocab).unwrap().unwrap();
        let rows = all(4, true);
        let mut list: Vec<_> =
            rows.iter().filter(|row| rules.allow(&space, row)).map(|row| vocab.decode(row)).collect();
        list.sort();
        list
    };
    // No half of a character is left.
    let mut expected: Vec<String> = (1..=4).map(|n| " cat".repeat(n)).collect();
    let others = ["é", "éé", "é cat", " caté", "é cat cat", " caté cat", " cat caté"];
    expected.extend(others.map(String::from));
    expected.sort();
    assert_eq!(allowed(ConstraintConfig { regex: "(é| cat)+".into(), ..config() }), expected);

    // Tokens of an alphabet are spelled as in the file, a beginning is cut.
    let mut cats: Vec<String> = (1..=4).map(|n| " cat".repeat(n)).collect();
    cats.sort();
    assert_eq!(allowed(ConstraintConfig { alphabet: vec!["Ġcat".into()], ..config() }), cats);
    let regex = "(é| cat)+".to_string();
    let prefix = ConstraintConfig { prefix: " cat cat".into(), max_length: 3, regex, ..config() };
    assert_eq!(allowed(prefix), [" cat cat", " cat cat cat"]);
    // The tokenizer cuts é as one token, which this vocabulary lacks.
    let other = ConstraintConfig { prefix: " caté".into(), ..config() };
    let error = rules(&other, &space, &vocab).unwrap_err().to_string();
    let expected = "text of tokens of the training data's vocabulary, which has no \"Ã©\"";
    assert_eq!(error, format!("`constraint.prefix` is \" caté\", expected {expected}"));
}

#[test]
fn expressions_that_explode_are_done_with_in_seconds() {
    // The first two took 13 and 8 seconds to be made as small as can be, the third has 2^19 states, the states of the fourth stand for
    // many places each, the others are refused as they are read.
    let vocab = letters();
    for (pattern, works) in [
        (r"\w{2,55}", true),
        ("(a|b)*a(a|b){13}", true),
        ("(a|b)*a(a|b){18}", false),
        ("(a|ab|b)*a(a|b){16}", false),
        (r"(\w{9}){999}", false),
        ("((a{99}){99}){99}", false),
    ] {
        let start = std::time::Instant::now();
        assert_eq!(Language::new(pattern, &vocab).is_ok(), works, "{pattern}");
        assert!(start.elapsed().as_secs() < 60, "{pattern} took {:?}", start.elapsed());
    }
}

#[test]
fn an_alphabet_may_name_a_token_twice() {
    let twice = ConstraintConfig { alphabet: ["a", "b", "a"].map(String::from).into(), ..config() };
    check(&twice, 4, true, |text| !text.contains('c'));
}
