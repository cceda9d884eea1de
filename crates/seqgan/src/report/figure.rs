//! Drawings with what belongs around them: a heading, one legend for all, and the numbers as tables.

use super::numbers::fixed;
use super::plot::{Coordinate, Plot, Series, Size};
use super::svg;
use maud::{Markup, html};

/// Digits of the tables: enough to draw the figure again.
const DECIMALS: usize = 4;

/// Drawings side by side that share their legend. Empty ones are left out.
pub(super) fn figures(id: &str, plots: &[Plot]) -> Markup {
    let plots: Vec<&Plot> = plots.iter().filter(|plot| plot.has_points()).collect();
    let large = plots.iter().any(|plot| plot.size == Size::Large);
    html! {
        (legend(&plots))
        div.plots.large[large] {
            @for (i, plot) in plots.iter().enumerate() { (figure(plot, &format!("{id}-{i}"))) }
        }
    }
}

fn figure(plot: &Plot, id: &str) -> Markup {
    html! {
        figure {
            figcaption { (plot.title) }
            (svg::draw(plot, id))
            @let hidden = outside(plot);
            @if !hidden.is_empty() { p.outside { (hidden) } }
            details { summary { "Numbers" } (table(plot)) }
        }
    }
}

/// References that would squeeze the points.
fn outside(plot: &Plot) -> String {
    let [x, y] = plot.ranges();
    let far = plot.references.iter().filter(|r| {
        let (low, high) = if r.vertical { x } else { y };
        !r.label.is_empty() && !(low..=high).contains(&r.value)
    });
    far.map(|r| format!("{}: {}, off the axis", r.label, fixed(r.value, 3))).collect::<Vec<_>>().join("; ")
}

/// A key for every name once.
fn legend(plots: &[&Plot]) -> Markup {
    let mut keys: Vec<&Series> = Vec::new();
    for series in plots.iter().flat_map(|plot| &plot.series) {
        let known = keys.iter().any(|key| key.name == series.name && key.look == series.look);
        if !known && !series.style.is_single_run() && !series.points.is_empty() {
            keys.push(series);
        }
    }
    html! {
        // A single name needs no key: the titles tell it.
        @if keys.len() > 1 {
            ul.legend { @for series in keys { li { (svg::key(series)) (series.name) } } }
        }
    }
}

/// The numbers of all points: a row a step where the x-axis counts, else a row a point.
fn table(plot: &Plot) -> Markup {
    html! {
        div.scroll tabindex="0" { table.numbers {
            caption { (plot.title) "; brackets hold 95 % intervals" }
            @if plot.x.whole { (by_step(plot)) } @else { (by_point(plot)) }
        } }
    }
}

fn by_step(plot: &Plot) -> Markup {
    let mut steps: Vec<f64> = plot.points().map(|point| point.x.value).collect();
    steps.sort_by(f64::total_cmp);
    steps.dedup();
    let at =
        |series: &Series, step: f64| series.points.iter().find(|p| p.x.value == step).map(|p| numbers(&p.y));
    html! {
        thead { tr {
            th scope="col" { (plot.x.label) }
            @for series in &plot.series { th scope="col" {
                (series.name)
                @if let Some(run) = series.points.first().map(|p| &p.name).filter(|name| !name.is_empty()) {
                    span.interval { (run) }
                }
            } }
        } }
        tbody { @for step in steps { tr {
            th scope="row" { (fixed(step, 0)) }
            @for series in &plot.series {
                @if let Some(text) = at(series, step) { td.n { (text) } } @else { td { "–" } }
            }
        } } }
    }
}

fn by_point(plot: &Plot) -> Markup {
    let named = !plot.y.names.is_empty();
    let pointed = plot.points().any(|point| !point.name.is_empty());
    html! {
        thead { tr {
            th scope="col" { "series" }
            @if pointed { th.text scope="col" { "point" } }
            @if !named { th scope="col" { (plot.x.label) } }
            th scope="col" { @if named { "value" } @else { (plot.y.label) } }
        } }
        tbody { @for series in &plot.series { @for point in &series.points { tr {
            th scope="row" { (series.name) }
            @if pointed { td.text { (point.name) } }
            @if !named { td { (numbers(&point.x)) } }
            td.n { (numbers(if named { &point.x } else { &point.y })) }
        } } } }
    }
}

fn numbers(coordinate: &Coordinate) -> String {
    let value = fixed(coordinate.value, DECIMALS);
    match coordinate.interval {
        Some((low, high)) => format!("{value} [{}, {}]", fixed(low, DECIMALS), fixed(high, DECIMALS)),
        None => value,
    }
}
