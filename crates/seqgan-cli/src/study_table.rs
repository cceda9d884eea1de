//! The results of many runs as tables for people.

use seqgan::metrics::{OverRuns, Verdict};
use seqgan::study::{StudyRow, StudySummary, Test, Variant};

use crate::numbers::mean_with_error;
use crate::table::{Align, Table};

/// The whole result, as printed on stdout.
pub fn render(summary: &StudySummary) -> String {
    let (runs, oracles) = summary.size();
    let mut text = methods(&summary.methods);
    let means = match oracles {
        0 | 1 => format!("{} runs", summary.methods.first().map_or(runs, |row| row.runs)),
        n => format!("{n} oracles, each the mean of its runs"),
    };
    text.push_str(&format!(
        "\nmeans over {means} ± half of the 95 % interval (Student's t); nats per token\n"
    ));
    if let Some(floors) = &summary.oracle {
        let show = |e: seqgan::metrics::Estimate| mean_with_error(e.mean, e.stderr, 3);
        let (entropy, uniform) = (show(floors.entropy), show(floors.uniform_nll));
        text.push_str(&format!("first oracle: entropy {entropy} (the floor), uniform tokens {uniform}\n"));
    }
    text.push_str(&scorecards(&summary.methods));
    text.push_str(&curves(&summary.methods));
    text.push_str(&verdicts(&summary.methods));
    text.push_str(&tests(&summary.tests));
    text.push_str(&footnote(summary));
    text
}

/// A row's name with what is special about its settings.
fn label(name: &str, variant: &Variant) -> String {
    let setting =
        |(key, value): (&String, &String)| format!(" {}={value}", key.rsplit('.').next().unwrap_or(key));
    name.to_string() + &variant.iter().map(setting).collect::<String>()
}

fn show(value: OverRuns, decimals: usize) -> String {
    mean_with_error(value.mean, value.high - value.mean, decimals)
}

fn signed(value: OverRuns) -> String {
    let sign = if value.mean > 0.0 { "+" } else { "" };
    format!("{sign}{}", show(value, 4))
}

fn probability(p: f64) -> String {
    if p < 1e-4 { format!("{p:.0e}") } else { format!("{p:.4}") }
}

fn methods(rows: &[StudyRow]) -> String {
    const COLUMNS: [&str; 9] = [
        "nll_oracle",
        "nll_test",
        "nll_validation",
        "nll_train",
        "entropy",
        "reverse_kl",
        "forward_kl",
        "valid",
        "coverage",
    ];
    let has = |row: &StudyRow, name: &str| row.measures.get(name).is_some();
    let used: Vec<&str> = COLUMNS.into_iter().filter(|name| rows.iter().any(|row| has(row, name))).collect();
    let mut columns = vec![("method", Align::Left)];
    columns.extend(used.iter().map(|name| (*name, Align::Right)));
    let mut table = Table::new(&columns);
    // The row of real sequences has no model, and so no likelihood.
    for row in rows.iter().filter(|row| used.iter().any(|name| has(row, name))) {
        let cells = used.iter().map(|name| row.measures.get(name).map_or("-".into(), |v| show(v, 3)));
        table.row(std::iter::once(label(&row.name, &row.variant)).chain(cells));
    }
    table.render()
}

/// Samples beside the test file: a line a measure, a column a method.
fn scorecards(rows: &[StudyRow]) -> String {
    let with: Vec<&StudyRow> = rows.iter().filter(|row| !row.scorecard.0.is_empty()).collect();
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in with.iter().flat_map(|row| &row.scorecard.0) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    if names.is_empty() {
        return String::new();
    }
    let labels: Vec<String> = with.iter().map(|row| label(&row.name, &row.variant)).collect();
    let mut columns = vec![("against the test file", Align::Left)];
    columns.extend(labels.iter().map(|label| (label.as_str(), Align::Right)));
    let mut table = Table::new(&columns);
    for name in names {
        let cells = with.iter().map(|row| row.scorecard.get(name).map_or("-".into(), |v| show(v, 4)));
        table.row(std::iter::once(name.to_string()).chain(cells));
    }
    format!("\n{}", table.render())
}

/// nll_oracle against nll_test along the temperatures, a line a method.
fn curves(rows: &[StudyRow]) -> String {
    let known = |row: &&StudyRow| row.curve.iter().any(|point| point.measures.get("nll_oracle").is_some());
    let with: Vec<&StudyRow> = rows.iter().filter(known).collect();
    let Some(first) = with.first() else { return String::new() };
    let temperatures: Vec<String> = first.curve.iter().map(|p| format!("T {}", p.temperature)).collect();
    let mut columns = vec![("nll_oracle/nll_test", Align::Left)];
    columns.extend(temperatures.iter().map(|t| (t.as_str(), Align::Right)));
    let mut table = Table::new(&columns);
    for row in with {
        let cells = row.curve.iter().map(|point| {
            let of = |name| point.measures.get(name).map_or(f64::NAN, |v| v.mean);
            format!("{:.3}/{:.3}", of("nll_oracle"), of("nll_test"))
        });
        table.row(std::iter::once(label(&row.name, &row.variant)).chain(cells));
    }
    format!("\n{}", table.render())
}

/// Each row against its base's temperature curve.
fn verdicts(rows: &[StudyRow]) -> String {
    let Some(first) = rows.iter().find(|row| row.verdict.is_some()) else { return String::new() };
    let temperatures = || first.comparisons.iter().map(|c| c.temperature);
    let has_rule = first.comparisons.iter().all(|c| c.valid.is_some());
    let has_oracle = first.comparisons.iter().all(|c| c.reverse_kl.is_some());
    let mut measures = vec!["forward KL", if has_oracle { "reverse KL" } else { "reverse LM" }];
    measures.extend(has_rule.then_some("valid"));
    let heading = |name: &&str| temperatures().map(move |t| format!("{name}, T {t}")).collect::<Vec<_>>();
    let headings: Vec<String> = measures.iter().flat_map(heading).collect();
    let mut columns = vec![("at equal entropy", Align::Left), ("base", Align::Left)];
    columns.extend(headings.iter().map(|heading| (heading.as_str(), Align::Right)));
    columns.push(("verdict", Align::Left));
    let mut table = Table::new(&columns);
    for row in rows {
        let (Some(verdict), Some(base)) = (row.verdict, &row.base) else { continue };
        let said = match verdict {
            Verdict::Dominates => "beats its base's curve",
            Verdict::Dominated => "worse than its base's curve",
            Verdict::OnTheCurve => "on its base's curve: no gain",
        };
        let forward = row.comparisons.iter().map(|c| signed(c.forward_kl));
        let reverse = row.comparisons.iter().map(|c| c.reverse().map_or(String::new(), signed));
        let valid = row.comparisons.iter().filter_map(|c| c.valid.map(signed));
        let names = [label(&row.name, &row.variant), base.clone()];
        table.row(names.into_iter().chain(forward).chain(reverse).chain(valid).chain([said.to_string()]));
    }
    let of_valid = if has_rule { ", of valid positive" } else { "" };
    format!("\n{}differences at equal entropy; negative is better{of_valid}\n", table.render())
}

/// Paired tests over runs, where there is more than one.
fn tests(tests: &[Test]) -> String {
    if tests.iter().all(|test| test.p.is_none()) {
        return String::new();
    }
    let mut table = Table::new(&[
        ("measure", Align::Left),
        ("method", Align::Left),
        ("against", Align::Left),
        ("difference", Align::Right),
        ("p", Align::Right),
        ("p (Holm)", Align::Right),
    ]);
    let show_p = |p: Option<f64>| p.map_or("-".into(), probability);
    for test in tests {
        table.row([
            test.measure.to_string(),
            label(&test.method, &test.variant),
            test.against.clone(),
            signed(test.difference),
            show_p(test.p),
            show_p(test.p_holm),
        ]);
    }
    format!("\n{}paired t-tests over runs; Holm's correction for all tests of a measure\n", table.render())
}

/// The paper's test over samples.
fn footnote(summary: &StudySummary) -> String {
    let Some(first) = summary.per_sample.first() else { return String::new() };
    let said: Vec<String> = summary
        .per_sample
        .iter()
        .map(|t| format!("{} against {} p = {}", t.method, t.against, probability(t.p)))
        .collect();
    format!(
        "\nFootnote: the paper's own test, over the samples of the first run, on {}: {}. It says how well one run was \
         measured, and nothing of another run.\n",
        first.measure,
        said.join("; ")
    )
}
