//! Identifiers as words: `train_judge`, `TrainJudge` and `TRAIN_JUDGE` are the words `train` and `judge`.

/// The words of an identifier, in lower case. Digits are words of their own.
pub fn words(identifier: &str) -> Vec<String> {
    let characters: Vec<char> = identifier.chars().collect();
    let mut words = vec![String::new()];
    for (i, &c) in characters.iter().enumerate() {
        let next = characters.get(i + 1).copied();
        if i > 0 && begins_a_word(characters[i - 1], c, next) {
            words.push(String::new());
        }
        if c.is_alphanumeric() {
            words.last_mut().expect("there is one from the start").extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether a word begins at `c`: behind anything that is no letter, at a capital behind a small letter, at the last
/// capital of many before a small letter, and at a digit.
fn begins_a_word(before: char, c: char, next: Option<char>) -> bool {
    let capital = c.is_uppercase() && (before.is_lowercase() || next.is_some_and(char::is_lowercase));
    !before.is_alphanumeric() || capital || before.is_numeric() != c.is_numeric()
}

/// Whether `part` stands in `words` without a gap.
pub fn contains(words: &[String], part: &[String]) -> bool {
    words.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_cut_into_words() {
        for (identifier, expected) in [
            ("judge", "judge"),
            ("train_judge", "train judge"),
            ("TrainJudge", "train judge"),
            ("JudgeX", "judge x"),
            ("LSTMJudge", "lstm judge"),
            ("JUDGE_ACCURACY", "judge accuracy"),
            ("_judge2", "judge 2"),
            ("per-step", "per step"),
            ("PerStep", "per step"),
            ("prejudge", "prejudge"),
        ] {
            assert_eq!(words(identifier).join(" "), expected, "{identifier}");
        }
    }

    #[test]
    fn a_part_stands_without_a_gap() {
        let contains = |all: &str, part: &str| contains(&words(all), &words(part));
        assert!(contains("steps_per_step", "per_step"));
        assert!(!contains("per_long_step", "per_step"));
        assert!(!contains("step", "per_step"));
    }
}
