//! The processes, and the division of work between them.

use super::ProgramSettings;
use super::process::Process;
use super::silence::Silence;
use super::worker::{Failure, ask, dismiss};
use crate::reward::Watcher;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Places for processes. A process leaves its place while it works and returns when all its answers are there, so
/// that one with answers under way is never asked again.
#[derive(Debug)]
pub(super) struct Pool {
    places: Vec<Option<Process>>,
}

impl Pool {
    pub(super) fn new(num_processes: usize) -> Self {
        Self { places: std::iter::repeat_with(|| None).take(num_processes).collect() }
    }

    /// Scores `example` on a process of its own, ends that, and starts the others.
    pub(super) fn check(
        &mut self,
        settings: &ProgramSettings,
        example: &str,
        watcher: &dyn Watcher,
    ) -> Result<(), Failure> {
        let mut trial = None;
        let mut silence = Silence::new(settings, example, watcher);
        let mut waiting = || silence.goes_on();
        score_batch(&mut trial, settings, &[example.to_owned()], &AtomicBool::new(false), &mut waiting)
            .expect("nobody stops it")?;
        drop(silence);
        trial.map_or(Ok(()), dismiss)?;
        for place in self.places.iter_mut().filter(|place| place.is_none()) {
            *place = Some(start(settings)?);
        }
        Ok(())
    }

    /// Batches go in order to whichever process is free; of several failures, the earliest batch's is returned.
    pub(super) fn score(
        &mut self,
        settings: &ProgramSettings,
        texts: &[String],
    ) -> Result<Vec<f64>, Failure> {
        let batches: Vec<&[String]> = texts.chunks(settings.batch_size.max(1)).collect();
        let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
        let work = |place: &mut Option<Process>| {
            let mut done = Vec::new();
            while !failed.load(Ordering::Relaxed) {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(batch) = batches.get(index) else { break };
                let Some(result) = score_batch(place, settings, batch, &failed, &mut || Ok(())) else {
                    break;
                };
                failed.fetch_or(result.is_err(), Ordering::Relaxed);
                done.push((index, result));
            }
            done
        };
        let mut done = std::thread::scope(|scope| {
            let work = &work;
            let places = self.places.iter_mut().take(batches.len());
            let threads: Vec<_> = places.map(|place| scope.spawn(move || work(place))).collect();
            let join = |thread: std::thread::ScopedJoinHandle<'_, Vec<_>>| {
                thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            };
            threads.into_iter().flat_map(join).collect::<Vec<_>>()
        });
        done.sort_by_key(|&(index, _)| index);
        let mut scores = Vec::with_capacity(texts.len());
        for (_, result) in done {
            scores.append(&mut result?);
        }
        Ok(scores)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // All at once, so that they end side by side.
        for process in self.places.iter_mut().flatten() {
            process.close_input();
        }
    }
}

fn start(settings: &ProgramSettings) -> Result<Process, Failure> {
    Process::start(&settings.command).map_err(|reason| Failure::cannot_start(&settings.command, &reason))
}

/// The scores of a batch, by as many processes as that takes; `None` if another batch failed meanwhile.
fn score_batch(
    place: &mut Option<Process>,
    settings: &ProgramSettings,
    batch: &[String],
    stop: &AtomicBool,
    waiting: &mut dyn FnMut() -> Result<(), Failure>,
) -> Option<Result<Vec<f64>, Failure>> {
    let mut restarts = 0;
    loop {
        let mut process = match place.take().map_or_else(|| start(settings), Ok) {
            Ok(process) => process,
            Err(failure) => return Some(Err(failure)),
        };
        match ask(&mut process, batch, settings.timeout(), waiting) {
            Ok(scores) => {
                *place = Some(process);
                return Some(Ok(scores));
            }
            Err(failure) if !failure.is_bad_luck => return Some(Err(failure)),
            Err(_) if stop.load(Ordering::Relaxed) => return None,
            Err(mut failure) if restarts == settings.max_restarts => {
                if restarts > 0 {
                    failure.message = format!("gave up after {} tries: {}", restarts + 1, failure.message);
                }
                return Some(Err(failure));
            }
            Err(_) => restarts += 1,
        }
    }
}
