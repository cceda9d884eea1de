//! Melodies in MIDI files: the pitch that sounds every so often, as the SeqGAN paper reads folk tunes (section 5.3).
//!
//! A melody is a sequence of numbers: 1 to 88 are the keys of a piano (MIDI pitches 21 to 108), 0 is a rest. It is the
//! first track that has notes, drums not counted; of several notes the highest counts. A note sounds from the tick it
//! begins at to the one before it ends. A held and a repeated note give the same numbers.

mod clock;
mod files;
#[cfg(test)]
mod fixture;
mod melody;
mod notes;
mod parsing;
mod selection;
#[cfg(test)]
mod tests;
mod writing;

pub use files::holds_midi;
pub(super) use files::{Found, files};
pub(super) use melody::fill_rests;
pub use melody::{Melody, from_midi};
pub use selection::{MelodySource, MidiSelection, TrackChoice};
pub use writing::to_midi;

/// Numbers of a melody's alphabet: rest and 88 keys.
pub const NUM_PITCHES: u32 = 89;

/// MIDI pitch of number 0, were it no rest.
const BELOW_LOWEST: u32 = 20;

/// Microseconds of a number of seconds.
fn micros(seconds: f64) -> u64 {
    ((seconds * 1e6).round() as u64).max(1)
}
