//! The verdict: each method against the temperature curve of its base, at equal entropy.

use super::super::figure::figures;
use super::super::numbers::{cell, signed};
use super::super::plot::{Axis, Plot, Point, Reference, Series, Size, Style};
use super::super::records::Method;
use super::section::{Context, Section, temperature};
use maud::{Markup, html};

/// Table and drawing of the differences.
pub(super) fn section(context: &Context<'_>) -> Option<Section> {
    let compared: Vec<&Method> =
        context.folder.methods().iter().filter(|m| !m.comparisons.is_empty()).collect();
    if compared.is_empty() {
        return None;
    }
    let body = html! {
        p { "A method is compared with its base sampled at the temperature that gives the same entropy. Negative "
            "differences favour the method. " strong { "dominates" } " means: at every temperature one divergence is "
            "surely lower, and the other is not worse." }
        (table(&compared))
        (figures(&context.id("entropy"), &["forward_kl", reverse(&compared)].map(|measure| plot(context, &compared, measure))))
    };
    Some(Section { id: "entropy", title: "At equal entropy", body })
}

fn table(compared: &[&Method]) -> Markup {
    // Of tasks whose samples are valid or not; more is better.
    let all = || compared.iter().flat_map(|method| &method.comparisons);
    let has_rule = all().any(|comparison| comparison.differences.get("valid").is_some());
    let reverse = reverse(compared);
    html! {
        div.scroll tabindex="0" { table {
            caption { "Method minus base, nats per token, with 95 % intervals" }
            thead { tr {
                @for name in ["method", "at", "base at", "forward_kl", reverse] { th scope="col" { (name) } }
                @if has_rule { th scope="col" { "valid" } }
                th scope="col" { "verdict" }
            } }
            tbody { @for method in compared { @for (i, comparison) in method.comparisons.iter().enumerate() { tr {
                @if i == 0 { th scope="rowgroup" rowspan=(method.comparisons.len()) { (method.name)
                    span.interval { "against " (method.base.as_deref().unwrap_or("its base")) } } }
                td { "T " (temperature(comparison.temperature)) }
                td { @if let Some(t) = comparison.base_temperature { "T " (temperature(t)) } @else { "–" } }
                (cell(comparison.differences.get("forward_kl"), 4, signed))
                (cell(comparison.differences.get(reverse), 4, signed))
                @if has_rule { (cell(comparison.differences.get("valid"), 4, signed)) }
                @if i == 0 { td.text rowspan=(method.comparisons.len()) { (method.verdict.as_deref().unwrap_or("–")) } }
            } } } }
        } }
    }
}

/// What stands beside the forward KL: without an oracle the score of language models of the samples.
fn reverse(compared: &[&Method]) -> &'static str {
    let mut all = compared.iter().flat_map(|method| &method.comparisons);
    let has_oracle = all.any(|comparison| comparison.differences.get("reverse_kl").is_some());
    if has_oracle { "reverse_kl" } else { "reverse_lm_score" }
}

fn plot(context: &Context<'_>, compared: &[&Method], measure: &str) -> Plot {
    let mut names = Vec::new();
    let mut series = Vec::new();
    for method in compared {
        let mut points = Vec::new();
        for comparison in &method.comparisons {
            let row = names.len() as f64;
            let name = format!("T {}", temperature(comparison.temperature));
            names.push(format!("{} {name}", method.name));
            points.extend(comparison.differences.get(measure).map(|difference| Point {
                name,
                x: difference.into(),
                y: row.into(),
                strong: true,
                label: None,
            }));
        }
        let look = context.palette.look(&method.name);
        series.push(Series { name: method.name.clone(), look, points, style: Style::Points });
    }
    Plot {
        title: format!("Difference of {measure}"),
        x: Axis::of("← better · worse"),
        y: Axis::naming(names),
        series,
        references: vec![Reference { label: String::new(), value: 0.0, vertical: true }],
        size: Size::Large,
    }
}
