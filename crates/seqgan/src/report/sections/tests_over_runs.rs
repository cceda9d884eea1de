//! Tests over runs, where a comparison has them.

use super::super::figure::figures;
use super::super::numbers::{cell, p_value, signed};
use super::super::plot::{Axis, Plot, Point, Reference, Series, Size, Style};
use super::super::records::Test;
use super::section::{Context, Section};
use maud::{Markup, html};

/// The table of tests; the tests over samples, as in the paper, are a footnote.
pub(super) fn section(context: &Context<'_>) -> Option<Section> {
    let summary = context.folder.summary.as_ref().filter(|summary| !summary.tests.is_empty())?;
    let body = html! {
        p { "Pairs of methods over the same runs. p-values are corrected for the number of tests by Holm's method; "
            "below 0.05 a difference is unlikely to be chance." }
        (table(&summary.tests))
        (figures(&context.id("tests"), &plots(context, &summary.tests)))
        (per_sample(&summary.per_sample))
    };
    Some(Section { id: "tests", title: "Tests over runs", body })
}

fn table(tests: &[Test]) -> Markup {
    html! {
        div.scroll tabindex="0" { table {
            caption { "Method minus the other, with 95 % intervals over runs" }
            thead { tr {
                @for name in ["measure", "method", "against"] { th.text scope="col" { (name) } }
                @for name in ["difference", "runs", "p", "p (Holm)"] { th scope="col" { (name) } }
            } }
            tbody { @for test in tests { tr {
                th scope="row" { (test.measure) } td.text { (test.method) } td.text { (test.against) }
                (cell(test.difference, 4, signed))
                td { @if let Some(n) = test.difference.and_then(|d| d.n) { (n) } @else { "–" } }
                td { @if let Some(p) = test.p { (p_value(p)) } @else { "–" } }
                td { @if let Some(p) = test.p_holm { @if p < 0.05 { strong { (p_value(p)) } } @else { (p_value(p)) } } @else { "–" } }
            } } }
        } }
    }
}

/// A drawing a measure, a row a pair.
fn plots(context: &Context<'_>, tests: &[Test]) -> Vec<Plot> {
    let mut measures: Vec<&str> = Vec::new();
    for test in tests {
        if !measures.contains(&test.measure.as_str()) {
            measures.push(&test.measure);
        }
    }
    let plot = |measure: &&str| {
        let rows: Vec<&Test> = tests.iter().filter(|t| t.measure == **measure).collect();
        let series = rows.iter().enumerate().filter_map(|(row, test)| {
            let difference = test.difference.filter(|d| d.mean.is_finite())?;
            let point = Point {
                name: format!("against {}", test.against),
                x: difference.into(),
                y: (row as f64).into(),
                strong: true,
                label: None,
            };
            let look = context.palette.look(&test.method);
            Some(Series { name: test.method.clone(), look, points: vec![point], style: Style::Points })
        });
        Plot {
            title: format!("Difference of {measure}"),
            x: Axis::default(),
            y: Axis::naming(rows.iter().map(|t| format!("{} − {}", t.method, t.against)).collect()),
            series: series.collect(),
            references: vec![Reference { label: String::new(), value: 0.0, vertical: true }],
            size: Size::Small,
        }
    };
    measures.iter().map(plot).collect()
}

fn per_sample(tests: &[Test]) -> Markup {
    html! {
        @if !tests.is_empty() {
            details {
                summary { "The paper's own test, over samples" }
                p.soft { "The samples of one run taken as independent. Such a p-value becomes as small as one likes with "
                    "more samples, and says nothing of another seed." }
                ul { @for test in tests { li {
                    (test.measure) ": " (test.method) " against " (test.against) ", p "
                    @if let Some(p) = test.p { (p_value(p)) } @else { "–" }
                } } }
            }
        }
    }
}
