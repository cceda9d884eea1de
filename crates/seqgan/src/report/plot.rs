//! What a figure shows, apart from how it is drawn.

use super::palette::Look;
use super::records::Reading;

/// A number on an axis and its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Coordinate {
    pub value: f64,
    pub interval: Option<(f64, f64)>,
}

impl From<f64> for Coordinate {
    fn from(value: f64) -> Self {
        Self { value, interval: None }
    }
}

impl From<Reading> for Coordinate {
    fn from(reading: Reading) -> Self {
        Self { value: reading.mean, interval: reading.interval() }
    }
}

impl Coordinate {
    /// The number and the ends of its interval.
    pub fn values(&self) -> impl Iterator<Item = f64> + use<> {
        let (low, high) = self.interval.unzip();
        [Some(self.value), low, high].into_iter().flatten()
    }
}

/// A point of a series.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Point {
    /// What it is, for the table and for who points at it; may be empty.
    pub name: String,
    pub x: Coordinate,
    pub y: Coordinate,
    /// Drawn larger, and its label before those of others.
    pub strong: bool,
    /// Written beside it, if there is room.
    pub label: Option<String>,
}

/// Points that belong together.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Series {
    pub name: String,
    pub look: Look,
    pub points: Vec<Point>,
    pub style: Style,
}

/// How the points of a series are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// Marks with error bars.
    Points,
    /// The same on a line in the order of the points.
    Curve,
    /// A line with marks, and the intervals as a band.
    Band,
    /// Small marks: single runs beside their mean.
    Dots,
    /// A thin line: one run of several.
    Thin,
}

impl Style {
    /// Whether its points are joined.
    pub fn has_line(self) -> bool {
        matches!(self, Self::Curve | Self::Band | Self::Thin)
    }

    /// Whether the series stands behind a mean that is shown too.
    pub fn is_single_run(self) -> bool {
        matches!(self, Self::Dots | Self::Thin)
    }
}

/// A direction of the drawing.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Axis {
    pub label: String,
    /// Ticks at whole numbers only.
    pub whole: bool,
    /// Names at 0, 1, .. instead of numbers.
    pub names: Vec<String>,
}

impl Axis {
    /// An axis of numbers.
    pub fn of(label: impl Into<String>) -> Self {
        Self { label: label.into(), ..Self::default() }
    }

    /// An axis of counts.
    pub fn counting(label: impl Into<String>) -> Self {
        Self { whole: true, ..Self::of(label) }
    }

    /// An axis of names.
    pub fn naming(names: Vec<String>) -> Self {
        Self { names, ..Self::default() }
    }
}

/// A line across the drawing at a reference value. Where it would squeeze the points, its value is written instead.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reference {
    pub label: String,
    pub value: f64,
    /// Whether the number is on the x-axis.
    pub vertical: bool,
}

/// Room for a drawing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    /// One of three in a row.
    Small,
    /// One of two in a row.
    Large,
}

/// One drawing with its table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plot {
    pub title: String,
    pub x: Axis,
    pub y: Axis,
    pub series: Vec<Series>,
    pub references: Vec<Reference>,
    pub size: Size,
}

impl Plot {
    /// Whether there is anything to draw.
    pub fn has_points(&self) -> bool {
        self.series.iter().any(|series| !series.points.is_empty())
    }

    /// All points.
    pub fn points(&self) -> impl Iterator<Item = &Point> {
        self.series.iter().flat_map(|series| &series.points)
    }

    /// The ranges of both axes: all points and intervals, and the references near them.
    pub fn ranges(&self) -> [(f64, f64); 2] {
        let xs = self.points().flat_map(|p| p.x.values());
        let ys = self.points().flat_map(|p| p.y.values());
        [self.range(xs, true, &self.x), self.range(ys, false, &self.y)]
    }

    fn range(&self, values: impl Iterator<Item = f64>, vertical: bool, axis: &Axis) -> (f64, f64) {
        if !axis.names.is_empty() {
            return (-0.6, axis.names.len() as f64 - 0.4);
        }
        let mut range = super::scale::range(values);
        for reference in self.references.iter().filter(|r| r.vertical == vertical) {
            let (low, high) = (range.0.min(reference.value), range.1.max(reference.value));
            if high - low <= 1.7 * (range.1 - range.0) && (low, high) != range {
                range = super::scale::range([low, high]);
            }
        }
        range
    }
}
