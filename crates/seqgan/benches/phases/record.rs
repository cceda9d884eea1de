//! One phase, measured.

use super::phase::Phase;
use super::scale::Scale;
use super::statistics::Spread;
use super::work::Work;
use serde::{Deserialize, Serialize};
use std::fs;
use std::time::Instant;

/// What is printed as a JSON line. Rates are of the median run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Its name.
    pub phase: String,
    /// Threads that computed it.
    pub threads: usize,
    /// Of each run.
    pub seconds: Vec<f64>,
    /// Of the seconds.
    pub median: f64,
    /// The work of a run, as `work.rs` counts it.
    pub gflop: f64,
    /// Achieved.
    pub gflop_per_s: f64,
    /// Sequences per second.
    pub sequences_per_s: Option<f64>,
    /// Tokens per second.
    pub tokens_per_s: Option<f64>,
    /// The most memory that the process held in the runs, where the system tells it. Of several phases in one process
    /// the later ones may hold on to what the earlier ones freed.
    pub peak_rss_mb: Option<f64>,
    /// The sizes.
    #[serde(flatten)]
    pub scale: Scale,
}

impl Record {
    /// Checks a phase, runs it once more unless `warm_up` is false, then `repeat` times by the clock.
    pub fn measure(phase: Phase, scale: &Scale, repeat: usize, warm_up: bool) -> Self {
        let mut run = phase.prepare(*scale);
        forget_peak();
        if warm_up {
            run();
        }
        let mut time = || {
            let start = Instant::now();
            run();
            start.elapsed().as_secs_f64()
        };
        let seconds: Vec<f64> = (0..repeat).map(|_| time()).collect();
        let (median, work) = (Spread::of(seconds.iter().copied()).median, Work::of(phase, scale));
        let rate = |n: usize| (n as f64 / median).round();
        Self {
            phase: phase.to_string(),
            threads: rayon::current_num_threads(),
            median,
            seconds,
            gflop: work.gflop,
            gflop_per_s: (10.0 * work.gflop / median).round() / 10.0,
            sequences_per_s: work.sequences.map(rate),
            tokens_per_s: work.tokens.map(rate),
            peak_rss_mb: peak_rss_mb(),
            scale: *scale,
        }
    }
}

/// Lets the peak begin anew, so that preparation does not count; a system that cannot do it reports the whole.
fn forget_peak() {
    let _ = fs::write("/proc/self/clear_refs", "5");
}

fn peak_rss_mb() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some((kib / 102.4).round() / 10.0)
}
