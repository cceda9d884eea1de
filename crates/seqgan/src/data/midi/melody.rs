//! The melody of a MIDI file: which key sounds at each step.

use super::clock::Clock;
use super::notes::Note;
use super::parsing::parse;
use super::selection::{MelodySource, MidiSelection, NamedTrack, Selected, select};
use super::{BELOW_LOWEST, micros};

/// Most steps that are made of one file: a few bytes can say that it lasts for years.
const MOST_STEPS: u64 = 1 << 20;

/// A melody, and where in its file it stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Melody {
    /// A number a step up to the track's end: 1 to 88 are the keys of a piano, 0 is a rest.
    pub numbers: Vec<u32>,
    /// The notes that it was made of.
    pub source: MelodySource,
}

/// The melody of a MIDI file's bytes, a number every `step_secs` seconds (0.001 to 8). Of several notes that sound at a
/// step the highest counts.
///
/// # Errors
///
/// What is wrong with the file, as the end of a sentence that begins with its name: it is no MIDI file, it is cut off,
/// `selection` takes no notes, a pitch is none of a piano, or it lasts for more than 1,048,576 steps.
pub fn from_midi(bytes: &[u8], step_secs: f64, selection: &MidiSelection) -> Result<Melody, String> {
    let smf = parse(bytes)?;
    let selected = select(smf.tracks.iter().map(NamedTrack::of).collect(), selection)?;
    let clock = Clock::new(&smf, selected.source.track - 1);
    let numbers = numbers(&selected, &clock, step_secs)?;
    Ok(Melody { numbers, source: selected.source })
}

fn numbers(selected: &Selected, clock: &Clock, step_secs: f64) -> Result<Vec<u32>, String> {
    let step = u128::from(micros(step_secs)) * clock.unit;
    let num_steps = clock.time(selected.end).div_ceil(step);
    if num_steps > u128::from(MOST_STEPS) {
        return Err(format!("lasts for more than {MOST_STEPS} steps of {step_secs} s"));
    }
    let mut changes: Vec<(u128, bool, u8)> = selected
        .notes
        .iter()
        .flat_map(|note| [(clock.time(note.start), false, note.key), (clock.time(note.end), true, note.key)])
        .collect();
    // Beginnings stand before ends: a note can be shorter than the unit of time.
    changes.sort_unstable();
    let mut changes = changes.into_iter().peekable();
    // Notes that sound, by key.
    let mut sounding = [0_u32; 128];
    let mut numbers = Vec::new();
    for now in (0..num_steps).map(|k| k * step) {
        while let Some((_, is_end, key)) = changes.next_if(|&(time, ..)| time <= now) {
            let count = &mut sounding[usize::from(key)];
            *count = if is_end { *count - 1 } else { *count + 1 };
        }
        numbers.push(match sounding.iter().rposition(|&count| count > 0) {
            None => 0,
            Some(pitch @ 21..=108) => pitch as u32 - BELOW_LOWEST,
            Some(pitch) => {
                let sounds = |note: &&Note| {
                    let times = clock.time(note.start)..clock.time(note.end);
                    usize::from(note.key) == pitch && times.contains(&now)
                };
                let note = selected.notes.iter().find(sounds).expect("one of them was counted");
                let source = MelodySource { channels: vec![note.channel], ..selected.source.clone() };
                return Err(format!(
                    "holds MIDI pitch {pitch}, expected 21 to 108, the keys of a piano ({source})"
                ));
            }
        });
    }
    Ok(numbers)
}

/// Puts the pitch before it, or at the start the first one, in the place of each rest.
pub(in crate::data) fn fill_rests(melody: &mut [u32]) {
    let Some(&first) = melody.iter().find(|&&number| number > 0) else { return };
    let mut last = first;
    for number in melody {
        if *number == 0 {
            *number = last;
        }
        last = *number;
    }
}
