//! The results of a run as a table for people.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::Ordering;

use seqgan::measure::{Measures, MethodRow, Summary};
use seqgan::metrics::{Estimate, Verdict};
use seqgan::train::{Event, Observer};

use crate::interrupt::Interrupt;
use crate::numbers::mean_with_error;
use crate::progress::Progress;
use crate::table::{Align, Table};

/// Shows training on the terminal and passes interrupts on.
pub struct Watch<'a> {
    progress: Mutex<Progress>,
    interrupt: &'a Interrupt,
}

impl<'a> Watch<'a> {
    /// Shows training on `progress`.
    pub fn new(progress: Progress, interrupt: &'a Interrupt) -> Self {
        Self { progress: Mutex::new(progress), interrupt }
    }

    /// Ends the last phase.
    pub fn finish(&self) {
        self.with(Progress::finish);
    }

    fn with(&self, f: impl FnOnce(&mut Progress)) {
        // A panic elsewhere must not hide the progress of this thread.
        f(&mut self.progress.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
    }
}

impl Observer for Watch<'_> {
    fn on(&self, event: &Event<'_>) -> seqgan::Result<()> {
        self.with(|progress| progress.show(event));
        Ok(())
    }

    fn should_stop(&self) -> bool {
        self.interrupt.stop().load(Ordering::SeqCst)
    }
}

type Column = (&'static str, fn(&Measures) -> Option<Estimate>);

const COLUMNS: [Column; 9] = [
    ("nll_oracle", |m| m.nll_oracle),
    ("nll_test", |m| m.nll_test),
    ("nll_validation", |m| m.nll_validation),
    ("nll_train", |m| m.nll_train),
    ("entropy", |m| m.entropy),
    ("reverse KL", |m| m.reverse_kl),
    ("forward KL", |m| m.forward_kl),
    ("valid", |m| m.valid),
    ("coverage", |m| m.coverage),
];

/// The whole result, as printed on stdout.
pub fn render(summary: &Summary) -> String {
    // The row of real sequences has no model, and so no likelihood.
    let measured = summary.methods.iter().filter(|row| row.measures != Measures::default());
    let mut text = table(measured.map(|row| (row.name.clone(), &row.measures)).collect(), "method");
    if let Some(reference) = &summary.oracle {
        let show = |e: Estimate| mean_with_error(e.mean, e.stderr, 3);
        let (entropy, uniform) = (show(reference.entropy), show(reference.uniform_nll));
        text.push_str(&format!(
            "\noracle entropy {entropy} (the floor), uniform tokens {uniform}; nats per token\n"
        ));
    } else {
        text.push_str("\nnats per token; lower nll is better\n");
    }
    text.push_str(&scorecards(&summary.methods));
    text.push_str(&by_name(&summary.methods, "nll of held-out, by label", 3, |row| &row.nll_by_label));
    text.push_str(&by_name(&summary.methods, "mean reward", 4, |row| &row.rewards));
    text.push_str(&curves(&summary.methods));
    for row in &summary.methods {
        text.push_str(&verdict(row));
    }
    for note in &summary.notes {
        text.push_str(&format!("\nwarning: {note}\n"));
    }
    text
}

/// Samples beside the test file: a line a measure, a column a method, so that it stays narrow.
fn scorecards(rows: &[MethodRow]) -> String {
    let cards: Vec<_> =
        rows.iter().filter_map(|row| Some((&row.name, row.scorecard.as_ref()?.entries()))).collect();
    let mut columns = vec![("against the test file", Align::Left)];
    columns.extend(cards.iter().map(|(name, _)| (name.as_str(), Align::Right)));
    let mut table = Table::new(&columns);
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in cards.iter().flat_map(|(_, entries)| entries) {
        if !names.contains(name) {
            names.push(name);
        }
    }
    for name in &names {
        let cell = |entries: &Vec<(&str, Estimate)>| {
            let found = entries.iter().find(|(other, _)| other == name);
            found.map_or("-".to_string(), |(_, e)| mean_with_error(e.mean, e.stderr, 4))
        };
        table.row(std::iter::once(name.to_string()).chain(cards.iter().map(|(_, entries)| cell(entries))));
    }
    if names.is_empty() { String::new() } else { format!("\n{}", table.render()) }
}

/// Named figures of the methods that have them: a line a name, a column a method.
fn by_name(
    rows: &[MethodRow],
    heading: &str,
    digits: usize,
    figures: impl Fn(&MethodRow) -> &BTreeMap<String, Estimate>,
) -> String {
    let with: Vec<&MethodRow> = rows.iter().filter(|row| !figures(row).is_empty()).collect();
    let Some(first) = with.first() else { return String::new() };
    let mut columns = vec![(heading, Align::Left)];
    columns.extend(with.iter().map(|row| (row.name.as_str(), Align::Right)));
    let mut table = Table::new(&columns);
    for name in figures(first).keys() {
        let cell = |row: &&MethodRow| {
            figures(row).get(name).map_or("-".into(), |e| mean_with_error(e.mean, e.stderr, digits))
        };
        table.row(std::iter::once(name.clone()).chain(with.iter().map(cell)));
    }
    format!("\n{}", table.render())
}

fn table(rows: Vec<(String, &Measures)>, heading: &str) -> String {
    let used: Vec<_> = COLUMNS.iter().filter(|(_, get)| rows.iter().any(|(_, m)| get(m).is_some())).collect();
    let mut columns = vec![(heading, Align::Left)];
    columns.extend(used.iter().map(|(name, _)| (*name, Align::Right)));
    let mut table = Table::new(&columns);
    for (name, measures) in rows {
        let cell = |get: &fn(&Measures) -> Option<Estimate>| {
            get(measures).map_or("-".to_string(), |e| mean_with_error(e.mean, e.stderr, 3))
        };
        table.row(std::iter::once(name).chain(used.iter().map(|(_, get)| cell(get))));
    }
    table.render()
}

/// nll_oracle / nll_test along the temperatures, a line a method; the rest of a curve stands in summary.json.
fn curves(rows: &[MethodRow]) -> String {
    let known = |row: &&MethodRow| row.curve.iter().any(|point| point.measures.nll_oracle.is_some());
    let with: Vec<&MethodRow> = rows.iter().filter(known).collect();
    let Some(first) = with.first() else { return String::new() };
    let temperatures: Vec<String> = first.curve.iter().map(|p| format!("T {}", p.temperature)).collect();
    let mut columns = vec![("nll_oracle/nll_test", Align::Left)];
    columns.extend(temperatures.iter().map(|t| (t.as_str(), Align::Right)));
    let mut table = Table::new(&columns);
    for row in with {
        let mean = |e: Option<Estimate>| e.map_or(f64::NAN, |e| e.mean);
        let cells = row.curve.iter().map(|point| {
            format!("{:.3}/{:.3}", mean(point.measures.nll_oracle), mean(point.measures.nll_test))
        });
        table.row(std::iter::once(row.name.clone()).chain(cells));
    }
    format!("\n{}", table.render())
}

/// The row against its base at equal entropy, in words.
fn verdict(row: &MethodRow) -> String {
    let (Some(verdict), Some(base)) = (row.verdict, &row.base) else { return String::new() };
    let said = match verdict {
        Verdict::Dominates => format!("{} beats the temperature curve of {base}", row.name),
        Verdict::Dominated => format!("{} does NOT beat {base}: it is worse at equal entropy", row.name),
        Verdict::OnTheCurve => format!("{} does NOT beat {base}: it is on its temperature curve", row.name),
    };
    let mut text = format!("\nverdict: {said} ({verdict})\n");
    let has_rule = row.comparisons.iter().any(|c| c.valid.is_some());
    let has_oracle = row.comparisons.iter().any(|c| c.differences.reverse_kl.is_some());
    let mut columns = vec![
        (row.name.as_str(), Align::Left),
        ("against", Align::Left),
        ("forward KL", Align::Right),
        (if has_oracle { "reverse KL" } else { "reverse LM" }, Align::Right),
    ];
    columns.extend(has_rule.then_some(("valid", Align::Right)));
    let mut table = Table::new(&columns);
    for c in &row.comparisons {
        let show = |e: Estimate| {
            let sign = if e.mean > 0.0 { "+" } else { "" };
            format!("{sign}{}", mean_with_error(e.mean, e.stderr, 4))
        };
        let mut cells = vec![
            format!("T {}", c.temperature),
            format!("{base} T {:.3}", c.base_temperature),
            show(c.differences.forward_kl),
            c.differences.reverse().map_or(String::new(), show),
        ];
        cells.extend(c.valid.map(show));
        table.row(cells);
    }
    text.push_str(&table.render());
    let of_valid = if has_rule { ", of valid positive" } else { "" };
    text.push_str(&format!("differences at equal entropy; negative is better{of_valid}\n"));
    text
}
