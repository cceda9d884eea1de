//! The table of methods, and the same numbers as a drawing.

use super::super::figure::figures;
use super::super::numbers::{cell, fixed};
use super::super::palette::Look;
use super::super::plot::{Axis, Plot, Point, Reference, Series, Size, Style};
use super::super::records::{Method, Reading};
use super::section::{Context, MEASURES, Section};
use maud::{Markup, html};

/// All methods at temperature 1.
pub(super) fn section(context: &Context<'_>) -> Option<Section> {
    let methods = context.folder.methods();
    if methods.is_empty() {
        return None;
    }
    let body = html! {
        (table(context, methods))
        (figures(&context.id("methods"), &plots(context)))
        @if methods.iter().any(Method::is_yardstick) {
            p.soft { "The drawings leave out random and unigram, which would squeeze the others." }
        }
        @if context.folder.is_comparison() { (single_runs(context)) }
    };
    Some(Section { id: "methods", title: "Methods", body })
}

/// Names and explanations of the measures that any of the methods has.
fn columns(methods: &[Method]) -> Vec<(&'static str, &'static str)> {
    MEASURES.into_iter().filter(|(name, _)| methods.iter().any(|m| m.measures.get(name).is_some())).collect()
}

fn table(context: &Context<'_>, methods: &[Method]) -> Markup {
    let columns = columns(methods);
    let floor = context.folder.oracle().and_then(|oracle| oracle.entropy);
    html! {
        div.scroll tabindex="0" { table {
            caption { "Nats a token at temperature 1; below each mean its 95 % interval" }
            thead { tr {
                th scope="col" { "method" }
                @for (name, meaning) in &columns { th scope="col" { (name) span.interval { (meaning) } } }
            } }
            tbody {
                @for method in methods { tr {
                    th scope="row" { (method.name)
                        @if let Some(base) = &method.base { span.interval { "base " (base) } } }
                    @for (name, _) in &columns { (cell(method.measures.get(name), 3, fixed)) }
                } }
                @if let Some(entropy) = floor { tr.floor {
                    th scope="row" { "the oracle" span.interval { "the best there is" } }
                    @for (name, _) in &columns { (cell(oracle_itself(name, entropy), 3, fixed)) }
                } }
            }
        } }
    }
}

/// What the oracle would score as a model of itself.
fn oracle_itself(measure: &str, entropy: Reading) -> Option<Reading> {
    match measure {
        "nll_oracle" | "nll_test" | "entropy" => Some(entropy),
        "reverse_kl" | "forward_kl" => Some(Reading::exact(0.0)),
        _ => None,
    }
}

fn plots(context: &Context<'_>) -> Vec<Plot> {
    let shown: Vec<&Method> =
        context.folder.methods().iter().filter(|m| !m.is_yardstick() && m.name != "real").collect();
    let floor = context.folder.oracle().and_then(|oracle| oracle.entropy);
    let columns =
        MEASURES.into_iter().filter(|(name, _)| shown.iter().any(|m| m.measures.get(name).is_some()));
    columns
        .map(|(name, meaning)| {
            let means = shown.iter().enumerate().filter_map(|(row, method)| {
                let reading = method.measures.get(name)?;
                let point = Point {
                    name: String::new(),
                    x: reading.into(),
                    y: (row as f64).into(),
                    strong: true,
                    label: None,
                };
                Some(series(method, context.palette.look(&method.name), vec![point], Style::Points))
            });
            let runs = shown.iter().enumerate().map(|(row, method)| {
                let look = context.palette.look(&method.name);
                series(method, look, of_runs(context, method, name, row), Style::Dots)
            });
            let references = floor.filter(|_| oracle_itself(name, Reading::exact(0.0)).is_some());
            let references = references.map(|entropy| Reference {
                label: "the oracle".into(),
                value: if name.ends_with("_kl") { 0.0 } else { entropy.mean },
                vertical: true,
            });
            Plot {
                title: format!("{name}: {meaning}"),
                x: Axis::default(),
                y: Axis::naming(shown.iter().map(|m| m.name.clone()).collect()),
                series: runs.chain(means).collect(),
                references: references.into_iter().collect(),
                size: Size::Small,
            }
        })
        .collect()
}

fn series(method: &Method, look: Look, points: Vec<Point>, style: Style) -> Series {
    Series { name: method.name.clone(), look, points, style }
}

/// The single runs behind a mean.
fn of_runs(context: &Context<'_>, method: &Method, measure: &str, row: usize) -> Vec<Point> {
    if !context.folder.is_comparison() {
        return Vec::new();
    }
    let of_run = |run: &super::super::folder::Run| {
        let reading = run.methods.iter().find(|m| m.name == method.name)?.measures.get(measure)?;
        let x = reading.mean.into();
        Some(Point { name: run.name(), x, y: (row as f64).into(), strong: false, label: None })
    };
    context.folder.runs.iter().filter_map(of_run).collect()
}

/// All rows of all runs.
fn single_runs(context: &Context<'_>) -> Markup {
    let rows = context.folder.runs.iter().flat_map(|run| run.methods.iter().map(move |method| (run, method)));
    let rows: Vec<_> = rows.collect();
    let all: Vec<Method> = rows.iter().map(|(_, method)| (*method).clone()).collect();
    let columns = columns(&all);
    html! {
        details { summary { "All runs" } div.scroll tabindex="0" { table {
            caption { "Each run by itself; intervals are over its samples" }
            thead { tr {
                th scope="col" { "run" } th.text scope="col" { "method" }
                @for (name, _) in &columns { th scope="col" { (name) } }
            } }
            tbody { @for (run, method) in rows { tr {
                th scope="row" { (run.label) @if let Some(variant) = &run.variant { span.interval { (variant) } } }
                td.text { (method.name) }
                @for (name, _) in &columns { (cell(method.measures.get(name), 3, fixed)) }
            } } }
        } } }
    }
}
