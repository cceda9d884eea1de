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

fn table(plot: &Plot) -> Markup {
    let named = !plot.y.names.is_empty();
    let numbers = |c: &Coordinate| match c.interval {
        Some((low, high)) => {
            format!("{} [{}, {}]", fixed(c.value, DECIMALS), fixed(low, DECIMALS), fixed(high, DECIMALS))
        }
        None if c.value.fract() == 0.0 => fixed(c.value, 0),
        None => fixed(c.value, DECIMALS),
    };
    let pointed = plot.points().any(|point| !point.name.is_empty());
    html! {
        div.scroll tabindex="0" { table.numbers {
            caption { (plot.title) "; brackets hold 95 % intervals" }
            thead { tr {
                th scope="col" { "series" }
                @if pointed { th scope="col" { "point" } }
                th scope="col" { @if plot.x.label.is_empty() { "value" } @else { (plot.x.label) } }
                @if !named { th scope="col" { (plot.y.label) } }
            } }
            tbody { @for series in &plot.series { @for point in &series.points { tr {
                th scope="row" { (series.name) }
                @if pointed { td { (point.name) } }
                td { (numbers(&point.x)) }
                @if !named { td { (numbers(&point.y)) } }
            } } } }
        } }
    }
}
