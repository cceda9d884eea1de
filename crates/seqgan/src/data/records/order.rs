//! The order of rows within a sequence: by number, by time or by text.

use jiff::civil::DateTime;
use jiff::{Timestamp, tz::TimeZone};

/// How places in a sequence are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Integer,
    Number,
    /// Times of ISO 8601, at any precision; those without an offset count as UTC.
    Time,
    Text,
}

impl Order {
    /// The order that fits all places. The error is a place that does not fit the others, or that looks like a time and cannot
    /// be compared; and why.
    pub(super) fn of<'a>(
        places: impl Iterator<Item = &'a str> + Clone,
    ) -> Result<Self, (String, &'static str)> {
        let total = places.clone().count();
        let fitting = |fits: fn(&str) -> bool| places.clone().filter(|place| fits(place)).count();
        for (order, fits, what) in [
            (Self::Integer, (|place| integer(place).is_some()) as fn(&str) -> bool, "whole numbers"),
            (Self::Number, |place| number(place).is_some(), "numbers"),
            (Self::Time, |place| time(place).is_some(), "times"),
        ] {
            let fitting = fitting(fits);
            if fitting == total {
                return Ok(order);
            }
            // A few other places among numbers would sort all of them as text: 10 before 9.
            if 2 * fitting > total && order != Self::Integer {
                let other = places.clone().find(|place| !fits(place)).unwrap_or_default();
                return Err((other.into(), what));
            }
        }
        // As texts 10:00 comes before 9:00, and 10 Jan before 2 Jan.
        let begins_with_number = |place: &&str| place.trim().starts_with(|c: char| c.is_ascii_digit());
        if 2 * places.clone().filter(begins_with_number).count() > total
            && let Some(place) = places.clone().find(begins_with_number)
            && !is_like_a_date(place)
        {
            return Err((place.into(), "places that begin with a number and are none"));
        }
        match places.into_iter().find(|place| is_like_a_date(place)) {
            Some(place) => Err((place.into(), "dates in which day and month cannot be told apart")),
            None => Ok(Self::Text),
        }
    }

    /// What it is called.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Integer | Self::Number => "number",
            Self::Time => "time",
            Self::Text => "text",
        }
    }

    /// Sorts values by their places, which fit. Equal places stay in their order.
    pub(super) fn sort<T>(self, values: &mut [(String, T)]) {
        match self {
            Self::Integer => values.sort_by_cached_key(|(place, _)| integer(place)),
            Self::Number => {
                values.sort_by(|(a, _), (b, _)| number(a).unwrap_or(0.0).total_cmp(&number(b).unwrap_or(0.0)))
            }
            Self::Time => values.sort_by_cached_key(|(place, _)| time(place)),
            Self::Text => values.sort_by(|(a, _), (b, _)| a.trim().cmp(b.trim())),
        }
    }
}

fn integer(place: &str) -> Option<i128> {
    place.trim().parse().ok()
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
        let mut values: Vec<(String, &str)> = places.drain(..).map(|place| (place.into(), place)).collect();
        order.sort(&mut values);
        (order, values.into_iter().map(|(_, place)| place).collect())
    }

    #[test]
    fn numbers_times_and_texts_are_sorted_as_what_they_are() {
        assert_eq!(sorted(vec!["10", "2", "-1.5"]), (Order::Number, vec!["-1.5", "2", "10"]));
        let (late, early) = ("1717142400000000001", "1717142400000000000");
        assert_eq!(sorted(vec![late, early]), (Order::Integer, vec![early, late]));
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
    fn places_that_do_not_fit_are_refused() {
        let other = |places: &[&str]| Order::of(places.iter().copied()).unwrap_err().0;
        for place in ["31.05.2024 09:00", "5/31/2024", "31-05-24"] {
            assert_eq!(other(&[place, "x"]), place);
        }
        assert_eq!(other(&["1", "NA", "2.5"]), "NA");
        assert_eq!(other(&["10", "9", ""]), "");
        assert_eq!(other(&["9:05", "10:02"]), "9:05");
        assert_eq!(other(&["2 Jan 2024", "10 Jan 2024"]), "2 Jan 2024");
        assert_eq!(other(&["2024-05-31", "soon", "2024-06-01"]), "soon");
    }
}
