//! Finds the known name that a mistyped one was meant to be.

/// Below this likeness (0 to 1) a guess confuses more than it helps.
const LEAST_LIKENESS: f64 = 0.6;

/// Somebody who forgets the section means the key all the same, but a match of the whole key is worth more.
const LAST_PART_WEIGHT: f64 = 0.95;

/// Bytes of a longer name, which nobody has mistyped.
const LONGEST: usize = 200;

/// The known dotted key most like `key`; the first of several that are equally like it.
pub(super) fn nearest<'a>(key: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // The comparison takes time and memory by the product of the lengths.
    if key.len() > LONGEST {
        return None;
    }
    let mut best = None;
    let mut best_likeness = LEAST_LIKENESS;
    for candidate in known {
        let whole = strsim::normalized_damerau_levenshtein(key, candidate);
        let last = strsim::normalized_damerau_levenshtein(last_part(key), last_part(candidate));
        let likeness = whole.max(last * LAST_PART_WEIGHT);
        if likeness > best_likeness {
            best_likeness = likeness;
            best = Some(candidate);
        }
    }
    best
}

fn last_part(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    const KNOWN: [&str; 4] = ["seed", "train.batch_size", "rollout.num_rollouts", "discriminator.batch_size"];

    #[test]
    fn a_typing_error_is_recognised() {
        assert_eq!(nearest("sed", KNOWN), Some("seed"));
        assert_eq!(nearest("train.batchsize", KNOWN), Some("train.batch_size"));
        assert_eq!(nearest("discriminator.batchsize", KNOWN), Some("discriminator.batch_size"));
    }

    #[test]
    fn a_missing_or_wrong_section_is_recognised() {
        assert_eq!(nearest("num_rollouts", KNOWN), Some("rollout.num_rollouts"));
        assert_eq!(nearest("train.num_rollouts", KNOWN), Some("rollout.num_rollouts"));
    }

    #[test]
    fn a_name_without_measure_has_no_nearest() {
        assert_eq!(nearest(&"rollout.".repeat(1 << 17), KNOWN), None);
    }

    #[test]
    fn something_else_altogether_has_no_nearest() {
        assert_eq!(nearest("colour", KNOWN), None);
    }
}
