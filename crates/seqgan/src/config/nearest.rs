//! Finds the known name that a mistyped one was meant to be.

/// Least likeness (0 to 1) of a suggestion. Below it a suggestion confuses more than it helps.
const LEAST_LIKENESS: f64 = 0.6;

/// Weight of the likeness of last parts, for keys without their section. A match of the whole key
/// counts more.
const LAST_PART_WEIGHT: f64 = 0.95;

/// Bytes of a longer name, which nobody has mistyped.
const LONGEST: usize = 200;

/// A question after the known dotted key most like `key`, or those that are equally like it.
pub fn did_you_mean<'a>(key: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let list: Vec<String> = nearest(key, known).iter().map(|near| format!("`{near}`")).collect();
    (!list.is_empty()).then(|| format!("did you mean {}?", list.join(" or ")))
}

fn nearest<'a>(key: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    // The comparison takes time and memory by the product of the lengths.
    if key.len() > LONGEST {
        return Vec::new();
    }
    let mut best = Vec::new();
    let mut best_likeness = LEAST_LIKENESS;
    for candidate in known {
        let whole = strsim::normalized_damerau_levenshtein(key, candidate);
        let last = strsim::normalized_damerau_levenshtein(last_part(key), last_part(candidate));
        let likeness = whole.max(last * LAST_PART_WEIGHT);
        if likeness > best_likeness {
            best_likeness = likeness;
            best.clear();
        }
        if likeness == best_likeness {
            best.push(candidate);
        }
    }
    best
}

fn last_part(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}

#[cfg(test)]
mod tests {
    use super::{did_you_mean, nearest};

    const KNOWN: [&str; 4] = ["seed", "train.batch_size", "rollout.num_rollouts", "discriminator.batch_size"];

    #[test]
    fn a_typing_error_is_recognised() {
        assert_eq!(nearest("sed", KNOWN), ["seed"]);
        assert_eq!(nearest("train.batchsize", KNOWN), ["train.batch_size"]);
        assert_eq!(nearest("discriminator.batchsize", KNOWN), ["discriminator.batch_size"]);
    }

    #[test]
    fn a_missing_or_wrong_section_is_recognised() {
        assert_eq!(nearest("num_rollouts", KNOWN), ["rollout.num_rollouts"]);
        assert_eq!(nearest("train.num_rollouts", KNOWN), ["rollout.num_rollouts"]);
    }

    #[test]
    fn a_name_of_several_sections_has_them_all() {
        let question = "did you mean `train.batch_size` or `discriminator.batch_size`?";
        assert_eq!(did_you_mean("batch_size", KNOWN).unwrap(), question);
    }

    #[test]
    fn a_name_without_measure_has_no_nearest() {
        assert!(nearest(&"rollout.".repeat(1 << 17), KNOWN).is_empty());
    }

    #[test]
    fn something_else_altogether_has_no_nearest() {
        assert_eq!(did_you_mean("colour", KNOWN), None);
    }
}
