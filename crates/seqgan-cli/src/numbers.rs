//! Numbers and times as people read them.

use std::time::Duration;

/// A figure of the moment: whole numbers whole, others with about three digits behind the point.
pub fn figure(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        // Rust writes infinity as "inf" and the other as "NaN"; one style for both.
        value.to_string().to_lowercase()
    } else if value == value.trunc() && size < 1e15 {
        format!("{:.0}", value + 0.0) // a negative zero becomes a plain one
    } else if !(0.01..1e15).contains(&size) {
        format!("{value:.1e}")
    } else if size < 10.0 {
        format!("{value:.3}")
    } else if size < 100.0 {
        format!("{value:.2}")
    } else if size < 1000.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    }
}

/// `9.512 ±0.006` with fixed digits, so that a column lines up. An error of nothing (a quantity that is the same
/// for every sequence) is left out.
pub fn mean_with_error(mean: f64, stderr: f64, decimals: usize) -> String {
    if !mean.is_finite() {
        return figure(mean);
    }
    // Zero has no sign.
    let mean = if mean.abs() < 0.5 * 0.1_f64.powi(decimals as i32) { 0.0 } else { mean };
    if !stderr.is_finite() || stderr < 1e-9 {
        return format!("{mean:.decimals$}");
    }
    format!("{mean:.decimals$} ±{stderr:.decimals$}")
}

/// A time in its two largest units: `3 m 20 s`, `2 h 05 m`, `45 s`.
pub fn duration(time: Duration) -> String {
    let seconds = time.as_secs_f64().round() as u64;
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    if days > 0 {
        format!("{days} d {:02} h", hours % 24)
    } else if hours > 0 {
        format!("{hours} h {:02} m", minutes % 60)
    } else if minutes > 0 {
        format!("{minutes} m {:02} s", seconds % 60)
    } else {
        format!("{seconds} s")
    }
}

/// The time of one step: `0.41 ms/step`, `41 ms/step`, `1.3 s/step`, `2 m 05 s/step`.
pub fn time_a_step(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 0.00995 {
        format!("{:.2} ms/step", seconds * 1e3)
    } else if seconds < 0.9995 {
        format!("{:.0} ms/step", seconds * 1e3)
    } else if seconds < 59.95 {
        format!("{seconds:.1} s/step")
    } else {
        format!("{}/step", duration(time))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_sensible_digits() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (64.0, "64"),
            (0.5123, "0.512"),
            (8.7414, "8.741"),
            (-8.7414, "-8.741"),
            (87.414, "87.41"),
            (874.14, "874.1"),
            (8741.4, "8741"),
            (0.000_123, "1.2e-4"),
            (f64::NAN, "nan"),
            (f64::NEG_INFINITY, "-inf"),
            (1e20, "1.0e20"),
        ] {
            assert_eq!(figure(value), text);
        }
    }

    #[test]
    fn means_stand_with_their_errors() {
        for (mean, stderr, text) in [
            (9.5123, 0.0062, "9.512 ±0.006"),
            (-0.02, 0.0041, "-0.020 ±0.004"),
            (0.5, 0.0, "0.500"),
            (-0.0001, 0.0021, "0.000 ±0.002"),
            (8.5, 1e-15, "8.500"),
            (0.5, f64::NAN, "0.500"),
            (f64::NAN, 0.1, "nan"),
        ] {
            assert_eq!(mean_with_error(mean, stderr, 3), text);
        }
    }

    #[test]
    fn times_show_two_units() {
        for (seconds, text) in [
            (0.2, "0 s"),
            (45.4, "45 s"),
            (59.7, "1 m 00 s"),
            (200.0, "3 m 20 s"),
            (7500.0, "2 h 05 m"),
            (97_200.0, "1 d 03 h"),
        ] {
            assert_eq!(duration(Duration::from_secs_f64(seconds)), text);
        }
    }

    #[test]
    fn steps_show_one_unit() {
        for (seconds, text) in [
            (0.000_41, "0.41 ms/step"),
            (0.041, "41 ms/step"),
            (0.9996, "1.0 s/step"),
            (1.26, "1.3 s/step"),
            (125.0, "2 m 05 s/step"),
        ] {
            assert_eq!(time_a_step(Duration::from_secs_f64(seconds)), text);
        }
    }
}
