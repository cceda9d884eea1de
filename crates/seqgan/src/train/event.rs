//! What training tells while it runs, and how it is asked to stop.

/// Receives progress. All methods may be called often; they must be quick.
pub trait Observer: Sync {
    /// A phase begins, or goes on with `done` of `total` steps behind it.
    fn phase(&self, name: &str, done: u64, total: u64) {
        let _ = (name, done, total);
    }

    /// `done` steps of the phase are made; `figures` are its numbers of the moment.
    fn advance(&self, done: u64, figures: &[(&str, f64)]) {
        let _ = (done, figures);
    }

    /// Something worth a line.
    fn note(&self, text: &str) {
        let _ = text;
    }

    /// Whether to save and stop before the next step.
    fn should_stop(&self) -> bool {
        false
    }
}

/// Says nothing and never stops.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {}
