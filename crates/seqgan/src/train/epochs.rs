//! The loop over epochs and batches. It advances the cursor, so an interrupted training resumes exactly where it was.
//!
//! [`run`] trains likelihood models, discriminators, cross-fitted discriminators and the classifiers of `evaluate`.

use crate::data::Batches;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// Position of a loop over epochs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpochCursor {
    /// Epochs done.
    pub epoch: usize,
    /// Batches of the current epoch done.
    pub batch: usize,
}

impl EpochCursor {
    /// Number of updates done, with `batches` batches per epoch.
    pub fn updates(self, batches: usize) -> usize {
        self.epoch * batches + self.batch
    }
}

/// A model that is trained in epochs.
pub trait EpochTraining {
    /// Cursor of the training.
    fn cursor(&mut self) -> &mut EpochCursor;

    /// Whether to train for another epoch. It is called between epochs.
    fn goes_on(&mut self) -> bool;

    /// Batches of epoch number `epoch`. Repeated calls must give the same batches.
    fn batches(&self, epoch: usize) -> Batches;

    /// Whether the limit of updates is reached, which can happen within an epoch.
    fn is_at_limit(&self) -> bool {
        false
    }

    /// Makes one update with these rows of the training set. On error, everything must be as it was before the step.
    fn step(&mut self, rows: &[usize]) -> Result<()>;

    /// Ends a step: reports it, saves when a save is due, and stops on request.
    fn end_of_step(&mut self) -> Result<()> {
        Ok(())
    }

    /// Ends an epoch: validates, measures, and keeps the best model.
    fn end_of_epoch(&mut self) -> Result<()>;

    /// Handles the error of a step and returns the error that [`run`] reports.
    fn failed(&mut self, error: Error) -> Error {
        error
    }
}

/// Trains from the cursor to the end of the training.
pub fn run(training: &mut dyn EpochTraining) -> Result<()> {
    // An epoch that was interrupted behind its last batch still has to end.
    while training.cursor().batch > 0 || training.goes_on() {
        let EpochCursor { epoch, batch } = *training.cursor();
        for rows in training.batches(epoch).iter().skip(batch) {
            if training.is_at_limit() {
                break;
            }
            if let Err(error) = training.step(rows) {
                return Err(training.failed(error));
            }
            training.cursor().batch += 1;
            training.end_of_step()?;
        }
        *training.cursor() = EpochCursor { epoch: epoch + 1, batch: 0 };
        training.end_of_epoch()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Purpose, Streams};

    /// Records the rows of each step, and stops after some steps.
    struct Recorder {
        cursor: EpochCursor,
        seen: Vec<usize>,
        steps_left: usize,
    }

    impl EpochTraining for Recorder {
        fn cursor(&mut self) -> &mut EpochCursor {
            &mut self.cursor
        }

        fn goes_on(&mut self) -> bool {
            self.cursor.updates(4) < 12
        }

        fn batches(&self, epoch: usize) -> Batches {
            Batches::new(10, 3, &Streams::new(1, Purpose::ShuffleGenerator), epoch as u64)
        }

        fn step(&mut self, rows: &[usize]) -> Result<()> {
            self.seen.extend(rows);
            Ok(())
        }

        fn end_of_step(&mut self) -> Result<()> {
            self.steps_left -= 1;
            if self.steps_left == 0 { Err(Error::Interrupted) } else { Ok(()) }
        }

        fn end_of_epoch(&mut self) -> Result<()> {
            self.seen.push(1000 + self.cursor.epoch);
            Ok(())
        }
    }

    #[test]
    fn a_loop_goes_on_where_it_was_interrupted() {
        let train = |steps_left| Recorder { cursor: EpochCursor::default(), seen: Vec::new(), steps_left };
        let mut whole = train(usize::MAX);
        run(&mut whole).unwrap();
        assert_eq!(whole.seen.len(), 33);
        for steps in 1..12 {
            let mut parts = train(steps);
            while run(&mut parts).is_err() {
                parts.steps_left = steps;
            }
            assert_eq!(parts.seen, whole.seen, "{steps} steps at a time");
        }
    }
}
