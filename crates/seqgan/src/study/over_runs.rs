//! Means over the runs of a study, with intervals, and the verdict that they allow.

use super::summary::{Named, RunRecord, StudyComparison, StudyPoint, StudyRow};
use crate::measure::MethodRow;
use crate::metrics::frontier::Differences;
use crate::metrics::{Estimate, OverRuns, Scorecard, Verdict};

/// The table of runs of one variant.
pub(super) fn rows(runs: &[&RunRecord]) -> Vec<StudyRow> {
    let Some(first) = runs.first() else { return Vec::new() };
    let of_method = |row: &MethodRow| {
        let name = &row.name;
        let all: Vec<(u64, &MethodRow)> =
            runs.iter().filter_map(|run| Some((run.oracle, find(run, name)?))).collect();
        fn card(card: &Option<Scorecard>) -> Vec<(&str, Estimate)> {
            card.as_ref().map(Scorecard::entries).unwrap_or_default()
        }
        let points = row.curve.iter().enumerate().map(|(i, point)| StudyPoint {
            temperature: point.temperature,
            measures: named(&all, |row| row.curve.get(i).map(|c| c.measures.entries()).unwrap_or_default()),
            scorecard: named(&all, |row| row.curve.get(i).map(|c| card(&c.scorecard)).unwrap_or_default()),
        });
        let compared = |i: usize, what: fn(&Differences) -> Option<Estimate>| {
            let of_run = |row: &MethodRow| Some(what(&row.comparisons.get(i)?.differences)?.mean);
            let values: Vec<(u64, f64)> =
                all.iter().filter_map(|(o, row)| Some((*o, of_run(row)?))).collect();
            (!values.is_empty()).then(|| over(values.into_iter()))
        };
        let always = |i, what| compared(i, what).expect("of every comparison");
        let comparisons: Vec<StudyComparison> = (0..row.comparisons.len())
            .map(|i| StudyComparison {
                temperature: row.comparisons[i].temperature,
                base_temperature: over(
                    all.iter().filter_map(|(o, row)| Some((*o, row.comparisons.get(i)?.base_temperature))),
                )
                .mean,
                entropy: always(i, |d| Some(d.entropy)),
                forward_kl: always(i, |d| Some(d.forward_kl)),
                reverse_kl: compared(i, |d| d.reverse_kl),
                reverse_lm_score: compared(i, |d| d.reverse_lm_score),
                valid: row.comparisons[i].valid.map(|_| {
                    let valid = |row: &MethodRow| Some(row.comparisons.get(i)?.valid?.mean);
                    over(all.iter().filter_map(|(o, row)| Some((*o, valid(row)?))))
                }),
            })
            .collect();
        StudyRow {
            name: name.clone(),
            variant: first.variant.clone(),
            base: row.base.clone(),
            runs: all.len(),
            measures: named(&all, |row| row.measures.entries()),
            scorecard: named(&all, |row| card(&row.scorecard)),
            curve: points.collect(),
            verdict: verdict(
                &comparisons,
                &row.comparisons.iter().map(|c| c.differences).collect::<Vec<_>>(),
            ),
            comparisons,
        }
    };
    first.summary.methods.iter().map(of_method).collect()
}

/// The verdict with the runs' errors; with that of the single run where there is one alone.
fn verdict(comparisons: &[StudyComparison], single: &[Differences]) -> Option<Verdict> {
    if single.iter().any(|d| d.reverse().is_none()) {
        return None;
    }
    let over_runs = |c: &StudyComparison| Differences {
        entropy: c.entropy.estimate(),
        forward_kl: c.forward_kl.estimate(),
        reverse_kl: c.reverse_kl.map(|over_runs| over_runs.estimate()),
        reverse_lm_score: c.reverse_lm_score.map(|over_runs| over_runs.estimate()),
    };
    let fewest = comparisons.iter().map(|c| c.forward_kl.n).min()?;
    if fewest < 2 {
        return Some(Verdict::of(single));
    }
    let differences: Vec<_> = comparisons.iter().map(over_runs).collect();
    Some(Verdict::over_runs(&differences, fewest))
}

/// The row of a method in a run.
pub(super) fn find<'a>(run: &'a RunRecord, method: &str) -> Option<&'a MethodRow> {
    run.summary.methods.iter().find(|row| row.name == method)
}

/// A value a run, with the run's oracle, as a mean. Runs on one oracle have more in common than runs on different ones,
/// so where there are several oracles the unit is the oracle: each counts as the mean of its runs.
fn over(values: impl Iterator<Item = (u64, f64)>) -> OverRuns {
    OverRuns::of(&units(values))
}

/// The values of the units.
pub(super) fn units(values: impl Iterator<Item = (u64, f64)>) -> Vec<f64> {
    let mut groups: Vec<(u64, Vec<f64>)> = Vec::new();
    for (oracle, value) in values {
        match groups.iter_mut().find(|(other, _)| *other == oracle) {
            Some((_, group)) => group.push(value),
            None => groups.push((oracle, vec![value])),
        }
    }
    match groups.as_slice() {
        [(_, single)] => single.clone(),
        groups => groups.iter().map(|(_, group)| group.iter().sum::<f64>() / group.len() as f64).collect(),
    }
}

/// Every named value of the rows, over runs.
fn named<'a>(
    rows: &[(u64, &'a MethodRow)],
    entries: impl Fn(&'a MethodRow) -> Vec<(&'a str, Estimate)>,
) -> Named {
    let all: Vec<(u64, Vec<(&str, Estimate)>)> = rows.iter().map(|(o, row)| (*o, entries(row))).collect();
    let names = all.first().map(|(_, first)| first.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    let value = |name: &str| {
        let found = |entries: &[(&str, Estimate)]| entries.iter().find(|e| e.0 == name).map(|e| e.1.mean);
        (name.to_string(), over(all.iter().filter_map(|(o, entries)| Some((*o, found(entries)?)))))
    };
    Named(names.unwrap_or_default().into_iter().map(value).collect())
}

#[cfg(test)]
mod tests {
    use super::super::summary::tests::{record, row};
    use super::*;
    use crate::measure::Comparison;

    #[test]
    fn the_unit_is_the_run_on_one_oracle_and_the_oracle_where_there_are_several() {
        let found = |values: &[(u64, f64)]| units(values.iter().copied());
        assert_eq!(found(&[(1, 3.0), (1, 5.0), (1, 4.0)]), [3.0, 5.0, 4.0]);
        assert_eq!(found(&[(0, 3.0), (0, 5.0)]), [3.0, 5.0]);
        assert_eq!(found(&[(1, 3.0), (1, 5.0), (2, 1.0), (2, 2.0), (1, 7.0)]), [5.0, 1.5]);
    }

    #[test]
    fn rows_are_means_of_the_runs_that_have_them() {
        let runs = [
            record(1, vec![row("mle-tuned", None, 7.0), row("seqgan", Some("mle-tuned"), 7.5)]),
            record(1, vec![row("mle-tuned", None, 8.0)]),
        ];
        let rows = rows(&runs.iter().collect::<Vec<_>>());
        let nll = |i: usize| rows[i].measures.get("nll_test").unwrap().mean;
        assert_eq!((rows.len(), rows[0].runs, rows[1].runs), (2, 2, 1));
        assert_eq!((nll(0), nll(1)), (7.5, 7.5));
        assert_eq!((&*rows[1].name, rows[1].base.as_deref()), ("seqgan", Some("mle-tuned")));
        assert!(rows[0].measures.get("nll_oracle").is_none() && rows[1].verdict.is_none());
    }

    /// Each run is sure of itself; that they disagree is what counts.
    #[test]
    fn a_verdict_over_runs_has_the_spread_of_the_runs() {
        let of_run = |forward: f64| {
            let sure = |mean| Estimate { mean, stderr: 1e-4 };
            let mut row = row("seqgan", Some("mle-tuned"), 7.0);
            let differences = Differences {
                entropy: sure(0.0),
                forward_kl: sure(forward),
                reverse_kl: Some(sure(-0.05)),
                reverse_lm_score: None,
            };
            let at =
                |temperature| Comparison { temperature, base_temperature: 1.0, differences, valid: None };
            row.comparisons = [1.0, 0.9, 0.8].map(at).into();
            record(1, vec![row])
        };
        let verdict = |forward: &[f64]| {
            let runs: Vec<RunRecord> = forward.iter().map(|&x| of_run(x)).collect();
            rows(&runs.iter().collect::<Vec<_>>())[0].verdict
        };
        assert_eq!(verdict(&[-0.05]), Some(Verdict::Dominates));
        assert_eq!(verdict(&[-0.05, -0.051, -0.049]), Some(Verdict::Dominates));
        assert_eq!(verdict(&[-0.15, 0.05, -0.05]), Some(Verdict::OnTheCurve));
    }
}
