//! Draws a plot as SVG: text stays text, colours come from the page's style, every mark carries its numbers.

use super::labels::{Area, Room};
use super::marks::{c, path, shape};
use super::plot::{Coordinate, Plot, Point, Reference, Series, Size, Style};
use super::scale::{Scale, ticks};
use maud::{Markup, html};
use std::fmt::Write;

/// Mean width of a character in units of the font's size.
const CHARACTER: f64 = 0.56;

/// Places of the frame and of what stands in it.
struct Layout {
    width: f64,
    height: f64,
    font: f64,
    frame: Area,
    x: Scale,
    y: Scale,
    x_ticks: Vec<(f64, String)>,
    y_ticks: Vec<(f64, String)>,
}

impl Layout {
    fn of(plot: &Plot) -> Self {
        let (width, mut height, font) = match plot.size {
            Size::Small => (360.0, 240.0, 11.5),
            Size::Large => (520.0, 380.0, 13.0),
        };
        let rows = plot.y.names.len();
        if rows > 0 {
            height = 52.0 + 25.0 * rows as f64;
        }
        let [x_range, y_range] = plot.ranges();
        let x_ticks = ticks(x_range, 5, plot.x.whole);
        let y_ticks = match rows {
            0 => ticks(y_range, 5, plot.y.whole),
            _ => plot.y.names.iter().enumerate().map(|(i, name)| (i as f64, name.clone())).collect(),
        };
        let widest = y_ticks.iter().map(|(_, text)| text.chars().count()).max().unwrap_or(1);
        let left = (widest as f64 * CHARACTER * font + 12.0).min(0.45 * width);
        let top = if plot.y.label.is_empty() { 8.0 } else { font * 2.1 };
        let bottom = if plot.x.label.is_empty() { font * 2.0 } else { font * 3.4 };
        let frame = Area { left, top, width: width - left - 14.0, height: height - top - bottom };
        let x = Scale::new(x_range, left, left + frame.width);
        // Names are read from above, numbers grow upwards.
        let (from, to) = if rows > 0 { (top, top + frame.height) } else { (top + frame.height, top) };
        Self { width, height, font, frame, x, y: Scale::new(y_range, from, to), x_ticks, y_ticks }
    }

    fn bottom(&self) -> f64 {
        self.frame.top + self.frame.height
    }

    fn right(&self) -> f64 {
        self.frame.left + self.frame.width
    }
}

/// The drawing; `id` must be one of its kind in the page.
pub(super) fn draw(plot: &Plot, id: &str) -> Markup {
    let at = Layout::of(plot);
    let (title, description) = (format!("{id}-title"), format!("{id}-text"));
    html! {
        svg viewBox={ "0 0 " (at.width) " " (at.height) } role="img" aria-labelledby={ (title) " " (description) }
            font-size=(at.font) {
            title id=(title) { (plot.title) }
            desc id=(description) { (describe(plot)) }
            (axes(plot, &at))
            (reference_lines(plot, &at))
            // Thin lines lie below the means of their runs.
            @for series in plot.series.iter().filter(|s| s.style == Style::Thin) { (draw_series(series, plot, &at)) }
            @for series in plot.series.iter().filter(|s| s.style != Style::Thin) { (draw_series(series, plot, &at)) }
            (reference_labels(plot, &at))
            (point_labels(plot, &at))
        }
    }
}

/// The drawing in words, for who does not see it.
fn describe(plot: &Plot) -> String {
    let mut text = match (plot.x.label.as_str(), plot.y.label.as_str()) {
        (x, "") => x.to_string(),
        (x, y) => format!("{y} against {x}"),
    };
    for series in plot.series.iter().filter(|series| !series.style.is_single_run()) {
        let _ = write!(text, "; {}: {} points", series.name, series.points.len());
    }
    text + ". The numbers are in the table below the figure."
}

fn axes(plot: &Plot, at: &Layout) -> Markup {
    let named = !plot.y.names.is_empty();
    html! {
        g.grid {
            @for (value, _) in &at.y_ticks {
                line x1=(c(at.frame.left)) x2=(c(at.right())) y1=(c(at.y.at(*value))) y2=(c(at.y.at(*value))) {}
            }
            @if named { @for (value, _) in &at.x_ticks {
                line x1=(c(at.x.at(*value))) x2=(c(at.x.at(*value))) y1=(c(at.frame.top)) y2=(c(at.bottom())) {}
            } }
        }
        line.axis x1=(c(at.frame.left)) x2=(c(at.right())) y1=(c(at.bottom())) y2=(c(at.bottom())) {}
        g.ticks {
            @for (value, text) in &at.y_ticks {
                text x=(c(at.frame.left - 7.0)) y=(c(at.y.at(*value) + 0.35 * at.font)) text-anchor="end" { (text) }
            }
            @for (value, text) in &at.x_ticks {
                text x=(c(at.x.at(*value))) y=(c(at.bottom() + 1.4 * at.font)) text-anchor="middle" { (text) }
            }
        }
        @if !plot.y.label.is_empty() { text.label x="0" y=(c(1.1 * at.font)) { (plot.y.label) } }
        @if !plot.x.label.is_empty() {
            text.label x=(c(at.right())) y=(c(at.height - 0.5 * at.font)) text-anchor="end" { (plot.x.label) " →" }
        }
    }
}

/// The references on the axes.
fn shown<'a>(plot: &'a Plot, at: &'a Layout) -> impl Iterator<Item = &'a Reference> {
    let holds = |r: &Reference| if r.vertical { at.x.holds(r.value) } else { at.y.holds(r.value) };
    plot.references.iter().filter(move |r| holds(r))
}

fn reference_lines(plot: &Plot, at: &Layout) -> Markup {
    html! {
        g.reference { @for reference in shown(plot, at) {
            @if reference.vertical {
                @let x = c(at.x.at(reference.value));
                line x1=(x) x2=(x) y1=(c(at.frame.top)) y2=(c(at.bottom())) {}
            } @else {
                @let y = c(at.y.at(reference.value));
                line x1=(c(at.frame.left)) x2=(c(at.right())) y1=(y) y2=(y) {}
            }
        } }
    }
}

/// Words beside the lines, above all that is drawn.
fn reference_labels(plot: &Plot, at: &Layout) -> Markup {
    html! {
        g.reference { @for reference in shown(plot, at).filter(|r| !r.label.is_empty()) {
            @if reference.vertical {
                // On the side where there is more room.
                @let x = at.x.at(reference.value);
                @let left = x > at.frame.left + 0.6 * at.frame.width;
                text x=(c(if left { x - 5.0 } else { x + 5.0 })) y=(c(at.frame.top + at.font))
                    text-anchor=(if left { "end" } else { "start" }) { (reference.label) }
            } @else {
                text x=(c(at.right())) y=(c(at.y.at(reference.value) - 4.0)) text-anchor="end" { (reference.label) }
            }
        } }
    }
}

fn draw_series(series: &Series, plot: &Plot, at: &Layout) -> Markup {
    let place = |p: &Point| (at.x.at(p.x.value), at.y.at(p.y.value));
    let line = series.style.has_line() && series.points.len() > 1;
    html! {
        g class={ "series " (series.look.class) (style_class(series.style)) } {
            @if series.style == Style::Band { (band(series, at)) }
            @if line { path.line data-points=(series.points.len()) d=(path(series.points.iter().map(place))) {} }
            @for ((x1, y1), (x2, y2)) in series.points.iter().flat_map(|point| error_bars(series.style, point, at)) {
                line.error x1=(c(x1)) y1=(c(y1)) x2=(c(x2)) y2=(c(y2)) {}
            }
            // A line of a run needs no marks: there may be thousands of points, and the table has them.
            @for point in series.points.iter().filter(|_| series.style != Style::Thin || !line) {
                @let size = match (series.style, point.strong) { (Style::Thin | Style::Dots, _) => 2.4, (_, true) => 6.0, _ => 3.6 };
                path.mark.strong[point.strong] d=(shape(series.look.shape, place(point), size))
                    data-x=(point.x.value) data-y=(point.y.value) {
                    title { (said(series, point, plot)) }
                }
            }
        }
    }
}

/// The mark of a look by itself, for the legend.
pub(super) fn key(series: &Series) -> Markup {
    html! {
        svg.key viewBox="0 0 28 14" width="28" height="14" aria-hidden="true" {
            g class={ "series " (series.look.class) } {
                @if series.style.has_line() { path.line d="M1 7H27" {} }
                path.mark d=(shape(series.look.shape, (14.0, 7.0), 4.0)) {}
            }
        }
    }
}

/// The ends of a point's bars, where its style has any.
fn error_bars(style: Style, point: &Point, at: &Layout) -> Vec<((f64, f64), (f64, f64))> {
    if !matches!(style, Style::Points | Style::Curve) {
        return Vec::new();
    }
    let (x, y) = (at.x.at(point.x.value), at.y.at(point.y.value));
    let upright = point.y.interval.map(|(low, high)| ((x, at.y.at(low)), (x, at.y.at(high))));
    let level = point.x.interval.map(|(low, high)| ((at.x.at(low), y), (at.x.at(high), y)));
    upright.into_iter().chain(level).collect()
}

fn style_class(style: Style) -> &'static str {
    match style {
        Style::Thin => " thin",
        Style::Dots => " dots",
        Style::Points | Style::Curve | Style::Band => "",
    }
}

/// What a mark says when it is pointed at.
fn said(series: &Series, point: &Point, plot: &Plot) -> String {
    let number = |c: &Coordinate| super::numbers::fixed(c.value, 3);
    let mut text = series.name.clone();
    if !point.name.is_empty() {
        let _ = write!(text, ", {}", point.name);
    }
    let _ = match plot.y.names.is_empty() {
        true => {
            write!(text, ": {} {}, {} {}", plot.x.label, number(&point.x), plot.y.label, number(&point.y))
        }
        false => write!(text, ": {}", number(&point.x)),
    };
    text
}

/// The area between the ends of the intervals, where each point has one.
fn band(series: &Series, at: &Layout) -> Markup {
    let ends: Option<Vec<_>> = series.points.iter().map(|p| p.y.interval.map(|i| (p.x.value, i))).collect();
    let Some(ends) = ends.filter(|ends| ends.len() > 1) else { return html! {} };
    let up = ends.iter().map(|(x, (_, high))| (at.x.at(*x), at.y.at(*high)));
    let down = ends.iter().rev().map(|(x, (low, _))| (at.x.at(*x), at.y.at(*low)));
    html! { path.band d={ (path(up.chain(down))) "Z" } {} }
}

fn point_labels(plot: &Plot, at: &Layout) -> Markup {
    if plot.points().all(|point| point.label.is_none()) {
        return html! {};
    }
    let radius = |point: &Point| if point.strong { 6.5 } else { 4.5 };
    let mut room = Room::new(at.frame);
    let place = |p: &Point| (at.x.at(p.x.value), at.y.at(p.y.value));
    plot.points().for_each(|point| room.take(place(point), radius(point)));
    for series in plot.series.iter().filter(|series| series.style.has_line()) {
        series.points.windows(2).for_each(|pair| room.take_line(place(&pair[0]), place(&pair[1])));
    }
    let bars = plot.series.iter().flat_map(|s| s.points.iter().flat_map(|p| error_bars(s.style, p, at)));
    bars.for_each(|(from, to)| room.take_line(from, to));
    let size = 0.86 * at.font;
    let mut all: Vec<_> = plot.series.iter().flat_map(|s| s.points.iter().map(move |p| (s, p))).collect();
    all.sort_by_key(|(_, point)| !point.strong);
    html! {
        g.names font-size=(c(size)) {
            @for (series, point) in all {
                @if let Some(text) = &point.label {
                    @let width = text.chars().count() as f64 * CHARACTER * size;
                    @if let Some(area) = room.place(place(point), radius(point), (width, size)) {
                        text class=(series.look.class) x=(c(area.left)) y=(c(area.top + 0.85 * size)) { (text) }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::palette::Look;
    use super::super::plot::{Axis, Point, Reference};
    use super::*;

    fn point(x: f64, y: f64) -> Point {
        let y = Coordinate { value: y, interval: Some((y - 0.5, y + 0.5)) };
        Point { name: String::new(), x: x.into(), y, strong: false, label: None }
    }

    fn plot(style: Style) -> Plot {
        let series = Series {
            name: "a <b>".into(),
            look: Look { class: "c0", shape: 3 },
            points: vec![point(0.0, 1.0), point(10.0, 3.0)],
            style,
        };
        let references = vec![
            Reference { label: "near".into(), value: 3.6, vertical: false },
            Reference { label: "far".into(), value: 90.0, vertical: false },
        ];
        Plot {
            title: "t".into(),
            x: Axis::of("x"),
            y: Axis::of("y"),
            series: vec![series],
            references,
            size: Size::Large,
        }
    }

    #[test]
    fn every_point_is_a_mark_with_its_numbers_and_intervals() {
        let text = draw(&plot(Style::Curve), "f").into_string();
        assert_eq!(text.matches("class=\"mark\"").count(), 2);
        assert_eq!(text.matches("class=\"error\"").count(), 2);
        assert!(text.contains("data-x=\"10\" data-y=\"3\"") && text.contains("class=\"line\""), "{text}");
        assert!(text.contains("a &lt;b&gt;") && !text.contains("<b>"), "names are escaped");
        assert!(text.contains("near") && !text.contains("far"), "a far line would squeeze the points");
        let text = draw(&plot(Style::Band), "f").into_string();
        assert_eq!((text.matches("class=\"band\"").count(), text.matches("class=\"error\"").count()), (1, 0));
    }

    #[test]
    fn marks_stand_where_the_ticks_say() {
        let plot = plot(Style::Points);
        let at = Layout::of(&plot);
        let tick = at.x_ticks.iter().find(|(_, text)| text == "10").expect("a tick at 10");
        assert!((at.x.at(tick.0) - at.x.at(10.0)).abs() < 1e-9);
        // Larger numbers stand to the right and higher up, all inside the frame.
        assert!(at.x.at(0.0) < at.x.at(10.0) && at.y.at(3.0) < at.y.at(1.0));
        assert!(at.x.at(0.0) > at.frame.left && at.y.at(0.5) < at.bottom());
    }
}
