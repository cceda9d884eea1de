//! Several runs at the same time, each on its share of the threads.

use crate::train::{Event, Observer};
use crate::{Error, Result};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Calls `run` for `0..count`, `jobs` at a time, and returns what they gave, in order. The first error asks the others to
/// save and stop, and is returned.
pub(super) fn run_all<T: Send>(
    count: usize,
    jobs: usize,
    observer: &dyn Observer,
    run: impl Fn(usize, &dyn Observer) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let jobs = jobs.clamp(1, count.max(1));
    let threads = (rayon::current_num_threads() / jobs).max(1);
    let (next, done, failed) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicBool::new(false));
    let results: Mutex<Vec<Option<Result<T>>>> = Mutex::new((0..count).map(|_| None).collect());
    let put = |index: usize, result: Result<T>| {
        if result.is_err() {
            failed.store(true, Ordering::SeqCst);
        }
        results.lock().unwrap_or_else(std::sync::PoisonError::into_inner)[index] = Some(result);
    };
    let pool = |_| rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pools: Vec<_> = (0..jobs).map(pool).collect::<Result<_, _>>().map_err(|error| Error::Io {
        action: "start threads for",
        path: "the runs".into(),
        source: std::io::Error::other(error),
    })?;
    observer.on(&Event::Phase { name: "runs", done: 0, total: count as u64 })?;
    std::thread::scope(|scope| {
        for pool in &pools {
            let (next, done, failed, put, run) = (&next, &done, &failed, &put, &run);
            scope.spawn(move || {
                while !failed.load(Ordering::SeqCst) {
                    let index = next.fetch_add(1, Ordering::SeqCst);
                    if index >= count {
                        break;
                    }
                    let inner = OneOf { name: format!("run {} of {count}", index + 1), observer, failed };
                    let result = pool.install(|| run(index, &inner));
                    let done = done.fetch_add(1, Ordering::SeqCst) as u64 + 1;
                    let reported = observer.on(&Event::Progress { done, figures: &[] });
                    put(index, result.and_then(|value| reported.map(|()| value)));
                }
            });
        }
    });
    let results = results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let (mut values, mut error) = (Vec::with_capacity(count), None);
    for result in results.into_iter().flatten() {
        match result {
            Ok(value) => values.push(value),
            // A run that was asked to stop because another failed is not the cause.
            Err(other) if error.is_none() || matches!(error, Some(Error::Interrupted)) => error = Some(other),
            Err(_) => {}
        }
    }
    match error {
        Some(error) => Err(error),
        None => Ok(values),
    }
}

/// Passes the notes and phases of a run on to the study's observer, with the run's name.
struct OneOf<'a> {
    name: String,
    observer: &'a dyn Observer,
    failed: &'a AtomicBool,
}

impl Observer for OneOf<'_> {
    fn on(&self, event: &Event<'_>) -> Result<()> {
        let note = |text: String| self.observer.on(&Event::Note(&text));
        match *event {
            Event::Phase { name, done, total } => {
                let from = if done > 0 { format!(", from step {done}") } else { String::new() };
                note(format!("{}: {name}, {total} steps{from}", self.name))
            }
            Event::Note(text) => note(format!("{}: {text}", self.name)),
            Event::Progress { .. } | Event::Record(_) => Ok(()),
        }
    }

    fn should_stop(&self) -> bool {
        self.failed.load(Ordering::SeqCst) || self.observer.should_stop()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::Silent;

    #[test]
    fn results_stand_in_order_whatever_the_number_of_jobs() {
        for jobs in [1, 2, 7, 100] {
            let got = run_all(20, jobs, &Silent, |i, _| {
                std::thread::sleep(std::time::Duration::from_millis((20 - i as u64) % 5));
                Ok(i * i)
            });
            assert_eq!(got.unwrap(), (0..20).map(|i| i * i).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_first_failure_stops_the_others_and_is_told() {
        let calls = AtomicUsize::new(0);
        let error = run_all(1000, 2, &Silent, |i, observer| {
            calls.fetch_add(1, Ordering::SeqCst);
            if i == 1 {
                return Err(Error::NotFinite { place: "the cause", value: f64::NAN, step: 1 });
            }
            while !observer.should_stop() {
                std::thread::yield_now();
            }
            Err::<(), _>(Error::Interrupted)
        });
        assert!(error.unwrap_err().to_string().contains("the cause"));
        assert!(calls.load(Ordering::SeqCst) <= 3, "{calls:?} runs were begun");
    }
}
