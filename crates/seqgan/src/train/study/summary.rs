//! What the runs of a study say together: means over runs with intervals, paired tests, verdicts.

use super::super::experiment::Kind;
use super::super::summary::{Floors, MethodRow, Summary};
use super::{Study, Variant};
use crate::config::Method;
use crate::metrics::frontier::Differences;
use crate::metrics::{Estimate, OverRuns, Scorecard, Verdict, holm, paired_p, samples_p};
use serde::{Serialize, Serializer};

/// Values by the name of what was measured, in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Named(pub Vec<(&'static str, OverRuns)>);

impl Serialize for Named {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl Named {
    /// The value of one name.
    pub fn get(&self, name: &str) -> Option<OverRuns> {
        self.0.iter().find(|(other, _)| *other == name).map(|(_, value)| *value)
    }
}

/// A finished run of a study.
#[derive(Debug, Clone)]
pub struct RunRecord {
    /// Its folder in the study's.
    pub folder: String,
    /// Number of its oracle; 0 for a file.
    pub oracle: u64,
    /// Its seed.
    pub seed: u64,
    /// What is special about its settings.
    pub variant: Variant,
    /// Its own results.
    pub summary: Summary,
}

/// The part of a run that the study's summary repeats.
#[derive(Debug, Clone, Serialize)]
struct RunEntry {
    folder: String,
    oracle: u64,
    seed: u64,
    variant: Variant,
    methods: Vec<MethodRow>,
}

/// A point of a temperature curve.
#[derive(Debug, Clone, Serialize)]
pub struct StudyPoint {
    /// Logits are divided by it.
    pub temperature: f64,
    /// The model there.
    #[serde(flatten)]
    pub measures: Named,
    /// Its samples there beside a test file.
    #[serde(skip_serializing_if = "is_empty")]
    pub scorecard: Named,
}

/// A method and its base at equal entropy.
#[derive(Debug, Clone, Serialize)]
pub struct StudyComparison {
    /// The method's temperature.
    pub temperature: f64,
    /// The base's temperature of equal entropy, mean over runs.
    pub base_temperature: f64,
    /// Entropies, method minus base, before the correction.
    pub entropy: OverRuns,
    /// Forward KL, method minus base.
    pub forward_kl: OverRuns,
    /// Reverse KL, method minus base, where there is an oracle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reverse_kl: Option<OverRuns>,
    /// Reverse language-model score, method minus base, where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reverse_lm_score: Option<OverRuns>,
    /// Share of samples that keep the rule of a synthetic task, method minus base; positive is better.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid: Option<OverRuns>,
}

impl StudyComparison {
    /// What tells what a model makes up, as in a run's [`Differences::reverse`].
    pub fn reverse(&self) -> Option<OverRuns> {
        self.reverse_kl.or(self.reverse_lm_score)
    }
}

/// A method over all runs.
#[derive(Debug, Clone, Serialize)]
pub struct StudyRow {
    /// "mle-tuned", "seqgan", ..
    pub name: String,
    /// What is special about these runs' settings.
    #[serde(skip_serializing_if = "Variant::is_empty")]
    pub variant: Variant,
    /// The model it started from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// Number of runs.
    pub runs: usize,
    /// At temperature 1.
    #[serde(flatten)]
    pub measures: Named,
    /// Its samples beside a test file.
    #[serde(skip_serializing_if = "is_empty")]
    pub scorecard: Named,
    /// At other temperatures.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub curve: Vec<StudyPoint>,
    /// Against the base's curve at equal entropy.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub comparisons: Vec<StudyComparison>,
    /// What the comparisons say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
}

/// A paired test over runs.
#[derive(Debug, Clone, Serialize)]
pub struct Test {
    /// What is compared.
    pub measure: &'static str,
    /// A method.
    pub method: String,
    /// Another one, trained on the same data in each run.
    pub against: String,
    /// What is special about these runs' settings.
    #[serde(skip_serializing_if = "Variant::is_empty")]
    pub variant: Variant,
    /// Method minus the other.
    pub difference: OverRuns,
    /// Two-sided p of the paired t-test.
    pub p: Option<f64>,
    /// The same by Holm's correction for all tests of this measure.
    pub p_holm: Option<f64>,
}

/// The paper's test: over the samples of the first run.
#[derive(Debug, Clone, Serialize)]
pub struct SampleTest {
    /// What is compared.
    pub measure: &'static str,
    /// A method.
    pub method: String,
    /// Another one.
    pub against: String,
    /// Two-sided p over samples.
    pub p: f64,
}

/// summary.json of a study.
#[derive(Debug, Clone, Serialize)]
pub struct StudySummary {
    command: &'static str,
    version: &'static str,
    preset: String,
    /// Seconds of work of all runs; all else is equal in equal studies.
    pub seconds: f64,
    /// "oracle" or "file".
    pub task: &'static str,
    /// Floors of the first oracle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oracle: Option<Floors>,
    /// The table.
    pub methods: Vec<StudyRow>,
    /// Paired tests over runs.
    pub tests: Vec<Test>,
    /// Tests over the samples of the first run.
    pub per_sample: Vec<SampleTest>,
    runs: Vec<RunEntry>,
}

impl StudySummary {
    /// Puts finished runs together.
    pub(super) fn of(study: &Study, runs: Vec<RunRecord>) -> Self {
        let mut variants: Vec<&Variant> = Vec::new();
        for run in &runs {
            if !variants.contains(&&run.variant) {
                variants.push(&run.variant);
            }
        }
        let (mut methods, mut tests) = (Vec::new(), Vec::new());
        for variant in variants {
            let group: Vec<&RunRecord> = runs.iter().filter(|run| run.variant == *variant).collect();
            methods.extend(rows(&group));
            tests.extend(paired_tests(&group));
        }
        correct(&mut tests);
        Self {
            command: "compare",
            version: env!("CARGO_PKG_VERSION"),
            preset: study.preset.to_string(),
            seconds: (runs.iter().map(|run| run.summary.seconds).sum::<f64>() * 10.0).round() / 10.0,
            task: if study.kind == Kind::Oracle { "oracle" } else { "file" },
            oracle: runs.first().and_then(|run| run.summary.oracle.clone()),
            per_sample: runs.first().map(sample_tests).unwrap_or_default(),
            methods,
            tests,
            runs: runs
                .into_iter()
                .map(|run| RunEntry {
                    folder: run.folder,
                    oracle: run.oracle,
                    seed: run.seed,
                    variant: run.variant,
                    methods: run.summary.methods,
                })
                .collect(),
        }
    }

    /// Number of runs, and of oracles among them (0: a file).
    pub fn size(&self) -> (usize, usize) {
        let mut oracles: Vec<u64> = self.runs.iter().map(|run| run.oracle).filter(|&o| o > 0).collect();
        oracles.sort_unstable();
        oracles.dedup();
        (self.runs.len(), oracles.len())
    }
}

fn rows(runs: &[&RunRecord]) -> Vec<StudyRow> {
    let Some(first) = runs.first() else { return Vec::new() };
    let of_method = |row: &MethodRow| {
        let name = &row.name;
        let all: Vec<(u64, &MethodRow)> =
            runs.iter().filter_map(|run| Some((run.oracle, find(run, name)?))).collect();
        let card = |card: &Option<Scorecard>| card.as_ref().map(Scorecard::entries).unwrap_or_default();
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

fn find<'a>(run: &'a RunRecord, method: &str) -> Option<&'a MethodRow> {
    run.summary.methods.iter().find(|row| row.name == method)
}

/// A value a run, with the run's oracle, as a mean. Runs on one oracle have more in common than runs on different ones,
/// so where there are several oracles the unit is the oracle: each counts as the mean of its runs.
fn over(values: impl Iterator<Item = (u64, f64)>) -> OverRuns {
    OverRuns::of(&units(values))
}

fn units(values: impl Iterator<Item = (u64, f64)>) -> Vec<f64> {
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
fn named(rows: &[(u64, &MethodRow)], entries: impl Fn(&MethodRow) -> Vec<(&'static str, Estimate)>) -> Named {
    let all: Vec<(u64, Vec<(&'static str, Estimate)>)> =
        rows.iter().map(|(o, row)| (*o, entries(row))).collect();
    let names = all.first().map(|(_, first)| first.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    let value = |name: &'static str| {
        let found = |entries: &[(&str, Estimate)]| entries.iter().find(|e| e.0 == name).map(|e| e.1.mean);
        (name, over(all.iter().filter_map(|(o, entries)| Some((*o, found(entries)?)))))
    };
    Named(names.unwrap_or_default().into_iter().map(value).collect())
}

/// Which rows are tested against which: each against its base, and SeqGAN against every other trained row, as in the
/// paper's tables.
fn pairs(run: &RunRecord) -> Vec<(&str, &str)> {
    let rows = &run.summary.methods;
    // Rows that are no method are trained as well, but for the real sequences.
    let is_trained = |name: &str| name != "real" && name.parse().map_or(true, Method::is_trained);
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

fn paired_tests(runs: &[&RunRecord]) -> Vec<Test> {
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

fn correct(tests: &mut [Test]) {
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

fn sample_tests(run: &RunRecord) -> Vec<SampleTest> {
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

fn is_empty(named: &Named) -> bool {
    named.0.is_empty()
}
