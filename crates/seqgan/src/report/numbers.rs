//! Numbers as words of the page.

use super::records::Reading;
use maud::{Markup, html};

/// Fixed digits, with a true minus sign; nothing for what is no number.
pub(super) fn fixed(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return "–".into();
    }
    // Zero has no sign.
    let value = if value.abs() < 0.5 * 0.1_f64.powi(decimals as i32) { 0.0 } else { value };
    format!("{value:.decimals$}").replace('-', "\u{2212}")
}

/// A difference, with its sign always.
pub(super) fn signed(value: f64, decimals: usize) -> String {
    let text = fixed(value, decimals);
    if value > 0.0 && text.contains(|c: char| c.is_ascii_digit() && c != '0') {
        format!("+{text}")
    } else {
        text
    }
}

/// A cell: the mean and, below it, its 95 % interval.
pub(super) fn cell(reading: Option<Reading>, decimals: usize, show: fn(f64, usize) -> String) -> Markup {
    html! {
        td {
            @match reading {
                None => "–",
                Some(reading) => {
                    (show(reading.mean, decimals))
                    @if let Some((low, high)) = reading.interval() {
                        span.interval { (show(low, decimals)) " to " (show(high, decimals)) }
                    }
                }
            }
        }
    }
}

/// A p-value: small ones are only said to be small.
pub(super) fn p_value(p: f64) -> String {
    if p < 0.001 { "< 0.001".into() } else { fixed(p, 3) }
}

/// A time in its two largest units.
pub(super) fn duration(seconds: f64) -> String {
    if !seconds.is_finite() {
        return "–".into();
    }
    if seconds < 9.95 {
        return format!("{seconds:.1} s");
    }
    let whole = seconds.round() as u64;
    let (minutes, hours, days) = (whole / 60, whole / 3600, whole / 86_400);
    if days > 0 {
        format!("{days} d {:02} h", hours % 24)
    } else if hours > 0 {
        format!("{hours} h {:02} min", minutes % 60)
    } else if minutes > 0 {
        format!("{minutes} min {:02} s", whole % 60)
    } else {
        format!("{whole} s")
    }
}

/// Bytes in the unit that leaves one to three digits before the point.
pub(super) fn bytes(count: f64) -> String {
    let mut value = count;
    for unit in ["B", "KiB", "MiB"] {
        if value < 1000.0 {
            return format!("{value:.0} {unit}");
        }
        value /= 1024.0;
    }
    format!("{value:.1} GiB")
}

/// Whole numbers with thin spaces between thousands.
pub(super) fn whole(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) && digits.len() > 4 {
            text.push('\u{2009}');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_signed_where_asked() {
        assert_eq!(fixed(-0.0001, 3), "0.000");
        assert_eq!(fixed(-1.25, 2), "\u{2212}1.25");
        assert_eq!(fixed(f64::NAN, 2), "–");
        assert_eq!(
            (signed(0.0001, 3), signed(0.02, 3), signed(-0.02, 3)),
            ("0.000".into(), "+0.020".into(), "\u{2212}0.020".into())
        );
        assert_eq!((p_value(0.0001), p_value(0.04)), ("< 0.001".into(), "0.040".into()));
        assert_eq!(
            (duration(8.84), duration(150.0), duration(7500.0)),
            ("8.8 s".into(), "2 min 30 s".into(), "2 h 05 min".into())
        );
        assert_eq!((bytes(54_800_384.0), bytes(3e9)), ("52 MiB".into(), "2.8 GiB".into()));
        assert_eq!((whole(9508), whole(113_622)), ("9508".into(), "113\u{2009}622".into()));
    }

    #[test]
    fn a_cell_without_an_error_has_no_interval() {
        assert_eq!(cell(Some(Reading::exact(2.0)), 1, fixed).into_string(), "<td>2.0</td>");
        assert_eq!(cell(None, 1, fixed).into_string(), "<td>–</td>");
    }
}
