//! Outlines of marks and lines, in the language of SVG paths.

use std::fmt::Write;

/// A closed outline around a place, of about the same area for all shapes.
pub(super) fn shape(number: usize, (x, y): (f64, f64), r: f64) -> String {
    let points = |corners: &[(f64, f64)]| path(corners.iter().map(|(dx, dy)| (x + dx * r, y + dy * r))) + "Z";
    match number {
        1 => points(&[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]),
        2 => points(&[(0.0, -1.3), (1.2, 0.9), (-1.2, 0.9)]),
        3 => points(&[(0.0, -1.35), (1.35, 0.0), (0.0, 1.35), (-1.35, 0.0)]),
        4 => points(&[(0.0, 1.3), (1.2, -0.9), (-1.2, -0.9)]),
        5 => {
            let corner = |i: i32| {
                let (angle, radius) =
                    (f64::from(i) * std::f64::consts::PI / 5.0, if i % 2 == 0 { 1.6 } else { 0.7 });
                (radius * angle.sin(), -radius * angle.cos())
            };
            points(&(0..10).map(corner).collect::<Vec<_>>())
        }
        _ => {
            let (left, right, r) = (c(x - r), c(x + r), c(r));
            format!("M{left} {0}A{r} {r} 0 1 1 {right} {0}A{r} {r} 0 1 1 {left} {0}Z", c(y))
        }
    }
}

/// A line through places.
pub(super) fn path(points: impl Iterator<Item = (f64, f64)>) -> String {
    let mut text = String::new();
    for (i, (x, y)) in points.enumerate() {
        let _ = write!(text, "{}{} {}", if i == 0 { 'M' } else { 'L' }, c(x), c(y));
    }
    text
}

/// A place of the drawing: a hundredth of a unit is finer than any screen.
pub(super) fn c(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_the_drawing_are_short() {
        assert_eq!((c(1.0 / 3.0), c(2.0), c(10.50)), ("0.33".into(), "2".into(), "10.5".into()));
    }
}
