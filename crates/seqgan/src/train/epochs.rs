//! The loop over epochs of batches: it owns the cursor, so that training goes on exactly where it was interrupted.
//!
//! Likelihood models, discriminators, cross-fitted discriminators and the classifiers of `evaluate` are all trained by
//! [`run`].

use crate::data::Batches;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// Where a loop over epochs stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpochCursor {
    /// Epochs done.
    pub epoch: usize,
    /// Batches of the current epoch done.
    pub batch: usize,
}

impl EpochCursor {
    /// Updates done, of `batches` an epoch.
    pub fn updates(self, batches: usize) -> usize {
        self.epoch * batches + self.batch
    }
}

/// Something that is trained in epochs.
pub trait EpochTraining {
    /// Where it stands.
    fn cursor(&mut self) -> &mut EpochCursor;

    /// Whether another epoch is to be made, at the end of one.
    fn goes_on(&mut self) -> bool;

    /// The batches of an epoch: the same ones whenever it is asked.
    fn batches(&self, epoch: usize) -> Batches;

    /// Whether no further update may be made, within an epoch.
    fn is_at_limit(&self) -> bool {
        false
    }

    /// One update with these rows of the training set. An error must leave everything as it was before the step.
    fn step(&mut self, rows: &[usize]) -> Result<()>;

    /// Reports a step, saves when it is time to, stops when asked to.
    fn end_of_step(&mut self) -> Result<()> {
        Ok(())
    }

    /// Validates, measures, chooses a checkpoint.
    fn end_of_epoch(&mut self) -> Result<()>;

    /// What becomes of the error of a step.
    fn failed(&mut self, error: Error) -> Error {
        error
    }
}

/// Trains from the cursor to the end.
pub fn run(training: &mut dyn EpochTraining) -> Result<()> {
    while training.goes_on() {
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

    /// Writes down the rows that it is trained on, and stops after some steps.
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
            self.cursor.epoch < 3
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
