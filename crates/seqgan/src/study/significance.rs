//! Which differences between methods are real: paired tests over runs, and the paper's over samples.

use super::over_runs::{find, units};
use super::summary::{RunRecord, SampleTest, Test};
use crate::config::Method;
use crate::measure::MethodRow;
use crate::metrics::frontier::Differences;
use crate::metrics::{Estimate, OverRuns, Scorecard, holm, paired_p, samples_p};
use crate::train::method::{self, Kind, TrainingMethod};

/// Which rows are tested against which: each against its base, and SeqGAN against every other trained row, as in the
/// paper's tables.
fn pairs(run: &RunRecord) -> Vec<(&str, &str)> {
    let rows = &run.summary.methods;
    // Rows that are no method are trained as well, but for the real sequences.
    let is_trained = |name: &str| {
        let untrained = |method: &dyn TrainingMethod| matches!(method.kind(), Kind::Untrained(_));
        name != "real" && !method::find(Method::named(name)).is_ok_and(untrained)
    };
    let trained = |row: &&MethodRow| row.measures.entropy.is_some() && is_trained(&row.name);
    let has = |name: &str| rows.iter().any(|row| row.name == name);
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    for row in rows.iter().filter(trained) {
        pairs.extend(row.base.as_deref().filter(|base| has(base)).map(|base| (row.name.as_str(), base)));
    }
    if has(SEQGAN) {
        for row in rows.iter().filter(trained).filter(|row| row.name != SEQGAN) {
            if !pairs.contains(&(SEQGAN, &row.name)) {
                pairs.push((SEQGAN, &row.name));
            }
        }
    }
    pairs
}

const SEQGAN: &str = "seqgan";

/// What is tested: the paper's measures, forward and reverse KL, and the rule of a synthetic task.
const TESTED: [&str; 9] = [
    "nll_oracle",
    "nll_test",
    "nll_validation",
    "reverse_kl",
    "valid",
    "bleu_2",
    "bleu_3",
    "bleu_4",
    "bleu_5",
];

fn measured(row: &MethodRow, measure: &str) -> Option<Estimate> {
    let card = row.scorecard.as_ref().map(Scorecard::entries).unwrap_or_default();
    row.measures.entries().into_iter().chain(card).find(|(name, _)| *name == measure).map(|(_, value)| value)
}

/// Tests over runs of one variant, before the correction.
pub(super) fn paired_tests(runs: &[&RunRecord]) -> Vec<Test> {
    let Some(first) = runs.first() else { return Vec::new() };
    let mut tests = Vec::new();
    for measure in TESTED {
        for (method, against) in pairs(first) {
            let difference = |run: &&RunRecord| {
                let of = |name| measured(find(run, name)?, measure);
                Some((run.oracle, of(method)?.mean - of(against)?.mean))
            };
            let values: Vec<(u64, f64)> = runs.iter().filter_map(difference).collect();
            if !values.is_empty() {
                tests.push(test(measure, (method, against), first, &values));
            }
        }
    }
    for (measure, what) in [
        ("forward_kl at equal entropy", (|d| Some(d.forward_kl)) as fn(&Differences) -> Option<Estimate>),
        ("reverse_kl at equal entropy", |d| d.reverse_kl),
        ("reverse_lm_score at equal entropy", |d| d.reverse_lm_score),
    ] {
        for row in &first.summary.methods {
            let Some(base) = row.base.as_deref() else { continue };
            let value = |run: &&RunRecord| {
                Some((run.oracle, what(&find(run, &row.name)?.comparisons.first()?.differences)?.mean))
            };
            let values: Vec<(u64, f64)> = runs.iter().filter_map(value).collect();
            if !values.is_empty() {
                tests.push(test(measure, (&row.name, base), first, &values));
            }
        }
    }
    tests
}

fn test(
    measure: &'static str,
    (method, against): (&str, &str),
    first: &RunRecord,
    values: &[(u64, f64)],
) -> Test {
    let units = units(values.iter().copied());
    let (difference, p) = (OverRuns::of(&units), paired_p(&units));
    Test {
        measure,
        method: method.into(),
        against: against.into(),
        variant: first.variant.clone(),
        difference,
        p: Some(p).filter(|p| !p.is_nan()),
        p_holm: None,
    }
}

/// Holm's correction: the tests of one measure are a family, over all variants.
pub(super) fn correct(tests: &mut [Test]) {
    let measures: Vec<&str> = tests.iter().map(|t| t.measure).collect();
    for (i, measure) in measures.iter().enumerate() {
        if measures[..i].contains(measure) {
            continue;
        }
        let family: Vec<usize> = (0..tests.len()).filter(|&t| tests[t].measure == *measure).collect();
        let p: Vec<f64> = family.iter().map(|&t| tests[t].p.unwrap_or(f64::NAN)).collect();
        for (&t, adjusted) in family.iter().zip(holm(&p)) {
            tests[t].p_holm = Some(adjusted).filter(|p| !p.is_nan());
        }
    }
}

/// The tests over samples.
pub(super) fn sample_tests(run: &RunRecord) -> Vec<SampleTest> {
    let measure = if run.summary.oracle.is_some() { "nll_oracle" } else { "bleu_2" };
    let test = |(method, against): (&str, &str)| {
        let of = |name| measured(find(run, name)?, measure);
        Some(SampleTest {
            measure,
            method: method.into(),
            against: against.into(),
            p: samples_p(of(method)?, of(against)?),
        })
    };
    pairs(run).into_iter().filter(|pair| pair.0 == SEQGAN).filter_map(test).collect()
}

#[cfg(test)]
mod tests {
    use super::super::summary::tests::{record, row};
    use super::*;

    #[test]
    fn each_row_is_tested_against_its_base_and_seqgan_against_all_once() {
        let mut unigram = row("unigram", None, 9.0);
        unigram.measures.entropy = None;
        let rows = vec![
            row("real", None, 7.0),
            unigram,
            row("mixture", None, 9.0),
            row("mle-tuned", None, 7.4),
            row("distilled", Some("mle-tuned"), 7.3),
            row("seqgan", Some("mle-tuned"), 7.4),
            row("residual", Some("not in the table"), 7.3),
        ];
        let expected = [
            ("distilled", "mle-tuned"),
            ("seqgan", "mle-tuned"),
            ("seqgan", "distilled"),
            ("seqgan", "residual"),
        ];
        assert_eq!(pairs(&record(1, rows)), expected);
    }

    /// Runs differ by ten times what the methods differ by; within a run the difference is always about the same.
    #[test]
    fn tests_are_paired() {
        let run = |base: f64, gain: f64| {
            record(1, vec![row("mle-tuned", None, base), row("seqgan", Some("mle-tuned"), base - gain)])
        };
        let runs = [run(7.0, 0.10), run(8.0, 0.11), run(6.0, 0.09)];
        let tests = paired_tests(&runs.iter().collect::<Vec<_>>());
        assert_eq!(tests.len(), 1);
        assert_eq!(
            (tests[0].measure, &*tests[0].method, &*tests[0].against),
            ("nll_test", "seqgan", "mle-tuned")
        );
        assert!((tests[0].difference.mean + 0.1).abs() < 1e-12 && tests[0].difference.n == 3);
        assert!(tests[0].p.is_some_and(|p| p < 0.005), "{:?}", tests[0].p);
        // One run tells nothing.
        assert_eq!(paired_tests(&[&runs[0]])[0].p, None);
    }

    #[test]
    fn tests_of_one_measure_are_a_family() {
        let test = |measure, p| Test {
            measure,
            method: "seqgan".into(),
            against: "mle-tuned".into(),
            variant: Default::default(),
            difference: OverRuns::of(&[0.0]),
            p,
            p_holm: None,
        };
        let mut tests = [
            test("nll_test", Some(0.01)),
            test("bleu_2", Some(0.02)),
            test("nll_test", Some(0.04)),
            test("nll_test", None),
        ];
        correct(&mut tests);
        assert_eq!(tests.map(|test| test.p_holm), [Some(0.02), Some(0.02), Some(0.04), None]);
    }
}
