//! The order of rows within a sequence: by number, by time or by text.

use jiff::civil::DateTime;
use jiff::{Timestamp, tz::TimeZone};

/// How places in a sequence are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Number,
    /// Times of ISO 8601, at any precision; those without an offset count as UTC.
    Time,
    Text,
}

impl Order {
    /// The order that fits all places. The error is a place that looks like a time and cannot be compared.
    pub(super) fn of<'a>(places: impl Iterator<Item = &'a str> + Clone) -> Result<Self, String> {
        if places.clone().all(|place| number(place).is_some()) {
            return Ok(Self::Number);
        }
        if places.clone().all(|place| time(place).is_some()) {
            return Ok(Self::Time);
        }
        match places.into_iter().find(|place| is_like_a_date(place)) {
            Some(place) => Err(place.into()),
            None => Ok(Self::Text),
        }
    }

    /// What it is called.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Time => "time",
            Self::Text => "text",
        }
    }

    /// Compares two places that fit.
    pub(super) fn compare(self, a: &str, b: &str) -> std::cmp::Ordering {
        match self {
            Self::Number => number(a).unwrap_or(0.0).total_cmp(&number(b).unwrap_or(0.0)),
            Self::Time => time(a).cmp(&time(b)),
            Self::Text => a.trim().cmp(b.trim()),
        }
    }
}

fn number(place: &str) -> Option<f64> {
    place.trim().parse::<f64>().ok().filter(|number| number.is_finite())
}

fn time(place: &str) -> Option<Timestamp> {
    let place = place.trim();
    place.parse::<Timestamp>().ok().or_else(|| {
        let time = place.parse::<DateTime>().ok()?;
        time.to_zoned(TimeZone::UTC).ok().map(|time| time.timestamp())
    })
}

/// Numbers between points, bars or hyphens, as dates are written: which is the day and which the month nobody knows.
fn is_like_a_date(place: &str) -> bool {
    let date = place.trim().split([' ', 'T', ',']).next().unwrap_or_default();
    let parts: Vec<&str> = date.split(['.', '/', '-']).collect();
    parts.len() == 3
        && parts.iter().all(|part| (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(mut places: Vec<&str>) -> (Order, Vec<&str>) {
        let order = Order::of(places.iter().copied()).unwrap();
        places.sort_by(|a, b| order.compare(a, b));
        (order, places)
    }

    #[test]
    fn numbers_times_and_texts_are_sorted_as_what_they_are() {
        assert_eq!(sorted(vec!["10", "2", "-1.5"]), (Order::Number, vec!["-1.5", "2", "10"]));
        // As texts a point comes before Z.
        let times = vec!["2024-05-31T12:00:07.3Z", "2024-05-31T12:00:07Z", "2024-05-31T14:00:07.04+02:00"];
        let expected = vec![times[1], times[2], times[0]];
        assert_eq!(sorted(times), (Order::Time, expected));
        let times = vec!["2024-05-31 12:00", "2024-05-30", "2024-05-31 09:30:00"];
        let expected = vec![times[1], times[2], times[0]];
        assert_eq!(sorted(times), (Order::Time, expected));
        assert_eq!(sorted(vec!["b", "a2", "a10"]), (Order::Text, vec!["a10", "a2", "b"]));
    }

    #[test]
    fn dates_of_an_unknown_order_are_refused() {
        for place in ["31.05.2024 09:00", "5/31/2024", "31-05-24"] {
            assert_eq!(Order::of([place, "x"].into_iter()), Err(place.to_string()));
        }
    }
}
